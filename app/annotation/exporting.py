"""The worker's part of an export: run after run to a file that readers see whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import IO

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from app.annotation.exports import export_path
from app.annotation.jobs import Cancelled, Progress
from app.annotation.marked_paths import Counts, judged, paths_of, sessions_of
from app.annotation.models import UNFINISHED, ExportJob, SiblingPreference, StepCut, StepLabel
from app.annotation.preferred_steps import preferences_of, stated_preferences
from app.annotation.run_tree import tree_of
from app.config.advisory import held_alone
from app.explorer.models import Run
from app.explorer.selectors import events_page
from search.datasets import Unwritable
from search.datasets.records import Origin, Record
from search.datasets.registry import FORMATS, SUFFIX, encoded

EVENTS_AT_ONCE = 1_000


def export_write(job_id: str) -> None:
    """Write the file. Runs once at a time per job: a second worker that is told finds the lock taken and leaves."""
    with held_alone(job_id) as got:
        if not got:
            return
        job = ExportJob.objects.select_related("session").get(pk=job_id)
        if job.state in UNFINISHED:
            _write(job)


def _write(job: ExportJob) -> None:
    rows = ExportJob.objects.filter(pk=job.pk)
    labels = _labels(job)
    runs = _runs(job, labels)
    cut = _is_cut(job)
    total = runs.count()
    if not rows.filter(state__in=UNFINISHED).update(state=ExportJob.State.RUNNING, done=0, total=total):
        return
    counts = Counts()
    job.file = f"{job.pk}{SUFFIX}"
    final = export_path(job)
    partial = final.with_name(f"{job.file}.part")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with Progress(job) as progress, partial.open("wb") as file:
            stream = _Summed(file)
            for number, run in enumerate(runs.iterator(chunk_size=100)):
                progress.at(number)
                for line in _lines(job, run, labels, counts, cut):
                    stream.write(line)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(final)
    except Cancelled:
        partial.unlink(missing_ok=True)
        return
    except OSError as error:
        partial.unlink(missing_ok=True)
        reason = f"The file could not be written: {error.strerror or error}. Free some space and export again."
        rows.update(state=ExportJob.State.FAILED, error=reason, finished_at=timezone.now())
        return
    written = {"file": job.file, "sha256": stream.sum.hexdigest(), "size": stream.size, "counts": counts.as_dict()}
    done = {"state": ExportJob.State.COMPLETED, "done": total, "finished_at": timezone.now()}
    if not rows.filter(state=ExportJob.State.RUNNING).update(**written, **done):
        final.unlink(missing_ok=True)


class _Summed:
    """A file whose checksum and size are known when it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()
        self.size = 0

    def write(self, line: bytes) -> None:
        self._file.write(line)
        self.sum.update(line)
        self.size += len(line)


def _labels(job: ExportJob) -> QuerySet[StepLabel]:
    """The labels an export is about, in whichever run; human ones unless others were asked for."""
    labels = StepLabel.objects.filter(
        rating__isnull=False,
        replaced_at__isnull=True,
        source__in=job.filters.get("sources") or [StepLabel.Source.HUMAN],
    )
    if job.filters.get("annotators"):
        labels = labels.filter(annotator__username__in=job.filters["annotators"])
    return labels


def _stated(job: ExportJob) -> QuerySet[SiblingPreference]:
    """The stated preferences an export is about, by the same filters as its labels."""
    rows = SiblingPreference.objects.filter(
        replaced_at__isnull=True, source__in=job.filters.get("sources") or [StepLabel.Source.HUMAN]
    )
    if job.filters.get("annotators"):
        rows = rows.filter(annotator__username__in=job.filters["annotators"])
    return rows


def _runs(job: ExportJob, labels: QuerySet[StepLabel]) -> QuerySet[Run]:
    """Label formats are about runs with labels, tree formats about every run that has begun to grow."""
    runs = Run.objects.filter(session=job.session).select_related("problem").order_by("created_at", "pk")
    if job.filters.get("runs"):
        runs = runs.filter(pk__in=job.filters["runs"])
    if FORMATS[job.format].shape in ("tree", "journal"):
        return runs.filter(head_seq__gt=0)
    if FORMATS[job.format].shape == "preference":
        return runs.filter(Exists(labels.filter(run=OuterRef("pk"))) | Exists(_stated(job).filter(run=OuterRef("pk"))))
    return runs.filter(Exists(labels.filter(run=OuterRef("pk"))))  # by the index, whatever the planner knows


def _is_cut(job: ExportJob) -> bool:
    """Whether somebody has cut steps of this session otherwise, and the file shall have them so.

    Then every line has the original beside, so that the columns of all lines are the same.
    """
    if job.filters.get("cut_by", "annotator") == "model":
        return False
    return StepCut.objects.filter(run__session=job.session_id, replaced_at__isnull=True).exists()


def _lines(job: ExportJob, run: Run, labels: QuerySet[StepLabel], counts: Counts, cut: bool) -> Iterator[bytes]:
    """What the file says of one run."""
    format = FORMATS[job.format]
    if format.shape == "journal":
        counts.runs += 1
        yield from _journal(run, counts)
        return
    for record in _records(job, run, labels, counts, cut):
        try:
            lines = [encoded(line) for line in format.lines(record, job.filters.get("neutral", "good"))]
        except Unwritable:
            counts.left_out += 1
            continue
        counts.records += 1
        yield from lines


def _records(job: ExportJob, run: Run, labels: QuerySet[StepLabel], counts: Counts, cut: bool) -> Iterator[Record]:
    shape, once = FORMATS[job.format].shape, bool(job.filters.get("once"))
    found = judged(run, labels, counts, cut=cut)
    if shape == "path":
        for one in found:
            yield from paths_of(one, counts, once=once, original=cut)
    elif shape == "label_tree":
        for one in found:
            yield from sessions_of(one, counts, once=once)
    elif shape == "preference":
        stated, said = stated_preferences(run, _stated(job), counts)
        wanted = job.filters.get("pairs", "all")
        if wanted != "rated":
            yield from stated
        for one in found:
            if wanted != "stated":
                yield from preferences_of(one, said.get(one.judge, set()))
    else:
        none = True
        for one in found:
            none = False
            yield tree_of(run, one.ratings, one.origin)
        if none:
            counts.runs += 1
            yield tree_of(run, {}, Origin("model", run.policy, "", str(run.pk)))


def _journal(run: Run, counts: Counts) -> Iterator[bytes]:
    """Header and events, a page at a time."""
    if run.header is None:
        counts.left_out += 1
        return
    counts.records += 1
    yield encoded({"kind": "header", **run.header})
    after: int | None = 0
    while after is not None:
        page, after = events_page(run.pk, after=after, limit=EVENTS_AT_ONCE)
        for event in page:
            yield encoded({name: event[name] for name in ("seq", "kind", "payload", "at") if name in event})
