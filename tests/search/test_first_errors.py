"""ProcessBench's F1: by hand on six solutions, and the command on a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.cli import main
from search.first_errors import Found, first_below, first_error


def test_f1_by_hand() -> None:
    """Errors found 1 of 4 (one missed, one too early, one too late); right solutions passed 1 of 2: F1 = 1/3."""
    found = Found()
    for label, predicted in [(2, 2), (0, -1), (3, 1), (1, 2), (-1, -1), (-1, 0)]:
        found.count(label, predicted)
    assert (found.error_accuracy, found.correct_accuracy) == (0.25, 0.5)
    assert found.f1 == pytest.approx(1 / 3)
    assert Found().f1 is None


def test_where_the_first_error_is() -> None:
    assert [first_error(ratings) for ratings in [(1, -1, None), (1, 0, 1), (-1,)]] == [1, -1, 0]
    assert [first_below(scores, 0.5) for scores in [(0.9, 0.5, 0.4), (0.5, 0.6)]] == [2, -1]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The embedded reward on four solutions of its own kind: it was trained to tell right sums from wrong ones."""
    right = ["11 - 5 = 6 (left: 3 6 7)", "7 - 3 = 4 (left: 4 6)", "4 * 6 = 24 (left: 24)"]
    wrong = ["11 - 5 = 6 (left: 3 6 7)", "7 - 3 = 9 (left: 6 9)", "6 + 9 = 15 (left: 15)"]
    rows = [
        {
            "id": f"{part}-{n}",
            "problem": "3 5 7 11 -> 24",
            "steps": steps,
            "final_answer_correct": label < 0,
            "label": label,
        }
        for part in ("easy", "hard")
        for n, (steps, label) in enumerate([(right, -1), (wrong, 1)])
    ]
    file = tmp_path / "bench.json"
    file.write_text(json.dumps(rows))
    assert main(["processbench", str(file), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert list(table) == ["easy", "hard", "all"]
    assert table["all"]["solutions"] == 4
    assert table["easy"] == table["hard"]
    assert main(["processbench", str(file), "--threshold", "0", "--limit", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["all", "2", "0.0", "100.0", "0.0"]


def test_what_cannot_be_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bench.json"
    for content, words in [
        ("{}", "no file of labelled"),
        ('{"problem": "p", "steps": ["a"], "label": 5}', "line 1, label"),
    ]:
        file.write_text(content)
        assert main(["processbench", str(file)]) == 2
        assert words in capsys.readouterr().err
    assert main(["processbench", str(file), "--threshold", "2"]) == 2
