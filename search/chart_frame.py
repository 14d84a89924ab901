"""What every chart shares: its name and sentence, its frame in the page's colours, and how many points it may have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import plotly.graph_objects as go

from search.palette import SANS, Palette

MOST_POINTS = 2000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure with its title and the sentence that says what to look for in it."""

    name: str
    title: str
    look_for: str
    figure: go.Figure

    def as_json(self) -> dict[str, Any]:
        """`{name, title, look_for, figure}` with the figure as plain plotly JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "look_for": self.look_for,
            "figure": json.loads(self.figure.to_json(engine="json")),
        }


def empty_figure(palette: Palette, *, x: str, y: str) -> go.Figure:
    """A figure without data: axes titled `x` and `y`, hairline grid, transparent ground."""
    small = {"size": 12, "color": palette.ink_soft}
    axis = {
        "gridcolor": palette.hairline,
        "linecolor": palette.hairline,
        "zeroline": False,
        "ticks": "",
        "automargin": True,
        "tickfont": small,
    }
    return go.Figure(
        layout={
            "template": {},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": SANS, "size": 13, "color": palette.ink_soft},
            "hoverlabel": {
                "bgcolor": palette.surface,
                "bordercolor": palette.hairline,
                "font": {"family": SANS, "size": 13, "color": palette.ink},
            },
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.02,
                "xanchor": "left",
                "yanchor": "bottom",
                "font": {"size": 11},
                "itemwidth": 30,
            },
            "xaxis": axis | {"title": {"text": x, "standoff": 4, "font": small}},
            "yaxis": axis | {"title": {"text": y, "standoff": 4, "font": small}},
            "hovermode": "closest",
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)",
                "color": palette.ink_faint,
                "activecolor": palette.accent,
            },
        }
    )


def thinned(items: Sequence[T], most: int) -> list[T]:
    """At most `most` items, evenly spread, first and last included."""
    if len(items) <= most:
        return list(items)
    last = len(items) - 1
    return [items[round(position * last / (most - 1))] for position in range(most)]


def plain(text: str) -> str:
    """Text of a model for a label: plotly reads tags in labels, and what a model writes is no markup of ours."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
