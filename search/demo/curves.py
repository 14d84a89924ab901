"""The training's figures for the model cards: `training.json` and `curves.html` (Plotly) beside the weights."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from search.demo.checkpoint import WEIGHTS, WORK, load_checkpoint
from search.demo.evaluate_reward import reward_figures, step_scores_at_once
from search.demo.judged_steps import judged_steps
from search.demo.process_reward import CURVE_STEPS, STEPS, process_reward_model

CURVE_PROBLEMS = 400
VERIFIER_LOSSES = {"loss": "cross-entropy of right solutions (nats a token)", "contest": "contest (nats)"}
MEASURES = ["AUC, something left to decide", "AUC, 3 numbers left", "sibling pairs ranked rightly"]


def write_curves() -> None:
    """From the logs in `var/demo/` and, for the process reward, the checkpoints along its way."""
    policy = [row for row in _rows("policy") if row["part"] != "draft"]
    _write("policy", {"loss": policy}, [_line(policy, "tokens", "loss", "loss")], "tokens seen")
    draft = [row for row in _rows("policy") if row["part"] == "draft"]
    _write("draft", {"loss": draft}, [_line(draft, "tokens", "loss", "loss")], "tokens seen")
    verifier = _rows("verifier")
    both = [_line(verifier, "tokens", measure, name) for measure, name in VERIFIER_LOSSES.items()]
    _write("verifier", {"loss": verifier}, both, "tokens of solutions seen")
    reward = _rows("process_reward")
    curve = reward_curve()
    lines = []
    for domain in ("countdown", "arithmetic"):
        rows = [row for row in curve if row["domain"] == domain]
        measured = [measure for measure in MEASURES if rows and measure in rows[0]]
        lines += [_line(rows, "trajectories_seen", measure, f"{domain}: {measure}") for measure in measured]
    _write("process_reward", {"loss": reward, "ranking": curve}, lines, "trajectories seen (repeats counted)")


def reward_curve() -> list[dict[str, Any]]:
    """How the process reward ranked along its training, on dev problems: a row for each checkpoint and domain."""
    rows = []
    for step in range(CURVE_STEPS, STEPS + 1, CURVE_STEPS):
        state = load_checkpoint(f"process_reward_{step}")
        if state is None:
            continue
        model = process_reward_model()
        model.load_state_dict(state["average"], strict=False)
        score = partial(step_scores_at_once, model.eval())
        for domain in ("countdown", "arithmetic"):
            figures = reward_figures(score, judged_steps(domain, "dev", CURVE_PROBLEMS), domain)
            values = {name: figures[name]["value"] for name in MEASURES if name in figures}
            rows.append({"step": step, "trajectories_seen": state["progress"]["seen"], "domain": domain, **values})
    return rows


def _rows(name: str) -> list[dict[str, Any]]:
    """A training's log; a step logged twice, after a stop, counts once, as it was done last."""
    last = {}
    with (WORK / f"{name}-log.jsonl").open() as file:
        for row in map(json.loads, file):
            last[row.get("part"), row["step"]] = row
    return list(last.values())


def _line(rows: list[dict[str, Any]], x: str, y: str, name: str) -> dict[str, Any]:
    return {"x": [row[x] for row in rows], "y": [row[y] for row in rows], "name": name, "mode": "lines+markers"}


def _write(name: str, data: dict[str, Any], lines: list[dict[str, Any]], x_title: str) -> None:
    import plotly.graph_objects as go

    folder: Path = WEIGHTS / name
    (folder / "training.json").write_text(json.dumps(data, indent=1) + "\n")
    figure = go.Figure([go.Scatter(**line) for line in lines])
    figure.update_layout(title=f"{name}: learning curves", xaxis_title=x_title, template="plotly_white")
    figure.write_html(folder / "curves.html", include_plotlyjs="cdn", div_id=f"curves-{name}")
