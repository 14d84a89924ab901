"""Writes of queues: making them, changing them, and naming the truth of an item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from app.annotation.models import LabelQueue, Ordering, QueueItem
from app.annotation.queues.candidates import Candidate, candidates, ranked
from app.annotation.queues.gold import arranged, judge_named, truth_of, truth_upto_error
from app.config.problems import Invalid
from app.explorer.models import Run, RunState, Session
from app.teams.models import Team, User

FINISHED = (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED)
EMPTY = {
    Ordering.RANDOM: "no finished run of these sessions has a path",
    Ordering.CONVINCING_WRONG: "no finished path of these sessions has a reward and an answer known to be wrong",
    Ordering.REWARD_VS_ROLLOUTS: "no step of these sessions has both a reward and rollouts",
    Ordering.UNCERTAIN_REWARD: "no step of these sessions has a reward",
}


@transaction.atomic
def queue_create(
    *,
    sessions: Sequence[Session],
    user: User,
    title: str,
    ordering: str = Ordering.RANDOM,
    limit: int = 200,
    annotators: Sequence[str] = (),
    gold_by: str | None = None,
    gold_count: int = 0,
    screening: int = 0,
    **settings: Any,
) -> LabelQueue:
    """A queue over the finished runs that the sessions have now, with at most `limit` paths.

    Of these the first `gold_count` that `gold_by` (`exact` or a member) has judged up to their first error become gold;
    the first `screening` of them come before everything, the others lie scattered among the ordinary ones.

    Raises:
        Invalid: sessions of several teams, strangers as annotators, nothing to label, or too few paths for gold.
    """
    team = _one_team(sessions)
    members = {member.username: member for member in team.members.all()}
    people = _members(annotators, members)
    judge = judge_named(gold_by, members)
    seed = settings.get("seed", 0)
    runs = Run.objects.filter(session__in=sessions, state__in=FINISHED).defer("header").order_by("pk")
    found = [one for run in runs.iterator(chunk_size=100) for one in candidates(run, ordering, seed)]
    if not found:
        raise Invalid.field("ordering", EMPTY[Ordering(ordering)], "another ordering, or sessions with finished runs")
    queue = LabelQueue(
        team=team, title=title.strip(), ordering=ordering, created_by=user, screening=screening, **settings
    )
    queue.full_clean(exclude=["team", "created_by"])
    queue.save()
    queue.sessions.set(sessions)
    queue.annotators.set(people)
    items = _items(queue, ranked(found, limit))
    if judge is not None:
        items = arranged(items, _make_gold(items, judge, gold_count), screening, seed)
    elif screening:
        raise Invalid.field("screening", "is by gold items, and there are none", "say who judges the gold items")
    QueueItem.objects.bulk_create(items, 1_000)
    return queue


@transaction.atomic
def queue_update(
    *,
    queue: LabelQueue,
    closed: bool | None = None,
    annotators: Sequence[str] | None = None,
    screening_pass: float | None = None,
) -> None:
    """Close it (nobody gets another item; everything is kept) or open it again; say who labels, and what passes.

    Raises:
        Invalid: strangers as annotators.
    """
    if annotators is not None:
        members = {member.username: member for member in queue.team.members.all()}
        queue.annotators.set(_members(annotators, members))
    if closed is not None and closed != (queue.closed_at is not None):
        queue.closed_at = timezone.now() if closed else None
        queue.save(update_fields=["closed_at"])
    if screening_pass is not None:
        queue.screening_pass = screening_pass
        queue.save(update_fields=["screening_pass"])


@transaction.atomic
def item_set_truth(*, item: QueueItem, ratings: Mapping[int, int] | None) -> QueueItem:
    """Make an item gold, or (None) an ordinary one again.

    Raises:
        Invalid: a node that is not on the path, or a step before the first error without a rating.
    """
    truth = None
    if ratings is not None:
        for node in ratings:
            if node not in item.path:
                raise Invalid.field(f"ratings.{node}", "is not on this path", f"nodes of {item.path}")
        truth = truth_upto_error(dict(ratings), item.path)
        if truth is None:
            raise Invalid.field("ratings", "a step before the first error has none", "rate every step up to it")
    if truth is None and item.screening:
        raise Invalid.field("ratings", "this item screens annotators", "leave it gold, or change its ratings")
    item.truth = truth
    item.save(update_fields=["truth"])
    return item


def _one_team(sessions: Sequence[Session]) -> Team:
    teams = {session.team_id: session.team for session in sessions}
    if len(teams) != 1:
        raise Invalid.field("sessions", "belong to several teams", "sessions of one team")
    return next(iter(teams.values()))


def _members(names: Sequence[str], members: Mapping[str, User]) -> list[User]:
    for place, name in enumerate(names):
        if name not in members:
            raise Invalid.field(f"annotators.{place}", f"the team has no member {name!r}", ", ".join(members))
    return [members[name] for name in names]


def _items(queue: LabelQueue, found: Sequence[Candidate]) -> list[QueueItem]:
    return [
        QueueItem(queue=queue, run_id=one.run, leaf=one.path[-1], path=list(one.path), place=place, score=one.score)
        for place, one in enumerate(found)
    ]


def _make_gold(items: Sequence[QueueItem], judge: User | str, count: int) -> list[QueueItem]:
    gold: list[QueueItem] = []
    for item in items:
        if len(gold) < count and (truth := truth_of(judge, item.run_id, item.path)) is not None:
            item.truth = truth
            gold.append(item)
    if not gold:
        name = judge if isinstance(judge, str) else judge.username
        raise Invalid.field("gold.by", f"{name} has judged no path of this queue", "label some first, or no gold")
    return gold
