"""Paths in lockstep, worked out by hand: one token per letter and one for the end of a step."""

from __future__ import annotations

import pytest

from search.commands import Command
from search.run import run_search
from search.search import Search
from search.tree import Node
from tests.search.support.runs import command, play
from tests.search.support.scripted import ScriptedPolicy, ScriptedReward, from_table
from tests.search.test_search import perform

# Tokens: a 4 + 2 = 6, c 2 + 5 = 7, e 2 + 2 + 2 = 6, h 11.
WORDS = {
    "": ["aaa", "c", "e", "hhhhhhhhhh."],
    "aaa": ["b."],
    "c": ["dddd."],
    "e": ["f"],
    "f": ["g."],
}


def writer() -> ScriptedPolicy:
    """A policy that knows these words."""
    return ScriptedPolicy(
        lambda steps, request: from_table({steps: WORDS.get(steps[-1] if steps else "", ["x."])})(steps, request)
    )


def shape(nodes: list[Node]) -> list[tuple[str, str | None, int]]:
    """What matters of nodes."""
    return [(node.text, node.finish, node.tokens) for node in nodes]


async def test_a_race_aborts_the_others_at_the_token_of_the_first_to_finish(monkeypatch):
    leaves: list[Node] = []

    async def script(search: Search) -> None:
        leaves.extend(await search.decode([search.root], 4, max_steps=9, first=1))
        assert search.short is None

    policy = writer()
    run = await perform(script, monkeypatch, policy=policy)
    # At token 6 paths 0 and 2 have ended, a tie; the others have written 6 tokens as well, and no more.
    assert shape(leaves) == [("b", "end", 2), ("dddd", "aborted", 4), ("g", "end", 2), ("hhhhhh", "aborted", 6)]
    tree = run.outcome.tree
    assert [node.key for node in tree.nodes] == [
        "0", "0.0", "0.0.0", "0.1", "0.1.0", "0.2", "0.2.0", "0.2.0.0", "0.3",
    ]  # fmt: skip
    assert tree.counters.tokens == policy.rows == 24
    assert tree.counters.policy_calls == policy.calls == 4
    assert [node.status for node in leaves] == ["terminal"] * 4
    (effect,) = run.payloads("generate")
    assert (effect["purpose"], effect["first"], effect["abort"]) == ("decode", 1, True)
    assert effect["requests"] == [{"node": 0, "n": 4, "max_tokens": 576, "steps": 9, "prompt_tokens": 7}]
    assert [(s["index"], s["part"]) for s in effect["samples"]] == [
        (0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (3, 0),
    ]  # fmt: skip


async def test_a_path_in_chunks_is_the_path_in_steps(monkeypatch):
    async def script(search: Search) -> None:
        paths = await search.decode([search.root], 4, max_steps=9, tokens=3)
        assert shape(paths) == [("aaa", "chunk", 3), ("d", "chunk", 1), ("f", "chunk", 1), ("hhh", "chunk", 3)]
        assert [search.tree.steps(node) for node in paths] == [("aaa",), ("c", "d"), ("e", "f"), ("hhh",)]
        assert all(node.status == "open" and node.expandable for node in paths)
        paths = await search.decode(paths, max_steps=9, tokens=3)
        assert shape(paths) == [("b", "end", 2), ("ddd", "chunk", 3), ("g", "end", 2), ("hhh", "chunk", 3)]
        assert [node.key for node in search.tree.path(paths[0])] == ["0", "0.0", "0.0+0", "0.0.0"]
        assert [node.key for node in search.tree.path(paths[1])] == ["0", "0.1", "0.1.0", "0.1.0+0"]
        (rest, again) = await search.expand([paths[1]], n=2)  # a chunk can be expanded as well
        assert (rest.text, rest.finish, rest.key, again.key) == ("", "end", "0.1.0+0+0", "0.1.0+0+1")
        assert search.tree.steps(rest) == ("c", "dddd")
        await search.score([rest, paths[3]])
        assert [node.reward for node in search.tree.path(rest)[1:]] == [0.1, None, None, 0.2]
        assert paths[3].reward == 0.1

    run = await perform(script, monkeypatch, policy=writer(), reward=ScriptedReward(lambda steps: len(steps) / 10))
    whole = await perform(expanding, monkeypatch, policy=writer())
    assert [run.outcome.tree.steps(node) for node in run.outcome.tree.candidates()[:2]] == [
        whole.outcome.tree.steps(node) for node in whole.outcome.tree.nodes if node.text in ("b", "g")
    ]
    by_text = {node.text: node.logprob for node in whole.outcome.tree.nodes}
    pieces = run.outcome.tree.path(run.outcome.tree.candidates()[0])
    assert sum(piece.logprob or 0 for piece in pieces[1:3]) == pytest.approx(by_text["aaa"])  # the same draws


async def expanding(search: Search) -> None:
    """The same four paths, step by step."""
    paths = await search.expand([search.root], n=4)
    while paths := search.alive(paths):
        paths = await search.expand(paths)


async def test_a_path_halts_after_its_last_step(monkeypatch):
    async def script(search: Search) -> None:
        paths = await search.decode([search.root], 4, max_steps=1)
        assert shape(paths) == [("aaa", "step", 4), ("c", "step", 2), ("e", "step", 2), ("hhhhhhhhhh", "end", 11)]
        assert await search.decode(paths, max_steps=1) == []
        assert [search.allowance(node, 3) for node in paths[:2]] == [128, 128]
        (halted,) = await search.decode(paths[1:2], max_steps=2, tokens=2)
        assert search.allowance(halted, 3) == 128 - 2

    await perform(script, monkeypatch, policy=writer())


async def test_the_models_context_is_room_for_no_more(monkeypatch):
    async def script(search: Search) -> None:
        (path,) = await search.decode([search.root], max_steps=9, tokens=5)
        assert shape([path]) == [("b", "chunk", 1)]
        assert search.allowance(path, 9) == 0
        (full,) = await search.decode([path], max_steps=9)
        assert shape([full]) == [("", "length", 0)]

    await perform(script, monkeypatch, policy=writer(), heading={"context": 12})  # 7 prompt, 4 for aaa, 1 for b


@pytest.mark.parametrize(
    ("cap", "limit", "written", "short"),
    [
        # two tokens of each path, and of the two that are left one for each of the first two
        ("tokens", 10, [("a", "chunk", 1), ("d", "chunk", 1), ("e", "step", 2), ("hh", "chunk", 2)], "tokens"),
        # four first steps are room for no second one: all halt when the first would begin, at token 2
        ("nodes", 5, [("aa", "chunk", 2), ("c", "step", 2), ("e", "step", 2), ("hh", "chunk", 2)], "nodes"),
        ("policy_calls", 2, [("b", "end", 2), ("dddd", "end", 5)], "policy_calls"),
    ],
)
async def test_a_budget_halts_the_pack_and_a_raised_one_goes_on(monkeypatch, cap, limit, written, short):
    found: list[Node] = []
    shorts = []

    async def script(search: Search) -> None:
        found[:] = await search.decode(search.frontier(), 1 if search.going_on else 4, max_steps=9)
        shorts.append(search.short)

    policy = writer()
    heading = {"budget": {cap: limit}}
    run = await perform(script, monkeypatch, policy=policy, heading=heading)
    assert shape(found) == written
    assert shorts == [short]
    assert (run.outcome.stopped_by, run.outcome.cap) == ("budget", cap)
    counters = run.payloads("budget")[-1]
    assert counters[cap] == limit
    assert counters["tokens"] == policy.rows
    assert counters["policy_calls"] == policy.calls
    from tests.search.support.runs import header

    head = header("scripted", problem="puzzle", **heading)
    raised = await play(
        head, run.events, commands=[command("raise_budget", budget={cap: None})], policy=policy,
        reward=ScriptedReward(lambda steps: 0.5),
    )  # fmt: skip
    assert raised.outcome.stopped_by == "completed"
    ended = [raised.outcome.tree.steps(node) for node in raised.outcome.tree.candidates()]
    paths = [("aaa", "b"), ("c", "dddd"), ("e", "f", "g"), ("hhhhhhhhhh",)]
    assert sorted(ended) == paths[: len(written)]
    replayed = await run_search(head, raised.events, policy=None, reward=None, clock=lambda: 0.0, replay_finished=True)
    assert replayed.tree.as_dict() == raised.outcome.tree.as_dict()


async def test_a_person_finds_a_halted_step_and_goes_on_from_it(monkeypatch):
    """Prune, restore, edit and expand a step that is written in part."""

    async def script(search: Search) -> None:
        paths = await search.decode([search.root], 4, max_steps=9, tokens=2)
        while paths := search.alive(paths):
            paths = await search.decode(paths, max_steps=9)

    policy = writer()
    first = await perform(script, monkeypatch, policy=policy)
    gate = next(event.seq for event in first.events if event.kind == "generate")
    gate = next(event.seq for event in first.events if event.kind == "budget" and event.seq > gate)
    commands: list[Command] = [
        command("prune", node=1),
        command("prune", node=2),
        command("restore", node=1),
        command("edit", node=4, text="aaa"),
        command("expand", node=1),
    ]
    policy = writer()
    run = await perform(script, monkeypatch, policy=policy, at={gate: commands})
    tree = run.outcome.tree
    assert [(n.text, n.key, n.by) for n in tree.nodes if n.by] == [("aaa", "0.h0", "ada"), ("x", "0.0.h0", "ada")]
    assert tree[1].status == "expanded"
    assert tree.children(tree[2]) == []
    ended = {tree.steps(node) for node in tree.candidates()}
    assert ended == {("aaa", "b"), ("e", "f", "g"), ("aax",)}
    assert not any(node.text.startswith("hh") and node.index > 4 for node in tree.nodes)  # edited: goes on at "aaa"
