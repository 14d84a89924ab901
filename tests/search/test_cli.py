"""`python -m search`."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from search.cli import main
from search.models import catalogue
from tests.search.support.journals import FOLDER

READY = all(entry["ready"] for entry in catalogue())
needs_weights = pytest.mark.skipif(not READY, reason="the embedded models' weights are not trained yet")
RUN = ["run", "--problem", "3 5 7 11 -> 24", "--seed", "1"]


@needs_weights
def test_a_run_writes_its_journal_and_the_journal_replays(capsys, tmp_path):
    assert main([*RUN, "--algorithm", "beam", "--width", "2", "--param", "proposals=2", "--jsonl", "-"]) == 0
    written = capsys.readouterr().out
    lines = [json.loads(line) for line in written.splitlines()]
    assert (lines[0]["kind"], lines[0]["params"]["width"], lines[0]["params"]["proposals"]) == ("header", 2, 2)
    assert [line["seq"] for line in lines[1:]] == list(range(1, len(lines)))
    assert all(line["at"].endswith("+00:00") for line in lines[1:])
    assert lines[-1]["kind"] == "finished"
    path = tmp_path / "run.jsonl"
    path.write_text(written)
    assert main(["replay", str(path)]) == 0
    assert f"{len(lines) - 1} events replayed, all equal" in capsys.readouterr().out


@needs_weights
def test_a_run_draws_its_tree_and_its_answer(capsys):
    assert main([*RUN, "--algorithm", "greedy", "--reward", "exact"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("★ 0 3 5 7 11 -> 24")
    assert "stopped by: completed" in out
    assert "answer: " in out


@needs_weights
def test_the_same_seed_gives_the_same_journal(capsys):
    arguments = [*RUN, "--algorithm", "particle_filter", "--particles", "4", "--jsonl", "-"]
    written = []
    for _ in range(2):
        assert main(arguments) == 0
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        written.append([{k: v for k, v in line.items() if k != "at"} for line in lines])
    assert written[0] == written[1]


@needs_weights
def test_ctrl_c_cancels_and_the_journal_is_whole(tmp_path):
    path = tmp_path / "run.jsonl"
    arguments = ["--algorithm", "mcts", "--simulations", "100000", "--jsonl", str(path)]
    process = subprocess.Popen([sys.executable, "-m", "search", *RUN, *arguments], stdout=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not path.exists() or path.read_text().count("\n") < 30:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    last = json.loads(path.read_text().splitlines()[-1])
    assert (last["kind"], last["payload"]["stopped_by"]) == ("finished", "cancelled")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--algorithm", "beam", "--width", "0"], "params.width"),
        (["--algorithm", "beam", "--param", "wide=1"], "params.wide"),
        (["--algorithm", "beam", "--param", "width"], "--param width: write it as NAME=VALUE"),
        (["--algorithm", "beam", "--tokens", "many"], "budget.tokens"),
        (["--algorithm", "beam", "--reward", "none"], "reward: beam cannot search without"),
        (["--algorithm", "beam", "--seed", "-1"], "seed"),
        (["--algorithm", "greedy", "--problem", "@/nowhere/at/all"], "--problem @/nowhere/at/all"),
        (["--algorithm", "greedy", "--problem", "who am I?"], "problem.text: the embedded policy reads"),
        (["--algorithm", "greedy", "--policy", "no/such/folder"], "neither a known model"),
    ],
)
def test_bad_input_is_named(arguments, complaint, capsys):
    status = main([*RUN, *arguments])
    assert status == (1 if "--policy" in arguments else 2)
    assert complaint in capsys.readouterr().err


def test_an_unknown_strategy_is_named(capsys):
    with pytest.raises(SystemExit):
        main([*RUN, "--algorithm", "magic"])
    assert "invalid choice: 'magic'" in capsys.readouterr().err


def test_the_strategies_are_listed(capsys):
    assert main(["algorithms"]) == 0
    out = capsys.readouterr().out
    assert "particle_filter: Particle filter" in out
    assert "--reward-temperature" in out
    assert main(["algorithms", "--json"]) == 0
    assert {"beam", "mcts"} <= {card["name"] for card in json.loads(capsys.readouterr().out)}


def test_a_journal_that_was_tampered_with_is_found_out(capsys, tmp_path):
    text = (FOLDER / "beam_steered.jsonl").read_text()
    path = tmp_path / "tampered.jsonl"
    path.write_text(text.replace('"cutoff": 0.36', '"cutoff": 0.37', 1))
    assert main(["replay", str(path)]) == 1
    assert "non-deterministic replay at event 42" in capsys.readouterr().err


def test_a_journal_cut_short_is_equal_as_far_as_it_goes(capsys, tmp_path):
    path = tmp_path / "short.jsonl"
    path.write_text("".join((FOLDER / "beam_steered.jsonl").read_text().splitlines(keepends=True)[:31]))
    assert main(["replay", str(path)]) == 0
    assert "30 events replayed, all equal. The run had not finished." in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "nonsense\n", '{"kind": "header"}\n', '{"kind": "header", "algorithm": "beam"}\n']
)
def test_a_file_that_is_no_journal_is_refused(text, capsys, tmp_path: Path):
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    assert main(["replay", str(path)]) == 2
    assert str(path) in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "absent.jsonl")]) == 2


def test_a_journal_is_read_from_standard_input(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO((FOLDER / "votes.jsonl").read_text()))
    assert main(["replay", "-"]) == 0
    assert "vote: 10" in capsys.readouterr().out


@needs_weights
@pytest.mark.parametrize(("algorithm", "source"), [("adaptive_sampling", "restart"), ("self_eval_beam", "right")])
def test_the_embedded_policy_judges_its_own_steps(algorithm, source, capsys):
    assert main([*RUN, "--algorithm", algorithm, "--reward", "none", "--jsonl", "-"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["policy"]["questions"] == ["restart", "right"]
    asked = [line["payload"] for line in lines[1:] if line["kind"] == "scored"]
    assert {payload["source"] for payload in asked} == {f"self-evaluation: {source}"}
    assert all(0 < score < 1 for payload in asked for _, score in payload["scores"])


@needs_weights
def test_the_small_policy_drafts_and_the_other_rewrites(capsys):
    assert main([*RUN, "--algorithm", "reward_guided_speculation", "--paths", "4", "--jsonl", "-"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (lines[0]["policy"]["slug"], lines[0]["draft"]["slug"]) == ("embedded", "embedded_draft")
    assert {line["payload"]["writer"] for line in lines[1:] if line["kind"] == "generate"} == {"draft", "policy"}
