"""Files of labels and trees on their way out."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone


class ExportJob(models.Model):
    """A file being written in the background, or written. `filters` says which labels go into it."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="+")
    session = models.ForeignKey("explorer.Session", on_delete=models.CASCADE, related_name="exports")
    created_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")
    format = models.CharField(max_length=40)
    filters = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    done = models.IntegerField(default=0)
    total = models.IntegerField(null=True, blank=True)
    file = models.CharField(max_length=200, blank=True)
    counts = models.JSONField(default=dict, blank=True)
    error = models.TextField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "completed", "failed"]), name="annotation_export_state"
            )
        ]

    def __str__(self) -> str:
        return f"{self.format} {self.state}"
