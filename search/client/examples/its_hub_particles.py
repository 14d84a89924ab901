"""its_hub's particle filter, watched live: a particle's step becomes a node when it is weighed.

    pip install its_hub
    python -m search.client.examples.its_hub_particles http://127.0.0.1:8000 "$(cat var/owner.token)" "3 5 7 11 -> 24"

its_hub asks a reward for the weight of every particle's text after each step. Wrapped, that reward sees the whole tree
grow: a text's last line is the new step, the lines before it are its path, and a text that no later one goes on from
was resampled away. No model here: a "language model" joins two of the numbers, drawn at random.
"""

from __future__ import annotations

import asyncio
import random
import sys
from fractions import Fraction
from typing import Any

from search.client import Recorder
from search.client.examples.breadth_first import State, joined, nearness

PARTICLES = 8
STOP, END = "\n", "<end>"


class Weights:
    """The reward, and the recording of what it is asked about."""

    def __init__(self, tree: Recorder, numbers: State, target: Fraction) -> None:
        self._tree, self._target = tree, target
        self._known: dict[tuple[str, ...], tuple[int, float]] = {(): (tree.root, 0.0)}
        self._left: dict[tuple[str, ...], State] = {(): numbers}
        self._frontier: set[tuple[str, ...]] = set()
        self.best: tuple[float, int, str] | None = None

    def of(self, texts: list[str]) -> list[float]:
        """The weight of each text, from 0 to 1; new steps become nodes, texts that nobody goes on from are cut."""
        paths = [steps_of(text) for text in texts]
        survivors = {path[:length] for path in paths for length in range(len(path) + 1)}
        for lost in sorted(self._frontier - survivors):
            node, score = self._known[lost]
            self._tree.prune(node, rule="particle filter", score=score)
        for path in paths:
            self._record(path)
        self._frontier = set(paths)
        return [self._known[path][1] for path in paths]

    def left_after(self, path: tuple[str, ...]) -> State:
        """The numbers that remain."""
        for length in range(1, len(path) + 1):
            if path[:length] not in self._left:
                self._left[path[:length]] = dict(joined(self._left[path[: length - 1]]))[path[length - 1]]
        return self._left[path]

    def _record(self, path: tuple[str, ...]) -> None:
        for length in range(1, len(path) + 1):
            if path[:length] in self._known:
                continue
            left, text = self.left_after(path[:length]), path[length - 1]
            score = nearness(left, self._target)
            parent, _ = self._known[path[: length - 1]]
            node = self._tree.add(parent, text, rewards={"nearness": score}, ended=len(left) == 1)
            self._known[path[:length]] = (node, score)
            if len(left) == 1:
                self.best = max(self.best or (0.0, 0, ""), (score, node, text))


def steps_of(text: str) -> tuple[str, ...]:
    """The lines of a particle's text."""
    return tuple(line for line in text.replace(END, "").split(STOP) if line)


def pieces(weights: Weights) -> tuple[Any, Any]:
    """A language model and a reward as its_hub wants them."""
    from its_hub import AbstractLanguageModel, AbstractProcessRewardModel

    class Model(AbstractLanguageModel):
        """Joins two of the numbers that are left."""

        def __init__(self) -> None:
            self._draw = random.Random(0)

        async def agenerate(self, messages: Any, stop: str | None = None, **_: Any) -> Any:
            """One step for each conversation."""
            if messages and isinstance(messages[0], list):
                return [self._step(one) for one in messages]
            return self._step(messages)

        async def agenerate_single(self, messages: Any, **_: Any) -> Any:
            """One step."""
            return self._step(messages)

        def _step(self, messages: Any) -> dict[str, str]:
            last = messages[-1]
            role, content = (last["role"], last["content"]) if isinstance(last, dict) else (last.role, last.content)
            path = steps_of(str(content)) if role == "assistant" else ()
            text, left = self._draw.choice(list(joined(weights.left_after(path))))
            return {"role": "assistant", "content": text + (END if len(left) == 1 else "")}

    class Reward(AbstractProcessRewardModel):
        """What the recording says of each text."""

        def score(self, prompt_or_messages: Any, steps: list[str]) -> list[float]:
            """The weights, recorded."""
            return weights.of(steps)

        async def ascore(self, prompt_or_messages: Any, steps: list[str]) -> list[float]:
            """The same."""
            return weights.of(steps)

    return Model(), Reward()


def main(arguments: list[str]) -> int:
    """0 when the search is over, 2 when the arguments cannot be read or its_hub is not there."""
    try:
        import its_hub
        from its_hub.core.algorithms.particle_gibbs import ParticleFiltering
    except ImportError:
        print("this example takes its_hub: pip install its_hub", file=sys.stderr)
        return 2
    if len(arguments) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    url, token, problem = (*arguments, "3 5 7 11 -> 24")[:3]
    numbers, _, target = problem.partition("->")
    state = tuple(map(Fraction, numbers.split()))
    with Recorder(url, token, problem=problem, title="Recorded searches", program="its_hub particle filter") as tree:
        print(f"watch it at {tree.url}")
        weights = Weights(tree, state, Fraction(target.strip()))
        model, reward = pieces(weights)
        steps = its_hub.StepGeneration(len(state) - 1, STOP, END, 1.0)
        asyncio.run(ParticleFiltering(steps, reward).ainfer(model, problem, PARTICLES))
        if weights.best is not None:
            score, node, text = weights.best
            tree.finish(node, answer=text, correct=score == 1.0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
