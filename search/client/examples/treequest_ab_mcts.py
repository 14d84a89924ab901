"""treequest's AB-MCTS-A, watched live: what it generates becomes a node at the moment it is generated.

    pip install treequest
    python -m search.client.examples.treequest_ab_mcts http://127.0.0.1:8000 "$(cat var/owner.token)" "3 5 7 11 -> 24"

treequest asks a function for a child of a state and gets the child and its score back; a state that remembers its own
number in the recording is all that is needed. No model here: a child joins two of the numbers, drawn at random.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from search.client import Recorder
from search.client.examples.breadth_first import State, joined, nearness

TURNS = 200


@dataclass(frozen=True)
class Seen:
    """treequest's state: the numbers that are left, and the node's number in the recording."""

    left: State
    node: int


class Child:
    """`generate_fn`: one step below a state, recorded with its score and with what it counts for above."""

    def __init__(self, tree: Recorder, numbers: State, target: Fraction, seed: int) -> None:
        self._tree, self._target = tree, target
        self._root = Seen(numbers, tree.root)
        self._draw = random.Random(seed)
        self.solved: tuple[int, str] | None = None

    def __call__(self, above: Seen | None) -> tuple[Seen, float]:
        """The child, and its score from 0 to 1."""
        above = above or self._root
        steps = list(joined(above.left))
        if not steps:
            return above, nearness(above.left, self._target)
        text, left = self._draw.choice(steps)
        score = nearness(left, self._target) if left != (self._target,) else 1.0
        node = self._tree.add(above.node, text, rewards={"nearness": score}, ended=len(left) == 1)
        self._tree.back_up(node, score)
        if left == (self._target,):
            self.solved = (node, text)
        return Seen(left, node), score


def main(arguments: list[str]) -> int:
    """0 when the search is over, 2 when the arguments cannot be read or treequest is not there."""
    try:
        import treequest
    except ImportError:
        print("this example takes treequest: pip install treequest", file=sys.stderr)
        return 2
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    url, token, problem = (*arguments, "3 5 7 11 -> 24")[:3]
    numbers, _, target = problem.partition("->")
    algorithm: Any = treequest.ABMCTSA()
    with Recorder(url, token, problem=problem, title="Recorded searches", program="treequest AB-MCTS-A") as tree:
        print(f"watch it at {tree.url}")
        child = Child(tree, tuple(map(Fraction, numbers.split())), Fraction(target.strip()), seed=0)
        state = algorithm.init_tree()
        for _ in range(TURNS):
            state = algorithm.step(state, {"join": child}, inplace=True)
            if child.solved:
                tree.finish(child.solved[0], answer=child.solved[1], correct=True)
                break
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
