"""Where two runs part, on journals of real runs and on made ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search.events import Event, read_jsonl
from search.parting import Moment, Parting, parting

JOURNALS = Path(__file__).parents[1] / "fixtures" / "journals"


def journal(*events: tuple[str, dict[str, Any]]) -> list[Event]:
    return [Event(seq, kind, payload) for seq, (kind, payload) in enumerate(events, 1)]


def node(index: int, text: str = "") -> tuple[str, dict[str, Any]]:
    return "node_added", {"index": index, "text": text}


def test_a_run_does_not_part_from_itself() -> None:
    with (JOURNALS / "particles.jsonl").open() as stream:
        _, events = read_jsonl(stream)
    assert parting(events, events) is None


def test_different_strategies_part_at_the_first_thing_done_differently() -> None:
    left = journal(node(0), ("generate", {"n": 4}), node(1, "a"), ("pruned", {"nodes": [{"node": 1}]}))
    right = journal(node(0), node(1, "a"), ("scored", {"scores": [[1, 0.5]]}), node(2, "b"))
    assert parting(left, right) == Parting(2, Moment(4, "pruned", 1), Moment(3, "scored", 1))


def test_what_a_step_cost_is_no_parting_but_its_text_is() -> None:
    left = journal(node(0), ("budget", {"tokens": 10}), node(1, "3 + 5 = 8"))
    right = journal(node(0), ("budget", {"tokens": 12}), node(1, "3 * 5 = 15"))
    assert parting(left, right) == Parting(1, Moment(3, "node_added", 1), Moment(3, "node_added", 1))


def test_one_that_ended_while_the_other_went_on() -> None:
    assert parting(journal(node(0)), journal(node(0), node(1))) == Parting(1, None, Moment(2, "node_added", 1))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"path": [0, 2, 5], "value": 1.0}, 5),
        ({"particles": [{"node": 3, "weight": 0.5}]}, 3),
        ({"nodes": [7]}, 7),
        ({"priors": [[4, 0.1]]}, 4),
        ({"node": None, "path": []}, None),
    ],
)
def test_the_node_an_event_is_about(payload: dict[str, Any], expected: int | None) -> None:
    found = parting(journal(("selected", payload)), journal())
    assert found is not None
    assert found.left == Moment(1, "selected", expected)


def test_nothing_is_read_beyond_the_parting() -> None:
    def endless() -> Any:
        yield Event(1, *node(0, "other"))
        raise AssertionError("read on")

    assert parting(endless(), iter(journal(node(0)))) is not None
