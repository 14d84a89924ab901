"""What somebody or something thinks of a step."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone


class StepLabel(models.Model):
    """One judgement of one step. A new judgement replaces the former one, which stays as history.

    The current label of a (run, node, annotator, source, model) has `replaced_at` null. `rating` null is
    *unmarked*, which is not neutral. `model` names the judge, or the policy whose rollouts were counted; of a human
    label it is empty, or `adjudicated` where it settles a dispute. `value` in [0, 1] and `counts` `{right, of}` are
    those of rollouts.
    """

    class Source(models.TextChoices):
        HUMAN = "human"
        ROLLOUT = "rollout"
        EXACT = "exact"
        MODEL = "model"

    run = models.ForeignKey("explorer.Run", on_delete=models.CASCADE, related_name="labels")
    node_index = models.IntegerField()
    annotator = models.ForeignKey("teams.User", null=True, blank=True, on_delete=models.PROTECT, related_name="labels")
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.HUMAN)
    model = models.CharField(max_length=120, blank=True, default="")
    rating = models.SmallIntegerField(null=True, blank=True)
    unsure = models.BooleanField(default=False)
    value = models.FloatField(null=True, blank=True)
    counts = models.JSONField(null=True, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    comment = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    replaced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rating__isnull=True) | Q(rating__in=[-1, 0, 1]), name="annotation_label_rating"
            ),
            models.CheckConstraint(
                condition=Q(source__in=["human", "rollout", "exact", "model"]), name="annotation_label_source"
            ),
            models.CheckConstraint(condition=Q(node_index__gte=0), name="annotation_label_node"),
            models.UniqueConstraint(
                fields=["run", "node_index", "annotator", "source", "model"],
                condition=Q(replaced_at__isnull=True),
                nulls_distinct=False,
                name="annotation_one_current_label",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.rating} on node {self.node_index} of {self.run_id}"
