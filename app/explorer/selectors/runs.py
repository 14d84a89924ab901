"""Runs as lists and pages show them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from app.config.pages import newest_first
from app.explorer.models import Run
from app.explorer.selectors.queue import queue_places

COUNTERS = ("tokens", "prompt_tokens", "policy_calls", "reward_calls", "nodes", "seconds", "lost_tokens")


def runs_page(
    rows: QuerySet[Run], *, cursor: str | None = None, limit: int = 50
) -> tuple[list[dict[str, Any]], str | None]:
    """Runs, the newest first."""
    page, following = newest_first(_joined(rows), by="created_at", cursor=cursor, limit=limit)
    places = queue_places(page)
    return [_shape(run, places.get(run.pk)) for run in page], following


def run_shape(run: Run) -> dict[str, Any]:
    """One run as the API shows it."""
    run = _joined(Run.objects.filter(pk=run.pk)).get()
    return _shape(run, queue_places([run]).get(run.pk))


def _joined(rows: QuerySet[Run]) -> QuerySet[Run]:
    return rows.select_related("session", "problem", "created_by").defer("header")


def _shape(run: Run, place: dict[str, Any] | None) -> dict[str, Any]:
    # The engine tells running out of time from other budgets; to a person both are a spent budget, with its cap.
    deadline = run.stopped_by == "deadline"
    return {
        "id": run.pk,
        "session": run.session_id,
        "title": run.session.title,
        "problem": {"text": run.problem.text, "answer": run.problem.answer, "verifier": run.problem.verifier},
        "algorithm": run.algorithm,
        "params": run.params,
        "policy": run.policy,
        "reward": run.reward,
        "also_rewards": run.also_rewards,
        "sampling": run.sampling,
        "budget": run.budget,
        "seed": run.seed,
        "state": run.state,
        "stopped_by": "budget" if deadline else run.stopped_by,
        "cap": "seconds" if deadline else run.cap,
        "error": run.error,
        "counters": {name: getattr(run, name) for name in COUNTERS},
        "head_seq": run.head_seq,
        "revision": run.revision,
        "answer": run.answer,
        "correct": run.correct,
        "chosen": run.chosen,
        "parent": run.parent_id,
        "fork_seq": run.fork_seq,
        "change": run.change,
        "queue": place,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "created_by": run.created_by.username if run.created_by else None,
    }
