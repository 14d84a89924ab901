"""Calibration: numbers by hand, isotonic regression against its min–max formula, files, and their use in a run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.calibration import (
    Calibration,
    CalibrationError,
    Labelled,
    _bins,
    _pooled,
    _violators_pooled,
    fit,
    read,
    wilson,
    write,
)
from search.cli import main
from search.datasets.records import LabelledPath
from search.events import Event, read_jsonl
from search.models import load_reward
from search.outcomes import labelled_nodes, ratings_of
from search.reducer import fold
from search.rewards.base import RewardError
from search.rewards.rollout_value import RolloutValue
from search.sources import sources_of
from tests.search.support.runs import header, play

SCORES = [round(0.05 * i, 2) for i in range(1, 21)]  # 0.05 … 1.00
OUTCOMES = [0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1]
DATA = [Labelled(score, outcome) for score, outcome in zip(SCORES, OUTCOMES, strict=True)]


def fitted(method: Any = "isotonic", **settings: Any) -> Calibration:
    return fit(DATA, method, source="prm", weights_sha256="abc", **settings)


class TestWilson:
    """Values of the literature: 0 of 1, 1 of 1, 5 of 10, 81 of 263."""

    @pytest.mark.parametrize(
        ("successes", "trials", "interval"),
        [
            (0, 1, (0.0, 0.793451)),
            (1, 1, (0.206549, 1.0)),
            (5, 10, (0.236593, 0.763407)),
            (81, 263, (0.255288, 0.366237)),  # Newcombe, "Two-sided confidence intervals for the single proportion"
        ],
    )
    def test_values(self, successes: int, trials: int, interval: tuple[float, float]) -> None:
        assert wilson(successes, trials) == pytest.approx(interval, abs=2e-4 if trials == 263 else 1e-6)


class TestIsotonic:
    """Pool adjacent violators."""

    def test_by_hand(self) -> None:
        # 0 0 | 1 0 0 0 | 1 0 | 1 0 | 1 1 0 | 1 1 1 0 | 1 1 1: shares 0, ¼, ½, ½ pooled with it, ⅔, ¾, 1
        levels = [(k.score, k.p) for k in fitted().knots]
        assert levels == [
            (0.05, 0.0), (0.1, 0.0), (0.15, 0.25), (0.3, 0.25), (0.35, 0.5), (0.5, 0.5), (0.55, 2 / 3), (0.65, 2 / 3),
            (0.7, 0.75), (0.85, 0.75), (0.9, 1.0), (1.0, 1.0),
        ]  # fmt: skip

    def test_the_interval_is_wilsons_of_the_block(self) -> None:
        found = fitted()(0.2)
        assert (found.p, found.low, found.high) == (0.25, *wilson(1, 4))

    def test_a_line_between_two_blocks_and_level_beyond_the_ends(self) -> None:
        calibration = fitted()
        assert calibration(0.125).p == pytest.approx(0.125)  # halfway from 0 at 0.10 to ¼ at 0.15
        assert calibration(0.325).p == pytest.approx(0.375)
        assert (calibration(-1).p, calibration(2).p) == (0.0, 1.0)

    def test_equal_scores_are_one_point(self) -> None:
        data = [Labelled(0.5, outcome) for outcome in (0, 1, 1, 1)] * 5
        assert fit(data, "isotonic", source="prm")(0.5).p == 0.75

    def test_rollouts_weigh_by_their_number(self) -> None:
        # one node of 8 rollouts, 2 right, and one finished answer that is wrong, at a higher score: pooled to 2 of 9
        blocks = _violators_pooled([_pooled([Labelled(0.4, 0.25, 8)]), _pooled([Labelled(0.6, 0.0, 1)])])
        assert [(b.successes, b.trials) for b in blocks] == [(2.0, 9.0)]

    @given(st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.integers(1, 5)), min_size=1, max_size=40))
    def test_it_is_the_min_max_formula(self, drawn: list[tuple[int, bool, int]]) -> None:
        """Isotonic least squares at i is the largest over a ≤ i of the smallest over b ≥ i of the mean of a…b."""
        by_score: dict[int, list[Labelled]] = {}
        for score, outcome, trials in drawn:
            by_score.setdefault(score, []).append(Labelled(score, float(outcome), trials))
        groups = [_pooled(by_score[score]) for score in sorted(by_score)]

        def mean(a: int, b: int) -> float:
            return sum(g.successes for g in groups[a : b + 1]) / sum(g.trials for g in groups[a : b + 1])

        count = len(groups)
        expected = [max(min(mean(a, b) for b in range(i, count)) for a in range(i + 1)) for i in range(count)]
        blocks = _violators_pooled(groups)
        found = [next(b.p for b in blocks if b.lowest <= g.lowest <= b.highest) for g in groups]
        assert found == pytest.approx(expected)


class TestQuantile:
    """Bins of equal counts."""

    def test_by_hand(self) -> None:
        # four bins of five: 1, 2, 4 and 4 of 5 are right; borders halfway between neighbouring scores
        knots = fitted("quantile", bins=4).knots
        assert [k.score for k in knots] == pytest.approx([0.05, 0.275, 0.275, 0.525, 0.525, 0.775, 0.775, 1.0])
        assert [k.p for k in knots] == [0.2, 0.2, 0.4, 0.4, 0.8, 0.8, 0.8, 0.8]
        assert knots[0][2:] == wilson(1, 5)

    def test_a_step_at_the_border(self) -> None:
        calibration = fitted("quantile", bins=4)
        assert [calibration(score).p for score in (0.2749, 0.275, 0.4, 0.5249, 0.5251)] == [0.2, 0.4, 0.4, 0.4, 0.8]

    def test_ties_stay_together(self) -> None:
        groups = [_pooled([Labelled(0.1, 1)] * 7), _pooled([Labelled(0.2, 0)]), _pooled([Labelled(0.3, 0)] * 2)]
        assert [b.trials for b in _bins(groups, 5, 10)] == [7, 1, 2]
        assert [b.trials for b in _bins(groups, 2, 10)] == [7, 3]


class TestRefusals:
    """What cannot be fitted."""

    def test_too_few(self) -> None:
        with pytest.raises(CalibrationError, match="19 labelled nodes are too few to fit; give at least 20"):
            fit(DATA[:19], "isotonic", source="prm")

    @pytest.mark.parametrize(("outcome", "word"), [(0, "fail"), (1, "succeed")])
    def test_one_outcome_only(self, outcome: int, word: str) -> None:
        with pytest.raises(CalibrationError, match=f"all labelled nodes {word}"):
            fit([Labelled(0.5, outcome)] * 30, "isotonic", source="prm")

    @pytest.mark.parametrize("wrong", [Labelled(math.nan, 1), Labelled(0.5, 1.5), Labelled(0.5, 1, 0)])
    def test_numbers_out_of_range(self, wrong: Labelled) -> None:
        with pytest.raises(CalibrationError, match="out of range"):
            fit([*DATA, wrong], "isotonic", source="prm")


class TestFile:
    """JSON with the data it was fitted on."""

    def test_it_comes_back(self, tmp_path: Path) -> None:
        calibration = fitted()
        write(calibration, DATA, ["a.jsonl"], tmp_path / "c.json")
        assert read(tmp_path / "c.json") == calibration
        document = json.loads((tmp_path / "c.json").read_text())
        assert document["data"] == [[score, outcome, 1.0] for score, outcome in zip(SCORES, OUTCOMES, strict=True)]
        assert document["counts"] == {"labelled": 20, "mean_score": pytest.approx(0.525), "mean_outcome": 0.55}
        assert (document["source"], document["weights_sha256"], document["journals"]) == ("prm", "abc", ["a.jsonl"])

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{", "Fit one with"),
            ("[]", "this is no calibration"),
            ('{"format": "espalier calibration"}', "lacks or misspells 'knots'"),
        ],
    )
    def test_what_is_no_calibration(self, tmp_path: Path, text: str, said: str) -> None:
        (tmp_path / "c.json").write_text(text)
        with pytest.raises(CalibrationError, match=said):
            read(tmp_path / "c.json")

    def test_knots_out_of_order(self) -> None:
        values = fitted().as_dict()
        with pytest.raises(CalibrationError, match="knots: there must be some, ascending"):
            Calibration.of({**values, "knots": values["knots"][::-1]})


class TestOutcomes:
    """Which nodes of a journal are labelled, and how."""

    async def test_truth_answers_and_ratings(self) -> None:
        head = header("beam", {"width": 2, "proposals": 3}, seed=3)
        tree = (await play(head)).outcome.tree
        scored = [n for n in tree.nodes[1:] if n.reward is not None]
        assert labelled_nodes(head, tree, "scripted", "reachable") == [
            (n.reward, float(bool(n.reachable)), 1.0) for n in scored
        ]
        answers = labelled_nodes(head, tree, "scripted", "correct")
        assert len(answers) == sum(n.correct is not None for n in scored) > 0
        steps = tree.steps(scored[-1])
        ratings = ratings_of([LabelledPath(head["problem"]["text"], steps, (1, 0, -1)[: len(steps)])])
        rated = labelled_nodes(head, tree, "scripted", "labels", ratings)
        assert [(entry.outcome, entry.trials) for entry in rated] == [(1, 1), (0.5, 1), (0, 1)][: len(steps)]
        assert labelled_nodes(head, tree, "another", "reachable") == []

    async def test_rollout_values_weigh_by_their_completions(self) -> None:
        head = header("beam", {"width": 1, "proposals": 2})
        head["also_rewards"] = [RolloutValue(completions=4).describe()]
        tree = (await play(head)).outcome.tree
        for entry, node in zip(labelled_nodes(head, tree, "scripted", "rollout_value"), tree.nodes[1:], strict=True):
            assert entry == (node.reward, node.rewards["rollout_value"], 1 if node.finish == "end" else 4)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of the embedded models."""
    path = tmp_path_factory.mktemp("journals") / "run.jsonl"
    run = ["run", "--algorithm", "best_of_n", "--n", "12", "--problem", "3 5 7 11 -> 24", "--seed", "1"]
    assert main([*run, "--jsonl", str(path)]) == 0
    return path


