"""Problem sets: held out, stable, and read from the shapes in which people have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.bench.problem_sets import BadProblems, Problem, drawn, game_of_24, read
from search.demo.splits import split_of
from search.domains import DOMAINS
from search.domains.expressions import leaves
from search.verifiers import verifier_named

OUTSIDE = Path(__file__).parents[3] / "../shared/data"


@pytest.mark.parametrize(("domain", "size"), [("countdown", 4), ("countdown", 6), ("arithmetic", 3), ("arithmetic", 9)])
def test_drawn_problems_are_of_the_split_and_size_and_stay_the_same(domain: str, size: int) -> None:
    dev, test = drawn(domain, size, 12, "dev"), drawn(domain, size, 12, "test")
    assert {split_of(problem.text) for problem in dev} == {"dev"}
    assert {split_of(problem.text) for problem in test} == {"test"}
    assert len(set(dev)) == 12
    assert drawn(domain, size, 5, "dev") == dev[:5]
    problem = DOMAINS[domain].parse(dev[0].text)
    assert len(problem.numbers if domain == "countdown" else leaves(problem)) == size  # type: ignore[attr-defined, arg-type]


def test_a_split_that_has_no_more_problems_says_so() -> None:
    with pytest.raises(BadProblems, match=r"countdown, size 3: the dev split has only about \d+ problems"):
        drawn("countdown", 3, 100_000, "dev")


def test_game_of_24_is_solvable_and_bounded() -> None:
    some = game_of_24(20)
    assert all(DOMAINS["countdown"].reachable(problem.text, []) for problem in some)
    assert all(problem.text.endswith("-> 24") for problem in some)
    with pytest.raises(BadProblems, match="1362 solvable puzzles; 1363"):
        game_of_24(1363)


def lines(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_gsm8k_math_and_plain_shapes_are_read_and_verified(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "mixed.jsonl",
        {"question": "How many eggs?", "answer": "She has 16 - 3 = <<16-3=13>>13.\n#### 1,013"},
        {"problem": "Half of a fifth?", "solution": r"We have $\frac12 \cdot \frac15 = \boxed{\frac{1}{10}}$."},
        {"problem": "Which colour?", "answer": "Green", "verifier": "exact_match"},
        {"problem": "3 5 7 11 -> 24"},
        {"problem": "Two and two?", "answer": 4},
    )
    found = read(path, 5)
    assert found == [
        Problem("How many eggs?", "1013", "math"),
        Problem("Half of a fifth?", r"\frac{1}{10}", "math"),
        Problem("Which colour?", "Green", "exact_match"),
        Problem("3 5 7 11 -> 24"),
        Problem("Two and two?", "4", "math"),
    ]
    math = verifier_named("math")
    assert math.verify(found[0].text, found[0].answer, ["So it is 1013.", "The answer is 1013."]).correct is True
    assert math.verify(found[1].text, found[1].answer, [r"Therefore \boxed{0.1}."]).correct is True
    assert math.verify(found[1].text, found[1].answer, [r"Therefore \boxed{0.2}."]).correct is False


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: this is no JSON"),
        ("[1]", "line 2: a JSON object was expected"),
        ('{"answer": "4"}', "line 2: the problem is missing; name it problem or question"),
        ('{"problem": "Two and two?"}', "line 2: the answer is missing"),
        ('{"problem": "x?", "solution": "no box"}', "line 2: the answer is missing"),
    ],
)
def test_a_bad_line_is_named_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"problem": "Two and two?", "answer": "4"}\n' + line + "\n")
    with pytest.raises(BadProblems, match=message):
        read(path, 2)


def test_files_that_are_missing_short_or_binary_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadProblems, match=r"none\.jsonl: the file cannot be read"):
        read(tmp_path / "none.jsonl", 1)
    short = lines(tmp_path / "short.jsonl", {"problem": "Two and two?", "answer": "4"})
    with pytest.raises(BadProblems, match="3 problems were asked for, the file has 1"):
        read(short, 3)
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadProblems, match="not UTF-8"):
        read(tmp_path / "binary.jsonl", 1)
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadProblems, match="needs a column Puzzles"):
        read(tmp_path / "other.csv", 1)
    (tmp_path / "puzzles.csv").write_text("Rank,Puzzles\n1,1 1 4 6\n2,one two\n")
    assert read(tmp_path / "puzzles.csv", 1) == [Problem("1 1 4 6 -> 24")]
    with pytest.raises(BadProblems, match="line 3: 'one two' is no puzzle"):
        read(tmp_path / "puzzles.csv", 2)


@pytest.mark.skipif(not OUTSIDE.is_dir(), reason="the folder of real files, ../shared/data, is not here")
def test_published_files_are_read_whole() -> None:
    assert len(read(OUTSIDE / "game24.csv", 1362)) == 1362
    gsm8k = read(OUTSIDE / "gsm8k-test-first600.jsonl", 600)
    assert gsm8k[0].answer == "18"
    assert all(problem.answer and problem.verifier == "math" for problem in gsm8k)
    math500 = read(OUTSIDE / "math500-first250.jsonl", 250)
    assert math500[0].answer == r"\left( 3, \frac{\pi}{2} \right)"
    verdicts = [verifier_named("math").verify(p.text, p.answer, [rf"\boxed{{{p.answer}}}"]).correct for p in math500]
    assert all(verdicts)
