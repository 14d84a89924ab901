"""The worker's part of an import: a file becomes runs in one transaction, so a job leaves all of it or nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from app.annotation.imported_run import GrowingRun, NotStorable, journal_import
from app.annotation.imports import complaint, import_path
from app.annotation.jobs import Cancelled, Progress
from app.annotation.models import UNFINISHED, ImportJob
from app.config.advisory import held_alone
from app.explorer.models import Run
from app.explorer.services.session import session_touch
from search.datasets import MalformedRecord
from search.datasets.records import Journal, LabelledTree, Record
from search.datasets.registry import FORMATS

log = structlog.get_logger(__name__)
MOST_RUNS = 10_000
MOST_STEPS = 2_000_000
OPEN_STEPS = 50_000
"""Steps of unfinished runs held at once: paths of one problem that lie further apart become runs of their own."""
MOST_COMPLAINTS = 50
SHOWN_RUNS = 20


def import_read(job_id: str) -> None:
    """Read the file. Runs once at a time per job: a second worker that is told finds the lock taken and leaves."""
    with held_alone(job_id) as got:
        if not got:
            return
        job = ImportJob.objects.select_related("session", "created_by").get(pk=job_id)
        if job.state in UNFINISHED:
            _read(job)


def _read(job: ImportJob) -> None:
    rows = ImportJob.objects.filter(pk=job.pk)
    if not rows.filter(state__in=UNFINISHED).update(state=ImportJob.State.RUNNING, done=0):
        return
    reading = _Reading(job)
    try:
        with Progress(job) as progress, transaction.atomic():
            reading.read_all(progress)
            outcome = {"state": ImportJob.State.COMPLETED, "finished_at": timezone.now(), "done": job.size}
            said = {"counts": reading.counts, "complaints": reading.complaints, "runs": reading.shown}
            if not rows.filter(state=ImportJob.State.RUNNING).update(**outcome, **said):
                raise Cancelled
    except Cancelled:
        pass
    except MalformedRecord as error:
        _fail(job, str(error), [complaint(error)])
    except (OSError, DatabaseError) as error:
        _fail(job, f"The import stopped: {str(error).strip()}. Nothing of it was kept; send the file again.", [])
    except Exception as error:  # a record nobody thought of; the job must not be started again and again
        log.exception("import failed", job=str(job.pk))
        _fail(job, f"The import failed ({error!r}). Nothing of it was kept.", [])
    import_path(job).unlink(missing_ok=True)


def _fail(job: ImportJob, error: str, complaints: list[dict[str, Any]]) -> None:
    rows = ImportJob.objects.filter(pk=job.pk, state=ImportJob.State.RUNNING)
    failed = ImportJob.State.FAILED
    rows.update(state=failed, error=error[:2000], complaints=complaints, finished_at=timezone.now())


class _Reading:
    """One pass over the file. Runs of labelled paths stay open for further paths of their problem."""

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        self._open: OrderedDict[tuple[str, str | None], GrowingRun] = OrderedDict()
        self._open_steps = 0
        self.counts = {"runs": 0, "steps": 0, "labels": 0, "conflicts": 0, "left_out": 0}
        self.complaints: list[dict[str, Any]] = []
        self.shown: list[str] = []

    def read_all(self, progress: Progress) -> None:
        with import_path(self._job).open("rb") as stream:
            bad = self._leave_out if self._job.skip else None
            for line, record in FORMATS[self._job.format].numbered(stream, bad):
                progress.at(stream.tell())
                self._guarded(line, lambda line=line, record=record: self._take(line, record))  # type: ignore[misc]
        while self._open:
            self._close_oldest()
            progress.at(self._job.size)
        if not self.counts["runs"]:
            first = self.complaints[0] if self.complaints else None
            why = f"the first: line {first['line']}, {first['field']}: {first['message']}" if first else "it is empty"
            raise MalformedRecord(first["line"] if first else 1, "file", f"has no record that can be read; {why}")
        session_touch(self._job.session_id)

    def _guarded(self, line: int, work: Callable[[], None]) -> None:
        try:
            work()
        except NotStorable as error:
            malformed = MalformedRecord(line, error.field, error.message, error.mend)
            if not self._job.skip:
                raise malformed from error
            self._leave_out(malformed)

    def _leave_out(self, error: MalformedRecord) -> None:
        self.counts["left_out"] += 1
        if len(self.complaints) < MOST_COMPLAINTS:
            self.complaints.append(complaint(error))

    def _take(self, line: int, record: Record) -> None:
        user = self._job.created_by
        if user is None:
            raise NotStorable("file", "whoever sent it is no longer there", "send it again")
        if isinstance(record, Journal):
            self._count(line, journal_import(session=self._job.session, user=user, journal=record), {})
            return
        if isinstance(record, LabelledTree):
            growing = GrowingRun(self._job.session, user, record.prompt, record.answer)
            growing.take_tree(record)
            self._count(line, growing.store(), growing.counts)
            return
        key = (record.prompt, getattr(record, "answer", None))
        found = self._open.get(key) or GrowingRun(self._job.session, user, *key)
        before, found.line = found.size, found.line or line
        found.take(record)
        self._open[key] = found
        self._open.move_to_end(key)
        self._open_steps += found.size - before
        while self._open_steps > OPEN_STEPS and len(self._open) > 1:
            self._close_oldest()

    def _close_oldest(self) -> None:
        _, growing = self._open.popitem(last=False)
        self._open_steps -= growing.size
        self._guarded(growing.line, lambda: self._count(growing.line, growing.store(), growing.counts))

    def _count(self, line: int, run: Run, counts: dict[str, int]) -> None:
        for name, more in counts.items():
            self.counts[name] += more
        self.counts["runs"] += 1
        self.counts["steps"] += run.nodes - 1
        if len(self.shown) < SHOWN_RUNS:
            self.shown.append(str(run.pk))
        for name, most in (("runs", MOST_RUNS), ("steps", MOST_STEPS)):
            if self.counts[name] > most:
                wrong = f"has more than {most:,} {name}"
                raise MalformedRecord(line, "file", wrong, "split it by lines and import the parts")
