"""its_hub (Red Hat AI): beam search, particle filtering and self-consistency, all problems on one event loop.

Its steps know no end of text, only a stop token in the text: the client below writes one where the server says that
the model ended. Whatever else its own client does is left as it is.
"""

from __future__ import annotations

import asyncio
import warnings
from functools import partial
from typing import Any

from app.bench.contenders.scorer import Scorer
from app.bench.contenders.task import (
    BUDGET,
    MOST_STEPS,
    STEP_TOKENS,
    STOP,
    TEMPERATURE,
    WIDTH,
    Found,
    Match,
    compete_on,
)
from search.rewards.base import ScoreRequest
from search.truth import Truth
from search.verifiers import infer

END = "<end>"


def compete(endpoint: str, model: str, strategies: list[str], asked: list[str], at_once: int) -> list[Match]:
    """One report per strategy."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    scorer = Scorer()

    async def all_of_them() -> list[Match]:
        return [
            await compete_on(strategy, asked, at_once, partial(_search, strategy, endpoint, model, scorer))
            for strategy in strategies
        ]

    return asyncio.run(all_of_them())


async def _search(strategy: str, endpoint: str, model: str, scorer: Scorer, problem: str, number: int) -> Found:
    import its_hub
    from its_hub.core.algorithms.beam_search import BeamSearch
    from its_hub.core.algorithms.particle_gibbs import ParticleFiltering

    client = _client_type()(
        endpoint=endpoint,
        api_key="none",
        model_name=model,
        temperature=TEMPERATURE,
        max_completion_tokens=STEP_TOKENS * (MOST_STEPS if strategy == "self_consistency" else 1),
    )
    steps = its_hub.StepGeneration(MOST_STEPS, STOP, END, TEMPERATURE)
    reward = _reward_type()(scorer)
    algorithm: Any = {
        "beam": lambda: BeamSearch(steps, reward, WIDTH),
        "particle_filter": lambda: ParticleFiltering(steps, reward),
        "self_consistency": lambda: its_hub.SelfConsistency(lambda text: _vote(problem, text)),
    }[strategy]()
    response = await algorithm.ainfer(client, problem, BUDGET)
    await client.close()
    text = response["content"]
    chosen = _steps_of(text) if END in text else None
    return Found(chosen, client.usage.num_calls, client.usage.completion_tokens)


def _steps_of(text: str) -> tuple[str, ...]:
    return tuple(text.replace(END, "").strip(STOP).split(STOP))


def _vote(problem: str, text: str) -> str:
    """Equal answers are one vote, as in our own majority."""
    truth = Truth.of(problem, None, infer(problem, None))
    assert truth is not None
    return str(truth.verdict(0, _steps_of(text), True)["canonical"])


def _client_type() -> Any:
    """Built late: its_hub is only there for the benchmark."""
    from its_hub import OpenAICompatibleLanguageModel
    from its_hub.api import GenerationUsage

    class Client(OpenAICompatibleLanguageModel):
        """Counts what it asks for, and says where the model ended."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(include_raw_choices=True, **settings)
            self.usage = GenerationUsage()

        async def _agenerate(self, messages_lst: Any, *settings: Any) -> Any:
            answers = await super()._agenerate(messages_lst, *settings[:-1], usage_accumulator=self.usage)
            return [_ended(answer) for answer in answers]

        async def agenerate_single(self, messages: Any, **settings: Any) -> Any:
            """One completion."""
            settings["usage_accumulator"] = self.usage
            return _ended(await super().agenerate_single(messages, **settings))

    return Client


def _ended(message: dict[str, Any]) -> dict[str, Any]:
    choice = message.pop("_raw_choice")
    if choice["finish_reason"] == "stop" and choice["stop_reason"] is None:
        message["content"] += END
    return message


def _reward_type() -> Any:
    from its_hub import AbstractProcessRewardModel

    class Reward(AbstractProcessRewardModel):
        """The embedded process reward over texts of joined steps."""

        def __init__(self, scorer: Scorer) -> None:
            self.scorer = scorer

        def score(self, prompt_or_messages: Any, steps: list[str]) -> list[float]:
            """Not asked for: its algorithms await `ascore`."""
            raise NotImplementedError

        async def ascore(self, prompt_or_messages: Any, steps: list[str]) -> list[float]:
            """The newest step's score of each text."""
            problem = str(prompt_or_messages)
            return await self.scorer.together([ScoreRequest(problem, _steps_of(text), END in text) for text in steps])

    return Reward