class TestCommand:
    """`python -m search calibrate`, and a run with what it fitted."""

    def test_fit_and_use(self, journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file, second = tmp_path / "c.json", tmp_path / "second.jsonl"
        assert main(["calibrate", str(journal), "--reward", "embedded", "-o", str(file)]) == 0
        said = capsys.readouterr().out
        with journal.open() as stream:
            head, events = read_jsonl(stream)
        tree = fold(events)
        data = [(n.reward, n.reachable) for n in tree.nodes[1:] if n.reward is not None]
        assert said.startswith(f"{len(data)} labelled nodes of embedded: mean score ")
        calibration = read(file)
        assert calibration.mean_outcome == pytest.approx(sum(bool(right) for _, right in data) / len(data))
        run = ["run", "--algorithm", "beam", "--problem", "3 5 7 11 -> 24", "--calibration", str(file)]
        assert main([*run, "--also-reward", "exact", "--jsonl", str(second)]) == 0
        with second.open() as stream:
            again, _ = read_jsonl(stream)
        assert Calibration.of(again["reward"]["calibration"]) == calibration
        assert "data" not in again["reward"]["calibration"]
        raw = next(line for line in capsys.readouterr().out.splitlines() if "reward " in line)
        score = float(raw.split("reward ")[1].split(",")[0])
        assert f"P(success) {calibration(score).p:.2f}, " in raw
        assert "exact 0.000" in raw or "exact 1.000" in raw
        assert "calibration" not in head["reward"]

    def test_a_calibration_of_other_weights_is_refused(self, tmp_path: Path) -> None:
        write(fitted(), DATA, [], tmp_path / "c.json")
        with pytest.raises(RewardError, match=r"embedded: calibration: .* was fitted for other weights"):
            load_reward("embedded", calibration=str(tmp_path / "c.json"))
        with pytest.raises(RewardError, match="exact: calibration: it looks at the right answer itself"):
            load_reward("exact", calibration=str(tmp_path / "c.json"))

    @pytest.mark.parametrize(
        ("flags", "said"),
        [
            (["--reward", "prm"], "the journal has no reward 'prm'; its rewards: embedded"),
            (["--reward", "embedded", "--outcome", "labels"], "--labels FILE goes with --outcome labels"),
            (["--reward", "embedded", "--bins", "1"], "--bins 1: give 2 or more"),
            (["--reward", "embedded", "--outcome", "rollout_value"], "0 labelled nodes are too few"),
        ],
    )
    def test_bad_input(
        self, journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
    ) -> None:
        assert main(["calibrate", str(journal), *flags, "-o", str(tmp_path / "c.json")]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / "c.json").exists()


async def test_a_strategy_may_ask_for_the_probability_of_success() -> None:
    head = header("beam", {"width": 1, "proposals": 2})
    head["reward"] = {**head["reward"], "calibration": fitted().as_dict()}
    run = await play(head)
    (source,) = sources_of(head, None, None)
    node = run.outcome.tree.nodes[1]
    assert source.success(node) == fitted()(node.rewards["scripted"])
    assert source.success(run.outcome.tree.root) is None
    assert isinstance(run.events[0], Event)
