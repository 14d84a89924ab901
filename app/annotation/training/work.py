"""A worker's side of a training: labels into a file, a process of its own that learns, its curve into the database.

The process (`python -m search train`) has the processor's leftovers, keeps what it has done in a checkpoint, and ends
when its worker is gone: a killed worker leaves a checkpoint, and the next one goes on with it.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils import timezone

from app.annotation.automatic.work import stopping
from app.annotation.marked_paths import Counts, judged, paths_of, problem_of
from app.annotation.models import StepLabel, TrainingJob
from app.annotation.training.bases import base_argument
from app.annotation.training.services import training_complete, training_folder
from app.config.advisory import held_alone
from app.explorer.models import Run
from search.datasets.registry import FORMATS
from search.training.names import is_held_out

State = TrainingJob.State
TICK_SECONDS = 0.5
STOPPED = 3
"""Exit status of a training that can be gone on with."""


def train(job_id: str) -> None:
    """Work on a job. A second worker that is told of it finds the lock taken and leaves."""
    with held_alone(job_id) as free:
        if not free:
            return
        job = TrainingJob.objects.get(pk=job_id)
        if job.state in (State.QUEUED, State.RUNNING):
            TrainingJob.objects.filter(pk=job.pk).update(state=State.RUNNING, touched_at=timezone.now())
            _work(job)
        job.refresh_from_db()
        if job.state == State.CANCELLED:
            shutil.rmtree(training_folder(job), ignore_errors=True)


def _work(job: TrainingJob) -> None:
    folder = training_folder(job)
    folder.mkdir(parents=True, exist_ok=True)
    labels, reward = folder / "labels.jsonl", folder / "reward"
    if not labels.exists():
        _write_labels(job, labels)
    if not reward.is_dir():
        outcome, complaint = _learn(job, labels, reward)
        if outcome == STOPPED and not complaint:
            return
        if outcome != 0:
            TrainingJob.objects.filter(pk=job.pk, state=State.RUNNING).update(
                state=State.FAILED, error=complaint or f"The training ended with status {outcome}; resume it to go on."
            )
            return
    training_complete(job, reward)


def _write_labels(job: TrainingJob, target: Path) -> None:
    """The labels as TRL's stepwise supervision, as an export writes them, whole or not at all."""
    counts = Counts()
    labels = StepLabel.objects.filter(rating__isnull=False, replaced_at__isnull=True, source__in=job.sources)
    runs = Run.objects.filter(session__in=job.sessions).select_related("problem").order_by("created_at", "pk")
    problems: set[str] = set()
    draft = target.with_suffix(".draft")
    with draft.open("wb") as file:
        for run in runs.iterator(chunk_size=100):
            for one in judged(run, labels, counts):
                problems.add(problem_of(run)["text"].partition("\n")[0])
                counts.records += FORMATS["trl_stepwise"].write(paths_of(one, counts, once=False), file)
    draft.replace(target)
    held_out = sum(map(is_held_out, problems))
    spared = {"problems": len(problems), "held_out": held_out if held_out < len(problems) else 0}
    TrainingJob.objects.filter(pk=job.pk).update(counts=counts.as_dict() | spared)


def _learn(job: TrainingJob, labels: Path, reward: Path) -> tuple[int, str]:
    """Run the process to its end, or until the job is held or the worker has to go: its status, and what it said."""
    command = [
        sys.executable, "-m", "search", "train", str(labels), "--out", str(reward), "--json", "--stop-with-parent",
        "--base", base_argument(job.base), "--steps", str(job.steps), "--seed", str(job.seed),
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=_be_modest,
        cwd=Path(__file__).parents[3],
    ) as process:  # fmt: skip
        try:
            curve: list[dict[str, Any]] = []
            for rows in _rows(process):
                if rows:
                    curve += rows
                    _store(job, curve)
                if not _goes_on(job):
                    process.terminate()
            said = process.stderr.read().decode(errors="replace") if process.stderr else ""
            status = process.wait()
        finally:
            process.kill()
    lines = [line for line in said.strip().splitlines() if line.strip()]
    if status == STOPPED:
        return status, ""
    return status, lines[-1] if status and lines else ""


def _rows(process: subprocess.Popen[bytes]) -> Iterator[list[dict[str, Any]]]:
    """What the process has reported since the last look, at least twice a second, until it ends."""
    assert process.stdout is not None
    descriptor, rest = process.stdout.fileno(), b""
    while True:
        ready, _, _ = select.select([descriptor], [], [], TICK_SECONDS)
        if ready:
            block = os.read(descriptor, 2**16)
            if not block:
                return
            *lines, rest = (rest + block).split(b"\n")
            yield [json.loads(line) for line in lines]
        else:
            yield []


def _store(job: TrainingJob, curve: list[dict[str, Any]]) -> None:
    TrainingJob.objects.filter(pk=job.pk).update(curve=curve, done=curve[-1]["step"], touched_at=timezone.now())


def _goes_on(job: TrainingJob) -> bool:
    """Whether nobody has held it; a worker that has to go leaves it queued."""
    rows = TrainingJob.objects.filter(pk=job.pk, state=State.RUNNING)
    if stopping.is_set():
        rows.update(state=State.QUEUED)
        return False
    return rows.exists()


def _be_modest() -> None:
    os.nice(10)
