"""Where somebody finds that a step should begin and end, where the model cut it badly."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class StepCut(models.Model):
    """One person's cut of one node. The node itself stays as the model wrote it.

    `joined`: the node's (first) part goes on with the step before it, and its mark counts for both. `parts` divide the
    text: `{end, rating, unsure}` each, `end` in characters, the last one the text's length; empty where it is one. A
    new cut replaces the former one, which stays as history (`replaced_at`). The label of the node is what its parts
    come to.
    """

    run = models.ForeignKey("explorer.Run", on_delete=models.CASCADE, related_name="cuts")
    node_index = models.IntegerField()
    annotator = models.ForeignKey("teams.User", on_delete=models.PROTECT, related_name="+")
    joined = models.BooleanField(default=False)
    parts = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    replaced_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(node_index__gte=1), name="annotation_cut_node"),
            models.UniqueConstraint(
                fields=["run", "node_index", "annotator"],
                condition=Q(replaced_at__isnull=True),
                name="annotation_one_current_cut",
            ),
        ]

    def __str__(self) -> str:
        return f"cut of node {self.node_index} of {self.run_id}"
