"""The rewards of a run: several per node, one drives; every call counted; what answers wrongly fails by its name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from search.events import Event
from search.rewards.base import PathScore, RewardError, ScoreRequest
from search.rewards.rollout_value import RolloutValue
from search.run import run_search
from search.spec import RunSpec, header_of
from tests.search.support.runs import header
from tests.search.support.scripted import ScriptedPolicy, Steps, from_table

TABLE = {(): ["a", "b"], ("a",): ["aa.", "ab."], ("b",): ["ba.", "bb."]}
JUDGED = {"a": 0.9, "b": 0.2, "aa": 0.5, "ab": 0.7}
TWO_STEPS = {"width": 1, "proposals": 2}


class NamedReward:
    """Answers what `judge` says of every prefix; a list in place of a float is the whole answer for the path."""

    def __init__(self, name: str, judge: Any, **described: Any) -> None:
        self.name = name
        self._judge = judge
        self._described = described
        self.asked: list[Steps] = []

    def describe(self) -> dict[str, Any]:
        return {"slug": self.name, **self._described}

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        self.asked += [request.steps for request in requests]
        if self._described.get("grain") == "path":
            return [PathScore((self._judge(r.steps),), 1) for r in requests]
        return [PathScore(tuple(self._judge(r.steps[: i + 1]) for i in range(len(r.steps))), 1) for r in requests]


def by_table(steps: Steps) -> float:
    return JUDGED.get(steps[-1], 0.1)


def by_length(steps: Steps) -> float:
    return len(steps) / 10


class Played:
    """One run of a two-level beam, and its events."""

    def __init__(self, reward: Any, also: Sequence[Any] = (), budget: dict[str, Any] | None = None) -> None:
        self.events: list[Event] = []
        self.header = header("beam", TWO_STEPS, budget=budget)
        self.header["reward"] = reward.describe()
        if also:
            self.header["also_rewards"] = [other.describe() for other in also]
        self.reward, self.also = reward, also

    async def run(self, stored: Sequence[Event] = (), models: bool = True) -> Any:
        self.events = list(stored)
        return await run_search(
            self.header,
            stored,
            policy=ScriptedPolicy(from_table(TABLE)) if models else None,
            reward=self.reward if models else None,
            also_rewards=self.also if models else None,
            sink=lambda seq, kind, payload: self.events.append(Event(seq, kind, payload)),
            clock=lambda: 0.0,
            replay_finished=not models,
        )


async def test_one_reward_drives_and_the_others_are_kept_beside_it() -> None:
    first, second = NamedReward("first", by_table), NamedReward("second", by_length)
    played = Played(first, [second])
    tree = (await played.run()).tree
    assert [(n.text, n.reward, n.rewards) for n in tree.nodes[1:]] == [
        ("a", 0.9, {"first": 0.9, "second": 0.1}),
        ("b", 0.2, {"first": 0.2, "second": 0.1}),
        ("aa", 0.5, {"first": 0.5, "second": 0.2}),
        ("ab", 0.7, {"first": 0.7, "second": 0.2}),
    ]
    assert [n.text for n in tree.nodes if n.status == "pruned"] == ["b", "aa"]  # the first alone decided
    effects = [(e.payload["source"], e.payload["purpose"]) for e in played.events if e.kind == "score"]
    assert effects == [("first", "drive"), ("second", "also")] * 2
    assert tree.counters.reward_calls == 8
    assert len(first.asked) == len(second.asked) == 4
    drives = [(e.payload["source"], e.payload["drives"]) for e in played.events if e.kind == "scored"]
    assert drives == [("first", True), ("second", False)] * 2


async def test_a_journal_with_two_rewards_replays_without_either() -> None:
    played = Played(NamedReward("first", by_table), [NamedReward("second", by_length)])
    tree = (await played.run()).tree
    again = (await played.run(played.events, models=False)).tree
    assert again.as_dict() == tree.as_dict()


@pytest.mark.parametrize(("cap", "scored"), [(1, [1, 0]), (2, [2, 0]), (3, [2, 1]), (4, [2, 2]), (6, [4, 2])])
async def test_the_budget_counts_every_rewards_calls(cap: int, scored: list[int]) -> None:
    first, second = NamedReward("first", by_table), NamedReward("second", by_length)
    outcome = await Played(first, [second], budget={"reward_calls": cap}).run()
    assert [len(first.asked), len(second.asked)] == scored
    assert (outcome.stopped_by, outcome.cap) == ("budget", "reward_calls")
    assert outcome.tree.counters.reward_calls == cap


async def test_a_reward_of_several_votes_costs_as_many_calls() -> None:
    judge = NamedReward("judge", by_table, grain="path", calls_per_path=3)
    outcome = await Played(judge, budget={"reward_calls": 8}).run()
    assert outcome.tree.counters.reward_calls == 6  # two paths of three votes; two calls are left, and no use
    assert outcome.cap == "reward_calls"


async def test_an_outcome_reward_scores_the_path_and_no_step_before_it() -> None:
    outcome = await Played(NamedReward("outcome", by_table, grain="path")).run()
    assert [n.reward for n in outcome.tree.nodes[1:]] == [0.9, 0.2, 0.5, 0.7]


class TestWrongAnswers:
    """Each fails the run with the reward's name, and what is journaled holds."""

    @pytest.mark.parametrize("driving", [True, False])
    @pytest.mark.parametrize("wrong", [math.nan, math.inf])
    async def test_no_number(self, wrong: float, driving: bool) -> None:
        broken = NamedReward("broken", lambda steps: wrong if steps[-1] == "ab" else 0.5)
        good = NamedReward("good", by_table)
        played = Played(broken, [good]) if driving else Played(good, [broken])
        with pytest.raises(RewardError, match=rf"reward broken gave ({wrong}|NaN) for step 2 of a path of 2 steps"):
            await played.run()
        assert sum(e.kind == "node_added" for e in played.events) == 5
        assert "nan" not in str([e.payload for e in played.events]).lower()

    async def test_another_number_of_steps(self) -> None:
        class Short(NamedReward):
            async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
                return [PathScore((0.5,), 1) for _ in requests]

        played = Played(Short("short", by_table))
        with pytest.raises(RewardError, match="reward short gave 1 scores for a path of 2 steps, not 2"):
            await played.run()
        assert [e.kind for e in played.events].count("score") == 1  # the first level had one step, and stays

    async def test_another_number_of_paths(self) -> None:
        class Missing(NamedReward):
            async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
                return (await super().score(requests))[1:]

        with pytest.raises(RewardError, match="reward missing answered 1 of 2 sequences"):
            await Played(Missing("missing", by_table)).run()

    async def test_a_mended_reward_goes_on_where_the_broken_one_failed(self) -> None:
        played = Played(NamedReward("mended", lambda steps: math.nan if len(steps) == 2 else by_table(steps)))
        with pytest.raises(RewardError):
            await played.run()
        failed_at = played.events
        played.reward = NamedReward("mended", by_table)
        outcome = await played.run(failed_at)
        assert outcome.state == "completed"
        assert [n.reward for n in outcome.tree.nodes[1:]] == [0.9, 0.2, 0.5, 0.7]


