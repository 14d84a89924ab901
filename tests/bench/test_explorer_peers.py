"""What the other libraries are given to draw, and what is said where one of them does not finish."""

from __future__ import annotations

import json

from app.bench.explorer_peers import PAINT_SECONDS, Drawn, as_given, figures


def test_the_others_get_every_parent_place_and_colour() -> None:
    places = [[float(node), 2.0 * node] for node in range(50)]
    tree = json.loads(as_given(50, places))
    assert tree["places"] == places
    assert tree["parents"][0] == -1
    assert all(0 <= parent < node for node, parent in enumerate(tree["parents"]) if node)
    assert len(set(tree["colours"])) > 10


def test_who_does_not_finish_counts_as_the_limit() -> None:
    ours, theirs = Drawn(1000.0, [20.0, 10.0, 40.0]), Drawn(500.0, [30.0])
    drawn = {size: {"espalier": ours, "sigma": theirs} for size in (1_000, 10_000)}
    drawn[30_000] = {"espalier": Drawn(2000.0, [25.0]), "sigma": Drawn()}
    found = {figure.name: figure for figure in figures("sigma", drawn)}
    assert found["explorer.sigma_paint_10k_ratio"].value == 0.5
    assert found["explorer.sigma_frame_10k_ratio"].value == 1.5
    assert found["explorer.sigma_paint_30k_ratio"].value == PAINT_SECONDS * 1000 / 2000
    assert (found["explorer.sigma_paint_30k_ratio"].why or "").startswith("at least")
    assert found["explorer.sigma_frame_30k_ratio"].value is None
    assert "1,000 nodes 500 | 1000" in (found["explorer.sigma_paint_30k_ratio"].why or "")
