"""Charts of what a search spends: which cap it is nearing, and how fast tokens come."""

from __future__ import annotations

from itertools import pairwise

from search.chart_frame import MOST_POINTS, Chart, empty_figure, thinned
from search.chart_series import Series
from search.palette import Palette

MOST_SPANS = 60
JUMPS_PER_SPAN = 3
FEWEST_JUMPS = 6
NEAR = 0.66  # the cap is drawn once two thirds of it are spent, so that it does not squeeze what happened
RESOURCES = (
    ("tokens", "tokens", "accent", "solid"),
    ("reward_calls", "reward passes", "running", "dash"),
    ("policy_calls", "policy calls", "ink_soft", "dot"),
    ("nodes", "nodes", "ink_faint", "dashdot"),
)
"""Cap, its name in the legend, its colour in the palette, its dash."""


def budget_use(series: Series, palette: Palette) -> Chart | None:
    """The spent share of every cap over time (over generated tokens where the times are not known)."""
    entries = series.spending
    capped = [one for one in RESOURCES if series.caps.get(one[0])]
    if not entries or not any(entries[-1].spent[cap] for cap, *_ in capped):
        return None
    timed = entries[-1].seconds is not None
    shown = thinned(entries, MOST_POINTS // len(RESOURCES))
    figure = empty_figure(palette, x="seconds" if timed else "generated tokens", y="share of the budget")
    highest = 0.0
    for cap, name, color, dash in capped:
        most = series.caps[cap] or 1
        shares = [entry.spent[cap] / most for entry in shown]
        highest = max(highest, shares[-1])
        figure.add_scatter(
            x=[entry.seconds if timed else entry.spent["tokens"] for entry in shown],
            y=shares,
            customdata=[f"{entry.spent[cap]:,} of {most:,.0f} {name}" for entry in shown],
            mode="lines",
            line_shape="hv",
            name=name,
            line={"color": getattr(palette, color), "dash": dash, "width": 2},
            hovertemplate="%{customdata} (%{y:.0%})<extra></extra>",
        )
    if highest > NEAR:
        figure.add_hline(y=1, line={"color": palette.ink_faint, "width": 1, "dash": "dot"})
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", range=[0, 1.05] if highest > NEAR else None)
    figure.update_xaxes(rangemode="tozero")
    return Chart(
        "budget_use",
        "Budget use",
        "The highest line ends the search first. A level stretch: nothing was asked of the models, because the search"
        " was paused or waited for its turn.",
        figure,
    )


def tokens_per_second(series: Series, palette: Palette) -> Chart | None:
    """Generated tokens a second, in spans that hold several answers of the engine; needs the times of the events."""
    entries = [(entry.seconds, entry.spent["tokens"]) for entry in series.spending if entry.seconds is not None]
    jumps = sum(after > before for (_, before), (_, after) in pairwise(entries))
    if jumps < FEWEST_JUMPS or entries[-1][0] <= entries[0][0]:
        return None
    begun, ended = entries[0][0], entries[-1][0]
    spans = max(2, min(MOST_SPANS, jumps // JUMPS_PER_SPAN))
    width = (ended - begun) / spans
    came = [0] * spans
    for (_, before), (at, after) in pairwise(entries):
        came[min(spans - 1, int((at - begun) / width))] += after - before
    rates = [tokens / width for tokens in came]
    mean = (entries[-1][1] - entries[0][1]) / (ended - begun)
    figure = empty_figure(palette, x="seconds", y="tokens per second")
    figure.add_scatter(
        x=[begun + place * width for place in range(spans + 1)],
        y=[*rates, rates[-1]],
        mode="lines",
        line_shape="hv",
        fill="tozeroy",
        fillcolor=palette.hairline,
        name="tokens per second",
        showlegend=False,
        line={"color": palette.accent, "width": 1.5},
        hovertemplate="%{y:,.0f} tokens per second from %{x:.1f} s on<extra></extra>",
    )
    figure.add_scatter(
        x=[begun, ended],
        y=[mean, mean],
        mode="lines",
        name=f"{mean:,.0f} on average",
        line={"color": palette.ink_soft, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(rangemode="tozero")
    return Chart(
        "tokens_per_second",
        "Tokens per second",
        "Valleys: the engine had little to do, because the search asked for few steps at a time, waited for rewards, or"
        " others were served.",
        figure,
    )
