"""What a search believes of its best answer: the calibrated probability that it is right, against what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.calibration import Calibration, Estimate
from search.chart_frame import Chart, empty_figure, plain, thinned
from search.chart_series import Series
from search.palette import RUN_COLORS, RUN_DASHES, Palette, Theme

MOST_STAIRS = 150
Y_TITLE = "P(success)"


def success(series: Series, known: Calibration | None, palette: Palette) -> Chart | None:
    """P(success) of the best answer so far with its 95 % interval; None without a calibration, or an answer."""
    if known is None or not series.best_answer:
        return None
    course = _course(series, known)
    x = [tokens for tokens, _ in course]
    figure = empty_figure(palette, x="generated tokens", y=Y_TITLE)
    for y, look in (
        ([one.low for _, one in course], {}),
        ([one.high for _, one in course], {"fill": "tonexty", "fillcolor": palette.hairline}),
    ):
        edge = {"mode": "lines", "line_shape": "hv", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=x, y=y, **edge, **look)
    figure.add_scatter(**_line(course), showlegend=False, line={"color": palette.accent, "width": 2.5})
    _frame(figure)
    return Chart(
        "success",
        "P(success) against tokens",
        "How probable it is that the best answer so far is right, and the 95 % interval. Flat and low: more of the same"
        " search is not what this problem needs.",
        figure,
    )


def run_successes(
    runs: Sequence[tuple[str, Series]], known: Sequence[Calibration | None], palette: Palette, theme: Theme
) -> Chart | None:
    """The same of several runs, each by its own reward's calibration; None where no run has one and an answer."""
    drawn = [
        (place, name, _course(series, calibration))
        for place, ((name, series), calibration) in enumerate(zip(runs, known, strict=True))
        if calibration is not None and series.best_answer
    ]
    if not drawn:
        return None
    figure = empty_figure(palette, x="generated tokens", y=f"{Y_TITLE} of the best answer")
    for place, name, course in drawn:
        line = {"color": RUN_COLORS[theme][place], "dash": RUN_DASHES[place], "width": 2}
        figure.add_scatter(**_line(course, plain(name)), name=plain(name), line=line)
    _frame(figure)
    return Chart(
        "run_success",
        "P(success) against tokens",
        "One scale for all, whatever their rewards: how probable it is that the best answer so far is right. Of two"
        " lines that end level, the one that rose first was the cheaper search.",
        figure,
    )


def _course(series: Series, known: Calibration) -> list[tuple[int, Estimate]]:
    """(tokens, estimate) at each improvement; the best so far holds until now."""
    course = [(tokens, known(reward)) for tokens, reward in thinned(series.best_answer, MOST_STAIRS)]
    return [*course, (series.tokens, course[-1][1])] if course[-1][0] < series.tokens else course


def _line(course: Sequence[tuple[int, Estimate]], name: str = "") -> dict[str, Any]:
    said = f"{name}: " if name else ""
    return {
        "x": [tokens for tokens, _ in course],
        "y": [one.p for _, one in course],
        "customdata": [[one.low, one.high] for _, one in course],
        "mode": "lines",
        "line_shape": "hv",
        "hovertemplate": f"{said}%{{y:.2f}} (%{{customdata[0]:.2f}} to %{{customdata[1]:.2f}}) from %{{x}} tokens on"
        "<extra></extra>",
    }


def _frame(figure: Any) -> None:
    figure.update_yaxes(range=[-0.03, 1.03])
    figure.update_xaxes(rangemode="tozero")
