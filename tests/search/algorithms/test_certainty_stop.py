"""Stopping when certain: curves and stops worked out by hand."""

from __future__ import annotations

import pytest

from search.algorithms.certainty_stop import certainty_of
from tests.search.algorithms.puzzle import path, solve, texts

# Tokens: x 2, bb x 5, ccc x 6, dddddddd y 11.
WORDS = {"": ["x.", "bb", "ccc", "dddddddd"], "bb": ["x."], "ccc": ["x."], "dddddddd": ["y."]}


@pytest.mark.parametrize(
    ("counts", "certainty"),
    [
        ([], None),
        ([1], None),
        ([4], 1.0),
        ([1, 1, 1], 0.0),
        ([2, 1], 0.420620),  # ln 3 = 1.098612, H = 0.636514
        ([3, 1], 0.594361),  # ln 4 = 1.386294, H = 0.562335
    ],
)
def test_certainty_is_one_minus_the_normalised_entropy(counts, certainty):
    assert certainty_of(counts) == (None if certainty is None else pytest.approx(certainty, abs=1e-6))


async def test_it_stops_after_w_certain_probes_in_a_row():
    run, policy, _ = await solve("certainty_stop", {"n": 4, "threshold": 0.9, "windows": 2, "max_steps": 3}, WORDS)
    probes = [payload["detail"] for payload in run.payloads("selected")]
    assert [probe["certainty"] for probe in probes] == [None, 1.0, 1.0]
    assert [probe["answers"] for probe in probes] == [{"x": 1}, {"x": 2}, {"x": 3}]
    assert [probe["under_way"] for probe in probes] == [3, 2, 1]
    assert [entry["score"] for payload in run.payloads("selected") for entry in payload["nodes"]] == [2.0, 5.0, 6.0]
    (stop,) = run.payloads("pruned")
    assert texts(run, stop["nodes"]) == ["d"]  # the last token of dddddd, after halts at tokens 2 and 5
    assert (stop["rule"], stop["cutoff"], stop["nodes"][0]["score"]) == ("certain enough", 0.9, 1.0)
    assert stop["detail"] == {"tokens_saved": 3 * 64 - 6, "certainty": 1.0}
    assert policy.rows == 2 + 5 + 6 + 6
    assert path(run) == ["x"]


async def test_doubt_starts_the_count_anew_and_all_are_sampled():
    words = {"": ["x.", "bb", "ccc", "dddd"], "bb": ["x."], "ccc": ["y."], "dddd": ["x."]}
    run, policy, _ = await solve("certainty_stop", {"n": 4, "threshold": 0.9, "windows": 2}, words)
    curve = [p["detail"]["certainty"] for p in run.payloads("selected")]
    assert curve == [None, 1.0, pytest.approx(0.420620, abs=1e-6), pytest.approx(0.594361, abs=1e-6)]
    assert run.payloads("pruned") == []
    assert policy.rows == 2 + 5 + 6 + 7
    assert run.events[-1].payload["votes"] == [["x", 0.0, 3], ["y", 0.0, 1]]


async def test_a_window_of_several_answers_is_one_probe():
    run, _, _ = await solve("certainty_stop", {"n": 4, "window": 3, "threshold": 0.9, "windows": 1}, WORDS)
    (probe,) = run.payloads("selected")
    assert (probe["detail"]["certainty"], probe["detail"]["answers"]) == (1.0, {"x": 3})
    assert [entry["score"] for entry in probe["nodes"]] == [2.0, 5.0, 6.0]
    assert len(run.payloads("generate")) == 1
