"""The page's colours for charts: the same as frontend/src/design/tokens.css, which a test compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as #rrggbb. `ink` draws words, `hairline` grids, `accent` what was chosen or is right."""

    surface: str
    ink: str
    ink_soft: str
    ink_faint: str
    hairline: str
    accent: str
    wrong: str
    running: str


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        surface="#fdfcf9",
        ink="#20242a",
        ink_soft="#565c64",
        ink_faint="#646a72",
        hairline="#dedad2",
        accent="#2c6e4c",
        wrong="#b3261e",
        running="#1f5fa8",
    ),
    "dark": Palette(
        surface="#1a1f25",
        ink="#e4e6e8",
        ink_soft="#a7aeb6",
        ink_faint="#8f979f",
        hairline="#2a3138",
        accent="#7cc49a",
        wrong="#f28b82",
        running="#7db4ee",
    ),
}

REWARD_SCALE: list[tuple[float, str]] = [
    (0.0, "#2c529a"),
    (0.25, "#5c7592"),
    (0.5, "#8d9483"),
    (0.75, "#c0b16b"),
    (1.0, "#f5ce30"),
]
"""Rewards from 0 to 1: a straight line in OKLab, sampled from frontend/src/design/reward-scale.ts."""

SANS = '"Source Sans 3 Variable", "Source Sans 3", system-ui, sans-serif'
MONO = '"JetBrains Mono Variable", "JetBrains Mono", ui-monospace, monospace'

RUN_COLORS: dict[Theme, tuple[str, ...]] = {
    "light": ("#1f5fa8", "#b3541e", "#2c6e4c", "#8a3d7a", "#7a6200", "#4d5b66"),
    "dark": ("#7db4ee", "#f0a070", "#7cc49a", "#d99ac9", "#e0c04a", "#aab6c0"),
}
"""Runs beside each other, in the order in which they are shown; also in frontend/src/design/tokens.css."""

RUN_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
"""So that colour is never all that tells two lines apart."""
