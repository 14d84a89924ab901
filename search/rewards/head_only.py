"""A reward model whose layers run in another engine: here it has its shape, its tokenizer and its last layer alone."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from search.rewards.checkpoint import Checkpoint

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, RuntimeError)


class HeadOnly(Checkpoint):
    """A checkpoint whose models hold no weights (torch's device `meta`) but those of a vocabulary's head.

    Conventions read the same from it: how a path is written, which tokens are scored, which label is the good one.
    """

    def causal(self) -> Any:
        """The shape of a causal language model, with its vocabulary head in memory."""
        model = super().causal()
        names = {module: name for name, module in model.named_modules()}
        head = names[model.get_output_embeddings()]
        if not self.has(f"{head}.weight"):  # tied: it is the input's
            head = names[model.get_input_embeddings()]
        model.set_output_embeddings(self.linear(head))
        return model

    def token_classifier(self) -> Any:
        """The shape of a token classifier; its head has to be in the folder all the same."""
        model = super().token_classifier()
        if not self.has("score.weight"):
            raise self.unusable("a decoder that classifies tokens", "its weights lack score.weight")
        return model

    def _loaded(self, loader: Any, wanted: str) -> Any:
        try:
            config = transformers.AutoConfig.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )
            with torch.device("meta"):
                return loader.from_config(config, trust_remote_code=False).eval()
        except _UNREADABLE as error:
            raise self.unusable(wanted, error) from error
