"""`Search` itself: one effect at a time, creation keys, duplicates, what an algorithm may not do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from search.algorithms import registry
from search.algorithms.base import Algorithm, Params
from search.gate import Answer
from search.policies.base import PolicyError, StepRequest, StepSample
from search.randomness import uniform
from search.rewards.base import PathScore, RewardError, ScoreRequest
from search.search import ConcurrentEffects, Rollout, Search
from search.tree import Tree
from tests.search.support.runs import Run, header, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward

Script = Callable[[Search], Awaitable[None]]


async def perform(script: Script, monkeypatch: pytest.MonkeyPatch, **play_with: Any) -> Run:
    """Run `script` as if it were a strategy."""

    class Scripted(Algorithm[Params]):
        name, title, paper, summary = "scripted", "", "", ""

        @classmethod
        def params_type(cls) -> type[Params]:
            return Params

        async def run(self, search: Search) -> None:
            await script(search)

        def answer(self, tree: Tree) -> Answer:
            return Answer(None, "none")

    monkeypatch.setitem(registry(), "scripted", Scripted)
    models = {
        "policy": ScriptedPolicy(lambda steps, request: (f"w{request.key}", len(steps) >= 2)),
        "reward": ScriptedReward(lambda steps: 0.5),
    }
    head = header("scripted", problem="puzzle", **play_with.pop("heading", {}))
    return await play(head, **{**models, **play_with})


async def test_two_effects_at_once_are_refused(monkeypatch):
    async def script(search: Search) -> None:
        await asyncio.gather(search.expand([search.root]), search.expand([search.root]))

    with pytest.raises(ConcurrentEffects, match="expand was called while expand is under way"):
        await perform(script, monkeypatch)


async def test_children_come_node_major_with_keys_of_their_own(monkeypatch):
    async def script(search: Search) -> None:
        a, b = await search.expand([search.root], n=2)
        children = await search.expand([b, a, b], n=[1, 2, 1])
        assert [(child.parents[0], child.key) for child in children] == [
            (2, "0.1.0"), (1, "0.0.0"), (1, "0.0.1"), (2, "0.1.1"),
        ]  # fmt: skip
        (again,) = await search.expand([a])
        assert again.key == "0.0.2"
        assert await search.expand([]) == []
        assert await search.expand([a], n=0) == []

    await perform(script, monkeypatch)


async def test_ended_and_pruned_nodes_are_not_expanded(monkeypatch):
    async def script(search: Search) -> None:
        a, b = await search.expand([search.root], n=2)
        search.prune([a], rule="test", cutoff=0.3)
        (c,) = await search.expand([a, b])
        (end,) = await search.expand([c])
        assert (end.finish, end.kind, end.status) == ("end", "answer", "terminal")
        assert await search.expand([a, end]) == []
        assert search.alive([a, b, c, end]) == [b, c]
        assert search.alive([a, end], finished=True) == [end]
        assert a.decision is not None
        assert (a.decision["rule"], a.decision["cutoff"]) == ("test", 0.3)

    await perform(script, monkeypatch)


async def test_a_scored_node_is_not_scored_again_and_a_path_is_one_call(monkeypatch):
    reward = ScriptedReward(lambda steps: len(steps) / 10)

    async def script(search: Search) -> None:
        (a,) = await search.expand([search.root])
        (b,) = await search.expand([a])
        await search.score([b, b])
        assert (a.reward, b.reward, reward.calls) == (0.1, 0.2, 1)
        await search.score([a, b])
        assert reward.calls == 1

    await perform(script, monkeypatch, reward=reward)


async def test_only_scored_nodes_can_be_the_best(monkeypatch):
    async def script(search: Search) -> None:
        search.keep_best(await search.expand([search.root], n=2), 1, rule="test")

    with pytest.raises(ValueError, match="node 1 has no reward yet"):
        await perform(script, monkeypatch)


async def test_rollouts_of_several_steps_and_of_ended_nodes(monkeypatch):
    found: list[list[Rollout]] = []

    async def script(search: Search) -> None:
        (a,) = await search.expand([search.root])
        (b,) = await search.expand([a])
        (end,) = await search.expand([b])
        found.extend(await search.rollout([a, end], 2, max_steps=5, temperature=0.0))
        assert [r.texts for r in (await search.rollout([a], max_steps=1))[0]] == [("w0.0.r4.0",)]
        assert await search.score_rollouts([(a, found[0][0]), (end, found[1][0])]) == [0.5, 0.5]

    run = await perform(script, monkeypatch)
    assert [(r.texts, r.finished) for r in found[0]] == [
        (("w0.0.r0.0", "w0.0.r0.1"), True),
        (("w0.0.r1.0", "w0.0.r1.1"), True),
    ]
    nats = [round(uniform(1, f"0.0.r0.{step}", t), 6) for step in (0, 1) for t in range(10)]  # nine letters and an end
    assert (found[0][0].tokens, found[0][0].logprob) == (20, pytest.approx(-sum(nats)))
    assert found[1] == [Rollout((), True)] * 2
    assert len(run.outcome.tree) == 4
    assert run.outcome.tree[1].rewards == {}


async def test_a_continued_path_is_handed_on_as_the_policys_own_tokens(monkeypatch):
    policy = ScriptedPolicy(lambda steps, request: ("ab", False))

    async def script(search: Search) -> None:
        for _ in range(3):
            await search.expand([search.tree.nodes[-1]])

    await perform(script, monkeypatch, policy=policy)
    assert [bytes(batch[0].prefix_ids or ()).decode() for batch in policy.batches] == [
        "puzzle\n", "puzzle\nab\n", "puzzle\nab\nab\n",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sample", "complaint"),
    [
        (StepSample("a", (1,), (float("nan"),), "step", 1), "no number"),
        (StepSample("a", (1, 2), (-0.1,), "step", 1), "no number"),
        (StepSample("a", (1,), (-0.1,), "step", 1, float("inf")), "certainty that is no number"),
        (StepSample("a", (1,) * 65, (-0.1,) * 65, "step", 1), "wrote 65 tokens where 64 were allowed"),
    ],
)
async def test_a_policy_that_breaks_its_word_is_named(monkeypatch, sample, complaint):
    class Broken(ScriptedPolicy):
        def _sample(self, request: StepRequest) -> StepSample:
            return sample

    async def script(search: Search) -> None:
        await search.expand([search.root])

    with pytest.raises(PolicyError, match=f"policy scripted.*{complaint}"):
        await perform(script, monkeypatch, policy=Broken(lambda steps, request: ("", True)))


@pytest.mark.parametrize("scores", [[PathScore((float("nan"),), 1)], [], [PathScore((0.1,), 1)] * 2])
async def test_a_reward_that_breaks_its_word_is_named(monkeypatch, scores):
    class Broken(ScriptedReward):
        async def score(self, requests: list[ScoreRequest]) -> list[PathScore]:  # type: ignore[override]
            return scores

    async def script(search: Search) -> None:
        await search.score(await search.expand([search.root]))

    with pytest.raises(RewardError, match="reward scripted"):
        await perform(script, monkeypatch, reward=Broken(lambda steps: 0.0))


async def test_draws_have_streams_of_their_own(monkeypatch):
    drawn: list[list[float]] = []

    async def script(search: Search) -> None:
        drawn.append([search.draw("a"), search.draw("b"), search.draw("a")])

    await perform(script, monkeypatch)
    await perform(script, monkeypatch)
    await perform(script, monkeypatch, heading={"seed": 2})
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 3


async def test_a_merge_has_several_parents_and_lies_below_the_deepest(monkeypatch):
    async def script(search: Search) -> None:
        a, b = await search.expand([search.root], n=2)
        (c,) = await search.expand([b])
        (merged,) = await search.expand([a], also=[c], kind="revision")
        assert (merged.parents, merged.depth, merged.key, merged.kind) == ((1, 3), 3, "0.0.0", "revision")
        assert (a.status, c.status) == ("expanded", "expanded")
        assert [node.index for node in search.tree.ancestors(merged)] == [4, 3, 2, 1, 0]
        assert search.tree.steps(merged) == (a.text, merged.text)

    await perform(script, monkeypatch)


async def test_a_path_that_fills_the_models_context_ends_there(monkeypatch):
    policy = ScriptedPolicy(lambda steps, request: ("ab", False))

    async def script(search: Search) -> None:
        (a,) = await search.expand([search.root])  # "puzzle\n" is 7 tokens, a step 3
        (b,) = await search.expand([a])
        assert [(n.finish, n.tokens) for n in await search.expand([a, b])] == [("step", 3), ("length", 0)]
        (rollout,) = (await search.rollout([a], max_steps=5))[0]
        assert (rollout.texts, rollout.finished) == (("ab", ""), False)

    await perform(script, monkeypatch, policy=policy, heading={"context": 13})
    assert [request.key for batch in policy.batches for request in batch] == ["0.0", "0.0.0", "0.0.1", "0.0.r0.0"]
