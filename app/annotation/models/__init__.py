"""Step labels of every source, and the jobs that write them to files."""

from __future__ import annotations

from app.annotation.models.job import ExportJob
from app.annotation.models.label import StepLabel

__all__ = ["ExportJob", "StepLabel"]
