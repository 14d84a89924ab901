"""Pools of finished paths written down by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from search.tree import Node, Tree


@dataclass(frozen=True)
class Step:
    """One step's numbers. `text` defaults to a text of its own."""

    tokens: int = 1
    probability: float | None = None
    certainty: float | None = None
    reward: float | None = None
    text: str | None = None


def pool(*paths: tuple[str | None, Sequence[Step]], correct: Sequence[bool | None] | None = None) -> Tree:
    """A tree of finished paths, each (answer, steps); the i-th path's last node is told by `leaves(tree)[i]`."""
    tree = Tree(nodes=[Node(0, (), 0, "root", "0", "a problem")])
    for number, (answer, steps) in enumerate(paths):
        parent = tree.root
        for depth, step in enumerate(steps, start=1):
            last = depth == len(steps)
            node = Node(
                len(tree), (parent.index,), depth, "answer" if last else "step", f"0.{number}",
                step.text if step.text is not None else f"step {number}.{depth}", tokens=step.tokens,
                finish="end" if last else "step",
                logprob=None if step.probability is None else log(step.probability),
                reward=step.reward, certainty=step.certainty, status="terminal" if last else "expanded",
            )  # fmt: skip
            if last:
                node.answer = node.canonical = answer
                node.correct = None if correct is None else correct[number]
                tree.solutions.append(node.index)
            parent.children.append(node.index)
            tree.nodes.append(node)
            parent = node
    return tree


def leaves(tree: Tree) -> list[int]:
    """The index of each path's last node."""
    return list(tree.solutions)
