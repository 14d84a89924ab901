"""A run's settings to take elsewhere, and its journal as a file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from pydantic import ValidationError

from app.config.problems import Conflict
from app.explorer.models import Run
from app.explorer.selectors.events import events_page

PAGE = 1000  # events read at once: a journal of any length is never in memory


def recipe_of(run: Run) -> dict[str, Any]:
    """`{command, python, notes}`: the run's settings as a command line and as a script; notes say what they leave out.

    Raises:
        Conflict: the settings are of no run that the engine could make, such as those of an imported tree.
    """
    from search.recipes import command_of, python_of
    from search.spec import EMBEDDED, RunSpec

    problem = {"text": run.problem.text, "answer": run.problem.answer, "verifier": run.problem.verifier}
    try:
        spec = RunSpec.model_validate(
            {
                "problem": problem,
                "algorithm": run.algorithm,
                "params": run.params,
                "policy": run.policy,
                "reward": run.reward,
                "also_rewards": run.also_rewards,
                "sampling": run.sampling,
                "budget": run.budget,
                "seed": run.seed,
            }
        )
    except ValidationError as error:
        why = error.errors()[0]
        field = ".".join(str(part) for part in why["loc"])
        raise Conflict(f"This run cannot be started again elsewhere: {field}: {why['msg']}.") from error
    notes = []
    if run.parent_id is not None:
        notes.append("The run is a fork: this starts from the problem, not from where it parted.")
    others = sorted({name for name in (run.policy, run.reward, *run.also_rewards) if name} - {EMBEDDED})
    if others:
        notes.append(f"{', '.join(others)} must be known there too (ESPALIER_MODELS).")
    return {"command": command_of(spec), "python": python_of(spec), "notes": notes}


async def journal_lines(run: Run) -> AsyncIterator[bytes]:
    """The journal as JSON Lines, header first, as `python -m search run --jsonl` writes it and `replay` reads it."""
    header = await sync_to_async(_header)(run.pk)
    yield _line({"kind": "header", **header})
    after: int | None = 0
    while after is not None:
        items, after = await sync_to_async(events_page)(run.pk, after=after, limit=PAGE)
        if items:
            yield b"".join(_line(event) for event in items)


def _header(run_id: UUID) -> dict[str, Any]:
    return Run.objects.values_list("header", flat=True).get(pk=run_id) or {}


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, default=str).encode() + b"\n"
