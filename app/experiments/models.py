"""An experiment and its cells: which run is which problem, strategy, budget and seed."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from app.explorer.models import Run, Session


class LightRows(models.Manager["Experiment"]):
    """Leaves the large columns to whoever needs them: a page asks every two seconds how an experiment is doing."""

    def get_queryset(self) -> models.QuerySet[Experiment]:
        return super().get_queryset().defer("problems", "results")


class Experiment(models.Model):
    """A plan of search/bench, carried out as the runs of a session of its own.

    `problems`: set name → `[[text, answer, verifier], …]`; uploaded sets from the start, drawn ones once a worker drew
    them. `filled_at`: every cell has its run. `results` (search/bench/summary.py, per set) are of `results_of` rows.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="experiment")
    plan = models.JSONField()
    problems = models.JSONField(default=dict, blank=True)
    total = models.PositiveIntegerField()
    error = models.TextField(null=True, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    results = models.JSONField(null=True, blank=True)
    results_of = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey("teams.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = LightRows()

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="experiments_recent")]

    def __str__(self) -> str:
        return f"experiment {self.pk}"


class Cell(models.Model):
    """One run of an experiment; `number` is its place in the plan. `row`: what search/bench/rows.py says of it."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="cells")
    number = models.PositiveIntegerField()
    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="cell")
    set = models.CharField(max_length=60)
    problem = models.PositiveIntegerField()
    strategy = models.CharField(max_length=60)
    budget = models.CharField(max_length=200)
    seed = models.BigIntegerField()
    row = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["experiment", "number"], name="experiments_cell_once")]

    def __str__(self) -> str:
        return f"{self.set}/{self.problem}/{self.strategy}/{self.budget}/{self.seed}"
