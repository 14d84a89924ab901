"""Rollouts of one node outside its run."""

from __future__ import annotations

from django.db import models

from app.config.errands import Errand
from app.explorer.models.run import Run


class BranchRollout(Errand):
    """`k` completions of a node by the run's policy, at most `max_steps` steps each, outside the run's budget.

    Nothing enters the journal; `result` is a `BranchValue` of search/branch_value.py.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rollouts")
    node = models.IntegerField()
    k = models.PositiveSmallIntegerField()
    max_steps = models.PositiveSmallIntegerField(default=32)

    class Meta:
        indexes = [models.Index(fields=["run", "node", "-created_at"], name="explorer_rollout_recent")]

    def __str__(self) -> str:
        return f"{self.k} rollouts of node {self.node} of run {self.run_id}"
