"""Files of labels and trees on their way out and in."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone


class JobState(models.TextChoices):
    """Where a job stands. Only `queued` and `running` change any more."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


class Job(models.Model):
    """What both have in common: who asked, in which format, how it stands, what came of it."""

    State = JobState

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="+")
    created_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")
    format = models.CharField(max_length=40)
    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.QUEUED)
    counts = models.JSONField(default=dict, blank=True)
    error = models.TextField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.format} {self.state}"


class ExportJob(Job):
    """A file being written in the background, or written. `filters` says which labels go into it.

    `done` of `total` counts runs; `sha256` and `size` (bytes) are the file's.
    """

    session = models.ForeignKey("explorer.Session", on_delete=models.CASCADE, related_name="exports")
    filters = models.JSONField(default=dict, blank=True)
    done = models.IntegerField(default=0)
    total = models.IntegerField(null=True, blank=True)
    file = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=JobState.values), name="annotation_export_state")]


class ImportJob(Job):
    """A file that was sent, being read in the background into runs of a session; or read.

    `done` of `size` counts bytes. `skip` says that records that cannot be read are left out; else one of them leaves
    out all. `complaints` are the first of them, `{line, field, message, mend}`; `counts` tells how many there were.
    """

    session = models.ForeignKey("explorer.Session", on_delete=models.CASCADE, related_name="imports")
    file_name = models.CharField(max_length=200, blank=True, default="")
    skip = models.BooleanField(default=False)
    done = models.BigIntegerField(default=0)
    size = models.BigIntegerField()
    complaints = models.JSONField(default=list, blank=True)
    runs = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(state__in=JobState.values), name="annotation_import_state")]
