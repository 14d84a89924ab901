"""What cannot be read is named: line, field and mend; the rest is read where that was asked for."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest

from search.datasets import MalformedRecord
from search.datasets.registry import FORMATS, guess
from search.datasets.values import json_values


def text(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def refusal(format: str, content: bytes) -> MalformedRecord:
    with pytest.raises(MalformedRecord) as refused:
        list(FORMATS[format].read(io.BytesIO(content)))
    return refused.value


TRL = {"prompt": "p", "completions": ["a"], "labels": [True]}
STEP = {"completions": [{"text": "a", "rating": 1, "flagged": False}], "human_completion": None, "chosen_completion": 0}


def session(*steps: Any, finish: Any = "solution") -> dict[str, Any]:
    return {
        "labeler": "l",
        "timestamp": "t",
        "question": {"problem": "p"},
        "label": {"steps": list(steps), "finish_reason": finish},
    }


def node(own: int, parent: int | None) -> dict[str, Any]:
    return {"id": own, "parent": parent, "text": "a"}


def edge(source: int, target: int) -> dict[str, Any]:
    return {"source": source, "target": target}


@pytest.mark.parametrize(
    ("format", "record", "field"),
    [
        ("prm800k", session(STEP, finish="tired"), "label.finish_reason"),
        ("prm800k", session({**STEP, "chosen_completion": 1}), "label.steps.0.chosen_completion"),
        ("prm800k", session({**STEP, "chosen_completion": None}, STEP), "label.steps.0.chosen_completion"),
        ("prm800k", session({"completions": [{"text": "a", "rating": 2}]}), "label.steps.0.completions.0.rating"),
        ("math_shepherd", {"input": "p Step 1: a ки", "label": "p Step 1: b +"}, "label"),
        ("math_shepherd", {"input": "p Step 1: a ки", "label": "p Step 1: a ?"}, "label"),
        ("math_shepherd", {"input": "p a ки", "label": "p a +"}, "input"),
        ("math_shepherd", {"input": "p Step 1: a ки more", "label": "p Step 1: a + more"}, "input"),
        ("processbench", {"problem": "p", "steps": ["a"], "label": 1}, "label"),
        ("processbench", {"problem": "p", "steps": ["a"], "label": -2}, "label"),
        ("processbench", {"problem": "p", "steps": ["a"], "label": None}, "label"),
        ("processbench", {"problem": "p", "steps": [], "label": -1}, "steps"),
        ("prmbench", {"question": "p", "modified_process": ["a"], "error_steps": [0]}, "error_steps"),
        ("prmbench", {"question": "p", "modified_process": ["a"], "error_steps": [2]}, "error_steps"),
        ("openr", {"question": "p", "process": "a \n\n\n\n\n", "label": ["?"]}, "label"),
        ("openr", {"question": "p", "process": "a \n\n\n\n\n", "label": [1.5]}, "label"),
        ("openr", {"question": "p", "process": "a \n\n\n\n\n b", "label": ["+"]}, "process"),
        ("step_preferences", {"prompt": "p", "chosen": "a", "rejected": "a"}, "rejected"),
        ("step_preferences", {"prompt": "p", "chosen": [{"role": "user"}], "rejected": "a"}, "chosen"),
        ("math_aps", {"text": "p", "mc_value": 1.5}, "mc_value"),
        ("math_aps", {"question": "p", "reasoning_steps": [{"solution_prefix": "q"}]}, "reasoning_steps.0"),
        ("tot_log", {"steps": [{"x": "1 2", "new_ys": ["a\n"], "values": [], "select_new_ys": []}]}, "steps.0.values"),
        ("tot_log", {"steps": [{"x": "1", "new_ys": [], "values": [], "select_new_ys": 1}]}, "steps.0.select_new_ys"),
        ("json_tree", {"nodes": [node(1, None), node(1, 1)]}, "nodes.1.id"),
        ("json_tree", {"nodes": [node(1, 2), node(2, 1)]}, "nodes"),
        ("json_tree", {"nodes": [node(0, None), node(1, 2), node(2, 1)]}, "nodes.1.parent"),
        ("json_tree", {"nodes": [node(1, 7)]}, "nodes.0.parent"),
        ("json_tree", {"nodes": [node(1, None), node(2, None)]}, "nodes"),
        ("json_tree", {"text": "p", "children": [{"text": "a", "rating": 3}]}, "children.0.rating"),
        ("json_tree", {"text": "p", "children": [{"text": "a", "score": "high"}]}, "children.0.score"),
        ("json_tree", {"text": "p", "children": [{"children": []}]}, "children.0.text"),
        ("reasoners_log", {"nodes": {"0": {}, "1": {}}, "edges": {"0": edge(0, 1), "1": edge(1, 0)}}, "nodes"),
        ("reasoners_log", {"nodes": {"0": {"id": 0}, "1": {"id": 0}}, "edges": {}}, "nodes.1.id"),
        ("reasoners_log", {"nodes": {"0": {}}, "edges": {"0": edge(0, 9)}}, "edges.0.target"),
        ("espalier", {"seq": 1, "kind": "node_added", "payload": {}}, "kind"),
        ("espalier", {"kind": "header", "problem": {"text": "p"}}, "algorithm"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_is_named(format: str, record: Any, field: str) -> None:
    error = refusal(format, b"\n" + text(record))
    assert (error.line, error.field) == (2, field)
    assert error.message


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (text(TRL) + b'{"prompt": "\xe4"}\n', 2, "UTF-8"),
        ("\ufeff".encode("utf-16-le") + "{}".encode("utf-16-le"), 1, "UTF-16"),
        (text(TRL) + b"nonsense\n", 2, "not JSON"),
        (text(TRL) + b"[1]\n", 2, "not an object"),
        (text(TRL) + b'{"labels": [NaN]}\n', 2, "NaN"),
        (text(TRL) + b"[" * 100_000 + b"\n", 2, "nested too deeply"),
        (b'[{"prompt": "p",\n "completions": ["a"],\n "labels": [true]},\n {"prompt": oh}]', 4, "not JSON"),
        (b'[{"prompt": "p", "completions": ["a"], "labels": [true]},\n', 2, "ends inside"),
    ],
)
def test_a_file_that_is_no_json(content: bytes, line: int, words: str) -> None:
    error = refusal("trl_stepwise", content)
    assert error.line == line
    assert words in str(error)


def test_the_rest_is_read_where_asked() -> None:
    content = text(TRL) + b"nonsense\n" + text({"prompt": "p"}, {**TRL, "prompt": "q"})
    bad: list[MalformedRecord] = []
    found = list(FORMATS["trl_stepwise"].read(io.BytesIO(content), bad.append))
    assert [path.prompt for path in found] == ["p", "q"]  # type: ignore[union-attr]
    assert [(error.line, error.field) for error in bad] == [(2, "line"), (3, "completions")]
    assert guess(io.BytesIO(b"nonsense\n" + text(TRL))) == "trl_stepwise"


def test_a_journal_with_a_broken_line_is_left_out_whole() -> None:
    head = {
        "kind": "header", "problem": {"text": "p"}, "algorithm": "a", "params": {}, "seed": 0, "policy": {"slug": "x"},
        "sampling": {}, "budget": {},
    }  # fmt: skip
    event = {"seq": 1, "kind": "node_added", "payload": {}}
    gap = {**event, "seq": 3}
    content = text(head, event, head, event) + b"{broken\n" + text(event, head, gap, head, event)
    bad: list[MalformedRecord] = []
    found = list(FORMATS["espalier"].read(io.BytesIO(content), bad.append))
    assert len(found) == 2
    assert [(error.line, error.field) for error in bad] == [(5, "line"), (8, "seq")]


def test_one_object_over_several_lines_and_byte_order_marks() -> None:
    content = b"\xef\xbb\xbf" + json.dumps([TRL, TRL], indent=2).encode()
    assert len(list(FORMATS["trl_stepwise"].read(io.BytesIO(content)))) == 2
    assert len(list(FORMATS["trl_stepwise"].read(io.BytesIO(json.dumps(TRL, indent=1).encode())))) == 1


def test_snapshots_alone_are_one_log_as_long_as_they_grow() -> None:
    def snapshot(*edges: tuple[int, int]) -> dict[str, Any]:
        ids = sorted({0, *(end for edge in edges for end in edge)})
        return {
            "nodes": {str(i): {"id": i, "data": {"text": f"t{i}"}, "selected_edge": None} for i in ids},
            "edges": {
                str(i): {"id": i, "source": a, "target": b, "data": {"reward": 0.5}} for i, (a, b) in enumerate(edges)
            },
        }

    content = text(snapshot((0, 1)), snapshot((0, 1), (1, 2)), snapshot((0, 5)))
    found = list(FORMATS["reasoners_log"].read(io.BytesIO(content)))
    assert [len(tree.nodes) for tree in found] == [3, 2]  # type: ignore[union-attr]


def test_memory_does_not_grow_with_the_file() -> None:
    """Many small records of one array, made up as they are read: the reader holds a window."""

    class Endless(io.RawIOBase):
        left = 100_000

        def readline(self, size: int | None = -1, /) -> bytes:
            return b"[\n"

        def read(self, size: int = -1, /) -> bytes:
            if not self.left:
                return b""
            self.left -= 1000
            return b'{"prompt": "p", "completions": ["a"], "labels": [true]},\n' * 1000

    complaints: list[MalformedRecord] = []
    tracemalloc.start()
    count = sum(1 for _ in json_values(Endless(), complaints.append))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert [error.line for error in complaints] == [100_002]
    assert peak < 8 * 2**20
