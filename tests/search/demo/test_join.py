"""The weights of the embedded join: what is fitted, and that the committed file is what its maker writes."""

from __future__ import annotations

import json

import pytest
import torch

from search.demo.join import FOLDER, fit, settings


def test_the_fit_finds_the_weights_that_made_the_labels() -> None:
    generator = torch.Generator().manual_seed(0)
    log_odds = 3 * torch.randn(40_000, 2, dtype=torch.float64, generator=generator)
    chance = (0.5 + log_odds @ torch.tensor([0.8, -0.3], dtype=torch.float64)).sigmoid()
    labels = (torch.rand(len(chance), dtype=torch.float64, generator=generator) < chance).double()
    intercept, weights = fit(log_odds, labels)
    assert (intercept, *weights) == pytest.approx((0.5, 0.8, -0.3), abs=0.05)


def test_the_committed_join_has_the_members_of_its_maker() -> None:
    committed = json.loads((FOLDER / "espalier.json").read_text())
    weights = [member["weight"] for member in committed["members"]]
    assert committed == settings(committed["intercept"], weights, committed["fitted"])
    assert all(weight > 0 for weight in weights)
