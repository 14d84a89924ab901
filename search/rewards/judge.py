"""A generative judge: an instruction-following model asked whether a solution is right so far.

"Generative Verifiers: Reward Modeling as Next-Token Prediction" (Zhang et al., 2024). With one vote the score is the
probability of the verdict Yes right after the question; with k votes the model first writes k critiques at temperature
1, and the score is the mean of the k probabilities of Yes after them (the paper's GenRM-CoT). The paper takes Yes's
probability in the whole vocabulary, for a model trained to answer; here it is the softmax over the two verdict tokens,
because an untrained judge puts much of its mass on other words. A folder that is the policy's own gives
self-evaluation, as in "Language Models (Mostly) Know What They Know" (Kadavath et al., 2022).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.policies.base import Sampling, StepRequest
from search.policies.sampler import RESOLUTION
from search.policies.transformers import TransformersPolicy
from search.rewards.base import PathScore, RewardError, ScoreRequest
from search.rewards.chat import around
from search.rewards.checkpoint import Checkpoint, rows_of
from search.rewards.convention import Convention, context_of, template_of
from search.rewards.kinds import RewardSettings
from search.rewards.model_reward import ModelReward
from search.rewards.reading import check_length, check_steps, unreadable
from search.rewards.scoring import Reading
from search.templates import Part, Template, reward_parts
from search.tokenization import Tokenization, TokenizationError

VERDICTS = ("Yes", "No")
TASK = "Problem:\n{problem}\n\nSolution so far:\n"
ANSWER_AT_ONCE = "\n\nIs this solution correct so far? Answer Yes or No."
REASON_FIRST = "\n\nIs this solution correct so far? Check it step by step, then answer Yes or No."
VERDICT = "\n\nIs this solution correct so far (Yes or No)?\n"


@dataclass(frozen=True, slots=True)
class Critiqued(ScoreRequest):
    """A path with what the judge wrote about it before its verdict."""

    critique: str = ""


class JudgeReader:
    """The judge's prompt about a path, its critique if there is one; scored at the token before the verdict."""

    def __init__(self, slug: str, tokenization: Tokenization, context: int, template: Template) -> None:
        self._slug = slug
        self._tokenization = tokenization
        self._context = context
        self._template = template

    def __call__(self, request: ScoreRequest) -> Reading:
        """The reading up to the verdict; see `PieceReader` for what it raises."""
        critique = [Part(request.critique, False), Part(VERDICT, True)] if isinstance(request, Critiqued) else []
        ids = self.prompt(request, critique)
        return Reading(ids, (len(ids) - 1,), (len(ids) - 1,))

    def room_after(self, ids: Sequence[int]) -> int:
        """The most tokens of a critique that leave the verdict's question its place in the context.

        Raises:
            RewardError: there is no room at all.
        """
        needed = 1 + 2 * len(self._tokenization.encode(VERDICT))  # twice: its ends may melt into what is around it
        check_length(self._slug, len(ids) + needed, self._context)
        return self._context - len(ids) - needed + 1

    def prompt(self, request: ScoreRequest, more: Sequence[Part] = ()) -> tuple[int, ...]:
        """The ids of the question about a path, and of `more` after it."""
        check_steps(self._slug, request)
        parts = [*reward_parts(self._template, request.problem, request.steps, finished=True), *more]
        try:
            ids, _ = self._tokenization.encode_parts([(part.text, part.markup) for part in parts])
        except TokenizationError as error:
            raise unreadable(self._slug, error) from error
        begin = self._tokenization.begin_id
        if self._template.begin and begin is not None:
            ids = [begin, *ids]
        check_length(self._slug, len(ids), self._context)
        return tuple(ids)


def load(checkpoint: Checkpoint, settings: RewardSettings) -> Convention:
    """A causal language model with a chat template."""
    model = checkpoint.causal()
    verdicts = checkpoint.token_ids(settings.verdicts or VERDICTS)
    template = template_of(settings, Template()) if settings.template else _chat(checkpoint, settings.votes)
    if template.final_end is None:
        raise RewardError(f"{checkpoint.slug}: template: final_end must ask the judge its question; write it there.")
    return Convention(
        model=model,
        head=rows_of(model.get_output_embeddings(), verdicts),
        label=0,
        read=JudgeReader(checkpoint.slug, checkpoint.tokenization, context_of(model), template),
        template=template,
        described={"verdict_ids": verdicts, "votes": settings.votes, "place": "the token before the verdict"},
        grain="path",
    )


def _chat(checkpoint: Checkpoint, votes: int) -> Template:
    start, answer, _ = around(checkpoint, [("user", ""), ("assistant", "")])
    question = ANSWER_AT_ONCE if votes == 1 else REASON_FIRST
    return Template(
        name="judge", problem=start + TASK, step_end="\n", final_end=question + answer, begin=False,
        special_tokens=True,
    )  # fmt: skip


class JudgeReward(ModelReward):
    """A judge of several votes: each critique is one reward call, and so is counted."""

    def __init__(self, slug: str, folder: Path, settings: RewardSettings, **engine: Any) -> None:
        """As `ModelReward`. The folder is loaded twice: once to write, once to read verdicts."""
        super().__init__(slug, folder, settings, **engine)
        self._settings = settings
        own = {name: engine[name] for name in ("dtype", "device", "prefix_mb", "threads", "lean") if name in engine}
        self._critic = TransformersPolicy(slug, folder, self.template, **own)

    def describe(self) -> dict[str, Any]:
        """What a run's header keeps, JSON-ready."""
        return {**super().describe(), "calls_per_path": self._settings.votes}

    async def score(self, requests: Sequence[ScoreRequest]) -> list[PathScore]:
        """The mean probability of the good verdict over the votes; the same path always gets the same critiques.

        `tokens` counts what was read for the verdicts and what was written before them.
        """
        votes = self._settings.votes
        paths: list[Critiqued] = []
        written: list[int] = []
        for request, samples in zip(requests, await self._critiques(requests), strict=True):
            for sample in samples:
                paths.append(Critiqued(request.problem, request.steps, request.finished, sample.text))
                written.append(sample.tokens)
        verdicts = await super().score(paths)
        scores = []
        for first in range(0, len(paths), votes):
            own = range(first, first + votes)
            mean = sum(verdicts[i].last for i in own) / votes
            scores.append(
                PathScore((round(mean / RESOLUTION) * RESOLUTION,), sum(verdicts[i].tokens + written[i] for i in own))
            )
        return scores

    async def _critiques(self, requests: Sequence[ScoreRequest]) -> list[list[Any]]:
        reader = self.reader
        assert isinstance(reader, JudgeReader)
        votes = self._settings.votes
        asked: list[StepRequest] = []
        for request in requests:
            path = "\n".join((request.problem, *request.steps))
            key = hashlib.sha256(path.encode()).hexdigest()[:24]
            ids = reader.prompt(request)
            room = min(self._settings.critique_tokens, reader.room_after(ids))
            asked += [
                StepRequest(
                    prompt=path,
                    seed=0,
                    key=f"{key}.{vote}",
                    max_tokens=room,
                    sampling=Sampling(temperature=1.0, max_step_tokens=room),
                    prefix_ids=ids,
                    until_end=True,
                )
                for vote in range(votes)
            ]
        samples = await self._critic.generate(asked)
        return [samples[first : first + votes] for first in range(0, len(samples), votes)]

    def close(self) -> None:
        """Stop both engines' threads."""
        super().close()
        self._critic.close()
