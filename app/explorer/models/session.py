"""A session gathers the runs that belong to one line of thought; a problem is what a run works on."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class Session(models.Model):
    """A team's exploration. Archived instead of deleted: its labels may be in somebody's training set."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="sessions")
    title = models.CharField(max_length=200)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    created_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["team", "-updated_at", "-id"], name="explorer_session_recent")]

    def __str__(self) -> str:
        return self.title


class Problem(models.Model):
    """The text a policy continues, with the true answer where it is known and who checks answers."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="problems")
    text = models.TextField()
    answer = models.TextField(null=True, blank=True)
    verifier = models.CharField(max_length=40, null=True, blank=True)

    def __str__(self) -> str:
        return self.text[:80]
