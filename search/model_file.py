"""The models an admin has added: a TOML file that the environment variable ESPALIER_MODELS names.

```toml
[policies.qwen]                       # the slug that runs name
kind = "openai"                       # a server; "transformers" and "vllm" load a folder
base_url = "http://127.0.0.1:8001/v1"
model = "Qwen/Qwen2.5-Math-1.5B-Instruct"
delimiter = "\\n\\n"

[rewards.prm]                         # a reward model's folder
kind = "qwen_prm"                     # its convention: docs/rewards.md
folder = "/models/Qwen2.5-Math-PRM-7B"
```

Read anew whenever a model is loaded, so a mended file needs no restart. Every key: docs/configuration.md.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from search.rewards.kinds import RewardSettings
from search.templates import Template, TemplateError

VARIABLE = "ESPALIER_MODELS"
SECTIONS = ("policies", "rewards")
RESERVED = frozenset({"embedded", "embedded_draft", "embedded_joined", "exact", "rollout_value"})


class ModelFileError(ValueError):
    """The file of models cannot be used; the message names the file and the key."""


class SamplingDefaults(BaseModel):
    """What a run takes when it names nothing else."""

    model_config = ConfigDict(extra="forbid")

    temperature: float | None = Field(default=None, ge=0, le=5, allow_inf_nan=False)
    top_p: float | None = Field(default=None, gt=0, le=1, allow_inf_nan=False)
    max_step_tokens: int | None = Field(default=None, ge=1, le=8192)


class ConfiguredModel(BaseModel):
    """What every kind of model has. `delimiter` ends a step, in what is sampled and in the prompt."""

    model_config = ConfigDict(extra="forbid")

    title: str | None = None
    template: dict[str, Any] = Field(default_factory=dict)
    delimiter: str = Field(default="\n", min_length=1, max_length=32)
    sampling: SamplingDefaults = SamplingDefaults()
    domains: list[str] = Field(default_factory=list)
    examples: list[str] = Field(default_factory=list)

    @field_validator("template")
    @classmethod
    def _usable(cls, template: dict[str, Any]) -> dict[str, Any]:
        try:
            Template.of(template)
        except TemplateError as error:
            raise ValueError(str(error)) from error
        return template

    def template_named(self, slug: str) -> Template:
        """The template; its `step_end` is the delimiter unless it says otherwise."""
        return Template.of({"name": slug, "step_end": self.delimiter, **self.template})

    @property
    def sampling_defaults(self) -> dict[str, Any]:
        """As a run's `sampling`, only what is set."""
        return {"stop": [self.delimiter], **self.sampling.model_dump(exclude_none=True)}


class ServerModel(ConfiguredModel):
    """A model on an OpenAI-compatible server."""

    kind: Literal["openai"]
    base_url: str = Field(pattern=r"^https?://[^/\s]+")
    model: str = Field(min_length=1)
    api: Literal["completions", "chat"] = "completions"
    api_key_env: str | None = None
    samples_per_request: int = Field(
        default=16, ge=1, le=256, description="Most samples asked for at once (n); 1 for one that writes one only."
    )
    piece_tokens: int = Field(
        default=256, ge=0, le=65_536, description="Tokens asked for at once where nobody looks between steps; 0: never."
    )
    stops: Literal["server", "client"] = Field(
        default="server", description="client: the server does not tell which stop text it met; the stream is cut here."
    )
    logprobs: bool = Field(default=True, description="Off for a server that returns none.")
    stream: bool = Field(default=True, description="Off asks for whole answers.")
    priority: bool = Field(default=False, description="Tells the server who waits; vLLM needs its priority scheduling.")
    context: int | None = Field(default=None, ge=1, description="Tokens it reads, if steps shall end there.")
    timeout: float = Field(default=120.0, gt=0, le=3600, description="Seconds without a word of an answer.")
    connect_timeout: float = Field(default=5.0, gt=0, le=600, description="Seconds.")
    retries: int = Field(default=3, ge=0, le=20, description="How often a busy or silent server is asked again.")
    connections: int = Field(default=64, ge=1, le=1024, description="Most requests at once per worker.")
    extra: dict[str, Any] = Field(default_factory=dict)

    def template_named(self, slug: str) -> Template:
        """The template; a model that is spoken to as a chat follows instructions unless it says otherwise."""
        told = {"instructions": self.api == "chat", **self.template}
        return Template.of({"name": slug, "step_end": self.delimiter, **told})

    @model_validator(mode="after")
    def _can_hang_up(self) -> ServerModel:
        if self.stops == "client" and not self.stream:
            raise ValueError('stops = "client" watches the stream and needs stream = true')
        return self


class FolderModel(ConfiguredModel):
    """A Hugging Face folder that a worker loads with transformers."""

    kind: Literal["transformers"]
    folder: Path
    dtype: Literal["float64", "float32", "bfloat16", "float16"] = "float32"
    device: str = Field(default="cpu", description="cpu, cuda, cuda:1, …")
    slots: int = Field(default=256, ge=1, le=4096, description="Most sequences decoded at once.")
    prefix_mb: int = Field(default=256, ge=0, description="MiB for kept prefixes.")
    threads: int = Field(default=1, ge=1, description="torch's threads.")


class VllmModel(ConfiguredModel):
    """A Hugging Face folder that a worker serves to itself with vLLM; `engine` goes to vLLM as it is."""

    kind: Literal["vllm"]
    folder: Path
    entropies: bool = Field(
        default=False, description="Entropies and certainties of tokens; dear where the vocabulary is large."
    )
    engine: dict[str, Any] = Field(default_factory=dict)


