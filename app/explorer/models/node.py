"""The tree of a run: what was written once, and what the search thinks of it now."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from app.explorer.models.run import Run


class Node(models.Model):
    """A step as it was created. Insert-only: texts and token arrays are stored here once and nowhere else.

    No foreign-key check, as with `Event`.
    """

    pk = models.CompositePrimaryKey("run_id", "index")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="tree_nodes", db_constraint=False, db_index=False
    )
    index = models.IntegerField()
    parents = ArrayField(models.IntegerField(), default=list)
    depth = models.IntegerField()
    kind = models.CharField(max_length=16)
    key = models.TextField()
    text = models.TextField()
    token_ids = ArrayField(models.IntegerField(), null=True)
    logprobs = ArrayField(models.FloatField(), null=True)
    logprob = models.FloatField(null=True)
    tokens = models.IntegerField(default=0, db_default=0)
    finish = models.CharField(max_length=12, null=True)
    by = models.CharField(max_length=150, null=True)
    created_seq = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(index__gte=0, depth__gte=0), name="explorer_node_index")]

    def __str__(self) -> str:
        return f"node {self.index} of run {self.run_id}"


class NodeState(models.Model):
    """What the search thinks of a node; written at most once per flush. Indexed by its key only."""

    pk = models.CompositePrimaryKey("run_id", "index")
    run = models.ForeignKey(
        Run, on_delete=models.CASCADE, related_name="node_states", db_constraint=False, db_index=False
    )
    index = models.IntegerField()
    status = models.CharField(max_length=12)
    value = models.FloatField(null=True)
    visits = models.IntegerField(default=0, db_default=0)
    reward = models.FloatField(null=True)
    rewards = models.JSONField(default=dict)
    weight = models.FloatField(null=True)
    prior = models.FloatField(null=True)
    answer = models.TextField(null=True)
    canonical = models.TextField(null=True)
    correct = models.BooleanField(null=True)
    reachable = models.BooleanField(null=True)
    decision = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"node {self.index} of run {self.run_id}: {self.status}"
