"""Why a run has no right answer: never generated, pruned (and by which rule), or generated and not selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from search.events import Event
from search.loss import last_correct_path_lost
from search.tree import Tree

Kind = Literal["unsolvable", "not selected", "pruned", "never generated", "not found"]

KINDS: tuple[Kind, ...] = ("never generated", "pruned", "not selected", "not found", "unsolvable")
"""`not found`: no right answer was there, and no domain knows whether one was given up on the way."""


def failure_of(tree: Tree, events: Sequence[Event]) -> dict[str, Any]:
    """`{kind, rule?, pruned_right?}` of a run that did not answer right.

    A right answer that stands unpruned was not selected. A right answer that was pruned, or a last correct path that
    was lost to a pruning or a resampling, is `pruned` with the rule that did it. Otherwise the policy never wrote it:
    `pruned_right` then says that some right path had been pruned before the last hope ended in wrong steps.
    """
    right = [node for node in tree.nodes if node.finish == "end" and node.correct is True]
    if any(node.status != "pruned" for node in right):
        return {"kind": "not selected"}
    if right:
        return {"kind": "pruned", "rule": _rule(right[-1].decision)}
    if tree.root.reachable is None:
        return {"kind": "not found"}
    if tree.root.reachable is False:
        return {"kind": "unsolvable"}
    lost = last_correct_path_lost(events)
    if lost is not None and (event := events[lost - 1]).kind in ("pruned", "resampled"):
        return {"kind": "pruned", "rule": _rule(event.payload)}
    pruned_right = any(node.status == "pruned" and node.reachable is True for node in tree.nodes)
    return {"kind": "never generated", "pruned_right": pruned_right}


def _rule(decision: dict[str, Any] | None) -> str:
    """The rule of a decision or of a `pruned` or `resampled` event."""
    decision = decision or {}
    resampling = decision.get("scheme") or (decision.get("rule") if decision.get("outcome") == "resampled" else None)
    return f"resampling ({resampling})" if resampling else str(decision.get("rule", "unknown"))