class RewardModel(RewardSettings):
    """A reward model's folder; a worker loads it. Its kind may be left out where its architecture says it."""

    folder: Path
    title: str | None = None
    dtype: Literal["float64", "float32", "bfloat16", "float16"] = "float32"
    device: str = Field(default="cpu", description="cpu, cuda, cuda:1, …")
    rows: int = Field(default=128, ge=1, le=4096, description="Most paths scored at once.")
    prefix_mb: int = Field(default=256, ge=0, description="MiB for kept prefixes.")
    threads: int = Field(default=1, ge=1, description="torch's threads.")
    vllm: dict[str, Any] = Field(default_factory=dict, description="vLLM's own engine arguments.")
    base_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]+")
    model: str | None = Field(default=None, min_length=1)
    api_key_env: str | None = None
    priority: bool = Field(default=False, description="Tells the server who waits; vLLM needs its priority scheduling.")
    timeout: float = Field(default=120.0, gt=0, le=3600, description="Seconds without a word of an answer.")
    connect_timeout: float = Field(default=5.0, gt=0, le=600, description="Seconds.")
    retries: int = Field(default=3, ge=0, le=20, description="How often a busy or silent server is asked again.")
    connections: int = Field(default=64, ge=1, le=1024, description="Most requests at once per worker.")
    domains: list[str] = Field(default_factory=list)
    examples: list[str] = Field(default_factory=list)
    runs_in: Literal["transformers", "vllm", "server"] = Field(default="transformers", validate_default=True)

    @property
    def engine(self) -> dict[str, Any]:
        """What the engine is told, and the convention."""
        return self.model_dump(exclude={"folder", "title", "domains", "examples"}, exclude_unset=True)

    @field_validator("runs_in")
    @classmethod
    def _has_what_it_reads(cls, engine: str, info: ValidationInfo) -> str:
        """The last field: the others are known."""
        told = info.data
        if engine == "server" and not (told.get("base_url") and told.get("model")):
            raise ValueError("a server needs `base_url`, up to /v1, and `model`, its name there")
        for reader, names in _READ_BY.items():
            for name in names if reader != engine else ():
                if name in told and told[name] != cls.model_fields[name].get_default(call_default_factory=True):
                    raise ValueError(f'{name} is read with runs_in = "{reader}" only')
        if engine != "transformers" and told.get("votes", 1) > 1:
            raise ValueError('a judge that votes writes critiques: it needs runs_in = "transformers"')
        return engine


_READ_BY = {
    "transformers": ("device", "rows", "prefix_mb", "threads"),
    "vllm": ("vllm",),
    "server": (
        "base_url", "model", "api_key_env", "priority", "timeout", "connect_timeout", "retries", "connections",
    ),
}  # fmt: skip
"""Keys of a reward that one engine alone reads."""

AnyModel = ServerModel | FolderModel | VllmModel
Kind = Literal["policy", "reward"]
_POLICY: TypeAdapter[AnyModel] = TypeAdapter(Annotated[AnyModel, Field(discriminator="kind")])
_REWARD: TypeAdapter[RewardModel] = TypeAdapter(RewardModel)
Entry = TypeVar("Entry")


def policy_described(settings: Any) -> AnyModel:
    """The policy of a table like `[policies.NAME]`, wherever it is written down. Raises pydantic's ValidationError."""
    return _POLICY.validate_python(settings)


def reward_described(settings: Any) -> RewardModel:
    """The reward of a table like `[rewards.NAME]`; like `policy_described`."""
    return _REWARD.validate_python(settings)


def configured_policies() -> dict[str, AnyModel]:
    """The policies of the file, by slug; none where the variable is not set.

    Raises:
        ModelFileError: the file is missing or wrong; names it and the key.
    """
    return {slug: _entry(path, "policies", slug, entry, _POLICY) for path, slug, entry in _section("policies")}


def configured_rewards() -> dict[str, RewardModel]:
    """The rewards of the file, by slug; like `configured_policies`."""
    return {slug: _entry(path, "rewards", slug, entry, _REWARD) for path, slug, entry in _section("rewards")}


def _section(name: str) -> list[tuple[Path, str, Any]]:
    """The entries of one section, with the file they are in."""
    path = model_file()
    if path is None:
        return []
    found = _read(path)
    for section in found:
        if section not in SECTIONS:
            raise ModelFileError(
                f"{path}: there is no section [{section}]; models are written as [policies.NAME] or [rewards.NAME]."
            )
    entries = found.get(name, {})
    if not isinstance(entries, Mapping):
        raise ModelFileError(f"{path}: `{name}` must hold tables, written as [{name}.NAME].")
    return [(path, slug, entry) for slug, entry in entries.items()]


def model_file() -> Path | None:
    """The file that the environment names."""
    named = os.environ.get(VARIABLE, "").strip()
    return Path(named) if named else None


def place(slug: str) -> str:
    """Where a policy's settings are, for a message."""
    return f"[policies.{slug}] in {model_file()}"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ModelFileError(f"{VARIABLE}={path} cannot be read: {why}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ModelFileError(f"{path} is no TOML: {error}.") from error


def _entry(path: Path, section: str, slug: str, entry: Any, shape: TypeAdapter[Entry]) -> Entry:
    where = f"{path}: [{section}.{slug}]"
    if slug in RESERVED:
        raise ModelFileError(f"{where}: the name {slug!r} is taken by a built-in model; use another.")
    if len(slug) > 120 or "/" in slug or not slug.strip():
        raise ModelFileError(f"{where}: a name has 1 to 120 characters and no slash.")
    try:
        return shape.validate_python(entry)
    except ValidationError as invalid:
        complaints = []
        for error in invalid.errors():
            place = error["loc"][section == "policies" :]  # the policies' union puts its kind before the key
            key = ".".join(map(str, place)) or "kind"
            complaints.append(f"{where} {key}: {error['msg']}.")
        raise ModelFileError("\n".join(complaints)) from invalid
