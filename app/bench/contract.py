"""Every figure the design promises: the rows of bench.json, whether or not this machine could measure them."""

from __future__ import annotations

from app.bench.figure import Figure

# name: (unit, target, which way is better)
_CONTRACT: dict[str, tuple[str, float | None, str]] = {
    "search.throughput_ratio": ("×", 0.8, "higher"),
    "search.ms_per_node_100k": ("ms", 0.1, "lower"),
    "search.ms_per_node_growth": ("×", 2.0, "lower"),
    "store.events_per_s": ("events/s", None, "higher"),
    "store.copy_ratio": ("×", None, "higher"),
    "live.paint_p95_ms": ("ms", 300.0, "lower"),
    "live.fps_at_1000eps": ("frames/s", 20.0, "higher"),
    "explorer.first_paint_100k_ms": ("ms", 2000.0, "lower"),
    "explorer.fps_100k": ("frames/s", 30.0, "higher"),
    "explorer.frame_p95_100k_ms": ("ms", 60.0, "lower"),
    "explorer.select_100k_ms": ("ms", 50.0, "lower"),
    "explorer.search_100k_ms": ("ms", 300.0, "lower"),
    "explorer.memory_100k_mb": ("MB", 350.0, "lower"),
    "peers.treequest_wall_ratio": ("×", 2.0, "higher"),
    "peers.its_hub_wall_ratio": ("×", 2.0, "higher"),
    "export.million_steps_mb": ("MB", 300.0, "lower"),
    "record.call_p999_ms": ("ms", 1.0, "lower"),
    "record.call_worst_ms": ("ms", 1.0, "lower"),
    "record.call_worst_cpu_ms": ("ms", 1.0, "lower"),
    "load.delivery_p95_ms": ("ms", None, "lower"),
    "load.page_p95_ms": ("ms", None, "lower"),
    "load.searches_at_once": ("searches", None, "higher"),
}
# A part's figures come from its own module, app/bench/PART.py, and from these.
FURTHER: dict[str, tuple[str, ...]] = {
    "search": ("engine_cost", "occupancy"),
    "live": ("live_flood",),
    "explorer": ("explorer_peers",),
}
PARTS = tuple(dict.fromkeys(name.partition(".")[0] for name in _CONTRACT))


def complete(measured: list[Figure], reasons: dict[str, str]) -> list[Figure]:
    """The contract's rows in its order, then whatever else was measured.

    `reasons` says, per part, why its figures are missing.
    """
    found = {figure.name: figure for figure in measured}
    rows = []
    for name, (unit, target, better) in _CONTRACT.items():
        why = reasons.get(name.partition(".")[0], "there is no measurement for this figure yet")
        missing = Figure(name, None, unit, target, better, why)  # type: ignore[arg-type]
        rows.append(found.pop(name, missing))
    return rows + list(found.values())
