"""A node as the inspector shows it: what the policy saw, token by token what it wrote, what the reward models read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.explorer.models import Run
from app.explorer.node_labels import all_labels, own_labels
from app.explorer.selectors.charts import calibration_of
from app.explorer.selectors.nodes import hints_along, node_detail, node_sampled
from app.explorer.token_texts import prompt_ids, token_texts
from app.teams.principals import Principal
from search.asked import Asked
from search.calibration import Calibration
from search.templates import TemplateError, render_prompt, render_reward_input
from search.tree import joined


def with_labels(principal: Principal, run: Run, nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Nodes with the caller's own label."""
    labels = own_labels(principal, run, [node["index"] for node in nodes])
    return [node | {"label": labels.get(node["index"])} for node in nodes]


def node_view(principal: Principal, run: Run, index: int) -> dict[str, Any] | None:
    """Everything about one node; None if there is none."""
    node = node_detail(run, index)
    if node is None:
        return None
    pieces, path_rewards, asked = node.pop("pieces"), node.pop("path_rewards"), Asked.of(node.pop("asked"))
    path_ids = node.pop("path_ids")
    token_ids = node["token_ids"]
    writer, entropies = node_sampled(run.pk, index, node["created_seq"]) if token_ids else (None, [])
    drafted = "draft" in (run.header or {}) and writer == "draft"
    (labelled,) = with_labels(principal, run, [node])
    return labelled | {
        "token_ids": token_ids or [],
        "token_logprobs": node["token_logprobs"] or [],
        "token_entropies": entropies,
        "token_texts": token_texts(run.params["draft"] if drafted else run.policy, token_ids or []) or [],
        "saw": _saw(run, node, pieces[:-1], path_ids[:-1], asked, "draft" if drafted else "policy"),
        "calibrated": calibrated(run, node["rewards"]),
        "reward_inputs": _reward_inputs(run, node, pieces, path_rewards),
        "labels": all_labels(principal, run, index),
    }


def calibrated(run: Run, rewards: dict[str, float]) -> dict[str, dict[str, float]]:
    """The probability of success, with its interval, that each calibrated source's raw score stands for."""
    header = run.header or {}
    found = {}
    for described in (header.get("reward") or {}, *header.get("also_rewards", [])):
        if (known := described.get("calibration")) is not None and described["slug"] in rewards:
            found[described["slug"]] = asdict(Calibration.of(known)(rewards[described["slug"]]))
    return found


def driving_calibration(run: Run) -> list[list[float]] | None:
    """The driving reward's knots (raw score, probability of success, low, high), ascending; None if it has none."""
    known = calibration_of(run)
    return None if known is None else [list(knot) for knot in known.knots]


def _saw(
    run: Run,
    node: dict[str, Any],
    before: list[tuple[str, bool]],
    written: list[list[int] | None],
    asked: Asked | None,
    writer: str,
) -> dict[str, Any] | None:
    """The exact prompt, its tokens and the settings a sampled step came from; None for the problem and human steps."""
    template = _template(run, writer)
    if template is None or not node["parents"] or node["token_ids"] is None:
        return None
    hints = hints_along(run.pk, node["path"][:-1], node["created_seq"])
    try:
        begun = bool(before) and before[-1][1]
        prompt = render_prompt(template, _problem(run), joined(before), hints, begun=begun, asked=asked)
    except TemplateError:  # the header names a template this version does not know
        return None
    header = run.header or {}
    ids = prompt_ids(header[writer], _problem(run), prompt, hints, asked, written, anew="draft" in header)
    return {"prompt": prompt, "token_ids": ids, "sampling": header.get("sampling") or run.sampling}


def _reward_inputs(
    run: Run, node: dict[str, Any], pieces: list[tuple[str, bool]], path_rewards: list[dict[str, float]]
) -> list[dict[str, Any]]:
    """The text each reward model read for this path, and the offsets at which it was scored."""
    header = run.header or {}
    inputs = []
    for described in (header.get("reward") or {}, *header.get("also_rewards", [])):
        template, source = described.get("template"), described.get("slug")
        if not isinstance(template, dict) or not pieces or source not in node["rewards"]:
            continue
        whole = described.get("grain") == "path"  # then a partial solution is read as if it were the answer
        try:
            text, offsets = render_reward_input(
                template, _problem(run), joined(pieces), whole or node["finish"] == "end"
            )
        except TemplateError:  # the header names a template this version does not know
            continue
        # A causal reward model gives each step the score it had when that step was the newest: the ancestors' own.
        ends = [own for at, own in enumerate(path_rewards, start=1) if at == len(pieces) or not pieces[at - 1][1]]
        scored = [[offset, own.get(source)] for offset, own in zip(offsets, ends, strict=True)]
        inputs.append({"source": source, "text": text, "scored": scored[-1:] if whole else scored})
    return inputs


def _problem(run: Run) -> str:
    return str(((run.header or {}).get("problem") or {}).get("text") or run.problem.text)


def _template(run: Run, part: str) -> dict[str, Any] | None:
    template = ((run.header or {}).get(part) or {}).get("template")
    return template if isinstance(template, dict) else None
