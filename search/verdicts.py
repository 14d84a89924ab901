"""The `verify` effect: what the truth says of new nodes, and of continuations that are not in the tree."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from search.effects import Effects
from search.events import Payload
from search.tree import Node
from search.truth import Truth


async def verify(effects: Effects, nodes: Sequence[Node]) -> None:
    """One `verify` effect over new nodes, then what it says as observations. Nothing if nothing is known."""
    truth, ledger = effects.setting.truth, effects.ledger
    if truth is None:
        return
    tree = ledger.tree
    judged = [node for node in nodes if not node.note and (truth.judges_partial or node.finish == "end")]
    if not judged:
        return
    name = truth.verifier.name if truth.verifier else None
    if ledger.journal.replaying:
        verdicts = ledger.take("verify", {"verifier": name}).payload["verdicts"]
    else:
        # A step that is cut in the middle says nothing yet: the steps before it are judged.
        whole = [tree.steps(node)[:-1] if node.mid_step else tree.steps(node) for node in judged]
        asked = [(node.index, steps, node.finish == "end") for node, steps in zip(judged, whole, strict=True)]
        verdicts = await _judged(truth, asked)
        ledger.append("verify", {"verifier": name, "verdicts": verdicts})
    if truth.judges_partial:
        ledger.observe("verified", {"nodes": [[v["node"], v["reachable"]] for v in verdicts]})
    for verdict in verdicts:
        if tree[verdict["node"]].finish == "end" and truth.verifier is not None:
            found = {name: verdict[name] for name in ("node", "answer", "canonical", "correct")}
            ledger.observe("answer", found)


def can_verify(effects: Effects) -> bool:
    """True if finished solutions of this problem can be told right from wrong."""
    truth = effects.setting.truth
    return truth is not None and truth.verifier is not None


async def verify_rollouts(effects: Effects, asked: Sequence[tuple[Node, tuple[str, ...]]]) -> list[bool | None]:
    """A `verify` effect over finished continuations, (node, all steps) each; nothing of it enters the tree."""
    truth = effects.setting.truth
    if not asked or truth is None or truth.verifier is None:
        return [None] * len(asked)
    expected = {"verifier": truth.verifier.name, "purpose": "rollout"}
    if effects.ledger.journal.replaying:
        verdicts = effects.ledger.take("verify", expected).payload["verdicts"]
    else:
        verdicts = await _judged(truth, [(node.index, steps, True) for node, steps in asked])
        effects.ledger.append("verify", {**expected, "verdicts": verdicts})
    return [verdict["correct"] for verdict in verdicts]


async def _judged(truth: Truth, asked: Sequence[tuple[int, tuple[str, ...], bool]]) -> list[Payload]:
    """On a thread: a check may take its time, and the loop is everybody's."""
    return await asyncio.to_thread(lambda: [truth.verdict(*question) for question in asked])
