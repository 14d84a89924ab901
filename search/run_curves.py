"""Several runs of one problem in one chart: how far each got for what it spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.calibration import Calibration
from search.chart_frame import MOST_POINTS, Chart, empty_figure, plain, thinned
from search.chart_series import Answer, Series
from search.palette import PALETTES, RUN_COLORS, RUN_DASHES, Palette, Theme
from search.success_figures import run_successes

MOST_RUNS = len(RUN_COLORS["light"])
"""More lines than this nobody tells apart."""
MOST_COURSE = MOST_POINTS // (2 * MOST_RUNS)


def run_curves(
    runs: Sequence[tuple[str, Series]], theme: Theme = "light", known: Sequence[Calibration | None] = ()
) -> list[Chart]:
    """Charts over named runs, each in its own colour and dash; empty where no run has a reward yet.

    `known`: per run what its driving reward's scores are worth, where that was measured.

    Raises:
        ValueError: more than `MOST_RUNS` runs.
    """
    if len(runs) > MOST_RUNS:
        raise ValueError(f"{len(runs)} runs: at most {MOST_RUNS} can be told apart")
    palette = PALETTES[theme]
    success = run_successes(runs, known or [None] * len(runs), palette, theme)
    drawn = (_best(runs, palette, theme), success, _accuracy(runs, palette, theme), _answers(runs, palette, theme))
    return [chart for chart in drawn if chart is not None]


def _best(runs: Sequence[tuple[str, Series]], palette: Palette, theme: Theme) -> Chart | None:
    if not any(series.best for _, series in runs):
        return None
    figure = empty_figure(palette, x="generated tokens", y="best reward of any step")
    for place, (name, series) in enumerate(runs):
        if not series.best:
            continue
        line = thinned(series.best, MOST_POINTS // (2 * MOST_RUNS))
        if line[-1][0] < series.tokens:
            line = [*line, (series.tokens, line[-1][1])]  # the best so far holds until the end
        figure.add_scatter(
            x=[tokens for tokens, _ in line],
            y=[reward for _, reward in line],
            mode="lines",
            line_shape="hv",
            line={"color": RUN_COLORS[theme][place], "dash": RUN_DASHES[place], "width": 2},
            name=plain(name),
            hovertemplate=f"{plain(name)}: best %{{y:.3f}} from %{{x}} tokens on<extra></extra>",
        )
    _frame(figure)
    return Chart(
        "run_best_reward",
        "Best reward against tokens",
        "The line that is higher further left got more for its tokens. Where lines cross, the cheaper start was not the"
        " better search.",
        figure,
    )


def _accuracy(runs: Sequence[tuple[str, Series]], palette: Palette, theme: Theme) -> Chart | None:
    """Share of right ones among the answers found so far; a sign where the best of them changes."""
    if not any(answer.correct is not None for _, series in runs for answer in series.answers):
        return None
    figure = empty_figure(palette, x="generated tokens", y="share of right answers")
    for place, (name, series) in enumerate(runs):
        course = thinned(_course([answer for answer in series.answers if answer.correct is not None]), MOST_COURSE)
        if not course:
            continue
        tokens, shares, best = zip(*course, strict=True)
        color = RUN_COLORS[theme][place]
        figure.add_scatter(
            x=[*tokens, max(series.tokens, tokens[-1])],
            y=[*shares, shares[-1]],
            text=[
                *("" if one is None else f", best now: {plain(one.text)} ({_verdict(one.correct)})" for one in best),
                "",
            ],
            mode="lines+markers",
            line_shape="hv",
            line={"color": color, "dash": RUN_DASHES[place], "width": 2},
            marker={
                "symbol": [*("circle" if one is None else _symbol(one.correct) for one in best), "circle"],
                "size": [*(0 if one is None else 9 for one in best), 0],
                "opacity": 1,  # plotly makes signs of different sizes transparent
                "color": color,
                "line": {"width": 1.5, "color": color},
            },
            name=plain(name),
            hovertemplate=f"{plain(name)}: %{{y:.0%}} right from %{{x}} tokens on%{{text}}<extra></extra>",
        )
    _frame(figure)
    figure.update_yaxes(tickformat=".0%")
    return Chart(
        "run_accuracy",
        "Accuracy against tokens",
        "Signs stand where a run's best answer changes: squares are right, crosses wrong. A line that falls while the"
        " best reward rises: more search only finds better-looking mistakes.",
        figure,
    )


def _course(answers: Sequence[Answer]) -> list[tuple[int, float, Answer | None]]:
    """(tokens, share right so far, the best answer where it is a new one) at each answer; the last of equal costs."""
    course: list[tuple[int, float, Answer | None]] = []
    best: Answer | None = None
    right = 0
    for found, answer in enumerate(answers, 1):
        right += answer.correct is True
        fresh = best is None or answer.reward > best.reward
        best = answer if fresh else best
        shown = best if fresh else None
        if course and course[-1][0] == answer.tokens:
            former = course.pop()[2]
            shown = shown or former
        course.append((answer.tokens, right / found, shown))
    return course


def _answers(runs: Sequence[tuple[str, Series]], palette: Palette, theme: Theme) -> Chart | None:
    if not any(series.answers for _, series in runs):
        return None
    figure = empty_figure(palette, x="generated tokens", y="reward of the answer")
    for place, (name, series) in enumerate(runs):
        found: list[Answer] = thinned(series.answers, MOST_POINTS // (2 * MOST_RUNS))
        if not found:
            continue
        color = RUN_COLORS[theme][place]
        figure.add_scatter(
            x=[answer.tokens for answer in found],
            y=[answer.reward for answer in found],
            text=[f"{plain(answer.text)} ({_verdict(answer.correct)})" for answer in found],
            mode="markers",
            name=plain(name),
            marker={
                "symbol": [_symbol(answer.correct) for answer in found],
                "color": color,
                "size": 9,
                "line": {"width": 1.5, "color": color},
            },
            hovertemplate=f"{plain(name)}: %{{text}}<br>reward %{{y:.3f}} at %{{x}} tokens<extra></extra>",
        )
    _frame(figure)
    return Chart(
        "run_answers",
        "Answers as they were found",
        "Filled squares are right, crosses wrong, open ones unchecked. Crosses above squares: the reward was fooled.",
        figure,
    )


def _frame(figure: Any) -> None:
    figure.update_yaxes(range=[-0.03, 1.03])
    figure.update_xaxes(rangemode="tozero")


def _symbol(correct: bool | None) -> str:
    return "square-open" if correct is None else "square" if correct else "x-thin-open"


def _said(best: Answer | None) -> str:
    return "" if best is None else f", best now: {plain(best.text)} ({_verdict(best.correct)})"


def _verdict(correct: bool | None) -> str:
    return "unchecked" if correct is None else "right" if correct else "wrong"
