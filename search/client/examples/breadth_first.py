"""A breadth-first search of one's own for a countdown problem, watched live.

    python -m search.client.examples.breadth_first http://127.0.0.1:8000 "$(cat var/owner.token)" "3 5 7 11 -> 24"

Nothing of Espalier's engine is used: a state is what numbers are left, a step joins two of them, and a level keeps the
states whose best number lies nearest to the target. The recorder is told of each step and each decision.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations

from search.client import Recorder

KEPT = 5
State = tuple[Fraction, ...]


def joined(state: State) -> Iterator[tuple[str, State]]:
    """Every way to join two of the numbers: the step as a text, and what is left."""
    for one, two in combinations(sorted(set(range(len(state)))), 2):
        a, b = max(state[one], state[two]), min(state[one], state[two])
        rest = [number for at, number in enumerate(state) if at not in (one, two)]
        results = [("+", a + b), ("-", a - b), ("*", a * b), *([("/", a / b)] if b else [])]
        for sign, result in results:
            left = tuple(sorted([*rest, result]))
            yield f"{a} {sign} {b} = {result} (left: {' '.join(map(str, left))})", left


def nearness(state: State, target: Fraction) -> float:
    """1 where a number is the target, less the farther the nearest one is from it."""
    return float(1 / (1 + min(abs(number - target) for number in state)))


def search(numbers: State, target: Fraction, tree: Recorder) -> None:
    """Level by level, the best few of each."""
    frontier: list[tuple[int, State]] = [(tree.root, numbers)]
    while frontier:
        grown: list[tuple[float, int, State]] = []
        for parent, state in frontier:
            for text, left in joined(state):
                solved = left == (target,)
                score = nearness(left, target)
                node = tree.add(parent, text, rewards={"nearness": score}, ended=len(left) == 1)
                if solved:
                    tree.finish(node, answer=text, correct=True)
                    return
                if len(left) > 1:
                    grown.append((score, node, left))
        grown.sort(key=lambda one: (-one[0], one[1]))
        kept, lost = grown[:KEPT], grown[KEPT:]
        if lost:
            cutoff = kept[-1][0]
            tree.keep([(node, score) for score, node, _ in kept], rule="nearest", cutoff=cutoff, of=len(grown))
            tree.prune([(node, score) for score, node, _ in lost], rule="nearest", cutoff=cutoff, of=len(grown))
        frontier = [(node, left) for _, node, left in kept]


def main(arguments: list[str]) -> int:
    """0 when the search is over, 2 when the arguments cannot be read."""
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    url, token, problem = (*arguments, "3 5 7 11 -> 24")[:3]
    numbers, _, target = problem.partition("->")
    with Recorder(url, token, problem=problem, title="Recorded searches", program="breadth first") as tree:
        print(f"watch it at {tree.url}")
        search(tuple(Fraction(number) for number in numbers.split()), Fraction(target.strip()), tree)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
