"""Which of two ways to go on somebody finds better."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from app.annotation.models.label import StepLabel


class Verdict(models.TextChoices):
    """Of the two ways the one that is better, neither, or: cannot be said."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    UNSURE = "unsure"


class SiblingPreference(models.Model):
    """One judgement of two steps that go on from the same one. A new judgement replaces the former one, as labels do.

    `first` is the older node. Who judged is said as of a `StepLabel`; there is one current preference of each judge
    about each pair (`replaced_at` null), and none where a judgement was taken back.
    """

    run = models.ForeignKey("explorer.Run", on_delete=models.CASCADE, related_name="preferences")
    first = models.IntegerField()
    second = models.IntegerField()
    verdict = models.CharField(max_length=6, choices=Verdict.choices)
    annotator = models.ForeignKey("teams.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=8, choices=StepLabel.Source.choices, default=StepLabel.Source.HUMAN)
    model = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    replaced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="annotation_preference_verdict"),
            models.CheckConstraint(
                condition=Q(source__in=StepLabel.Source.values), name="annotation_preference_source"
            ),
            models.CheckConstraint(
                condition=Q(first__gte=1, second__gt=F("first")), name="annotation_preference_order"
            ),
            models.UniqueConstraint(
                fields=["run", "first", "second", "annotator", "source", "model"],
                condition=Q(replaced_at__isnull=True),
                nulls_distinct=False,
                name="annotation_one_current_preference",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} of {self.first} and {self.second} of {self.run_id}"
