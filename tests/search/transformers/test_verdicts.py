"""The policy's own verdict: two probabilities at one position, against an independent computation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from search.policies.base import Sampling, StepRequest
from search.policies.transformers import TransformersPolicy
from search.templates import EMBEDDED_POLICY, Template

PROMPTS = ["3 5 7 11 -> 24\n", "3 5 7 11 -> 24\n5 * 7 = 35 (left: 3 11 35)\n", "1 2 -> 3\n"]
ASKING = replace(EMBEDDED_POLICY, ask_right="0", ask_restart="7 7", yes="1", no="2")


def test_p_yes_is_the_softmax_over_the_two_verdicts_after_the_question(policy_folder: Path) -> None:
    policy = TransformersPolicy("asked", policy_folder, ASKING, dtype="float64")
    assert policy.describe()["questions"] == ["restart", "right"]
    model = LlamaForCausalLM.from_pretrained(policy_folder, dtype=torch.float64).eval()
    yes, no = policy.encode("1")[-1], policy.encode("2")[-1]
    for question, marker in (("right", "0"), ("restart", "7 7")):
        found = asyncio.run(policy.ask(PROMPTS, question))  # type: ignore[arg-type]
        for prompt, (chance, tokens) in zip(PROMPTS, found, strict=True):
            ids = [*policy.encode(prompt), *policy.encode(marker)[1:]]
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
            assert chance == pytest.approx(float(torch.softmax(logits[[yes, no]], -1)[0]), abs=1e-4)
            assert tokens == len(ids)
    policy.close()


async def test_asking_draws_no_token_and_neighbours_change_nothing(policy_folder: Path) -> None:
    policy = TransformersPolicy("asked", policy_folder, ASKING, dtype="float64")
    alone = await policy.ask(PROMPTS, "restart")
    assert policy.occupancy.tokens == 0
    others = [StepRequest("9 9 -> 9\n", i, f"0.{i}", 24, Sampling(temperature=1.0)) for i in range(20)]
    drawn, among, again = await asyncio.gather(
        policy.generate(others), policy.ask(PROMPTS, "restart"), policy.ask(PROMPTS[:1], "right")
    )
    assert among == alone
    assert len(again) == 1
    assert policy.occupancy.tokens == sum(sample.tokens for sample in drawn)
    policy.close()


def test_what_the_vocabulary_cannot_say_is_not_offered(policy_folder: Path) -> None:
    for template in (Template(), Template(ask_right="0", yes="10", no="2"), Template(ask_right="é", yes="1", no="2")):
        policy = TransformersPolicy("mute", policy_folder, template, dtype="float64")
        assert policy.describe()["questions"] == []
        policy.close()
