"""What became of a path that somebody read from its first step to its last."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Outcome(models.TextChoices):
    """How a reading ended; the names of PRM800K's `finish_reason`."""

    SOLUTION = "solution"
    FOUND_ERROR = "found_error"
    BAD_PROBLEM = "bad_problem"
    GIVE_UP = "give_up"


class PathReview(models.Model):
    """One person's reading of one path, named by its last node. The marks themselves are step labels.

    A new reading of the same path replaces the former one, which stays as history (`replaced_at`). `seconds` counts
    the time in front of the page, `step_seconds` the part of it per node (`{"12": 8.5}`).
    """

    run = models.ForeignKey("explorer.Run", on_delete=models.CASCADE, related_name="reviews")
    leaf = models.IntegerField()
    annotator = models.ForeignKey("teams.User", on_delete=models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    comment = models.TextField(blank=True, default="")
    seconds = models.FloatField(default=0)
    step_seconds = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    replaced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="annotation_review_outcome"),
            models.CheckConstraint(condition=Q(leaf__gte=1, seconds__gte=0), name="annotation_review_numbers"),
            models.UniqueConstraint(
                fields=["run", "leaf", "annotator"],
                condition=Q(replaced_at__isnull=True),
                name="annotation_one_current_review",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} of the path to node {self.leaf} of {self.run_id}"