class TestRolloutValue:
    """K completions of the run's own policy; the share that verifies."""

    PROBLEM = "1 2 3 -> 6"
    # Below "sum" three of four continuations (by creation key) come out at 6; below "miss" none.
    RIGHT, WRONG = "1 + 2 = 3 (left: 3 3)", "3 - 2 = 1 (left: 1 1)"
    ENDS = ("3 + 3 = 6 (left: 6).", "3 - 3 = 0 (left: 0).", "3 + 3 = 6 (left: 6).", "3 + 3 = 6 (left: 6).")
    TABLE = {(): [RIGHT, WRONG], (RIGHT,): ENDS, (WRONG,): ["1 + 1 = 2 (left: 2)."]}

    def write(self, steps: Steps, request: Any) -> tuple[str, bool]:
        options = self.TABLE[steps]
        number = int(request.key.split(".r")[1].split(".")[0]) if ".r" in request.key else int(request.key[-1])
        text = options[number % len(options)]
        return text.removesuffix("."), text.endswith(".")

    async def play(self, completions: int = 4, budget: dict[str, Any] | None = None, **changes: Any) -> Any:
        self.header = header("beam", {"width": 1, "proposals": 2}, problem=self.PROBLEM, budget=budget) | changes
        self.header["reward"] = RolloutValue(completions, max_steps=3).describe()
        self.events: list[Event] = []
        self.policy = ScriptedPolicy(self.write)
        return await run_search(
            self.header,
            policy=self.policy,
            reward=RolloutValue(completions),
            sink=lambda seq, kind, payload: self.events.append(Event(seq, kind, payload)),
            clock=lambda: 0.0,
        )

    async def test_the_share_that_verifies(self) -> None:
        tree = (await self.play()).tree
        assert [(n.text, n.rewards) for n in tree.nodes[1:3]] == [
            (self.RIGHT, {"rollout_value": 0.75}),
            (self.WRONG, {"rollout_value": 0.0}),
        ]
        # The children below the right step are finished: their own answers are all that counts.
        assert [n.reward for n in tree.nodes[3:]] == [1.0, 0.0]
        assert tree.nodes[2].status == "pruned"

    async def test_every_token_of_a_rollout_is_counted_and_no_reward_call(self) -> None:
        tree = (await self.play()).tree
        assert tree.counters.tokens == self.policy.rows
        assert tree.counters.policy_calls == self.policy.calls == 4 + 8
        assert tree.counters.reward_calls == 0

    async def test_it_replays_without_policy(self) -> None:
        tree = (await self.play()).tree
        again = await run_search(
            self.header, self.events, policy=None, reward=None, clock=lambda: 0.0, replay_finished=True
        )
        assert again.tree.as_dict() == tree.as_dict()

    async def test_a_spent_token_budget_ends_the_run(self) -> None:
        outcome = await self.play(budget={"tokens": 100}, sampling={
            "temperature": 0.8, "top_p": 1.0, "max_step_tokens": 25, "stop": ["\n"],
        })  # fmt: skip
        assert (outcome.stopped_by, outcome.cap) == ("budget", "tokens")
        assert outcome.tree.counters.tokens <= 100

    async def test_a_problem_that_cannot_be_checked_is_refused(self) -> None:
        unknown = {"text": "Why?", "answer": None, "verifier": None}
        with pytest.raises(RewardError, match="rollout_value needs a problem whose answers can be checked"):
            await self.play(problem=unknown)

    async def test_it_does_not_score_rollouts_of_a_lookahead(self) -> None:
        with pytest.raises(RewardError, match="cannot score rollouts themselves"):
            await self.play(params={"width": 1, "proposals": 2, "lookahead": 1, "max_steps": 32})

    def test_numbers_below_one(self) -> None:
        with pytest.raises(RewardError, match="completions must be 1 or more, not 0"):
            RolloutValue(completions=0)


class TestSpec:
    """`also_rewards` of a run's description."""

    def spec(self, **fields: Any) -> RunSpec:
        return RunSpec.model_validate({"problem": {"text": "1 2 3 -> 6"}, "algorithm": "beam", **fields})

    def test_the_header_describes_each(self) -> None:
        spec = self.spec(also_rewards=["second"])
        policy, first, second = ScriptedPolicy(from_table(TABLE)), NamedReward("first", 0), NamedReward("second", 0)
        assert header_of(spec, policy, first, [second])["also_rewards"] == [{"slug": "second"}]
        assert "also_rewards" not in header_of(self.spec(), policy, first)

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"also_rewards": ["embedded"]}, "each reward is named once"),
            ({"also_rewards": ["a", "a"]}, "each reward is named once"),
            ({"algorithm": "greedy", "reward": None, "also_rewards": ["a"]}, "without a driving reward nothing is"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, fields: dict[str, Any], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            self.spec(**fields)
