"""What a training starts from: a reward of TRL's convention, or a policy whose body gets a fresh head."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from search.local_model import weights_sha256
from search.models import policy_folder, reward_folder
from search.policies.base import PolicyError
from search.rewards.base import RewardError
from search.rewards.checkpoint import Checkpoint
from search.rewards.convention import context_of
from search.rewards.kinds import kind_of
from search.rewards.reading import PieceReader
from search.rewards.trl import TEMPLATE, load
from search.templates import EMBEDDED_REWARD, Template
from search.tokenization import Tokenization
from search.training.labelled_places import TrainingError
from search.training.names import POLICY


@dataclass(frozen=True)
class Start:
    """A model in float32, ready to be trained. `label` is the one that means good; `read` encodes a path for it."""

    name: str
    folder: Path
    weights_sha256: str
    model: Any
    label: int
    template: Template
    dtype: str
    read: PieceReader

    @property
    def context(self) -> int:
        """The most tokens the model reads."""
        return context_of(self.model)

    def log_odds(self, batch_ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """Log odds of P(good) at every token, (rows, width)."""
        output = self.model(input_ids=batch_ids, attention_mask=mask, position_ids=positions, use_cache=False)
        logits: torch.Tensor = output.logits
        return logits[..., 0] if logits.shape[-1] == 1 else logits[..., self.label] - logits[..., 1 - self.label]


def starting_point(name: str, seed: int = 0) -> Start:
    """Load `embedded`, a reward model's folder, or `policy:` and a policy; a fresh head is drawn from the seed.

    Raises:
        TrainingError: no such model, or one that cannot be trained here.
    """
    try:
        start = _policy(name.removeprefix(POLICY), seed) if name.startswith(POLICY) else _reward(name)
        _check(start)
    except (RewardError, PolicyError) as error:
        raise TrainingError(str(error)) from error
    return start


def _reward(name: str) -> Start:
    folder, settings, dtype = reward_folder(name)
    checkpoint = Checkpoint(name, folder, "float32", "cpu")
    kind = settings.kind or kind_of(checkpoint.config.get("architectures") or [])
    if kind != "trl":
        raise TrainingError(
            f"{name} is a reward of the kind {kind or 'that its folder does not name'}: only token classification"
            " (trl) can be trained here. Start from such a model, or from a policy: its body gets a fresh head."
        )
    convention = load(checkpoint, settings)
    if convention.model.config.num_labels > 2:
        raise TrainingError(f"{name} has {convention.model.config.num_labels} labels; good and bad are two.")
    reader, label = convention.read, convention.label
    assert isinstance(reader, PieceReader)
    assert label is not None  # a token classifier has one
    return Start(name, folder, weights_sha256(folder), convention.model, label, convention.template, dtype, reader)


def _policy(name: str, seed: int) -> Start:
    folder, dtype = policy_folder(name)
    template = EMBEDDED_REWARD if name.startswith("embedded") else TEMPLATE
    torch.manual_seed(seed)
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    config.update({"num_labels": 2, "id2label": {0: "bad", 1: "good"}, "label2id": {"bad": 0, "good": 1}})
    config.classifier_dropout = 0.0
    with _quiet():  # that the head is missing is what is wanted
        model = transformers.AutoModelForTokenClassification.from_pretrained(
            folder, config=config, dtype=torch.float32, local_files_only=True, trust_remote_code=False
        )
    reader = PieceReader(name, Tokenization(folder), context_of(model), template)
    return Start(POLICY + name, folder, weights_sha256(folder), model, 1, template, dtype, reader)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' warnings."""
    before = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(before)


@torch.inference_mode()
def _check(start: Start) -> None:
    """Two sequences in one row must not see each other, or packing would train something else.

    Raises:
        TrainingError: this architecture does not keep them apart.
    """
    start.model.eval()
    ids = torch.arange(4).unsqueeze(0)
    apart = torch.zeros((1, 1, 4, 4), dtype=torch.bool)
    apart[0, 0, :2, :2] = apart[0, 0, 2:, 2:] = torch.ones(2, 2, dtype=torch.bool).tril()
    together = start.log_odds(ids, apart, torch.tensor([[0, 1, 0, 1]]))
    causal = torch.ones((1, 1, 2, 2), dtype=torch.bool).tril()
    alone = start.log_odds(ids[:, 2:], causal, torch.tensor([[0, 1]]))
    if not torch.allclose(together[:, 2:], alone, atol=1e-4):
        raise TrainingError(
            f"{start.name}: a {type(start.model).__name__} does not keep packed sequences apart; start from a causal"
            " decoder such as Llama or Qwen2."
        )
