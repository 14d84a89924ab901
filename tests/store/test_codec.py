"""Packing and unpacking loses nothing, wherever the flushes fall."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.explorer.store.codec import JournalEvent, NodeText, Packer, referred_nodes, unpack
from app.explorer.store.jsonb import dumps, loads, restored, storable

AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def samples(draw: st.DrawFn, node: int | None) -> dict[str, Any]:
    ids = draw(st.lists(st.integers(0, 2**31 - 1), max_size=4))
    certainty = draw(st.none() | FLOATS)  # engines that do not see the whole distribution leave it out
    return {
        "request": 0,
        "index": 0,
        "node": node,
        "text": draw(TEXTS),
        "token_ids": ids,
        "logprobs": draw(st.lists(FLOATS, min_size=len(ids), max_size=len(ids))),
        "finish": "step",
        "tokens": len(ids),
        **({} if certainty is None else {"certainty": certainty}),
    }


@st.composite
def journals(draw: st.DrawFn) -> list[JournalEvent]:
    """Expansions as the engine emits them: a generate effect, a budget, its nodes; rollouts and oddities between."""
    events: list[tuple[str, dict[str, Any]]] = []
    index = 0
    events.append(("node_added", _node(index, draw(TEXTS))))
    for _ in range(draw(st.integers(0, 4))):
        count = draw(st.integers(0, 3))
        made = [draw(samples(index + 1 + offset)) for offset in range(count)]
        rollouts = [draw(samples(None)) for _ in range(draw(st.integers(0, 2)))]
        events.append(("generate", {"purpose": "expand", "samples": made + rollouts}))
        events.append(("budget", {"tokens": 1}))
        for sample in made:
            index += 1
            events.append(("node_added", _node(index, draw(st.just(sample["text"]) | TEXTS))))
        events.append(("unknown", {"anything": draw(JSON)}))
    return [JournalEvent(seq, kind, payload, AT) for seq, (kind, payload) in enumerate(events, start=1)]


def _node(index: int, text: str) -> dict[str, Any]:
    parents = [index - 1] if index else []
    return {"index": index, "parents": parents, "depth": index, "kind": "step", "key": str(index), "text": text}


@given(journals(), st.data())
def test_whatever_the_flushes_are_the_journal_comes_back(journal: list[JournalEvent], data: st.DataObject) -> None:
    packer = Packer()
    stored: list[JournalEvent] = []
    rows: dict[int, NodeText] = {}
    rest = journal
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        packed, nodes = packer.pack(rest[:size])
        stored += packed
        for node in nodes:
            assert node.index not in rows
            rows[node.index] = NodeText(restored(storable(node.text)), node.token_ids, node.logprobs)
        rest = rest[size:]
        unpacked = [(event.seq, event.kind, unpack(event.kind, event.payload, rows)) for event in stored]
        assert unpacked == [(event.seq, event.kind, event.payload) for event in journal[: len(stored)]]


@given(journals(), st.data())
def test_every_sampled_node_has_its_tokens_even_if_the_worker_died_between(
    journal: list[JournalEvent], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(journal)))
    first, second = Packer(), Packer()
    rows = {row.index: row for row in first.pack(journal[:cut])[1]}
    second.replay(journal[:cut])
    rows |= {row.index: row for row in second.pack(journal[cut:])[1]}
    for event in journal:
        for sample in event.payload.get("samples", []) if event.kind == "generate" else []:
            if sample["node"] is not None and rows[sample["node"]].text == sample["text"]:
                assert rows[sample["node"]].token_ids == sample["token_ids"]
                assert rows[sample["node"]].logprobs == sample["logprobs"]


def test_a_whole_expansion_stores_no_text_in_its_events() -> None:
    sample = {"node": 1, "text": "3 + 5 = 8", "token_ids": [4, 5], "logprobs": [-0.1, -0.2], "finish": "step"}
    packed, rows = Packer().pack(
        [
            JournalEvent(1, "generate", {"purpose": "expand", "samples": [sample]}, AT),
            JournalEvent(2, "node_added", _node(1, "3 + 5 = 8"), AT),
        ]
    )
    assert "3 + 5" not in json.dumps([event.payload for event in packed])
    assert packed[0].payload["samples"] == [{"node": 1, "finish": "step"}]
    assert list(referred_nodes("generate", packed[0].payload)) == [1]
    assert (rows[0].text, rows[0].token_ids, rows[0].created_seq) == ("3 + 5 = 8", [4, 5], 2)


@given(JSON)
def test_any_json_value_comes_back_as_it_was(value: Any) -> None:
    stored = dumps(value)
    assert "\\u0000" not in stored
    stored.encode("utf-8")
    assert loads(stored) == value
