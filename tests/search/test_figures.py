"""The charts of a run: numbers by hand on a small story, bounds on a large one, and the page's own colours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from search.calibration import Calibration, Knot
from search.chart_frame import MOST_POINTS
from search.chart_series import KINDS, Series, normalised, wilson
from search.events import Event, read_jsonl
from search.figures import Chart, charts
from search.palette import PALETTES, REWARD_SCALE, RUN_COLORS, Theme
from search.run_curves import run_curves

ROOT = Path(__file__).parents[2]
JOURNALS = ROOT / "tests" / "fixtures" / "journals"


def journal(name: str) -> list[Event]:
    with (JOURNALS / f"{name}.jsonl").open() as stream:
        return read_jsonl(stream)[1]


def numbered(*entries: tuple[str, dict[str, Any]]) -> list[Event]:
    return [Event(seq, kind, payload) for seq, (kind, payload) in enumerate(entries, 1)]


def added(index: int, depth: int) -> tuple[str, dict[str, Any]]:
    return "node_added", {"index": index, "depth": depth}


def spent(tokens: int) -> tuple[str, dict[str, Any]]:
    return "budget", {"tokens": tokens, "caps": {"tokens": 100}}


def scored(*scores: tuple[int, float], drives: bool = True) -> tuple[str, dict[str, Any]]:
    return "scored", {"source": "prm", "drives": drives, "scores": [list(pair) for pair in scores]}


def answered(node: int, correct: bool | None, text: str) -> tuple[str, dict[str, Any]]:
    return "answer", {"node": node, "answer": text, "canonical": None, "correct": correct}


# Two levels: 0.5 and 0.3 after 10 tokens, 0.4 (an answer, wrong) and 0.9 (an answer, right) after 30.
STORY = numbered(
    added(0, 0), spent(10), added(1, 1), added(2, 1), scored((1, 0.5), (2, 0.3)), scored((2, 0.99), drives=False),
    ("verified", {"nodes": [[1, False], [2, True]]}),
    ("pruned", {"rule": "beam", "nodes": [{"node": 2, "score": 0.3, "rank": 2}]}),
    spent(30), added(3, 2), added(4, 2), answered(3, False, "<b>7"), answered(4, True, "24"),
    scored((3, 0.4), (4, 0.9)), spent(40),
    ("finished", {"answer": "24", "votes": [["24", 0.9, 1], ["<b>7", 0.4, 1]]}),
)  # fmt: skip


def by_name(events: list[Event], theme: Theme = "light") -> dict[str, Chart]:
    return {chart.name: chart for chart in charts(events, theme)}


def traces(chart: Chart) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in chart.as_json()["figure"]["data"]}


def test_the_best_reward_improves_in_stairs_and_holds_until_now() -> None:
    drawn = traces(by_name(STORY)["best_reward"])
    assert (drawn["any step"]["x"], drawn["any step"]["y"]) == ([10, 30, 40], [0.5, 0.9, 0.9])
    assert (drawn["answers"]["x"], drawn["answers"]["y"]) == ([30, 40], [0.9, 0.9])
    assert drawn["any step"]["line"]["shape"] == "hv"
    assert (drawn["right"]["x"], drawn["right"]["y"], drawn["right"]["text"]) == ([30], [0.9], ["24"])
    assert drawn["wrong"]["text"] == ["&lt;b&gt;7"]  # what a model wrote is no markup of ours


def test_a_tree_without_tokens_has_no_chart_against_tokens() -> None:
    assert list(by_name(numbered(added(0, 0), added(1, 1), scored((1, 0.5))))) == ["rewards_by_depth"]


def test_rewards_lie_at_their_depth_and_tell_right_from_pruned() -> None:
    drawn = traces(by_name(STORY)["rewards_by_depth"])
    assert drawn["wrong path"]["y"] == [0.5]
    assert drawn["right path, pruned"]["y"] == [0.3]
    assert drawn["step"]["y"] == [0.4, 0.9]
    assert all(abs(x - 2) < 0.5 for x in drawn["step"]["x"])
    assert (drawn["median"]["x"], drawn["median"]["y"]) == ([1, 2], [0.4, 0.65])


def test_votes_stand_by_weight_with_the_chosen_one_marked() -> None:
    [bars] = by_name(STORY)["votes"].as_json()["figure"]["data"]
    assert (bars["y"], bars["x"]) == (["&lt;b&gt;7", "24"], [0.4, 0.9])
    assert bars["marker"]["color"] == [PALETTES["light"].ink_faint, PALETTES["light"].accent]


def test_calibration_compares_promise_and_truth() -> None:
    steps = [(index, 0.85 if index <= 10 else 0.12) for index in range(1, 16)]
    truth = [[index, index <= 6] for index, _ in steps]  # 6 of 10 convincing ones, none of the 5 others
    events = numbered(
        added(0, 0), *(added(index, 1) for index, _ in steps), scored(*steps), ("verified", {"nodes": truth})
    )
    run = traces(by_name(events)["calibration"])["this run"]
    assert run["x"] == pytest.approx([0.12, 0.85])
    assert run["y"] == pytest.approx([0.0, 0.6])
    assert run["text"] == ["5", "10"]
    low, high = wilson(6, 10)
    assert run["error_y"]["array"][1] == pytest.approx(high - 0.6)
    assert run["error_y"]["arrayminus"][1] == pytest.approx(0.6 - low)


def test_the_interval_of_a_share() -> None:
    # Wilson's interval as tabulated for 6 of 10 and 0 of 10 at 95 %.
    assert wilson(6, 10) == pytest.approx((0.3127, 0.8318), abs=5e-4)
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=5e-4)


def test_particles_show_their_sample_size_and_weights() -> None:
    particles = [{"node": node, "weight": weight, "offspring": 1} for node, weight in enumerate([1.0, 6.0, 1.0], 1)]
    entry = {"step": 1, "scheme": "systematic", "resampled": True, "ess": 1.684, "particles": particles}
    drawn = by_name(numbered(added(0, 0), ("resampled", entry)))
    [ess] = drawn["ess"].as_json()["figure"]["data"]
    assert (ess["x"], ess["y"], ess["marker"]["symbol"]) == ([1], [1.684], ["circle"])
    slices = [trace["y"] for trace in drawn["weights"].as_json()["figure"]["data"]]
    assert slices == [[0.75], [0.125], [0.125]]


def test_a_filter_forked_from_a_filter_is_drawn_alone() -> None:
    particles = [{"node": 1, "weight": 1.0, "offspring": 1}]
    entry = {"scheme": "systematic", "resampled": True, "particles": particles}
    steps = [("resampled", {**entry, "step": step, "ess": ess}) for step, ess in ((1, 1.5), (2, 1.25), (1, 1.75))]
    [ess] = by_name(numbered(added(0, 0), *steps))["ess"].as_json()["figure"]["data"]
    assert (ess["x"], ess["y"]) == ([1], [1.75])


def test_weights_that_sum_to_nothing_stay() -> None:
    assert normalised([0.0, 0.0]) == [0.0, 0.0]


# A score of 0.4 comes right in 1 of 5 cases, one of 0.8 in 3 of 5; between, in proportion.
KNOWN = Calibration(
    "isotonic", "r", None, "answer", (Knot(0.4, 0.2, 0.1, 0.3), Knot(0.8, 0.6, 0.5, 0.7)), 40, 0.6, 0.4
)  # fmt: skip


def test_what_a_run_believes_of_its_best_answer_is_calibrated() -> None:
    # 0.4 and 0.9 are scored together after 30 tokens: only the better one is an improvement, beyond the last knot.
    low, high, line = {chart.name: chart for chart in charts(STORY, known=KNOWN)}["success"].figure.data
    assert (list(line.x), list(line.y)) == ([30, 40], [0.6, 0.6])
    assert (list(low.y), list(high.y)) == ([0.5, 0.5], [0.7, 0.7])
    assert "success" not in by_name(STORY)


def test_runs_believe_on_one_scale_each_by_its_own_calibration() -> None:
    earlier = numbered(added(0, 0), spent(5), added(1, 1), answered(1, True, "24"), scored((1, 0.6)), spent(20))
    runs = [("1 beam", Series.of(STORY)), ("2 <i>", Series.of(earlier)), ("3 none", Series.of(STORY))]
    (chart,) = (chart for chart in run_curves(runs, known=[KNOWN, KNOWN, None]) if chart.name == "run_success")
    assert [list(line.x) for line in chart.figure.data] == [[30, 40], [5, 20]]
    assert [line.y[0] for line in chart.figure.data] == pytest.approx([0.6, 0.4])
    assert [line.name for line in chart.figure.data] == ["1 beam", "2 &lt;i&gt;"]
    assert [chart.name for chart in run_curves(runs)] == ["run_best_reward", "run_accuracy", "run_answers"]


def test_the_accuracy_of_runs_falls_with_every_wrong_answer() -> None:
    story = numbered(
        added(0, 0), *(added(index, 1) for index in range(1, 5)), scored((1, 0.2), (2, 0.5), (3, 0.4), (4, 0.6)),
        spent(10), answered(1, True, "24"), spent(20), answered(2, False, "23"), answered(3, None, "?"),
        spent(30), answered(3, False, "22"), answered(4, True, "24"), spent(50),
    )  # fmt: skip
    (chart,) = (chart for chart in run_curves([("1 beam", Series.of(story))]) if chart.name == "run_accuracy")
    [line] = chart.figure.data
    # Right, then 1 of 2, then 2 of 4 in one moment; it holds until 50 tokens. Unchecked ones do not count.
    assert (list(line.x), list(line.y)) == ([10, 20, 30, 50], [1.0, 0.5, 0.5, 0.5])
    assert list(line.marker.symbol[:3]) == ["square", "x-thin-open", "square"]
    assert line.text[1] == ", best now: 23 (wrong)"


def used(tokens: int, calls: int) -> tuple[str, dict[str, Any]]:
    caps = {"tokens": 100, "reward_calls": 20, "nodes": None}
    return "budget", {"tokens": tokens, "reward_calls": calls, "nodes": 3, "caps": caps}


def test_the_budget_is_used_up_over_time_where_that_is_known() -> None:
    events = numbered(added(0, 0), used(0, 0), added(1, 1), used(10, 4), used(60, 8))
    drawn = traces({chart.name: chart for chart in charts(events, times={2: 0.5, 4: 1.0, 5: 3.0})}["budget_use"])
    assert sorted(drawn) == ["reward passes", "tokens"]
    assert (drawn["tokens"]["x"], drawn["tokens"]["y"]) == ([0.5, 1.0, 3.0], [0.0, 0.1, 0.6])
    assert drawn["reward passes"]["y"] == [0.0, 0.2, 0.4]
    assert drawn["reward passes"]["customdata"][-1] == "8 of 20 reward passes"
    untimed = traces(by_name(events)["budget_use"])
    assert untimed["reward passes"]["x"] == [0, 10, 60]
    assert "budget_use" not in by_name(events[:2])  # nothing is spent yet of what is capped


def test_tokens_per_second_over_spans_with_several_answers_of_the_engine() -> None:
    # 10 tokens every second for six seconds, then 50 every second for six.
    counts = [0, 10, 20, 30, 40, 50, 60, 110, 160, 210, 260, 310, 360]
    events = numbered(added(0, 0), *(used(tokens, 0) for tokens in counts))
    times = {seq: float(seq - 2) for seq in range(2, 15)}
    drawn = traces({chart.name: chart for chart in charts(events, times=times)}["tokens_per_second"])
    assert drawn["tokens per second"]["x"] == [0.0, 3.0, 6.0, 9.0, 12.0]
    # An answer counts where it arrived: those at seconds 3, 6 and 9 belong to the spans that begin there.
    assert drawn["tokens per second"]["y"] == pytest.approx([20 / 3, 10, 110 / 3, 200 / 3, 200 / 3])
    assert sum(drawn["tokens per second"]["y"][:-1]) * 3 == pytest.approx(360)
    assert "30 on average" in drawn
    assert "tokens_per_second" not in by_name(events)


def test_entropy_by_depth_has_its_middle_half() -> None:
    events = numbered(added(0, 0), added(1, 1), added(2, 1), added(3, 1), added(4, 2), spent(10))
    known = {1: 0.2, 2: 0.4, 3: 1.0, 4: 0.1}
    low, high, middle = {chart.name: chart for chart in charts(events, entropies=known)}["entropy"].figure.data
    assert (list(middle.x), list(middle.y), list(middle.customdata)) == ([1, 2], [0.4, 0.1], [3, 1])
    # Of three values the quartiles lie halfway between the middle one and its neighbours.
    assert (list(low.y), list(high.y)) == (pytest.approx([0.3, 0.1]), pytest.approx([0.7, 0.1]))
    assert "entropy" not in by_name(events)


def test_an_engine_that_tells_no_entropy_is_said_to_tell_none() -> None:
    events = numbered(added(0, 0), added(1, 1), spent(10))
    (chart,) = (chart for chart in charts(events, entropies={}) if chart.name == "entropy")
    assert not chart.figure.data
    assert "not its whole distribution" in chart.figure.layout.annotations[0].text


def test_a_run_without_scores_has_no_charts() -> None:
    assert charts(numbered(added(0, 0), spent(0))) == []


@pytest.mark.parametrize("name", sorted(path.stem for path in JOURNALS.glob("*.jsonl")))
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_of_search_can_be_drawn(name: str, theme: Theme) -> None:
    drawn = charts(journal(name), theme)
    for chart in drawn:
        assert chart.title
        assert chart.look_for.endswith(".")
        layout = chart.as_json()["figure"]["layout"]
        assert layout["font"]["color"] == PALETTES[theme].ink_soft
    assert ("ess" in {chart.name for chart in drawn}) == (name == "particles")


def test_only_the_kinds_it_names_are_read() -> None:
    events = journal("particles")
    few = [event for event in events if event.kind in KINDS]
    assert len(few) < len(events)
    assert [chart.as_json() for chart in charts(few)] == [chart.as_json() for chart in charts(events)]


def test_a_large_run_stays_within_the_points() -> None:
    count = 20_000
    truth = [[index, index % 3 == 0] for index in range(1, count + 1)]
    rewards = [(index, (index * 7919 % 9973) / 9973) for index in range(1, count + 1)]
    weights = [{"node": node, "weight": 1.0 + node % 7, "offspring": 1} for node in range(1, 301)]
    resampled = {"scheme": "systematic", "resampled": True, "ess": 40.0, "particles": weights}
    events = numbered(
        added(0, 0),
        *(added(index, index // 4 + 1) for index, _ in rewards),
        scored(*rewards),
        ("verified", {"nodes": truth}),
        *(answered(index, index % 3 == 0, str(index)) for index, _ in rewards),
        *(("resampled", {"step": step, **resampled}) for step in range(300)),
        spent(90),
    )
    for chart in charts(events):
        points = sum(len(trace["y"]) for trace in chart.as_json()["figure"]["data"])
        assert 0 < points <= MOST_POINTS, chart.name


def test_restored_steps_are_no_longer_pruned() -> None:
    series = Series.of([*STORY, Event(len(STORY) + 1, "restored", {"nodes": [2], "by": "owner"})])
    assert not series.steps[2].pruned


def test_the_charts_use_the_colours_of_the_page() -> None:
    tokens = (ROOT / "frontend/src/design/tokens.css").read_text()
    light, dark = tokens.split('[data-theme="dark"]')[0].split("@media")[0], tokens.rsplit('[data-theme="dark"]', 1)[1]
    for theme, css in (("light", light), ("dark", dark)):
        palette = PALETTES[theme]  # type: ignore[index]
        for name in palette.__slots__:
            assert re.search(rf"--{name.replace('_', '-')}: ([^;]+);", css)[1] == getattr(palette, name)  # type: ignore[index]
        for place, color in enumerate(RUN_COLORS[theme], 1):  # type: ignore[index]
            assert f"--run-{place}: {color};" in css
    for share, color in REWARD_SCALE:
        assert f"--reward-{round(share * 100)}: {color};" in tokens


def test_both_ways_into_the_dark_theme_agree() -> None:
    tokens = (ROOT / "frontend/src/design/tokens.css").read_text()
    by_system, by_choice = (
        re.findall(r"(--[\w-]+): ([^;]+);", tokens[tokens.index(start) :].split("}")[0])
        for start in (':root:not([data-theme="light"])', ':root[data-theme="dark"]')
    )
    assert by_system == by_choice
    assert len(by_choice) > 20
