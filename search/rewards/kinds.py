"""Which reward conventions there are, and the settings of a reward model's folder. Importable without torch."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from search.templates import Template, TemplateError

KINDS: dict[str, str] = {
    "trl": "Token classification at each step's separator (TRL's stepwise trainer)",
    "math_shepherd": "Math-Shepherd: + against - at the tag ки after each step",
    "rlhflow": "RLHFlow: each step is a turn, answered + or -",
    "skywork": "Skywork-o1 PRM: a value head at each step's last token",
    "qwen_prm": "Qwen2.5-Math-PRM: two labels at <extra_0> after each step",
    "orm": "Outcome reward model: one score for the answer",
    "surprise": "A policy's own expectations: how likely the steps are, against how likely it expected them to be",
    "judge": "Generative judge: probability of the verdict, over k votes",
}
"""Slug and title of every convention that loads a Hugging Face folder; each is a file of this package."""


class RewardSettings(BaseModel):
    """What an admin, or a folder's own espalier.json, says of a reward model; null is the convention's default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str | None = Field(default=None, description="A slug of `KINDS`; without one, the architecture decides.")
    template: dict[str, Any] | None = Field(default=None, description="How a path becomes text (search/templates.py).")
    label: int | None = Field(default=None, ge=0, description="The label that means right, for classifiers.")
    verdicts: tuple[str, str] | None = Field(
        default=None, description='Two tokens of the vocabulary, the good one first, such as ["Yes", "No"].'
    )
    votes: int = Field(default=1, ge=1, le=64, description="A judge's votes; more than one lets it reason first.")
    critique_tokens: int = Field(default=256, ge=1, le=4096, description="Most tokens of a judge's reasoning.")
    calibration: str | None = Field(
        default=None, description="A file of `python -m search calibrate`, relative to the model's folder."
    )

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str | None) -> str | None:
        if kind is not None and kind not in KINDS:
            raise ValueError(f"there is no reward kind {kind!r}; give one of {', '.join(KINDS)}")
        return kind

    @field_validator("template")
    @classmethod
    def _usable(cls, template: dict[str, Any] | None) -> dict[str, Any] | None:
        try:
            return template if template is None else Template.of(template).as_dict()
        except TemplateError as error:
            raise ValueError(str(error)) from error


def kind_of(architectures: list[str]) -> str | None:
    """The convention that a config.json's `architectures` leave no doubt about; None if they do."""
    for architecture in architectures:
        if architecture == "Qwen2ForProcessRewardModel":
            return "qwen_prm"
        if architecture == "Qwen2ForPrmModel":
            return "skywork"
        if architecture.endswith("ForTokenClassification"):
            return "trl"
        if architecture.endswith(("ForSequenceClassification", "ForRewardModel")):
            return "orm"
    return None
