"""A model's folder as it lies there, before any weights are read: is it one, and what can its tokenizer write?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from search.model_file import FolderModel, RewardModel, VllmModel
from search.rewards.joined import read_join
from search.rewards.kinds import KINDS, RewardSettings, kind_of
from search.templates import Template
from search.tokenization import Tokenization, TokenizationError

SAID = set(RewardSettings.model_fields)
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")


class FolderTrouble(ValueError):
    """What is wrong with a folder; `key` of the settings mends it."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


def parts_of(model: FolderModel | VllmModel | RewardModel) -> list[FolderModel | VllmModel | RewardModel]:
    """The models whose folders are read: the members of a joined reward, else the model itself.

    Raises:
        RewardError: it is a joined reward, and something in its espalier.json cannot be; names the key.
    """
    join = read_join(model.folder) if isinstance(model, RewardModel) else None
    if join is None:
        return [model]
    return [
        RewardModel(folder=model.folder / member.folder, kind=member.kind, template=member.template)
        for member in join.members
    ]


def folder_told(folder: Path) -> str:
    """`GPTNeoXForCausalLM, 12.3 MB of weights`.

    Raises:
        FolderTrouble: it is no model's folder in Hugging Face's format.
    """
    config = _config(folder)
    size = sum(path.stat().st_size for pattern in WEIGHTS for path in folder.glob(pattern))
    if not size:
        raise FolderTrouble("folder", f"{folder} has no weights: no model.safetensors and no pytorch_model.bin.")
    architectures = config.get("architectures") or ["no architecture named"]
    return f"{', '.join(map(str, architectures))}, {_bytes(size)} of weights"


def _config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise FolderTrouble("folder", f"There is no folder {folder} on the worker's machine.")
    path = folder / "config.json"
    if not path.is_file():
        raise FolderTrouble(
            "folder", f"{folder} has no config.json: give the folder of a model in Hugging Face's format."
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FolderTrouble("folder", f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(config, dict):
        raise FolderTrouble("folder", f"{path} holds no JSON object.")
    return config


def tokenizer_told(slug: str, model: FolderModel | VllmModel | RewardModel) -> tuple[str, list[str]]:
    """What is to be known of its tokenizer, and notes on what is allowed but mostly a mistake.

    Raises:
        FolderTrouble: there is none, it cannot write the delimiter or the template, or nobody knows the reward's kind.
    """
    tokenization = _tokenization(model.folder)
    if isinstance(model, RewardModel):
        if model.kind is None and kind_of(_config(model.folder).get("architectures") or []) is None:
            raise FolderTrouble(
                "kind", f"Its architecture does not say what kind of reward it is: one of {', '.join(KINDS)}."
            )
        template = None if model.template is None else Template.of(model.template)
        said = f"{tokenization.size} tokens"
    else:
        template = model.template_named(slug)
        said = f"{tokenization.size} tokens; the delimiter is {_delimiter(tokenization, model.delimiter)}"
    return said, [] if template is None else _notes(tokenization, template)


def _tokenization(folder: Path) -> Tokenization:
    try:
        return Tokenization(folder)
    except Exception as error:  # the tokenizers library raises bare Exceptions
        raise FolderTrouble("folder", f"{folder} has no usable tokenizer: {error}") from error


def _delimiter(tokenization: Tokenization, delimiter: str) -> str:
    try:
        ids = tokenization.encode(delimiter)
        back = tokenization.decode(ids)
    except TokenizationError as error:
        raise FolderTrouble("delimiter", f"Its tokenizer cannot write the delimiter {delimiter!r}: {error}.") from error
    if delimiter not in back:
        raise FolderTrouble(
            "delimiter", f"Its tokenizer cannot write the delimiter {delimiter!r}: it comes back as {back!r}."
        )
    return "1 token" if len(ids) == 1 else f"{len(ids)} tokens"


def _notes(tokenization: Tokenization, template: Template) -> list[str]:
    """Text of the template that the tokenizer cannot express, or reads otherwise than was meant."""
    notes = []
    texts = {
        "problem": template.problem.replace("{problem}", ""), "step_start": template.step_start,
        "step_end": template.step_end, "between": template.between, "final_end": template.final_end or "",
    }  # fmt: skip
    for key, text in texts.items():
        try:
            literal = tokenization.encode(text, special_tokens=template.special_tokens)
        except TokenizationError as error:
            raise FolderTrouble(
                f"template.{key}", f"Its tokenizer cannot write {key} of the template: {error}."
            ) from error
        if not template.special_tokens and literal != tokenization.encode(text, special_tokens=True):
            notes.append(
                f"`{key}` of the template contains a special token of this tokenizer, which is read as plain characters"
                " as long as `special_tokens` is off."
            )
    return notes


def check_device(device: str) -> None:
    """Nothing if torch has it here; imports torch. Raises FolderTrouble."""
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError, ValueError) as error:
        said = str(error).split("\n", maxsplit=1)[0]
        raise FolderTrouble("device", f"The worker's machine has no device {device!r}: {said}") from error


def _bytes(size: int) -> str:
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.1f} MB"
