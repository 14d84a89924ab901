"""What is written comes back: every format, whatever texts, ratings and shapes of trees."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.datasets.growing import events_of
from search.datasets.records import (
    Journal,
    LabelledPath,
    LabelledTree,
    Neutral,
    Origin,
    Record,
    Round,
    StepPreference,
    TreeNode,
)
from search.datasets.registry import FORMATS, guess
from search.reducer import fold

texts = st.text(st.characters(codec="utf-8"), min_size=1)
plain = st.text("abc ки+-\n12", min_size=1, max_size=12)
words = st.text("abcxyz", min_size=1, max_size=8)
origins = st.builds(Origin, st.sampled_from(["human", "rollout", "exact", "model"]), words, words, words)


def paths(
    ratings: st.SearchStrategy[int | None], step: st.SearchStrategy[str] = texts
) -> st.SearchStrategy[LabelledPath]:
    return st.builds(
        lambda prompt, steps, origin: LabelledPath(
            f"p{prompt}", tuple(text for text, _ in steps), tuple(rating for _, rating in steps), origin=origin
        ),
        texts,
        st.lists(st.tuples(step, ratings), min_size=1, max_size=5),
        origins,
    )


def through(format: str, record: Record, neutral: Neutral = "good") -> Record:
    stream = io.BytesIO()
    assert FORMATS[format].write([record], stream, neutral=neutral) == 1
    stream.seek(0)
    assert guess(stream) == format
    stream.seek(0)
    (back,) = FORMATS[format].read(stream)
    return back


def essence(path: Record) -> tuple[object, ...]:
    assert isinstance(path, LabelledPath)
    return path.prompt, path.steps, path.ratings, path.origin


@given(paths(st.sampled_from([-1, 0, 1])))
def test_trl_brings_every_rating_back_as_numbers(path: LabelledPath) -> None:
    assert through("trl_stepwise", path, "half") == path


@pytest.mark.parametrize("format", ["trl_stepwise", "prmbench", "openr"])
@given(path=paths(st.sampled_from([-1, 0, 1, None])))
def test_two_values_bring_back_right_and_wrong_up_to_the_first_unmarked_step(format: str, path: LabelledPath) -> None:
    end = path.ratings.index(None) if None in path.ratings else len(path.ratings)
    if end == 0 or (format == "openr" and any("\n\n\n\n\n" in step for step in path.steps)):
        return
    expected = tuple(1 if rating == 0 else rating for rating in path.ratings[:end])
    assert essence(through(format, path)) == (path.prompt, path.steps[:end], expected, path.origin)


@given(paths(st.sampled_from([-1, 1]), plain))
def test_math_shepherd_tells_its_tag_from_the_same_word_in_a_step(path: LabelledPath) -> None:
    assert essence(through("math_shepherd", path)) == essence(path)


@given(paths(st.sampled_from([1])), st.integers(-1, 4))
def test_processbench_leaves_what_comes_after_the_first_error_unmarked(path: LabelledPath, error: int) -> None:
    size = len(path.steps)
    if error >= size:
        return
    ratings = (1,) * size if error < 0 else (1,) * error + (-1,) + (None,) * (size - error - 1)
    path = LabelledPath(path.prompt, path.steps, ratings, origin=path.origin)
    assert essence(through("processbench", path)) == essence(path)
    stream = io.BytesIO()
    FORMATS["processbench"].write([path], stream)
    assert json.loads(stream.getvalue())["label"] == error


@given(texts, st.lists(texts, max_size=4), texts, texts, origins)
def test_preferences(prompt: str, steps: list[str], chosen: str, rejected: str, origin: Origin) -> None:
    preference = StepPreference(f"p{prompt}", tuple(steps), f"a{chosen}", f"b{rejected}", origin)
    assert through("step_preferences", preference) == preference


@st.composite
def trees(draw: st.DrawFn) -> LabelledTree:
    """Any shape, parents before children; rewards on all or some nodes, ratings on some."""
    size = draw(st.integers(1, 12))
    tree = LabelledTree([TreeNode("p" + draw(texts), None, "root")], origin=draw(origins))
    for index in range(1, size + 1):
        parent = draw(st.integers(0, index - 1))
        tree.add(
            parent,
            draw(texts),
            rewards=draw(st.dictionaries(words, st.floats(0, 1), max_size=2)),
            rating=draw(st.sampled_from([None, -1, 0, 1])),
        )
    lost = draw(st.sets(st.integers(1, size), max_size=3))
    tree.rounds = [
        Round(size + 1, "r", (), ((index, draw(st.none() | st.floats(0, 1))),), 0.5) for index in sorted(lost)
    ]
    tree.chosen = draw(st.none() | st.integers(0, size))
    return tree


@given(trees())
def test_json_trees(tree: LabelledTree) -> None:
    assert through("json_tree", tree) == tree


@given(trees())
def test_a_tree_and_the_journal_that_grows_it_say_the_same(tree: LabelledTree) -> None:
    folded = fold(events_of(tree))
    assert [(node.text, node.parents, node.rewards) for node in folded.nodes] == [
        (node.text, () if node.parent is None else (node.parent,), node.rewards) for node in tree.nodes
    ]
    assert {node.index for node in folded.nodes if node.decision} == {
        index for r in tree.rounds for index, _ in r.pruned
    }
    assert folded.chosen == ([] if tree.chosen is None else tree.path(tree.chosen))


@given(trees())
def test_omega_prm_trees_by_levels(tree: LabelledTree) -> None:
    for node in tree.nodes:
        node.rewards = {"mc": 0.5} if node.rewards else {}
    back = through("math_aps", tree)
    assert isinstance(back, LabelledTree)
    assert _nested(back) == _nested(tree)


def _nested(tree: LabelledTree) -> list[list[tuple[str, dict[str, float]]]]:
    """Every path from the root to a leaf, in order."""
    children = tree.children()
    leaves = [index for index in range(len(tree.nodes)) if not children[index]]
    return sorted(([(tree.nodes[i].text, tree.nodes[i].rewards) for i in tree.path(leaf)] for leaf in leaves), key=repr)


@given(trees())
def test_logs_of_the_visualiser(tree: LabelledTree) -> None:
    for node in tree.nodes:
        node.text = node.text.strip() or "x"
    back = through("reasoners_log", tree)
    assert isinstance(back, LabelledTree)
    assert [node.parent for node in back.nodes if node.parent is None] == [None]
    assert _nested(back) == _nested(tree)
    assert [back.nodes[i].text for i in back.path(back.chosen or 0)] == [
        tree.nodes[i].text for i in tree.path(tree.chosen or 0)
    ]


@given(st.lists(st.tuples(words, st.floats(0, 60), st.booleans()), min_size=1, max_size=5), st.integers(1, 3))
def test_breadth_first_logs(level: list[tuple[str, float, bool]], depth: int) -> None:
    tree = LabelledTree([TreeNode("1 2 3 4", None, "root")])
    frontier = [0]
    for number in range(depth):
        found = [
            (tree.add(parent, f"{number}{at}{text}", rewards={"tot-value": score}), score, keep)
            for parent in frontier
            for at, (text, score, keep) in enumerate(level)
        ]
        found.sort(key=lambda one: (-one[1], one[0]))
        kept, pruned = ([(node, score) for node, score, keep in found if keep is wanted] for wanted in (True, False))
        cutoff = min((score for _, score in kept), default=None)
        tree.rounds.append(Round(len(tree.nodes), "tot-bfs", tuple(kept), tuple(pruned), cutoff))
        frontier = [node for node, _ in kept]
        if not frontier:
            break
    back = through("tot_log", tree)
    assert isinstance(back, LabelledTree)
    assert sorted((n.text, tuple(n.rewards.values())) for n in back.nodes) == sorted(
        (n.text, tuple(n.rewards.values())) for n in tree.nodes
    )
    assert [(r.rule, r.cutoff, len(r.kept), len(r.pruned)) for r in back.rounds] == [
        (r.rule, r.cutoff, len(r.kept), len(r.pruned)) for r in tree.rounds
    ]


def test_journals_are_lossless_to_the_byte() -> None:
    """All journals of this house, one after the other in one file."""
    folder = Path(__file__).parents[2] / "fixtures" / "journals"
    content = b"".join(path.read_bytes() for path in sorted(folder.glob("*.jsonl")))
    records = list(FORMATS["espalier"].read(io.BytesIO(content)))
    assert len(records) == len(list(folder.glob("*.jsonl")))
    assert all(isinstance(record, Journal) for record in records)
    stream = io.BytesIO()
    FORMATS["espalier"].write(records, stream)
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        json.loads(line) for line in content.splitlines()
    ]


def test_a_shared_beginning_is_written_once_when_asked() -> None:
    path = LabelledPath("p", ("a", "b", "c"), (1, 1, -1), shared=2)
    stream = io.BytesIO()
    FORMATS["trl_stepwise"].write([path], stream)
    record = json.loads(stream.getvalue())
    assert (record["prompt"], record["completions"], record["labels"]) == ("p\na\nb", ["c"], [False])
