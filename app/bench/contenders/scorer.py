"""The embedded process reward for peers whose loop is not asyncio's, or which score texts instead of steps."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from search.models import load_reward
from search.rewards.base import ScoreRequest


class Scorer:
    """Scores paths from any thread; what is asked for at the same time shares the reward's batches."""

    def __init__(self) -> None:
        self._reward = load_reward("embedded")
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def __call__(self, problem: str, steps: Sequence[str], finished: bool) -> float:
        """The score of a path's newest step, in [0, 1]; waits for it."""
        request = ScoreRequest(problem, tuple(steps), finished)
        answer = asyncio.run_coroutine_threadsafe(self._reward.score([request]), self._loop)
        return answer.result()[0].last

    async def together(self, requests: Sequence[ScoreRequest]) -> list[float]:
        """The same for several paths, awaited on another loop."""
        answer = asyncio.run_coroutine_threadsafe(self._reward.score(list(requests)), self._loop)
        return [path.last for path in await asyncio.wrap_future(answer)]
