"""Any Hugging Face causal language model over slots, through its own forward pass and a cache of ours."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

from search.policies.base import PolicyError
from search.policies.slot_cache import CacheShape, SlotCache

_PROBE_LENGTHS = (9, 5)
_PROBE_TOLERANCE = 1e-2


class SlotModel(Protocol):
    """A causal language model over slots."""

    shape: CacheShape
    context: int
    vocabulary: int

    def prefill(self, cache: SlotCache, first: int, ids: Tensor, positions: Tensor, longest: int) -> None:
        """Append tokens, shape (rows, tokens), to the slots `first` and on; `longest` − 1 is the largest position."""

    def decode(self, cache: SlotCache, ids: Tensor, positions: Tensor, longest: int) -> Tensor:
        """Append one token, shape (rows,), to the slots 0 and on; the logits after it, (rows, vocabulary)."""


class HuggingFaceSlots:
    """Runs the model as it is; `check` proves at load that it works with per-row lengths."""

    def __init__(self, name: str, model: Any) -> None:
        config = model.config.get_text_config()
        kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
        if kinds != {"full_attention"}:
            raise PolicyError(
                f"{name}: the model's layers are {', '.join(sorted(kinds))}; the transformers engine keeps full"
                " attention only. Serve this model with vLLM instead."
            )
        heads = config.num_attention_heads
        parameter = next(model.parameters())
        self.name = name
        self.context: int = config.max_position_embeddings
        self.vocabulary: int = model.get_input_embeddings().weight.shape[0]
        self.shape = CacheShape(
            layers=config.num_hidden_layers,
            heads=getattr(config, "num_key_value_heads", None) or heads,
            head_size=getattr(config, "head_dim", None) or config.hidden_size // heads,
            dtype=parameter.dtype,
            device=parameter.device,
        )
        self._model = model

    def prefill(self, cache: SlotCache, first: int, ids: Tensor, positions: Tensor, longest: int) -> None:
        """Append prompt tokens, shape (rows, tokens), to slots `first` and on."""
        self._forward(cache, first, ids, positions, longest)

    def decode(self, cache: SlotCache, ids: Tensor, positions: Tensor, longest: int) -> Tensor:
        """Append one token to slots 0 and on; the logits after it, (rows, vocabulary)."""
        return self._forward(cache, 0, ids.unsqueeze(1), positions.unsqueeze(1), longest)

    def _forward(self, cache: SlotCache, first: int, ids: Tensor, positions: Tensor, longest: int) -> Tensor:
        device = self.shape.device
        ids, positions = ids.to(device), positions.to(device)
        hidden = torch.arange(longest, device=device) > positions.unsqueeze(-1)
        mask = torch.zeros(hidden.shape, dtype=self.shape.dtype, device=device)
        mask = mask.masked_fill_(hidden, torch.finfo(self.shape.dtype).min).unsqueeze(1)
        layers: list[Any] = [_SlotLayer(memory, first, positions, longest) for memory in cache.memory]
        output = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=Cache(layers=layers),
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = output.logits[:, -1]
        return logits.cpu()

    @torch.inference_mode()
    def check(self) -> None:
        """Compare two rows of different length against the model's plain forward pass.

        Raises:
            PolicyError: they differ, or the model takes no cache of this kind.
        """
        cache = SlotCache(self.shape, slots=2, length=16)
        ids = (torch.arange(2 * max(_PROBE_LENGTHS)).view(2, -1) * 7 + 3) % self.vocabulary
        try:
            positions = torch.arange(max(_PROBE_LENGTHS) - 1).expand(2, -1)
            self.prefill(cache, 0, ids[:, :-1], positions, max(_PROBE_LENGTHS))
            last = torch.tensor(_PROBE_LENGTHS) - 1
            ours = self.decode(cache, ids[torch.arange(2), last], last, max(_PROBE_LENGTHS))
            for row, length in enumerate(_PROBE_LENGTHS):
                theirs = self._model(input_ids=ids[row : row + 1, :length].to(self.shape.device)).logits[0, -1].cpu()
                spread = float(theirs.float().abs().max()) + 1.0
                if (
                    not float((ours[row] - theirs).abs().max()) <= _PROBE_TOLERANCE * spread
                    and not theirs.isnan().any()
                ):
                    raise ValueError("its logits with and without the cache differ")
        except (TypeError, ValueError, RuntimeError, AttributeError, KeyError, IndexError) as error:
            raise PolicyError(
                f"{self.name}: the architecture {type(self._model).__name__} does not run on the transformers engine"
                f" ({error}). Serve this model with vLLM instead."
            ) from error


class _SlotLayer(CacheLayerMixin):
    """One layer's slots as transformers' attention sees them during one forward pass."""

    def __init__(self, memory: Tensor, first: int, positions: Tensor, longest: int) -> None:
        super().__init__()
        rows, tokens = positions.shape
        self._memory = memory
        self._rows = slice(first, first + rows)
        self._slots = torch.arange(first, first + rows, device=memory.device).repeat_interleave(tokens)
        self._where = positions.reshape(-1)
        self._longest = longest

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Nothing to do: the memory is there."""

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Store new keys and values, (rows, heads, tokens, head_size), and return all that may be attended to."""
        for side, states in enumerate((key_states, value_states)):
            self._memory[side, self._slots, :, self._where] = states.transpose(1, 2).flatten(0, 1)
        return self._memory[0, self._rows, :, : self._longest], self._memory[1, self._rows, :, : self._longest]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Length and offset of the keys; our own mask goes in ready-made."""
        return self._longest, 0

    def get_seq_length(self) -> int:
        """Tokens stored before this pass, for models that ask."""
        return int(self._where.min())

    def get_max_length(self) -> int:
        """No limit of the cache's own."""
        return -1
