"""Sampling over slots gives what the model itself would, token by token."""

from __future__ import annotations

import pytest
import torch

from search.demo import sampling
from search.demo.parts import Size
from search.demo.policy import averaged_policy
from search.demo.sampling import Cooling, complete

SIZE = Size(layers=2, width=16, heads=2, inner=32)


def a_policy() -> object:
    torch.manual_seed(3)
    model = averaged_policy({}, SIZE)
    torch.nn.init.normal_(model.model.embed_tokens.weight, std=1.0)
    return model


def greedy_by_transformers(model: object, prompt: list[int], end: int, longest: int) -> list[int] | None:
    ids = list(prompt)
    for _ in range(longest - 1):
        ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))  # type: ignore[operator]
        if ids[-1] == end:
            return ids[len(prompt) : -1]
    return None


def test_greedy_completions_are_those_of_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three slots for eleven prompts of different lengths: slots are freed, moved and filled again.
    monkeypatch.setattr(sampling, "SLOTS", 3)
    monkeypatch.setattr(sampling, "_REFILL", 1)
    model = a_policy()
    generator = torch.Generator().manual_seed(1)
    prompts = [torch.randint(12, 116, (2 + i % 4,), generator=generator).tolist() for i in range(11)]
    with torch.inference_mode():
        ends = [int(model(input_ids=torch.tensor([p])).logits[0, -1].argmax()) for p in prompts]  # type: ignore[operator]
        for end in (ends[0], 2):
            expected = [greedy_by_transformers(model, prompt, end, 12) for prompt in prompts]
            assert complete(model, prompts, 0.0, seed=0, longest=12, end=end) == expected
    assert any(row is not None for row in complete(model, prompts, 0.0, seed=0, longest=12, end=ends[0]))


def test_samples_follow_the_models_distribution() -> None:
    model = a_policy()
    with torch.inference_mode():
        chances = model(input_ids=torch.tensor([[1, 50]])).logits[0, -1].div(20.0).softmax(-1)  # type: ignore[operator]
    end = int(chances.argmax())
    count = 4000
    ended = complete(model, [[1, 50]] * count, 20.0, seed=5, longest=2, end=end)
    share = sum(row == [] for row in ended) / count
    chance = float(chances[end])
    assert abs(share - chance) < 4 * (chance * (1 - chance) / count) ** 0.5


def test_cooling_changes_the_temperature_after_so_many_steps() -> None:
    # Cool is so cold that it is greedy; with no hot step at all, everything is.
    model = a_policy()
    cold = complete(model, [[1, 50]] * 4, Cooling(1.0, 1e-6, [0] * 4), seed=1, longest=20, end=2)
    assert cold == [greedy_by_transformers(model, [1, 50], 2, 20)] * 4
