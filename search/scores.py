"""The `score` effect: what a reward says of paths, and which nodes get a score by it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from search.effects import Effects, JournalEnds
from search.events import Payload
from search.rewards.base import PathScore, RewardError, ScoreRequest, check_path
from search.sources import Source
from search.tree import Node, Tree
from search.waiting import attending, in_turn, unless

Scored = tuple[Node, tuple[str, ...], bool]
"""A path to score: its newest node in the tree, all its steps, and whether it is finished."""


async def score(
    effects: Effects, requests: Sequence[Scored], *, purpose: str, source: Source | None = None
) -> Payload | None:
    """The `score` effect of one source (by default the driving one).

    Its `scores` give each node its newest step's score; when the reward scores every step (purposes other than
    rollout), nodes on the path that had none of this source get theirs too. None: the effect was dropped for a
    cancel or a deadline, which has been dealt with; ask again. Scores asked for by a person's hand are not dropped.
    """
    ledger, droppable = effects.ledger, purpose != "human"
    source = source or effects.setting.sources[0]
    if ledger.journal.replaying:
        event = ledger.journal.peek()
        if droppable and event is not None and event.kind in ("human", "deadline"):
            await effects.interrupted()
            return None
        expected = {"purpose": purpose, "source": source.name, "calls": len(requests) * source.calls_per_path}
        return ledger.take("score", expected).payload
    results = await _asked(effects, source, requests, droppable)
    if results is None:
        await effects.interrupted()
        return None
    payload = {
        "source": source.name,
        "scores": _newest(requests, results) if purpose == "rollout" else _all(ledger.tree, source, requests, results),
        "calls": len(requests) * source.calls_per_path,
        "tokens": sum(result.tokens for result in results),
        "purpose": purpose,
    }
    ledger.append("score", payload)
    return payload


async def _asked(
    effects: Effects, source: Source, requests: Sequence[Scored], droppable: bool
) -> list[PathScore] | None:
    """The reward's answers, checked; None if they were dropped."""
    reward, problem = source.reward, effects.setting.problem
    if source.plan is not None:
        raise RewardError(
            f"reward {source.name} values nodes by rollouts and cannot score rollouts themselves; choose a reward"
            " model, or a strategy without lookahead"
        )
    if reward is None:
        raise JournalEnds("the journal ends here, and no reward was given to go on with")
    sequences = [ScoreRequest(problem, steps, finished) for _, steps, finished in requests]
    dropped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def drop() -> None:
        if not dropped.done():
            dropped.set_result(None)

    with attending(effects.ledger, effects.setting, drop):
        work = reward.score(sequences)
        results = await (unless(dropped, work) if droppable else in_turn(work))
    if results is None:
        return None
    if len(results) != len(requests):
        raise RewardError(f"reward {reward.name} answered {len(results)} of {len(requests)} sequences")
    for sequence, result in zip(sequences, results, strict=True):
        check_path(reward.name, source.grain, sequence, result)
    return results


def _newest(requests: Sequence[Scored], results: Sequence[PathScore]) -> list[list[int | float]]:
    return [[node.index, float(result.last)] for (node, _, _), result in zip(requests, results, strict=True)]


def _all(
    tree: Tree, source: Source, requests: Sequence[Scored], results: Sequence[PathScore]
) -> list[list[int | float]]:
    """Each node once: what was unscored on the paths, root first, and their newest nodes."""
    scores: dict[int, float] = {}
    for (node, _, _), result in zip(requests, results, strict=True):
        if source.grain == "step":
            for step, value in zip(tree.step_ends(node), result.steps, strict=True):
                if (step.reward is None) if source.drives else (source.name not in step.rewards):
                    scores.setdefault(step.index, float(value))
        scores[node.index] = float(result.last)
    return [[index, value] for index, value in scores.items()]
