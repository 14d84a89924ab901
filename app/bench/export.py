"""How much memory a million labelled steps take on their way into a file.

A thousand runs of a hundred labelled paths, ten steps each, all in PostgreSQL; the export runs in a process of its own,
whose peak is what the kernel says of it, Django included.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from app.bench.application import Application
from app.bench.figure import Figure
from app.bench.store import use_services

if TYPE_CHECKING:
    from app.annotation.models import ExportJob

RUNS, PATHS, STEPS = 1_000, 100, 10
MILLION = RUNS * PATHS * STEPS
FORMAT = "trl_stepwise"
WRITE = """
import sys, django
django.setup()
from app.annotation.exporting import export_write
export_write(sys.argv[1])
"""
_TWINS = """
INSERT INTO explorer_run SELECT (jsonb_populate_record(run, jsonb_build_object(
    'id', gen_random_uuid(), 'session_id', %(session)s::uuid, 'nodes', %(nodes)s + 1, 'head_seq', %(nodes)s + 1
))).* FROM explorer_run AS run, generate_series(1, %(runs)s) WHERE run.id = %(model)s
"""
_NODES = """
INSERT INTO explorer_node (run_id, "index", parents, depth, kind, key, text, tokens, finish, created_seq)
SELECT run.id, at, CASE WHEN at = 0 THEN '{}'::int[] WHEN at %% %(steps)s = 1 THEN '{0}' ELSE ARRAY[at - 1] END,
    CASE WHEN at = 0 THEN 0 ELSE (at - 1) %% %(steps)s + 1 END, CASE WHEN at = 0 THEN 'root' ELSE 'step' END, at::text,
    'Step ' || at || ': ' || md5(run.id::text || at) || ' and so the sum of both sides is what was asked for.',
    24, CASE WHEN at = 0 THEN NULL ELSE 'step' END, at + 1
FROM explorer_run AS run, generate_series(0, %(nodes)s) AS at WHERE run.session_id = %(session)s
"""
_LABELS = """
INSERT INTO annotation_steplabel
    (run_id, node_index, annotator_id, source, model, rating, unsure, tags, comment, created_at)
SELECT run_id, "index", %(user)s, 'human', '', 1 - ("index" %% 7 = 0)::int * 2, false, '{}', '', now()
FROM explorer_node JOIN explorer_run AS run ON run.id = run_id WHERE run.session_id = %(session)s AND "index" > 0
"""


def measure() -> list[Figure]:
    """Peak memory of the process that writes the file, in MB of 10⁶ bytes."""
    with Application() as espalier:
        use_services(espalier)
        job = _prepared()
        began = time.perf_counter()
        child = os.spawnve(os.P_NOWAIT, sys.executable, [sys.executable, "-c", WRITE, str(job.pk)], dict(os.environ))
        _, status, usage = os.wait4(child, 0)
        seconds = time.perf_counter() - began
        job.refresh_from_db()
        if status or job.counts.get("steps") != MILLION:
            raise RuntimeError(f"the export is {job.state} with {job.counts}: {job.error}")
    peak = usage.ru_maxrss * 1024 / 1e6
    why = f"{FORMAT}, {job.counts['paths']:,} paths of {RUNS:,} runs, {(job.size or 0) / 1e6:.0f} MB in {seconds:.0f} s"
    return [Figure("export.million_steps_mb", round(peak), "MB", 300.0, "lower", why)]


def _prepared() -> ExportJob:
    from django.db import connection, transaction

    from app.annotation.models import ExportJob
    from app.explorer.models import Problem, Run, Session
    from app.teams.models import Team, User

    user = User.objects.order_by("pk").first()
    assert user is not None
    team = Team.objects.order_by("pk").first()
    assert team is not None
    session = Session.objects.create(team=team, title="A million labelled steps", created_by=user)
    elsewhere = Session.objects.create(team=team, title="The run that is copied", created_by=user)
    problem = Problem.objects.create(session=session, text="What is the sum of both sides?")
    model = Run.objects.create(
        session=elsewhere, problem=problem, algorithm="imported", policy="imported", seed=0, state="completed"
    )
    values: dict[str, Any] = {
        "runs": RUNS, "nodes": PATHS * STEPS, "steps": STEPS, "model": model.pk, "session": session.pk, "user": user.pk
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TWINS, values)
        cursor.execute(_NODES, values)
        cursor.execute(_LABELS, values)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE explorer_run, explorer_node, annotation_steplabel")
    return ExportJob.objects.create(team=team, session=session, created_by=user, format=FORMAT, filters={})
