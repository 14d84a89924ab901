"""A run is one search: its settings, its state, its counters, and who is working on it."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.utils import timezone

from app.explorer.models.session import Problem, Session


class RunState(models.TextChoices):
    """Where a run stands. A spent budget is `completed` with `stopped_by = "budget"`."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Run(models.Model):
    """One search. `lease` is the attempt that may write; `lease_until` is by the database's clock.

    `doorbell_at` is when a Celery message was last sent for it; a run that waits without one is rung again.
    Numbers have database defaults because the worker writes by psycopg, past the ORM.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="runs")
    problem = models.ForeignKey(Problem, on_delete=models.PROTECT, related_name="runs")
    algorithm = models.CharField(max_length=60)
    params = models.JSONField(default=dict, blank=True)
    policy = models.CharField(max_length=120)
    reward = models.CharField(max_length=120, null=True, blank=True)
    also_rewards = models.JSONField(default=list, db_default=Value([], models.JSONField()), blank=True)
    sampling = models.JSONField(default=dict, blank=True)
    budget = models.JSONField(default=dict, blank=True)
    seed = models.BigIntegerField()
    header = models.JSONField(null=True, blank=True)

    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.QUEUED)
    stopped_by = models.CharField(max_length=20, null=True, blank=True)
    cap = models.CharField(max_length=20, null=True, blank=True)
    error = models.TextField(null=True, blank=True)
    head_seq = models.BigIntegerField(default=0, db_default=0)
    revision = models.IntegerField(default=0, db_default=0)
    answer = models.TextField(null=True, blank=True)
    correct = models.BooleanField(null=True, blank=True)
    chosen = ArrayField(models.IntegerField(), null=True, blank=True)

    tokens = models.BigIntegerField(default=0, db_default=0)
    prompt_tokens = models.BigIntegerField(default=0, db_default=0)
    policy_calls = models.BigIntegerField(default=0, db_default=0)
    reward_calls = models.BigIntegerField(default=0, db_default=0)
    nodes = models.IntegerField(default=0, db_default=0)
    seconds = models.FloatField(default=0, db_default=0)
    lost_tokens = models.BigIntegerField(default=0, db_default=0)

    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    doorbell_at = models.DateTimeField(null=True, blank=True)
    queue = models.CharField(max_length=60, default="interactive")

    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="forks")
    fork_seq = models.BigIntegerField(null=True, blank=True)
    change = models.JSONField(null=True, blank=True)
    created_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["session", "-created_at", "-id"], name="explorer_run_recent"),
            # What a worker asks every five seconds: who waits without a message, whose lease ran out.
            models.Index(
                fields=["state", "lease_until", "doorbell_at"],
                name="explorer_run_doorbell",
                condition=Q(state__in=["queued", "running"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="explorer_run_state"),
            models.CheckConstraint(condition=Q(head_seq__gte=0), name="explorer_run_head"),
            models.CheckConstraint(
                condition=Q(tokens__gte=0, prompt_tokens__gte=0, policy_calls__gte=0, reward_calls__gte=0)
                & Q(nodes__gte=0, seconds__gte=0, lost_tokens__gte=0),
                name="explorer_run_counters",
            ),
            # A lease without an end could never be taken over.
            models.CheckConstraint(
                condition=Q(lease__isnull=True) | Q(lease_until__isnull=False), name="explorer_run_lease"
            ),
            models.CheckConstraint(
                condition=Q(fork_seq__isnull=True) | Q(fork_seq__gte=0), name="explorer_run_fork_seq"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm} {self.pk} ({self.state})"


class RunAttempt(models.Model):
    """One worker's turn at a run: what it wrote, and what was lost when it died. Not part of the journal."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts")
    lease = models.UUIDField(unique=True)
    worker = models.CharField(max_length=200)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=40, null=True, blank=True)
    first_seq = models.BigIntegerField(null=True, blank=True)
    last_seq = models.BigIntegerField(null=True, blank=True)
    generated_tokens = models.BigIntegerField(default=0, db_default=0)
    lost_tokens = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"attempt {self.lease} at {self.run_id}"
