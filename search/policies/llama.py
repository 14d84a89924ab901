"""The forward pass of Llama-shaped models over slots, in a few large operations.

Same weights, same mathematics as transformers' `LlamaModel` (a test holds them to 1e-9), arranged for decoding many
short sequences on a CPU: queries, keys and values in one product, norms' weights folded into the next product, the
cache written in place. Norms and softmax are computed in the model's dtype throughout; transformers falls back to
float32 there, which would spoil float64's exactness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from search.policies.slot_cache import CacheShape, SlotCache

_ROPE_TYPES = ("default", "linear", "llama3")  # those whose angles depend on the position alone


@dataclass(frozen=True, slots=True)
class _Layer:
    attention_in: Tensor  # (width, (heads + 2·kv_heads)·head_size), input norm folded in
    attention_bias: Tensor | None
    attention_out: Tensor  # (heads·head_size, width)
    out_bias: Tensor | None
    mlp_in: Tensor  # (width, 2·inner), gate then up, norm folded in
    mlp_in_bias: Tensor | None
    mlp_out: Tensor  # (inner, width)
    mlp_out_bias: Tensor | None


class LlamaSlots:
    """A Llama model's body; `forward` reads and writes a `SlotCache`."""

    @staticmethod
    def fits(model: Any) -> bool:
        """True if this forward pass computes what the model's own would."""
        from transformers import LlamaModel

        body, config = getattr(model, "model", None), model.config
        return (
            type(body) is LlamaModel
            and config.hidden_act == "silu"
            and config.rope_parameters.get("rope_type", "default") in _ROPE_TYPES
        )

    def __init__(self, model: Any, head: Any, dtype: torch.dtype) -> None:
        """`head` is the linear layer on top: a vocabulary's or a classifier's."""
        body, config = model.model, model.config
        self.width: int = config.hidden_size
        self.heads: int = config.num_attention_heads
        self.kv_heads: int = config.num_key_value_heads
        self.head_size: int = getattr(config, "head_dim", None) or self.width // self.heads
        self.context: int = config.max_position_embeddings
        self._epsilon: float = config.rms_norm_eps
        weights = body.embed_tokens.weight
        self.shape = CacheShape(config.num_hidden_layers, self.kv_heads, self.head_size, dtype, weights.device)
        self._embedding = weights.detach().to(dtype)
        self._layers = [_layer(layer, dtype) for layer in body.layers]
        self._norm = body.norm.weight.detach().to(dtype)
        self._head = _joined([head], torch.ones(self.width, device=weights.device), dtype)
        self._head_bias = _biases([head], dtype)
        self.vocabulary: int = self._embedding.shape[0]
        positions = torch.arange(self.context, device=weights.device)
        cos, sin = body.rotary_emb(self._embedding[:1], positions[None])
        half = self.head_size // 2
        self._cos = cos[0].to(dtype)
        self._sin = torch.cat((-sin[0, :, :half], sin[0, :, half:]), dim=-1).to(dtype)  # signs of "rotate half"
        self._scale = self.head_size**-0.5

    def forward(self, cache: SlotCache, first: int, ids: Tensor, positions: Tensor, longest: int) -> Tensor:
        """Hidden states (rows, tokens, width) after the last norm, for tokens appended to slots `first` and on.

        `ids` and `positions` have shape (rows, tokens); a token attends to the positions up to its own. `longest` is
        one more than the largest position.
        """
        rows, tokens = ids.shape
        ids, positions = ids.to(self.shape.device), positions.to(self.shape.device)
        x = self._embedding[ids.reshape(-1)]
        where = positions.reshape(-1)
        cos, sin = self._cos[where].unsqueeze(1), self._sin[where].unsqueeze(1)
        slots = torch.arange(first, first + rows, device=ids.device).repeat_interleave(tokens)
        lines = _lines(cache, slots, where)
        hidden = torch.arange(longest, device=ids.device) > positions.unsqueeze(-1)
        mask = torch.zeros(hidden.shape, dtype=x.dtype, device=x.device).masked_fill_(hidden, -torch.inf).unsqueeze(1)
        for layer, memory in zip(self._layers, cache.memory, strict=True):
            x = self._attend(layer, memory, x, cos, sin, lines, mask, slice(first, first + rows))
            x = self._think(layer, x)
        hidden_states: Tensor = (self._normed(x) * self._norm).view(rows, tokens, self.width)
        return hidden_states

    def logits(self, hidden: Tensor) -> Tensor:
        """The head's output for hidden states (n, width)."""
        return _product(hidden, self._head, self._head_bias)

    def prefill(self, cache: SlotCache, first: int, ids: Tensor, positions: Tensor, longest: int) -> None:
        """Append prompt tokens, shape (rows, tokens), to slots `first` and on."""
        self.forward(cache, first, ids, positions, longest)

    def decode(self, cache: SlotCache, ids: Tensor, positions: Tensor, longest: int) -> Tensor:
        """Append one token to slots 0 and on; the logits after it, (rows, vocabulary)."""
        return self.logits(self.forward(cache, 0, ids.unsqueeze(1), positions.unsqueeze(1), longest)[:, 0]).cpu()

    def _normed(self, x: Tensor) -> Tensor:
        return x * torch.linalg.vecdot(x, x).div_(self.width).add_(self._epsilon).rsqrt_().unsqueeze(-1)

    def _attend(
        self, layer: _Layer, memory: Tensor, x: Tensor, cos: Tensor, sin: Tensor,
        lines: Tensor, mask: Tensor, rows: slice,
    ) -> Tensor:  # fmt: skip
        size, count = self.head_size, mask.shape[0]
        tokens, longest = mask.shape[2:]
        mixed = _product(self._normed(x), layer.attention_in, layer.attention_bias).view(len(x), -1, size)
        turned, value = mixed[:, : -self.kv_heads], mixed[:, -self.kv_heads :]
        turned = torch.addcmul(turned * cos, turned.roll(size // 2, -1), sin)
        written = torch.stack((turned[:, self.heads :], value), dim=1)
        memory.view(-1, size).index_copy_(0, lines, written.view(-1, size))
        keys, values = memory[0, rows, :, :longest], memory[1, rows, :, :longest]
        query = turned[:, : self.heads].view(count, tokens, self.kv_heads, -1, size).permute(0, 2, 3, 1, 4)
        query = (query * self._scale).reshape(count, self.kv_heads, -1, size)
        scores = torch.matmul(query, keys.transpose(-1, -2)).view(count, self.heads, tokens, longest)
        weights = scores.add_(mask).softmax(-1).view(count, self.kv_heads, -1, longest)
        mixed = torch.matmul(weights, values).view(count, self.heads, tokens, size).transpose(1, 2)
        return _added(x, mixed.reshape(len(x), -1), layer.attention_out, layer.out_bias)

    def _think(self, layer: _Layer, x: Tensor) -> Tensor:
        gate, up = _product(self._normed(x), layer.mlp_in, layer.mlp_in_bias).chunk(2, dim=-1)
        return _added(x, torch.nn.functional.silu(gate).mul_(up), layer.mlp_out, layer.mlp_out_bias)


def _lines(cache: SlotCache, slots: Tensor, where: Tensor) -> Tensor:
    """Which lines of a layer's memory, seen as (lines, head_size), take each token's keys and values in turn."""
    _, _, all_slots, heads, length, _ = cache.memory.shape
    sides = torch.arange(2, device=slots.device)[:, None] * all_slots
    head = torch.arange(heads, device=slots.device)
    lines = ((slots[:, None, None] + sides) * heads + head) * length + where[:, None, None]
    return lines.reshape(-1)


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return x @ weight if bias is None else torch.addmm(bias, x, weight)


def _added(residual: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    result = torch.addmm(residual, x, weight)
    return result if bias is None else result + bias


def _layer(layer: Any, dtype: torch.dtype) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    mixed = [attention.q_proj, attention.k_proj, attention.v_proj]
    return _Layer(
        attention_in=_joined(mixed, layer.input_layernorm.weight, dtype),
        attention_bias=_biases(mixed, dtype),
        attention_out=attention.o_proj.weight.detach().to(dtype).t().contiguous(),
        out_bias=_biases([attention.o_proj], dtype),
        mlp_in=_joined([mlp.gate_proj, mlp.up_proj], layer.post_attention_layernorm.weight, dtype),
        mlp_in_bias=_biases([mlp.gate_proj, mlp.up_proj], dtype),
        mlp_out=mlp.down_proj.weight.detach().to(dtype).t().contiguous(),
        mlp_out_bias=_biases([mlp.down_proj], dtype),
    )


def _joined(linears: list[Any], norm: Tensor, dtype: torch.dtype) -> Tensor:
    weight = torch.cat([linear.weight.detach() for linear in linears]).to(dtype)
    return (weight * norm.detach().to(dtype)).t().contiguous()


def _biases(linears: list[Any], dtype: torch.dtype) -> Tensor | None:
    if linears[0].bias is None:
        return None
    return torch.cat([linear.bias.detach() for linear in linears]).to(dtype)
