"""The journal of a run, and the commands that people gave it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from app.explorer.models.run import Run


class Event(models.Model):
    """One entry of the journal, packed: texts and token arrays lie in `Node` (app/explorer/store/codec.py).

    No foreign-key check: the transaction that copies events has just updated the run's row under its lease.
    """

    pk = models.CompositePrimaryKey("run_id", "seq")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events", db_constraint=False, db_index=False)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    payload = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(seq__gte=1), name="explorer_event_from_one")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class CommandKind(models.TextChoices):
    """What a person can ask of a run; the names of the journal's `human` effect."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    EXPAND = "expand"
    PRUNE = "prune"
    RESTORE = "restore"
    EDIT = "edit"
    HINT = "hint"
    RAISE_BUDGET = "raise_budget"


class Command(models.Model):
    """A person's wish, durable before anybody is told. Waits while both `applied_seq` and `error` are null.

    `payload` is the effect's: `{node?, text?, n?, budget?, by}`; `number` keeps the order in which they were given.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    number = models.BigIntegerField(editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="commands")
    kind = models.CharField(max_length=16, choices=CommandKind.choices)
    payload = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    applied_seq = models.BigIntegerField(null=True, blank=True)
    error = models.TextField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["run", "number"],
                name="explorer_command_waiting",
                condition=Q(applied_seq__isnull=True, error__isnull=True),
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="explorer_command_order"),
            models.CheckConstraint(condition=Q(kind__in=CommandKind.values), name="explorer_command_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of run {self.run_id}"
