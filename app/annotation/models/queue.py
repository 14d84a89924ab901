"""Queues: which paths a team wants read, by how many, in which order, and who has one in front of them."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from app.annotation.models.review import PathReview


class Ordering(models.TextChoices):
    """What comes first."""

    RANDOM = "random"
    CONVINCING_WRONG = "convincing_wrong"
    REWARD_VS_ROLLOUTS = "reward_vs_rollouts"
    UNCERTAIN_REWARD = "uncertain_reward"


class Skipping(models.TextChoices):
    """What becomes of a path that somebody skips."""

    FORBIDDEN = "forbidden"
    TO_OTHERS = "to_others"
    LATER = "later"


class LabelQueue(models.Model):
    """Paths of finished runs, to be read by `labels_per_item` people each. `annotators` empty: whoever may label.

    With `screening`, everybody first gets that many gold items, and the others only with a share of at least
    `screening_pass` of their steps right.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="queues")
    title = models.CharField(max_length=200)
    instructions = models.TextField(blank=True, default="")
    sessions = models.ManyToManyField("explorer.Session", related_name="queues")
    ordering = models.CharField(max_length=20, choices=Ordering.choices, default=Ordering.RANDOM)
    seed = models.BigIntegerField(default=0)
    labels_per_item = models.PositiveSmallIntegerField(default=1)
    blind = models.BooleanField(default=True)
    show_rewards = models.BooleanField(default=False)
    skipping = models.CharField(max_length=10, choices=Skipping.choices, default=Skipping.TO_OTHERS)
    lock_minutes = models.PositiveSmallIntegerField(default=30)
    screening = models.PositiveSmallIntegerField(default=0)
    screening_pass = models.FloatField(default=0.8)
    annotators = models.ManyToManyField("teams.User", related_name="queues", blank=True)
    created_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["team", "-created_at", "-id"], name="annotation_queue_recent")]
        constraints = [
            models.CheckConstraint(condition=Q(ordering__in=Ordering.values), name="annotation_queue_ordering"),
            models.CheckConstraint(condition=Q(skipping__in=Skipping.values), name="annotation_queue_skipping"),
            models.CheckConstraint(
                condition=Q(labels_per_item__gte=1, lock_minutes__gte=1), name="annotation_queue_numbers"
            ),
            models.CheckConstraint(
                condition=Q(screening_pass__gte=0, screening_pass__lte=1), name="annotation_queue_screening"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class QueueItem(models.Model):
    """One path of a queue: `path` lists its nodes from the first step to `leaf`.

    `truth` (`{node: rating}`) makes it a gold item: everybody gets it, and is measured by it; with `screening`, before
    any other. The lock is `held_by` until `held_until`, by the database's clock; `score` is what the ordering went by.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    queue = models.ForeignKey(LabelQueue, on_delete=models.CASCADE, related_name="items")
    run = models.ForeignKey("explorer.Run", on_delete=models.CASCADE, related_name="+")
    leaf = models.IntegerField()
    path = ArrayField(models.IntegerField())
    place = models.IntegerField()
    score = models.FloatField(null=True, blank=True)
    truth = models.JSONField(null=True, blank=True)
    screening = models.BooleanField(default=False)
    held_by = models.ForeignKey("teams.User", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    held_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "run", "leaf"], name="annotation_item_once"),
            models.UniqueConstraint(fields=["queue", "place"], name="annotation_item_place"),
        ]

    def __str__(self) -> str:
        return f"path to node {self.leaf} of {self.run_id}"


class ItemReading(models.Model):
    """What one person has done with an item: read it (`review`) or skipped it (null)."""

    item = models.ForeignKey(QueueItem, on_delete=models.CASCADE, related_name="readings")
    annotator = models.ForeignKey("teams.User", on_delete=models.PROTECT, related_name="+")
    review = models.ForeignKey(PathReview, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "annotator"], name="annotation_item_read_once")]

    def __str__(self) -> str:
        return f"{self.annotator_id} on {self.item_id}"
