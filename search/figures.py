"""Every chart of a run, built once with plotly: the page draws its JSON, the command line writes it as HTML.

Pure functions of the run's observations. A chart with nothing to show is left out; none has more than `MOST_POINTS`
points.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import plotly.graph_objects as go

from search.calibration import Calibration
from search.chart_frame import MOST_POINTS, Chart, empty_figure, plain, thinned
from search.chart_series import KINDS, Series, Step, wilson
from search.entropy_figures import entropy_by_depth
from search.events import Event
from search.palette import MONO, PALETTES, Palette, Theme
from search.particle_figures import effective_sample_size, particle_weights
from search.spending_figures import budget_use, tokens_per_second
from search.success_figures import success

__all__ = ["KINDS", "MOST_POINTS", "Chart", "charts"]

FEWEST_FOR_CALIBRATION = 10
NEAR_CAP = 1.5  # the budget is drawn once two thirds of it are spent, so that it does not squeeze what happened
MOST_VOTES = 12
MOST_SIGNS = 120
"""Of one kind in one chart: a browser draws each as an element of its own, and a growing tree waits for it."""


def charts(
    events: Iterable[Event],
    theme: Theme = "light",
    known: Calibration | None = None,
    *,
    times: Mapping[int, float] | None = None,
    entropies: Mapping[int, float] | None = None,
) -> list[Chart]:
    """The charts of a run in reading order; events of kinds outside `KINDS` are not needed.

    `known`: what the driving reward's scores are worth, where that was measured.
    `times`: seconds since the first event by sequence number, of `budget` events at least.
    `entropies`: mean entropy of the policy (nats per token) by node, of some or all; empty where its engine tells none.
    """
    series = Series.of(events, times)
    palette = PALETTES[theme]
    drawn = (
        best_reward(series, palette),
        success(series, known, palette),
        rewards_by_depth(series, palette),
        calibration(series, palette),
        votes(series, palette),
        effective_sample_size(series, palette),
        particle_weights(series, palette),
        entropy_by_depth(series, entropies, palette),
        budget_use(series, palette),
        tokens_per_second(series, palette),
    )
    return [chart for chart in drawn if chart is not None]


def best_reward(series: Series, palette: Palette) -> Chart | None:
    """The best driving reward so far over generated tokens, and the best among finished answers.

    None where nothing is known of tokens: what was imported, or recorded without them.
    """
    if not series.best or not series.tokens:
        return None
    figure = empty_figure(palette, x="generated tokens", y="reward")
    figure.add_scatter(**_stairs(series.best, series.tokens), name="any step", line={"color": palette.ink_soft})
    if series.best_answer:
        stairs = _stairs(series.best_answer, series.tokens)
        figure.add_scatter(**stairs, name="answers", line={"color": palette.accent, "width": 2.5})
    for correct, name, symbol, color in (
        (True, "right", "square", palette.accent),
        (False, "wrong", "x-thin-open", palette.wrong),
        (None, "unchecked", "square-open", palette.ink_soft),
    ):
        found = thinned([answer for answer in series.answers if answer.correct is correct], MOST_SIGNS)
        if found:
            figure.add_scatter(
                x=[answer.tokens for answer in found],
                y=[answer.reward for answer in found],
                text=[plain(answer.text) for answer in found],
                mode="markers",
                name=name,
                marker={"symbol": symbol, "color": color, "size": 8, "line": {"width": 1.5, "color": color}},
                hovertemplate="%{text}<br>reward %{y:.3f} at %{x} tokens<extra></extra>",
            )
    if series.token_cap and series.token_cap < NEAR_CAP * series.tokens:
        figure.add_vline(x=series.token_cap, line={"color": palette.ink_faint, "width": 1, "dash": "dot"})
    figure.update_yaxes(range=[-0.03, 1.03])
    figure.update_xaxes(rangemode="tozero")
    return Chart(
        "best_reward",
        "Best reward against tokens",
        "A line that went flat: the tokens after it bought nothing. A wrong answer high up: the reward was fooled.",
        figure,
    )


def rewards_by_depth(series: Series, palette: Palette) -> Chart | None:
    """Every scored step at its depth; filled where the truth says the answer can still be reached."""
    scored = [(index, step) for index, step in series.steps.items() if step.reward is not None and step.depth > 0]
    if not scored:
        return None
    figure = empty_figure(palette, x="depth", y="reward")
    for reachable, name, color in (
        (True, "right path", palette.accent),
        (False, "wrong path", palette.ink_faint),
        (None, "step", palette.ink_soft),
    ):
        some = [(i, s) for i, s in scored if s.reachable is reachable and not s.pruned]
        if some:
            symbol = "circle-open" if reachable is False else "circle"
            _add_steps(figure, _spread(some), name, color, symbol)
    for reachable, color in ((True, palette.accent), (False, palette.ink_faint), (None, palette.ink_soft)):
        some = [(i, s) for i, s in scored if s.reachable is reachable and s.pruned]
        if some:
            name = "right path, pruned" if reachable else "pruned"
            _add_steps(figure, _spread(some), name, color, "line-ew-open")
    by_depth: defaultdict[int, list[float]] = defaultdict(list)
    for _, step in scored:
        by_depth[step.depth].append(step.reward or 0.0)
    depths = thinned(sorted(by_depth), 200)
    figure.add_scatter(
        x=depths,
        y=[median(by_depth[depth]) for depth in depths],
        mode="lines",
        name="median",
        showlegend=False,
        line={"color": palette.ink, "width": 1, "dash": "dot"},
        hovertemplate="median %{y:.3f} at depth %{x}<extra></extra>",
    )
    figure.update_yaxes(range=[-0.03, 1.03])
    figure.update_xaxes(dtick=1 if len(by_depth) <= 12 else None)
    return Chart(
        "rewards_by_depth",
        "Rewards by depth",
        "Right and wrong paths that separate early. A pruned step on a right path was lost, and its reward says why.",
        figure,
    )


def calibration(series: Series, palette: Palette) -> Chart | None:
    """How often steps of a given reward can still reach the answer, where the domain knows the truth."""
    known = [
        (step.reward, step.reachable)
        for step in series.steps.values()
        if step.reward is not None and step.reachable is not None and step.depth > 0
    ]
    if len(known) < FEWEST_FOR_CALIBRATION:
        return None
    bins: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for reward, reachable in known:
        bins[min(9, max(0, int(reward * 10)))].append((reward, reachable))
    x, y, above, below, counts = [], [], [], [], []
    for _, members in sorted(bins.items()):
        right = sum(reachable for _, reachable in members)
        low, high = wilson(right, len(members))
        x.append(sum(reward for reward, _ in members) / len(members))
        y.append(right / len(members))
        above.append(high - y[-1])
        below.append(y[-1] - low)
        counts.append(len(members))
    figure = empty_figure(palette, x="reward", y="share on a right path")
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="honest",
        hoverinfo="skip",
        line={"color": palette.ink_faint, "dash": "dot", "width": 1},
    )
    figure.add_scatter(
        x=x,
        y=y,
        text=counts,
        mode="lines+markers",
        name="this run",
        line={"color": palette.accent},
        marker={"size": 7},
        error_y={"array": above, "arrayminus": below, "thickness": 1, "width": 0, "color": palette.ink_soft},
        hovertemplate="%{text} steps near reward %{x:.2f}: %{y:.0%} on a right path<extra></extra>",
    )
    figure.update_xaxes(range=[-0.03, 1.03])
    figure.update_yaxes(range=[-0.03, 1.03])
    return Chart(
        "calibration",
        "Calibration of the reward",
        "Points below the diagonal: the reward promises more than these steps keep. Bars are 95 % intervals.",
        figure,
    )


def votes(series: Series, palette: Palette) -> Chart | None:
    """The answers that were voted on, by weight."""
    if not series.votes:
        return None
    top = sorted(series.votes, key=lambda vote: -vote[1])[:MOST_VOTES][::-1]
    figure = empty_figure(palette, x="weight", y="")
    figure.add_bar(
        x=[weight for _, weight, _ in top],
        y=[plain(answer if len(answer) <= 24 else f"{answer[:23]}…") for answer, _, _ in top],
        text=[f"{count} {'path' if count == 1 else 'paths'}" for _, _, count in top],
        orientation="h",
        marker={
            "color": [palette.accent if answer == series.chosen_answer else palette.ink_faint for answer, _, _ in top]
        },
        hovertemplate="%{y}: weight %{x:.3f}, %{text}<extra></extra>",
        showlegend=False,
    )
    figure.update_yaxes(type="category", tickfont={"family": MONO}, showgrid=False)
    return Chart("votes", "Votes", "A narrow win: a few more samples could turn it.", figure)


def _stairs(line: Sequence[tuple[int, float]], until: int) -> dict[str, Any]:
    some = thinned(line, MOST_POINTS // 5)
    if some[-1][0] < until:
        some = [*some, (until, some[-1][1])]  # the best so far holds until now
    return {
        "x": [tokens for tokens, _ in some],
        "y": [reward for _, reward in some],
        "mode": "lines",
        "line_shape": "hv",
        "hovertemplate": "best %{y:.3f} from %{x} tokens on<extra></extra>",
    }


def _spread(some: Sequence[tuple[int, Step]]) -> list[tuple[int, Step]]:
    return thinned(some, MOST_SIGNS)


def _add_steps(figure: go.Figure, some: Sequence[tuple[int, Step]], name: str, color: str, symbol: str) -> None:
    figure.add_scatter(
        x=[step.depth + _jitter(index) for index, step in some],
        y=[step.reward for _, step in some],
        text=[f"node {index}" for index, _ in some],
        mode="markers",
        name=name,
        marker={"symbol": symbol, "color": color, "size": 7, "line": {"width": 1.5, "color": color}},
        hovertemplate="%{text}: reward %{y:.3f}<extra></extra>",
    )


def _jitter(index: int) -> float:
    """A fixed sideways shift in (-0.3, 0.3), so that equal rewards do not hide each other (golden-ratio sequence)."""
    return (index * 0.6180339887498949) % 1 * 0.6 - 0.3
