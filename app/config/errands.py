"""Errands: single questions that a page asks and a worker answers, each a row, so that nothing depends on a message."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import close_old_connections, connection, models, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from app.config.advisory import held_alone

PATIENCE = timedelta(seconds=10)


class Errand(models.Model):
    """What was asked is in the fields of the table; `result` is plain JSON, `error` says what to mend."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    error = models.TextField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    created_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


E = TypeVar("E", bound=Errand)
Ring = Callable[[str], object]
"""Tells a worker of an errand's id."""


def errand_send(errand: Errand, ring: Ring) -> None:
    """Store it and, once that is done, tell a worker."""
    errand.save(force_insert=True)
    transaction.on_commit(lambda: ring(str(errand.pk)))


CANCELLED = "cancelled"
"""The state of an errand that nobody waits for any more, for tables that allow it (`WatchedErrand`)."""


class WatchedErrand(Errand):
    """An errand that may take long: `stages` say how far it is (search/progress.py), and it can be cancelled."""

    state = models.CharField(
        max_length=10, choices=[*Errand.State.choices, (CANCELLED, "Cancelled")], default=Errand.State.QUEUED
    )
    stages = models.JSONField(default=list, blank=True)

    class Meta:
        abstract = True


def errand_cancel(errand: WatchedErrand) -> bool:
    """Nobody waits for it any more; whatever its worker still finds is dropped. False: it was over before."""
    rows = type(errand)._default_manager.filter(pk=errand.pk, finished_at__isnull=True)
    return bool(rows.update(state=CANCELLED, finished_at=timezone.now()))


def errand_look_after(errand: Errand, ring: Ring) -> None:
    """One whose worker died, or that no worker was told of, is rung for again by whoever asks how it is doing."""
    if errand.finished_at is not None or timezone.now() - errand.created_at < PATIENCE:
        return
    try:
        if cache.add(f"espalier:errand:{errand.pk}", 1, PATIENCE.seconds):
            ring(str(errand.pk))
    except RedisError:
        pass  # whoever asks next tries again


def errand_carry_out(model: type[E], errand_id: str, work: Callable[[E], Any], *known: type[Exception]) -> None:
    """On a worker's thread: `work` gives the result; exceptions that are `known` say by themselves what to mend.

    A second worker that is told finds the lock taken and leaves. The thread gives its database connection back.
    """
    close_old_connections()
    try:
        with held_alone(f"errand:{errand_id}") as mine:
            errand = model._default_manager.filter(pk=errand_id, finished_at__isnull=True).first()
            if mine and errand is not None:
                rows = model._default_manager.filter(pk=errand_id, finished_at__isnull=True)
                rows.update(state=Errand.State.RUNNING)
                rows.update(**_outcome(errand, work, known), finished_at=timezone.now())
    finally:
        connection.close()


def _outcome(errand: E, work: Callable[[E], Any], known: tuple[type[Exception], ...]) -> dict[str, Any]:
    try:
        return {"state": Errand.State.COMPLETED, "result": work(errand)}
    except known as error:
        return {"state": Errand.State.FAILED, "error": str(error)}
    except Exception as error:  # a library's own complaint about weights or a tokenizer is what an admin needs
        return {"state": Errand.State.FAILED, "error": f"{type(error).__name__}: {error}"}
