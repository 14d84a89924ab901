"""The journal: numbering, the JSON Lines form, and the comparison on replay."""

from __future__ import annotations

import io

import pytest

from search.events import Event, MalformedJournal, in_order, read_jsonl
from search.journal import Journal, NonDeterministicReplay, equal
from tests.search.support.runs import header, play


def test_floats_are_compared_within_a_billionth_and_everything_else_exactly():
    assert equal({"a": [0.1 + 0.2, 1, None, "x"]}, {"a": [0.3, 1.0, None, "x"]})
    assert not equal(0.5, 0.5 + 2e-9)
    assert not equal({"a": 1}, {"a": 1, "b": None})
    assert not equal([1], [1, 2])
    assert not equal(True, 1)
    assert not equal(None, 0)


def test_new_events_are_numbered_on_and_go_to_the_sink():
    taken = []
    journal = Journal([Event(1, "budget", {"tokens": 0})], lambda *event: taken.append(event))
    journal.observe("budget", {"tokens": 0})
    assert journal.observe("answer", {"node": 3}).seq == 2
    assert taken == [(2, "answer", {"node": 3})]


def test_an_observation_that_differs_names_the_event_and_both_payloads():
    journal = Journal([Event(1, "answer", {"node": 3})])
    with pytest.raises(NonDeterministicReplay, match=r"event 1.*'node': 3.*'node': 4") as caught:
        journal.observe("answer", {"node": 4})
    assert (caught.value.stored, caught.value.emitted) == (("answer", {"node": 3}), ("answer", {"node": 4}))


async def test_a_journal_of_another_seed_or_strategy_does_not_replay():
    run = await play(header("beam", {"width": 2, "proposals": 2}))
    with pytest.raises(NonDeterministicReplay, match="event 5"):
        await play(header("beam", {"width": 3, "proposals": 2}), run.events[:30])
    tampered = [*run.events]
    at = next(i for i, event in enumerate(tampered) if event.kind == "scored")
    tampered[at] = Event(at + 1, "scored", {**tampered[at].payload, "drives": False})
    with pytest.raises(NonDeterministicReplay, match=f"event {at + 1}"):
        await play(header("beam", {"width": 2, "proposals": 2}), tampered[:-1])


def test_a_gap_in_the_numbers_is_named():
    with pytest.raises(MalformedJournal, match="event 2 is missing"):
        list(in_order([Event(1, "budget", {}), Event(3, "budget", {})]))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not even a header"),
        ('{"seq": 1, "kind": "budget", "payload": {}}\n', "line 1 is not a header"),
        ('{"kind": "header"}\n{"seq": 1}\n', "line 2"),
        ('{"kind": "header"}\nnonsense\n', "line 2"),
        ('{"kind": "header"}\n[1]\n', "line 2"),
    ],
)
def test_a_file_that_is_no_journal_is_refused(text, complaint):
    with pytest.raises(MalformedJournal, match=complaint):
        read_jsonl(io.StringIO(text))


def test_a_journal_is_read_with_blank_lines_and_unknown_fields():
    head, events = read_jsonl(
        io.StringIO('{"kind": "header", "seed": 3}\n\n{"seq": 1, "kind": "x", "payload": {}, "at": "now", "z": 1}\n')
    )
    assert head == {"seed": 3}
    assert events == [Event(1, "x", {})]
