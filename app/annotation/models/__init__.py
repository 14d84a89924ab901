"""Step labels of every source, readings of whole paths, queues of them, and the jobs that write and read files."""

from __future__ import annotations

from app.annotation.models.automatic import AutomaticLabelJob, AutomaticState, Method
from app.annotation.models.cut import StepCut
from app.annotation.models.job import UNFINISHED, ExportJob, ImportJob, JobState
from app.annotation.models.label import StepLabel
from app.annotation.models.preference import SiblingPreference, Verdict
from app.annotation.models.queue import ItemReading, LabelQueue, Ordering, QueueItem, Skipping
from app.annotation.models.review import Outcome, PathReview
from app.annotation.models.training import TrainingJob

__all__ = [
    "UNFINISHED",
    "AutomaticLabelJob",
    "AutomaticState",
    "ExportJob",
    "ImportJob",
    "ItemReading",
    "JobState",
    "LabelQueue",
    "Method",
    "Ordering",
    "Outcome",
    "PathReview",
    "QueueItem",
    "SiblingPreference",
    "Skipping",
    "StepCut",
    "StepLabel",
    "TrainingJob",
    "Verdict",
]
