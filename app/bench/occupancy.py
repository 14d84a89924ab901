"""How full the batches are while sixteen searches run: in the engine of this process, and on a server over HTTP.

The searches are those of `app.bench.search`, on one event loop as in a worker; nothing is stored. The course over time
is drawn into `build/occupancy.html`.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import plotly.graph_objects as go

from app.bench.figure import Figure
from app.bench.search import AT_ONCE, STRATEGIES
from app.bench.served import ROOT, served
from search.chart_frame import empty_figure
from search.domains import DOMAINS
from search.models import load_policy, load_reward
from search.occupancy import BatchSizes
from search.palette import PALETTES
from search.policies.base import Policy
from search.policies.completions import Dialect
from search.policies.model_server import ModelServer, Patience
from search.policies.openai import OpenAIPolicy
from search.policies.transformers import TransformersPolicy
from search.rewards.base import Reward
from search.run import run_search
from search.spec import RunSpec, header_of
from search.templates import EMBEDDED_POLICY

RUNS = 48
FEW = 8
"""Samples: a smaller batch hardly pays."""
SMALL = f"batches of fewer than {FEW} samples, the end included, when few searches are left"
TENTHS = 10
DRAWING = ROOT / "build" / "occupancy.html"


def measure() -> list[Figure]:
    """Medians of the batches, and how many of them were small; the rest, and the course over time, in words."""
    reward = load_reward("embedded")
    local = load_policy("embedded")
    assert isinstance(local, TransformersPolicy)
    asyncio.run(_searches(local, reward))
    with served() as (endpoint, model):
        server = ModelServer("bench", endpoint, model, None, Patience(), 512, "the benchmark")
        remote = OpenAIPolicy("served", server, Dialect(model, stream=False), EMBEDDED_POLICY)
        asyncio.run(_searches(remote, reward))
    inside, outside = local.occupancy.sizes, remote.occupancy.sizes
    _draw({"samples a forward pass": inside, "samples under way on a server": outside}, DRAWING)
    waited = f"samples waited for a place in {100 * inside.turned_away / max(1, inside.batches):.0f} % of them"
    return [
        Figure("search.batch_median", inside.quantile(0.5), "samples", None, "higher", f"{_said(inside)}; {waited}"),
        Figure("search.batch_small_share", round(inside.share(below=FEW), 3), "share", None, "lower", SMALL),
        Figure("search.server_median", outside.quantile(0.5), "samples", None, "higher", _said(outside)),
    ]


async def _searches(policy: Policy, reward: Reward) -> None:
    """Three after one another for each of sixteen places."""
    rng, places = random.Random(1), asyncio.Semaphore(AT_ONCE)

    async def one(number: int, text: str) -> None:
        asked = {"problem": {"text": text}, "algorithm": STRATEGIES[number % len(STRATEGIES)], "policy": policy.name}
        header = header_of(RunSpec.model_validate({**asked, "seed": number}), policy, reward)
        async with places:
            await run_search(header, policy=policy, reward=reward)

    texts = [DOMAINS[("countdown", "arithmetic")[i % 4 == 3]].generate(rng) for i in range(RUNS)]
    await asyncio.gather(*(one(number, text) for number, text in enumerate(texts)))


def _said(sizes: BatchSizes) -> str:
    course = sizes.over_time()
    tenths = [course[len(course) * i // TENTHS : len(course) * (i + 1) // TENTHS] for i in range(TENTHS)]
    means = [sum(second.samples for second in part) / sum(second.batches for second in part) for part in tenths if part]
    return (
        f"{sizes.batches} batches, {AT_ONCE} searches at once; a tenth held at most {sizes.quantile(0.1)}, a tenth at"
        f" least {sizes.quantile(0.9)} samples; means over time: {', '.join(f'{mean:.0f}' for mean in means)}"
    )


def _draw(measured: dict[str, BatchSizes], path: Path) -> None:
    palette = PALETTES["light"]
    figure: go.Figure = empty_figure(palette, x="seconds", y="samples")
    for (name, sizes), color in zip(measured.items(), (palette.accent, palette.ink_soft), strict=True):
        seconds = sizes.over_time()
        figure.add_scatter(
            x=[second.at for second in seconds],
            y=[second.mean for second in seconds],
            name=name,
            line={"color": color},
        )
    figure.update_yaxes(rangemode="tozero")
    path.parent.mkdir(exist_ok=True)
    figure.write_html(path, include_plotlyjs="cdn", div_id="occupancy")
