"""The slot forward passes against transformers' own, token by token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama

from search.policies.base import PolicyError
from search.policies.llama import LlamaSlots
from search.policies.slot_cache import SlotCache
from search.policies.slot_model import HuggingFaceSlots
from tests.search.support.tiny import llama_config, tiny_neox, tiny_qwen

LENGTHS = [10, 20, 5, 39, 1]


@pytest.fixture
def norms_in_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers computes RMSNorm in float32 whatever the dtype; the reference shall be float64 throughout."""

    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        return self.weight * (x / torch.sqrt((x * x).mean(-1, keepdim=True) + self.variance_epsilon))

    monkeypatch.setattr(modeling_llama.LlamaRMSNorm, "forward", forward)


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def random_llama(**settings: Any) -> LlamaForCausalLM:
    torch.manual_seed(4)
    model = LlamaForCausalLM(llama_config(50, **settings)).double().eval()
    for parameter in model.parameters():
        parameter.uniform_(-0.6, 1.0) if parameter.dim() == 1 else parameter.normal_(0, 0.3)
    return model


def slot_logits(slots: Any, ids: torch.Tensor, lengths: list[int]) -> torch.Tensor:
    """Prefill all rows padded to one width, then decode each row's own next token."""
    cache = SlotCache(slots.shape, slots=1, length=4)
    rows, width = len(lengths), max(lengths)
    cache.reserve(rows, width + 1)
    slots.prefill(cache, 0, ids[:, :width], torch.arange(width).expand(rows, -1), width)
    last = torch.tensor(lengths)
    logits: torch.Tensor = slots.decode(cache, ids[torch.arange(rows), last], last, width + 1)
    return logits


@pytest.mark.usefixtures("norms_in_full_precision")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_key_value_heads": 4, "tie_word_embeddings": False},
        {"num_key_value_heads": 1, "head_dim": 16, "attention_bias": True, "mlp_bias": True},
        {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 500.0}},
        {
            "rope_parameters": {
                "rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0,
                "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
            }
        },
    ],
)  # fmt: skip
def test_lean_llama_computes_what_transformers_computes(settings: dict[str, Any]) -> None:
    model = random_llama(**settings)
    assert LlamaSlots.fits(model)
    ids = torch.randint(0, 50, (len(LENGTHS), max(LENGTHS) + 1))
    ours = slot_logits(LlamaSlots(model, model.lm_head, torch.float64), ids, LENGTHS)
    for row, length in enumerate(LENGTHS):
        theirs = model(input_ids=ids[row : row + 1, : length + 1]).logits[0, -1]
        assert (ours[row] - theirs).abs().max() < 1e-9


def test_lean_llama_is_as_near_to_plain_transformers_as_its_float32_norms_allow() -> None:
    model = random_llama()
    ids = torch.randint(0, 50, (1, 31))
    ours = slot_logits(LlamaSlots(model, model.lm_head, torch.float64), ids, [30])
    assert (ours[0] - model(input_ids=ids).logits[0, -1]).abs().max() < 1e-4


def test_appending_in_pieces_equals_appending_at_once() -> None:
    model = random_llama()
    slots = LlamaSlots(model, model.lm_head, torch.float64)
    ids = torch.randint(0, 50, (2, 25))
    at_once = slot_logits(slots, ids, [24, 24])
    cache = SlotCache(slots.shape, slots=4, length=32)
    slots.prefill(cache, 0, ids[:, :10], torch.arange(10).expand(2, -1), 10)
    slots.prefill(cache, 0, ids[:, 10:24], torch.arange(10, 24).expand(2, -1), 24)
    in_pieces = slots.decode(cache, ids[:, 24], torch.tensor([24, 24]), 25)
    assert (at_once - in_pieces).abs().max() < 1e-12


@pytest.mark.parametrize("make", [tiny_qwen, tiny_neox])
def test_other_architectures_run_through_their_own_forward(make: Any, tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(make(tmp_path), dtype=torch.float32).eval()
    assert not LlamaSlots.fits(model)
    slots = HuggingFaceSlots("foreign", model)
    slots.check()
    ids = torch.randint(0, 200, (len(LENGTHS), max(LENGTHS) + 1))
    ours = slot_logits(slots, ids, LENGTHS)
    for row, length in enumerate(LENGTHS):
        theirs = model(input_ids=ids[row : row + 1, : length + 1]).logits[0, -1]
        torch.testing.assert_close(ours[row], theirs, atol=1e-4, rtol=1e-4)


def test_a_model_with_sliding_windows_is_refused_by_name() -> None:
    config = LlamaConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16
    )
    model = LlamaForCausalLM(config)
    model.config.layer_types = ["full_attention", "sliding_attention"]
    with pytest.raises(PolicyError, match=r"slider: .*sliding_attention.*vLLM"):
        HuggingFaceSlots("slider", model)


def test_a_cache_keeps_what_it_holds_when_it_grows() -> None:
    slots = LlamaSlots(model := random_llama(), model.lm_head, torch.float64)
    cache = SlotCache(slots.shape, slots=2, length=8)
    slots.prefill(cache, 0, torch.tensor([[3, 1, 4], [1, 5, 9]]), torch.arange(3).expand(2, -1), 3)
    before = cache.save(1, 3)
    cache.reserve(5, 20)
    assert cache.slots >= 5
    assert cache.length >= 20
    assert torch.equal(cache.save(1, 3), before)
    cache.spread(1, slice(2, 5), 3)
    assert all(torch.equal(cache.save(row, 3), before) for row in (2, 3, 4))
    cache.wipe(3)
    assert not cache.save(3, 8).any()
    cache.copy(2, 3, 2)
    assert torch.equal(cache.save(3, 2), before[:, :, :, :2])
