"""The results file: resumed after a kill, never mixed, never torn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from search.bench.results import BadResults, Results, header_for, read_results

PLAN = {
    "split": "dev",
    "sets": [{"name": "a", "problems": 5}],
    "seeds": [0],
    "strategies": [{"name": "s", "params": {"n": 4}}],
}
POLICY = {"slug": "embedded", "weights_sha256": "1111aaaa"}
REWARD = {"slug": "embedded", "weights_sha256": "2222bbbb"}


def header(**changes: Any) -> dict[str, Any]:
    return {**header_for(PLAN, {"policy": POLICY, "reward": REWARD, "drafts": {}}), **changes}


def begun(path: Path) -> None:
    with Results(path, header()) as results:
        results.append({"cell": "a/0", "tokens": 3})
        results.append({"cell": "a/1", "tokens": 4})


def test_what_is_done_is_known_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.jsonl"
    begun(path)
    with Results(path, header()) as results:
        assert results.done == {"a/0", "a/1"}
        results.append({"cell": "a/2", "tokens": 5})
    stored, rows, changes = read_results(path)
    assert stored == header()
    assert [row["tokens"] for row in rows] == [3, 4, 5]
    assert changes == 0


def test_a_torn_last_line_is_dropped_and_its_run_is_done_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    begun(path)
    with path.open("ab") as file:
        file.write(b'{"cell":"a/2","tok')
    assert len(read_results(path)[1]) == 2
    with Results(path, header()) as results:
        assert results.done == {"a/0", "a/1"}
        results.append({"cell": "a/2", "tokens": 5})
    assert [row["cell"] for row in read_results(path)[1]] == ["a/0", "a/1", "a/2"]


def test_results_of_other_models_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    begun(path)
    before = path.read_bytes()
    with pytest.raises(
        BadResults, match=r"policy embedded \(weights 1111aaaa\).*embedded \(weights 9999\).*never mixed"
    ):
        Results(path, header(policy={**POLICY, "weights_sha256": "9999"}))
    with pytest.raises(BadResults, match=r"the reward embedded .* this run would use none"):
        Results(path, header(reward=None))
    with pytest.raises(BadResults, match="other draft policies"):
        Results(path, header(drafts={"small": POLICY}))
    assert path.read_bytes() == before


def test_other_settings_are_refused_by_name_but_more_problems_are_welcome(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    begun(path)
    other = {**PLAN, "strategies": [{"name": "s", "params": {"n": 8}}]}
    with pytest.raises(BadResults, match=r"strategies\[0\]\.params\.n: 4 there, 8 here"):
        Results(path, header(plan=other))
    more = {**PLAN, "sets": [{"name": "a", "problems": 50}], "seeds": [0, 1]}
    with Results(path, header(plan=more)) as results:
        assert len(results.done) == 2


def test_changed_code_is_refused_unless_allowed_and_then_told(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    begun(path)
    with pytest.raises(BadResults, match="--allow-code-change"):
        Results(path, header(engine_sha256="other"))
    Results(path, header(engine_sha256="other"), allow_code_change=True).__exit__(None, None, None)
    assert read_results(path)[2] == 1
    with Results(path, header(engine_sha256="other")) as results:  # now the file knows this code
        assert results.done == {"a/0", "a/1"}


def test_two_benchmarks_do_not_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with Results(path, header()), pytest.raises(BadResults, match="another benchmark writes"):
        Results(path, header())
    Results(path, header()).__exit__(None, None, None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("hello\n", "line 1: no JSON"),
        ('{"kind": "header"}\n', "no results file of"),
        ('{"kind": "bench", "version": 7}\n', "version 7"),
    ],
)
def test_a_file_that_is_something_else_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(content)
    with pytest.raises(BadResults, match=message):
        read_results(path)


COMMAND = [
    *(sys.executable, "-m", "search", "bench", "run", "--at-once", "1", "--set", "arithmetic:4:5"),
    *("--strategy", "best_of_n n=3 as=pool", "--strategy", "beam width=2 proposals=2 as=beam", "--results"),
]


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a results file, without what depends on the clock."""
    lines = path.read_bytes()
    records = [json.loads(line) for line in lines[: lines.rfind(b"\n") + 1].splitlines()]
    return sorted(({**r, "seconds": 0} for r in records if "cell" in r), key=lambda row: row["cell"])


@pytest.mark.slow
def test_after_kill_9_the_same_command_goes_on_and_ends_with_the_same_rows(tmp_path: Path) -> None:
    killed, undisturbed = tmp_path / "killed.jsonl", tmp_path / "undisturbed.jsonl"
    journals = tmp_path / "journals"
    process = subprocess.Popen([*COMMAND, str(killed), "--journals", str(journals)], stderr=subprocess.DEVNULL)
    try:
        while not killed.exists() or len(rows_of(killed)) < 3:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.01)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    survived = rows_of(killed)
    assert 3 <= len(survived) < 10

    again = subprocess.run(
        [*COMMAND, str(killed), "--journals", str(journals)], capture_output=True, text=True, check=True
    )
    assert f"{len(survived)} of 10 runs are done already" in again.stderr
    subprocess.run([*COMMAND, str(undisturbed), "--processes", "2"], capture_output=True, check=True)
    assert len(rows_of(killed)) == 10
    assert rows_of(killed) == rows_of(undisturbed)
    assert [row for row in rows_of(killed) if row in survived] == survived
    assert killed.read_bytes().count(b'"kind":"bench"') == 1

    # Every finished run's journal lies there whole, and replays.
    assert {str(p.relative_to(journals))[: -len(".jsonl")] for p in journals.rglob("*.jsonl")} == {
        row["cell"] for row in rows_of(killed)
    }
    journal = journals / f"{survived[0]['cell']}.jsonl"
    replayed = subprocess.run([sys.executable, "-m", "search", "replay", str(journal)], capture_output=True, text=True)
    assert "all equal" in replayed.stdout
