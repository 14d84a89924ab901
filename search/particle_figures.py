"""Charts of the particle methods: how the weight spreads over the particles."""

from __future__ import annotations

from search.chart_frame import MOST_POINTS, Chart, empty_figure, thinned
from search.chart_series import Resampling, Series
from search.palette import REWARD_SCALE, Palette

MOST_RANKS = 40
FEW_STEPS = 12


def effective_sample_size(series: Series, palette: Palette) -> Chart | None:
    """ESS per step of a particle method; filled markers where it resampled."""
    steps = thinned(newest_filter(series.resamplings), MOST_POINTS)
    if not steps:
        return None
    figure = empty_figure(palette, x="step", y="effective particles")
    figure.add_scatter(
        x=[step.step for step in steps],
        y=[step.ess for step in steps],
        mode="lines+markers",
        name="ESS",
        line={"color": palette.running},
        marker={"size": 8, "symbol": ["circle" if step.resampled else "circle-open" for step in steps]},
        text=["resampled" if step.resampled else "kept" for step in steps],
        hovertemplate="step %{x}: ESS %{y:.2f}, %{text}<extra></extra>",
        showlegend=False,
    )
    particles = max(len(step.weights) for step in steps)
    figure.add_hline(y=particles, line={"color": palette.ink_faint, "width": 1, "dash": "dot"})
    figure.update_yaxes(range=[0, particles * 1.08])
    figure.update_xaxes(dtick=1 if len(steps) <= FEW_STEPS else None)
    return Chart(
        "ess",
        "Effective sample size",
        "A drop towards 1: a single particle carries all the weight. Filled points were resampled.",
        figure,
    )


def particle_weights(series: Series, palette: Palette) -> Chart | None:
    """Normalised weights at every step as slices of one bar, the heaviest at the bottom."""
    steps = thinned(newest_filter(series.resamplings), MOST_POINTS // MOST_RANKS)
    if not steps:
        return None
    columns = [_slices(step.weights) for step in steps]
    figure = empty_figure(palette, x="step", y="share of the weight")
    for rank in range(max(map(len, columns))):
        weights = [column[rank] if rank < len(column) else 0.0 for column in columns]
        figure.add_bar(
            x=[step.step for step in steps],
            y=weights,
            marker={"color": [_shade(weight) for weight in weights], "line": {"color": palette.surface, "width": 1}},
            hovertemplate=f"step %{{x}}, particle {rank + 1} by weight: %{{y:.3f}}<extra></extra>",
            showlegend=False,
        )
    figure.update_layout(barmode="stack", bargap=0.3)
    figure.update_yaxes(range=[0, 1])
    figure.update_xaxes(showgrid=False, dtick=1 if len(steps) <= FEW_STEPS else None)
    return Chart(
        "weights",
        "Particle weights",
        "One tall slice: a single particle carries the weight, and its offspring replace the others.",
        figure,
    )


def newest_filter(resamplings: list[Resampling]) -> list[Resampling]:
    """The steps of the last filter in a run: one that was forked from a filter has two, and steps begin anew."""
    start = 0
    for position in range(1, len(resamplings)):
        if resamplings[position].step <= resamplings[position - 1].step:
            start = position
    return resamplings[start:]


def _slices(weights: list[float]) -> list[float]:
    """The weights, heaviest first; beyond `MOST_RANKS` the light ones are one slice together."""
    ordered = sorted(weights, reverse=True)
    if len(ordered) <= MOST_RANKS:
        return ordered
    return [*ordered[: MOST_RANKS - 1], sum(ordered[MOST_RANKS - 1 :])]


def _shade(weight: float) -> str:
    """The scale's colour of a weight, in its five stops."""
    return REWARD_SCALE[round(min(1.0, max(0.0, weight)) * (len(REWARD_SCALE) - 1))][1]
