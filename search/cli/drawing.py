"""A tree on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.run import Outcome
from search.sources import Source, sources_of
from search.tree import Node, Tree

MOST_LINES = 200
_MARKS = {"open": "○", "expanded": "●", "pruned": "✂", "terminal": "■", "selected": "★"}


def draw(outcome: Outcome, header: dict[str, Any]) -> str:
    """The tree, its votes and its answer; a large tree is cut to its first 200 lines."""
    tree = outcome.tree
    lines = _lines(tree, sources_of(header, None, None))
    hidden = len(lines) - MOST_LINES
    lines = lines[:MOST_LINES] + ([f"… {hidden} more nodes; --jsonl has them all"] if hidden > 0 else [])
    counters = tree.counters
    stopped = f"{outcome.stopped_by}{f' ({outcome.cap})' if outcome.cap else ''}"
    lines += ["", f"stopped by: {stopped}"]
    lines += [
        f"spent: {counters.tokens} tokens, {counters.policy_calls} policy calls, {counters.reward_calls} reward calls,"
        f" {len(tree)} nodes"
    ]
    for answer, weight, count in (tree.finished or {}).get("votes", ()):
        lines.append(f"vote: {answer}  count {count}, weight {weight:.4g}")
    if outcome.node is None:
        return "\n".join([*lines, "answer: none found"])
    judged = {True: " (correct)", False: " (wrong)", None: ""}[outcome.correct]
    return "\n".join([*lines, f"answer: {outcome.answer}{judged}"])


def _lines(tree: Tree, sources: Sequence[Source]) -> list[str]:
    """Depth first along first parents, without recursion."""
    chosen = set(tree.chosen)
    lines, waiting = [], [tree.root]
    while waiting:
        node = waiting.pop()
        lines.append(_line(node, node.index in chosen, sources))
        waiting += reversed([child for child in tree.children(node) if child.parents[0] == node.index])
    return lines


def _line(node: Node, chosen: bool, sources: Sequence[Source]) -> str:
    numbers = [f"reward {node.reward:.3f}"] if node.reward is not None else []
    for source in sources:
        if not source.drives and source.name in node.rewards:
            numbers.append(f"{source.name} {node.rewards[source.name]:.3f}")
        if (found := source.success(node)) is not None:
            numbers.append(f"P(success) {found.p:.2f}, {found.low:.2f} to {found.high:.2f}")
    numbers += [f"value {node.value:.3f} n {node.visits}"] if node.value is not None else []
    numbers += [f"weight {node.weight:.3f}"] if node.weight is not None else []
    if node.status == "pruned" and node.decision is not None:
        numbers.append(f"{node.decision['outcome']} by {node.decision['rule']}")
    mark = "★" if chosen and node.status != "pruned" else _MARKS[node.status]
    cut = f" [{node.finish}]" if node.dead else ""
    said = f"  · {', '.join(numbers)}" if numbers else ""
    return f"{'  ' * min(node.depth, 40)}{mark} {node.index} {node.text}{cut}{said}"
