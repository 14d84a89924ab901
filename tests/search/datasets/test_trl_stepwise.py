"""TRL stepwise supervision: exact lines, and an import of an export brings the labels back."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.datasets import MalformedRecord
from search.datasets.trl_stepwise import MarkedPath, Neutral, read, write

PATH = MarkedPath("2 + 2 * 3", ("2 * 3 = 6", "2 + 6 = 9"), (1, -1))
texts = st.text(st.characters(codec="utf-8"), min_size=1)
paths = st.builds(
    lambda prompt, steps: MarkedPath(f"p{prompt}", tuple(s for s, _ in steps), tuple(r for _, r in steps)),
    texts,
    st.lists(st.tuples(texts, st.sampled_from([-1, 0, 1])), min_size=1, max_size=5),
)


def written(*some: MarkedPath, neutral: Neutral = "good") -> bytes:
    stream = io.BytesIO()
    assert write(some, stream, neutral=neutral) == len(some)
    return stream.getvalue()


def test_a_line_is_what_trl_reads() -> None:
    expected = b'{"prompt": "2 + 2 * 3", "completions": ["2 * 3 = 6", "2 + 6 = 9"], "labels": [true, false]}\n'
    assert written(PATH) == expected


@pytest.mark.parametrize(("neutral", "label"), [("good", b"[true]"), ("bad", b"[false]"), ("half", b"[0.5]")])
def test_neutral(neutral: Neutral, label: bytes) -> None:
    assert written(MarkedPath("p", ("s",), (0,)), neutral=neutral).endswith(b'"labels": ' + label + b"}\n")


@given(st.lists(paths, max_size=5))
def test_an_import_of_an_export_brings_every_rating_back(some: list[MarkedPath]) -> None:
    assert list(read(io.BytesIO(written(*some, neutral="half")))) == some


@given(paths)
def test_booleans_bring_back_right_and_wrong(path: MarkedPath) -> None:
    (back,) = read(io.BytesIO(written(path)))
    assert back.ratings == tuple(1 if rating == 0 else rating for rating in path.ratings)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"nonsense", "line"),
        (b"[1]", "line"),
        (b"\xff\xfe", "line"),
        (b'{"completions": ["a"], "labels": [true]}', "prompt"),
        (b'{"prompt": " ", "completions": ["a"], "labels": [true]}', "prompt"),
        (b'{"prompt": "p", "completions": [], "labels": []}', "completions"),
        (b'{"prompt": "p", "completions": [1], "labels": [true]}', "completions"),
        (b'{"prompt": "p", "completions": ["a"], "labels": [true, true]}', "labels"),
        (b'{"prompt": "p", "completions": ["a"], "labels": [2]}', "labels"),
        (b'{"prompt": "p", "completions": ["a"], "labels": [null]}', "labels"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: bytes, field: str) -> None:
    stream = io.BytesIO(written(PATH) + b"\n" + line)
    reader = read(stream)
    assert next(reader) == PATH
    with pytest.raises(MalformedRecord) as refused:
        next(reader)
    assert (refused.value.line, refused.value.field) == (3, field)
