"""Agreement of a queue's annotators, and the paths they disagree about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import asdict
from typing import Any

from app.annotation.agreement.marks import ReadItem, first_error_codes, preference_codes, read_items, step_codes
from app.annotation.agreement.measures import Level, krippendorff_alpha, pairs
from app.annotation.models import LabelQueue
from app.annotation.review.paths import path_steps


def agreement(queue: LabelQueue) -> dict[str, Any]:
    """Per step (α ordinal: bad < neutral < good), on the first-error index (α nominal) and on preferences between
    siblings (α ordinal: a tie lies between the two), with κ per pair."""
    items = read_items(queue)
    twice = [read for read in items if len(read.marks) > 1]
    disputed = [read for read in twice if read.disputed]
    return {
        "items_read_twice": len(twice),
        "items_disputed": len(disputed),
        "items_adjudicated": sum(set(read.disputed) <= set(read.adjudicated) for read in disputed),
        "steps": _measured(step_codes(items), "ordinal"),
        "first_errors": _measured(first_error_codes(items), "nominal"),
        "preferences": _measured(preference_codes(items), "ordinal"),
    }


def disagreements(queue: LabelQueue, *, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """Paths with a disputed step behind place `after`, each step with what everybody said; and where to go on."""
    found = [read for read in read_items(queue) if read.disputed and read.item.place > after]
    page = found[:limit]
    return [_shape(read) for read in page], page[-1].item.place if len(found) > limit else None


def _measured(codes: dict[str, dict[Hashable, int]], level: Level) -> dict[str, Any]:
    judged = Counter(unit for own in codes.values() for unit in own)
    return {
        "alpha": krippendorff_alpha(codes, level),
        "units": sum(people > 1 for people in judged.values()),
        "pairs": [asdict(pair) for pair in pairs(codes)],
    }


def _shape(read: ReadItem) -> dict[str, Any]:
    steps, _ = path_steps(read.item.run_id, read.item.path)
    disputed = set(read.disputed)
    return {
        "item": read.item.pk,
        "run": read.item.run_id,
        "leaf": read.item.leaf,
        "place": read.item.place,
        "problem": read.item.run.problem.text,
        "reference": read.item.run.problem.answer,
        "annotators": sorted(read.marks),
        "steps": [
            {
                "node": step.node,
                "text": step.text,
                "ratings": {name: ratings.get(step.node) for name, ratings in sorted(read.marks.items())},
                "disputed": step.node in disputed,
                "adjudicated": read.adjudicated.get(step.node),
            }
            for step in steps
        ],
    }
