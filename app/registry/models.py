"""Configured language models, checks of those that an admin adds, and trials of any."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from app.config.errands import WatchedErrand


class LanguageModel(models.Model):
    """A policy or a reward model that a run can name by its slug (one per kind).

    Those without a `team` are everybody's, and only admins write them; a team's own were trained in it.

    `location` is a folder with weights, a model server's URL, or empty for models of the program itself (exact
    truth); `settings` goes to the engine as it is; `template` is the prompt template of search/templates.py as a dict.

    `configuration` of a model that was added by page: its settings as the file of models would have them
    (search/model_file.py), from which the other columns are made. Removed but named by old runs: not `enabled`.
    """

    class Kind(models.TextChoices):
        POLICY = "policy"
        REWARD = "reward"

    slug = models.CharField(max_length=120)
    title = models.CharField(max_length=200)
    team = models.ForeignKey("teams.Team", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    engine = models.CharField(max_length=40)
    location = models.CharField(max_length=500, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    template = models.JSONField(null=True, blank=True)
    domains = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    examples = ArrayField(models.TextField(), default=list, blank=True)
    builtin = models.BooleanField(default=False)
    default = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    configuration = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["kind", "slug"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["policy", "reward"]), name="registry_model_kind"),
            models.UniqueConstraint(fields=["kind", "slug"], name="registry_slug_once_per_kind"),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(default=True, enabled=True), name="registry_one_default_per_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class ModelTrial(WatchedErrand):
    """One question to a model through a worker, outside any run: does it load, what does it read, what does it say?

    `result` is that of search/trial.py.
    """

    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=LanguageModel.Kind.choices)
    slug = models.CharField(max_length=120)
    problem = models.TextField()
    steps = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "slug", "-created_at"], name="registry_trial_recent")]

    def __str__(self) -> str:
        return f"trial of {self.kind} {self.slug}"


class ModelCheck(WatchedErrand):
    """A model on its way into the registry: a worker looks at it, loads it and asks it once; then it is stored.

    `replaces`: it is there already and gets these settings. `errors` are those of the API, by field. `result` is that
    of search/model_check.py.
    """

    team = models.ForeignKey("teams.Team", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=LanguageModel.Kind.choices)
    slug = models.CharField(max_length=120)
    configuration = models.JSONField()
    replaces = models.BooleanField(default=False)
    errors = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return f"check of {self.kind} {self.slug}"
