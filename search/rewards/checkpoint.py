"""A reward model's folder: its config, tokenizer, body and tensors. Code that lies in a folder is never executed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from search.local_model import DTYPES
from search.rewards.base import RewardError
from search.tokenization import Tokenization, TokenizationError

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, TokenizationError)


class Checkpoint:
    """Opened once per reward model; each method raises RewardError naming the model, what is wrong and the mend."""

    def __init__(self, slug: str, folder: Path, dtype: str, device: str) -> None:
        """Read the config and the tokenizer; no weights yet."""
        if dtype not in DTYPES:
            raise RewardError(f"{slug}: dtype must be one of {', '.join(DTYPES)}, not {dtype!r}.")
        self.slug = slug
        self.folder = folder
        self.dtype = dtype
        self._device = device
        try:
            self.config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self.tokenization = Tokenization(folder)
        except _UNREADABLE as error:
            raise self.unusable("a model with its tokenizer", error) from error

    def body(self) -> Any:
        """The model without a head; its `last_hidden_state` is (rows, tokens, width)."""
        return self._loaded(transformers.AutoModel, "a language model")

    def causal(self) -> Any:
        """The model with its vocabulary head."""
        return self._loaded(transformers.AutoModelForCausalLM, "a causal language model")

    def token_classifier(self) -> Any:
        """The model with a classifier over every token."""
        return self._loaded(transformers.AutoModelForTokenClassification, "a token-classification model")

    def _loaded(self, loader: Any, wanted: str) -> Any:
        try:
            model, found = loader.from_pretrained(
                self.folder,
                dtype=DTYPES[self.dtype],
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        except _UNREADABLE as error:
            raise self.unusable(wanted, error) from error
        # transformers fills what a folder lacks with random numbers: a head that was never trained must not score.
        lacking = sorted([*found["missing_keys"], *(str(key) for key in found["mismatched_keys"])])
        if lacking:
            raise self.unusable(wanted, f"its weights lack {', '.join(lacking[:3])}")
        return model.eval().to(self._device)

    def linear(self, name: str) -> nn.Linear:
        """The linear layer whose tensors are `name`.weight (out, in) and, if there is one, `name`.bias (out)."""
        weight = self._tensor(f"{name}.weight")
        bias = self._tensor(f"{name}.bias") if f"{name}.bias" in self._files else None
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
        layer.weight.data = weight
        if bias is not None:
            layer.bias.data = bias
        return layer.eval()

    def has(self, name: str) -> bool:
        """True if the weights hold a tensor of this name."""
        return name in self._files

    def _tensor(self, name: str) -> Tensor:
        if name not in self._files:
            raise self.unusable("a model of this kind", f"its weights lack {name}")
        with safe_open(self._files[name], framework="pt") as weights:
            tensor: Tensor = weights.get_tensor(name)
        return tensor.to(self._device, DTYPES[self.dtype])

    @cached_property
    def _files(self) -> dict[str, Path]:
        """Every tensor's file."""
        index, single = self.folder / "model.safetensors.index.json", self.folder / "model.safetensors"
        try:
            if index.is_file():
                places: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
                return {name: self.folder / place for name, place in places.items()}
            with safe_open(single, framework="pt") as weights:
                return dict.fromkeys(weights.keys(), single)
        except _UNREADABLE as error:
            raise self.unusable("weights as model.safetensors", error) from error

    def token_ids(self, tokens: Sequence[str]) -> list[int]:
        """The ids of tokens of the vocabulary, by their exact spelling in it (`▁+`, `Ġyes`) or as plain text."""
        ids = []
        for token in tokens:
            found = self.tokenization.id_of(token)
            if found is None:
                pieces = self.tokenization.encode(token)
                if len(pieces) != 1:
                    raise RewardError(
                        f"{self.slug}: verdicts: {token!r} is {len(pieces)} tokens of this vocabulary, not one; name a"
                        " token of its own."
                    )
                found = pieces[0]
            ids.append(found)
        return ids

    def unusable(self, wanted: str, why: object) -> RewardError:
        """The complaint that the folder is not what its kind asks for."""
        architectures = ", ".join(getattr(self, "config", {}).get("architectures") or ["unknown"])
        return RewardError(
            f"{self.slug}: the folder {self.folder.name!r} (architecture: {architectures}) does not hold {wanted}:"
            f" {why}. Give the folder of such a model, or name the kind of reward it is."
        )


def rows_of(vocabulary: nn.Linear, ids: Sequence[int]) -> nn.Linear:
    """The head that gives the logits of some tokens only, in this order."""
    head = nn.Linear(vocabulary.in_features, len(ids), bias=vocabulary.bias is not None)
    places = torch.tensor(list(ids), device=vocabulary.weight.device)
    head.weight.data = vocabulary.weight.detach()[places]
    if vocabulary.bias is not None:
        head.bias.data = vocabulary.bias.detach()[places]
    return head.eval()
