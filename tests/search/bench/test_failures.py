"""Why a run failed, on known words: 3 5 7 11 -> 24 is found by GOOD, WON, END and lost by GOOD, LOST."""

from __future__ import annotations

from typing import Any

from search.bench.failures import failure_of
from tests.search.support.runs import Run, header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, from_table

GOOD, WON, END = "11 - 5 = 6 (left: 3 6 7)", "7 - 3 = 4 (left: 4 6)", "6 * 4 = 24 (left: 24)"
LOST, LOST_END = "7 + 6 = 13 (left: 3 13)", "13 + 3 = 16 (left: 16)"
BAD, WORSE, BAD_END = "11 * 5 = 55 (left: 3 7 55)", "55 * 7 = 385 (left: 3 385)", "385 * 3 = 1155 (left: 1155)"
WORDS = {
    (): [GOOD, BAD], (GOOD,): [WON, LOST], (GOOD, WON): [f"{END}."], (GOOD, LOST): [f"{LOST_END}."],
    (BAD,): [WORSE], (BAD, WORSE): [f"{BAD_END}."],
}  # fmt: skip
UNLUCKY = {**WORDS, (GOOD,): [LOST]}


async def run(
    algorithm: str, params: dict[str, Any], rewards: dict[str, float], words: dict[Any, Any] = WORDS, **more: Any
) -> tuple[Run, dict[str, Any]]:
    reward = ScriptedReward(lambda steps: rewards.get(steps[-1], 0.5))
    played = await play(header(algorithm, params, **more), policy=ScriptedPolicy(from_table(words)), reward=reward)
    return played, failure_of(played.outcome.tree, played.events)


async def test_the_right_answer_was_there_and_lost_the_choice() -> None:
    # Children 0 and 2 of the root are GOOD, the first of which goes on to WON; the reward prefers 1155.
    played, failure = await run("best_of_n", {"n": 2}, {END: 0.3, BAD_END: 0.9})
    assert (played.outcome.answer, played.outcome.correct) == ("3 * 5 * 7 * 11", False)
    assert failure == {"kind": "not selected"}


async def test_a_rule_cut_the_last_right_path() -> None:
    _, failure = await run("beam", {"width": 1, "proposals": 2}, {GOOD: 0.1})
    assert failure == {"kind": "pruned", "rule": "beam"}


async def test_a_right_answer_that_was_itself_cut_is_pruned_too() -> None:
    # The last level proposes 24 and 10 for one slot, and the reward prefers 10.
    words = {**WORDS, (GOOD, WON): [f"{END}.", "6 + 4 = 10 (left: 10)."]}
    _, failure = await run(
        "beam", {"width": 1, "proposals": 2}, {GOOD: 0.9, WON: 0.9, END: 0.2, "6 + 4 = 10 (left: 10)": 0.8}, words
    )
    assert failure == {"kind": "pruned", "rule": "beam"}


async def test_resampling_names_its_scheme() -> None:
    # A reward of 1 against 0 gives all offspring to BAD: the GOOD particle dies at the first resampling.
    _, failure = await run("particle_filter", {"particles": 2}, {GOOD: 0.0, BAD: 1.0})
    assert failure == {"kind": "pruned", "rule": "resampling (systematic)"}


async def test_the_policy_never_wrote_it() -> None:
    _, failure = await run("beam", {"width": 1, "proposals": 2}, {GOOD: 0.9}, UNLUCKY)
    assert failure == {"kind": "never generated", "pruned_right": False}
    # Three beams of one: two GOOD, of which one is cut though right; the last hope ends in the policy's own steps.
    _, failure = await run("beam", {"width": 1, "proposals": 3}, {GOOD: 0.9}, UNLUCKY)
    assert failure == {"kind": "never generated", "pruned_right": True}


async def test_unsolvable_and_unknown_problems_say_so() -> None:
    _, failure = await run("greedy", {}, {}, {(): ["1 + 1 = 2 (left: 2)."]}, problem="1 1 -> 9")
    assert failure == {"kind": "unsolvable"}
    _, failure = await run("greedy", {}, {}, {(): ["who knows."]}, problem="a riddle")
    assert failure == {"kind": "not found"}
