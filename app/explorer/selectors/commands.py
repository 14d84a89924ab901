"""What people told a run, and what became of it."""

from __future__ import annotations

from typing import Any

from app.explorer.models import Run


def commands_page(run: Run, *, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """Commands with a number above `after`, in the order they were given, and where the next page starts."""
    rows = list(run.commands.filter(number__gt=after).order_by("number")[: limit + 1])
    page = rows[:limit]
    items = [
        {
            "id": command.pk,
            "number": command.number,
            "kind": command.kind,
            "payload": command.payload,
            "at": command.created_at,
            "applied_seq": command.applied_seq,
            "error": command.error,
        }
        for command in page
    ]
    return items, page[-1].number if len(rows) > limit else None
