"""Gold items: paths whose truth is known, by which annotators are measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.annotation.models import QueueItem, StepLabel
from app.annotation.review.paths import first_error
from app.config.problems import Invalid
from app.explorer.models import NodeState
from app.teams.models import User
from search.randomness import uniform

EXACT = "exact"
"""The judge that is no person: exact labels, and what the domain said while the search ran."""

Truth = dict[int, int]


def truth_of(judge: User | str, run_id: UUID, path: Sequence[int]) -> Truth | None:
    """What the judge says of the steps up to the first error; None where that is not said of every one of them."""
    if isinstance(judge, str):
        states = NodeState.objects.filter(run_id=run_id, index__in=path, reachable__isnull=False)
        ratings: dict[int, int | None] = {
            index: 1 if reachable else -1 for index, reachable in states.values_list("index", "reachable")
        }
        labels = StepLabel.objects.filter(source=StepLabel.Source.EXACT)
    else:
        ratings = {}
        labels = StepLabel.objects.filter(source=StepLabel.Source.HUMAN, annotator=judge, unsure=False, model="")
    ratings |= labels.filter(
        run=run_id, node_index__in=path, rating__isnull=False, replaced_at__isnull=True
    ).values_list("node_index", "rating")
    return truth_upto_error(ratings, path)


def truth_upto_error(ratings: Mapping[int, int | None], path: Sequence[int]) -> Truth | None:
    """Ratings of the steps up to the first error, or None where one of them has none."""
    found = first_error(dict(ratings), list(path))
    if found is None:
        return None
    known = path if found < 0 else path[: found + 1]
    return {node: int(ratings[node] or 0) for node in known}


def arranged(items: Sequence[QueueItem], gold: Sequence[QueueItem], screening: int, seed: int) -> list[QueueItem]:
    """The items in the order they are handed out, `place` set: `screening` gold ones first, the other gold scattered.

    One gold item lies in every stretch of the queue, at a place that the seed draws: nobody can count to the next one.

    Raises:
        Invalid: there are fewer gold items than screening asks for.
    """
    if screening > len(gold):
        wrong = f"asks for {screening} gold items, and only {len(gold)} could be made"
        raise Invalid.field("screening", wrong, "fewer, or more paths that the judge has judged")
    first, scattered = gold[:screening], gold[screening:]
    ordinary = [item for item in items if item.truth is None]
    places: list[int] = []
    stretch = (len(ordinary) + len(scattered)) / len(scattered) if scattered else 0.0
    for number in range(len(scattered)):
        drawn = int((number + uniform(seed, "gold", number)) * stretch)
        places.append(max(drawn, places[-1] + 1 if places else 0))
    order = ordinary
    for place, item in zip(places, scattered, strict=True):  # ascending: earlier ones stay where they were put
        order.insert(place, item)
    order = [*first, *order]
    for place, item in enumerate(order):
        item.place, item.screening = place, place < screening
    return order


def judge_named(name: str | None, members: Mapping[str, User]) -> User | str | None:
    """`exact`, a member of the team, or nobody.

    Raises:
        Invalid: the team has no such member.
    """
    if name is None or name == EXACT:
        return name
    if name not in members:
        raise Invalid.field("gold.by", f"the team has no member {name!r}", f"{EXACT}, or one of {', '.join(members)}")
    return members[name]
