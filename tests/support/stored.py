"""Rows that tests of the store, the worker and the live feed begin with."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from app.explorer.models import Problem, Run, Session
from app.explorer.store.codec import JournalEvent
from app.teams.models import Membership, Role, Team, User


def make_run(*, user: User | None = None, **fields: Any) -> Run:
    """A queued run in a session of its own; `user` (made when not given) owns its team."""
    user = user or User.objects.create_user(username=f"user-{uuid4().hex[:8]}")
    team = Team.objects.create(name="Team", personal=True)
    Membership.objects.create(team=team, user=user, role=Role.OWNER)
    session = Session.objects.create(team=team, title="Session", created_by=user)
    problem = Problem.objects.create(session=session, text="3 5 7 11 -> 24", verifier="countdown")
    defaults: dict[str, Any] = {
        "algorithm": "beam",
        "params": {},
        "policy": "embedded",
        "reward": "embedded",
        "sampling": {"temperature": 0.8, "top_p": 1.0, "max_step_tokens": 48, "stop": ["\n"]},
        "budget": {"tokens": None, "policy_calls": None, "reward_calls": None, "nodes": None, "seconds": None},
        "seed": 1,
    }
    return Run.objects.create(session=session, problem=problem, created_by=user, **(defaults | fields))


def lease_to(run: Run, lease: UUID | None = None) -> UUID:
    """Give the run's lease to `lease` (a new one) for a minute, as a claim does."""
    from datetime import timedelta

    from django.utils import timezone

    lease = lease or uuid4()
    Run.objects.filter(pk=run.pk).update(
        lease=lease, lease_until=timezone.now() + timedelta(minutes=1), state="running"
    )
    return lease


def expansions(count: int, width: int = 4, seed: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Kinds and payloads of a plausible search: `count` expansions of `width` children, each scored and cut to one."""
    rng = random.Random(seed)
    yield "node_added", _node(0, [], 0, "root", "0", "3 5 7 11 -> 24", None)
    frontier, index = 0, 0
    for depth in range(1, count + 1):
        texts = [
            f"{rng.randrange(99)} + {rng.randrange(99)} = {rng.randrange(199)} (left: 1 2 3)" for _ in range(width)
        ]
        children = [index + 1 + i for i in range(width)]
        ids = [[rng.randrange(50) for _ in range(12)] for _ in children]
        logprobs = [[round(-rng.random(), 6) for _ in range(12)] for _ in children]
        yield (
            "generate",
            {
                "purpose": "expand",
                "requests": [{"node": frontier, "n": width, "max_tokens": 48, "prompt_tokens": 20}],
                "temperature": 0.8,
                "top_p": 1.0,
                "samples": [
                    {
                        "request": 0, "index": i, "node": child, "text": texts[i], "token_ids": ids[i],
                        "logprobs": logprobs[i], "finish": "step", "tokens": 12,
                    }
                    for i, child in enumerate(children)
                ],
            },
        )  # fmt: skip
        yield "budget", {"tokens": 12 * width * depth, "caps": {}}
        for i, child in enumerate(children):
            yield "node_added", _node(child, [frontier], depth, "step", f"0.{child}", texts[i], sum(logprobs[i]))
        scores = [[child, round(rng.random(), 6)] for child in children]
        yield "score", {"source": "prm", "scores": scores, "tokens": 80, "calls": width, "purpose": "drive"}
        yield "scored", {"source": "prm", "scores": scores, "drives": True}
        best = max(scores, key=lambda pair: pair[1])
        entries = [{"node": node, "score": score, "rank": 1} for node, score in scores]
        said = {"rule": "beam", "cutoff": best[1], "of": width}
        yield "selected", {**said, "nodes": [entry for entry in entries if entry["node"] == best[0]]}
        yield "pruned", {**said, "nodes": [entry for entry in entries if entry["node"] != best[0]]}
        frontier, index = int(best[0]), children[-1]


def numbered(events: Iterator[tuple[str, dict[str, Any]]], after: int = 0) -> list[JournalEvent]:
    """As the sink would number and date them."""
    return [
        JournalEvent(seq, kind, payload, datetime.now(UTC)) for seq, (kind, payload) in enumerate(events, after + 1)
    ]


def _node(
    index: int, parents: list[int], depth: int, kind: str, key: str, text: str, logprob: float | None
) -> dict[str, Any]:
    return {
        "index": index, "parents": parents, "depth": depth, "kind": kind, "key": key, "text": text,
        "tokens": 12 if parents else 0, "finish": "step" if parents else None, "logprob": logprob, "prior": None,
    }  # fmt: skip
