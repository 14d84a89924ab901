"""How undecided the policy was: the mean entropy of its next-token distribution in each step, by depth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from statistics import median, quantiles

from search.chart_frame import Chart, empty_figure, thinned
from search.chart_series import Series
from search.palette import Palette

MOST_DEPTHS = 300
LOOK_FOR = (
    "High: the policy sees many ways on, and more samples find more of them. Near 0: all samples say the same, and"
    " tokens are better spent elsewhere."
)
NOT_TOLD = (
    "This policy's engine tells how probable the chosen tokens were,<br>not its whole distribution: the entropy is not"
    " known.<br>The embedded models and transformers tell it."
)


def entropy_by_depth(series: Series, entropies: Mapping[int, float] | None, palette: Palette) -> Chart | None:
    """Median and quartiles over the steps of each depth; says so where the policy's engine tells no entropy.

    `entropies`: nats per token by node; None where nobody looked for them.
    """
    if entropies is None or not series.tokens:
        return None
    figure = empty_figure(palette, x="depth", y="nats per token")
    chart = Chart("entropy", "Entropy by depth", LOOK_FOR, figure)
    by_depth: defaultdict[int, list[float]] = defaultdict(list)
    for node, entropy in entropies.items():
        if node in series.steps:
            by_depth[series.steps[node].depth].append(entropy)
    if not by_depth:
        figure.add_annotation(text=NOT_TOLD, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False)
        return chart
    depths = thinned(sorted(by_depth), MOST_DEPTHS)
    spread = [_quartiles(by_depth[depth]) for depth in depths]
    for y, look in (
        ([low for low, _ in spread], {}),
        ([high for _, high in spread], {"fill": "tonexty", "fillcolor": palette.hairline}),
    ):
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=depths, y=y, **edge, **look)
    figure.add_scatter(
        x=depths,
        y=[median(by_depth[depth]) for depth in depths],
        customdata=[len(by_depth[depth]) for depth in depths],
        mode="lines+markers",
        showlegend=False,
        line={"color": palette.accent, "width": 2},
        marker={"size": 6},
        hovertemplate="depth %{x}: median %{y:.2f} nats per token over %{customdata} steps<extra></extra>",
    )
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(dtick=1 if len(depths) <= 12 else None)
    return chart


def _quartiles(values: list[float]) -> tuple[float, float]:
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high
