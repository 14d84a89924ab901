"""What the verifier learns from: its batches, and its two losses by hand."""

from __future__ import annotations

import math

import pytest
import torch

from search.demo.tokenizer import build_tokenizer
from search.demo.trajectories import Trajectory
from search.demo.verifier import MOST_RIGHT, MOST_WRONG, ContestBatches, Contests, contest_losses
from search.training.packing import Sequence, pack


def solution(problem: str, answer: int, good: bool) -> Trajectory:
    return Trajectory(problem, [f"{problem} = {answer} (left: {answer})", f"answer: {answer}"], good)


MIXED = [solution("2 + 2", answer, answer == 4) for answer in (3, 4, 4, 5, 6, 7, 8)]
RIGHT = [solution("3 + 4", 7, True)]
PLANS = [Trajectory("1 2 3 -> 6", ["1 + 2 = 3 (left: 3 3)", "3 + 3 = 6 (left: 6)"], True)]
HALF = [PLANS[0], Trajectory("1 2 3 -> 6", ["1 + 2 = 3 (left: 3 3)", "3 - 3 = 0 (left: 0)"], False)]


def test_a_step_decides_its_batch_and_a_problems_solutions_come_once_each_and_not_too_many() -> None:
    source = ContestBatches([MIXED, RIGHT, PLANS, HALF])
    first, again, other = source(3), source(3), source(4)
    assert torch.equal(first.batch.ids, again.batch.ids)
    assert not torch.equal(first.batch.ids, other.batch.ids)
    tokenizer = build_tokenizer()
    texts: dict[int, list[str]] = {}
    for number, problem in enumerate(first.problem.tolist()):
        ids = first.batch.ids[first.batch.numbers == number]
        if number:  # 0 is also the number of no sequence
            texts.setdefault(problem, []).append(tokenizer.decode(ids[ids != tokenizer.pad_token_id]))
    assert any(len(some) > 1 for some in texts.values())
    for some in texts.values():
        assert len(set(some)) == len(some) <= MOST_RIGHT + MOST_WRONG
        assert len({text.partition("\n")[0] for text in some}) == 1
    told = {number: bool(right) for number, right in enumerate(first.right)}
    for number, right in told.items():
        ids = first.batch.ids[first.batch.numbers == number].tolist()
        if number and tokenizer.decode(ids).startswith("<bos>2 + 2"):
            assert right == ("answer: 4" in tokenizer.decode(ids))


def test_problems_that_nobody_solved_are_not_drawn() -> None:
    wrong = [solution("5 + 5", 11, False)]
    pools = ContestBatches([MIXED, RIGHT, PLANS, HALF, wrong]).pools
    assert {kind: len(some) for kind, some in pools.items()} == {
        ("arithmetic", "mixed"): 1, ("arithmetic", "right"): 1, ("countdown", "mixed"): 1, ("countdown", "right"): 1,
    }  # fmt: skip


def test_the_losses_by_hand() -> None:
    # Three solutions of one problem and one of another, one label each: their likelihoods are 1/2, 1/8, 1/4 and 1/2.
    shares = [0.5, 0.125, 0.25, 0.5]
    sequences = [Sequence([5], [0], number=number) for number in range(4)]
    batch = pack(iter(sequences), rows=1, width=5, pad=0)
    logits = torch.tensor([[[math.log(share), math.log(1 - share)] for share in shares] + [[0.0, 0.0]]])
    contests = Contests(batch, torch.tensor([True, False, True, True]), torch.tensor([1, 1, 1, 2]))
    entropy, contest = contest_losses(logits, contests)
    assert entropy.item() == pytest.approx((math.log(2) + math.log(4) + math.log(2)) / 3)
    # The right ones hold 1/2 + 1/4 of 7/8; the other problem has no wrong one.
    assert contest.item() == pytest.approx(-math.log(0.75 / 0.875))


def test_a_solution_without_room_takes_no_part() -> None:
    sequences = [Sequence([5], [0], number=0), Sequence([5] * 9, [0] * 9, number=1)]
    batch = pack(iter(sequences), rows=1, width=4, pad=0)
    logits = torch.zeros(1, 4, 2)
    _, contest = contest_losses(logits, Contests(batch, torch.tensor([True, False]), torch.tensor([1, 1])))
    assert contest.item() == 0
