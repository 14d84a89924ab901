"""A run's tree as tree formats hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.annotation.marked_paths import problem_of
from app.explorer.models import Node, NodeState, Run
from app.explorer.store.jsonb import restored
from search.datasets.math_aps import REWARD
from search.datasets.records import LabelledTree, Origin, Round, TreeNode

AT_ONCE = 5_000


def tree_of(run: Run, ratings: Mapping[int, int], origin: Origin) -> LabelledTree:
    """Nodes, rewards, decisions and answers; `ratings` are one judge's. A node that merged several keeps its first."""
    states = _states(run)
    problem = problem_of(run)
    tree = LabelledTree([], problem["answer"], origin=origin)
    rows = (
        Node.objects.filter(run_id=run.pk).order_by("index").values_list("index", "parents", "kind", "text", "finish")
    )
    for index, parents, kind, text, finish in rows.iterator(chunk_size=AT_ONCE):
        state = states.get(index, {})
        node = TreeNode(
            restored(text) if parents else problem["text"],
            parents[0] if parents else None,
            "step" if kind == "root" and parents else kind,
            ended=finish == "end",
            rewards=_rewards(state),
            rating=ratings.get(index),
            answer=state.get("answer"),
            correct=state.get("correct"),
        )
        tree.nodes.append(node)
    tree.rounds = _rounds(states, len(tree.nodes))
    tree.chosen = run.chosen[-1] if run.chosen else None
    return tree


def _states(run: Run) -> dict[int, dict[str, Any]]:
    names = ("index", "value", "rewards", "answer", "correct", "decision")
    rows = NodeState.objects.filter(run_id=run.pk).values(*names)
    return {row["index"]: row for row in rows.iterator(chunk_size=AT_ONCE)}


def _rewards(state: Mapping[str, Any]) -> dict[str, float]:
    """By source; a backed-up value comes as `value`, and as the Monte Carlo value where no rollouts gave one."""
    rewards = {source: float(score) for source, score in (state.get("rewards") or {}).items() if score is not None}
    if state.get("value") is not None:
        rewards["value"] = float(state["value"])
    estimate = rewards.get("rollout_value", rewards.get("value"))
    if estimate is not None and 0 <= estimate <= 1:
        rewards.setdefault(REWARD, estimate)
    return rewards


def _rounds(states: Mapping[int, Mapping[str, Any]], size: int) -> list[Round]:
    """Decisions that were made together."""
    together: dict[tuple[Any, ...], dict[str, list[tuple[int, float | None]]]] = {}
    for index, state in states.items():
        decision = state.get("decision")
        if decision:
            key = (decision.get("seq"), decision.get("rule"), decision.get("cutoff"))
            kept = "kept" if decision.get("outcome") == "kept" else "pruned"
            together.setdefault(key, {"kept": [], "pruned": []})[kept].append((index, decision.get("score")))
    return [
        Round(size, str(rule), tuple(sides["kept"]), tuple(sides["pruned"]), cutoff)
        for (_, rule, cutoff), sides in sorted(together.items(), key=lambda item: item[0][0] or 0)
    ]
