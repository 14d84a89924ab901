"""Charts of the particle methods: how the weight spreads over the particles."""

from __future__ import annotations

from search.chart_frame import MOST_POINTS, Chart, empty_figure, thinned
from search.chart_series import Series
from search.palette import REWARD_SCALE, Palette

MOST_RANKS = 40


def effective_sample_size(series: Series, palette: Palette) -> Chart | None:
    """ESS per step of a particle method; filled markers where it resampled."""
    steps = thinned(series.resamplings, MOST_POINTS)
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
    return Chart(
        "ess",
        "Effective sample size",
        "A drop towards 1: a single particle carries all the weight. Filled points were resampled.",
        figure,
    )


def particle_weights(series: Series, palette: Palette) -> Chart | None:
    """Normalised weights at every step, sorted: how the weight concentrates."""
    steps = thinned(series.resamplings, MOST_POINTS // MOST_RANKS)
    if not steps:
        return None
    ranks = min(MOST_RANKS, max(len(step.weights) for step in steps))
    columns = [(sorted(step.weights, reverse=True) + [0.0] * ranks)[:ranks] for step in steps]
    figure = empty_figure(palette, x="step", y="particle, heaviest first")
    figure.add_heatmap(
        x=[step.step for step in steps],
        y=list(range(1, ranks + 1)),
        z=[[column[rank] for column in columns] for rank in range(ranks)],
        zmin=0,
        zmax=1,
        colorscale=REWARD_SCALE,
        xgap=2,
        ygap=2,
        colorbar={"thickness": 8, "outlinewidth": 0, "tickfont": {"size": 11}},
        hovertemplate="step %{x}, rank %{y}: weight %{z:.3f}<extra></extra>",
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=False)
    return Chart(
        "weights", "Particle weights", "One bright cell above dark ones: the others will be resampled away.", figure
    )
