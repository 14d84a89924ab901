"""From labelled nodes to labelled paths: what path-shaped formats export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from app.annotation.models import StepLabel
from app.explorer.models import Node, Run
from app.explorer.store.jsonb import restored
from search.datasets.records import LabelledPath


@dataclass(slots=True)
class Counts:
    """What an export found. `below_unmarked` are labels that no path reaches without crossing an unmarked step.

    `unsure` are labels whose annotator was not sure: they stay out, and cut their path like unmarked steps.
    """

    runs: int = 0
    labels: int = 0
    paths: int = 0
    steps: int = 0
    below_unmarked: int = 0
    unsure: int = 0
    ratings: dict[str, int] = field(default_factory=lambda: {"-1": 0, "0": 0, "1": 0})

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def marked_paths(run: Run, labels: QuerySet[StepLabel], counts: Counts) -> Iterator[LabelledPath]:
    """The maximal marked paths of one run, one judge (annotator or model) at a time.

    A path starts below the problem and follows marked steps for as long as there are any: it is cut at the first
    unmarked or unsure step, because neither is a judgement. A prefix that several paths share is part of each of them.
    """
    judged: dict[tuple[Any, str, str], dict[int, int]] = {}
    for label in labels.filter(run=run, rating__isnull=False, replaced_at__isnull=True).order_by("node_index"):
        if label.unsure:
            counts.unsure += 1
        elif label.rating is not None:
            judged.setdefault((label.annotator_id, label.source, label.model), {})[label.node_index] = label.rating
    wanted = {index for ratings in judged.values() for index in ratings}
    nodes = {
        index: (parents[0] if parents else None, restored(text))
        for index, parents, text in Node.objects.filter(run_id=run.pk, index__in=wanted)
        .values_list("index", "parents", "text")
        .order_by("index")
    }
    prompt = str(((run.header or {}).get("problem") or {}).get("text") or run.problem.text)
    for judge in sorted(judged, key=str):
        yield from _paths_of(prompt, nodes, judged[judge], counts)
    counts.runs += bool(judged)


def _paths_of(
    prompt: str, nodes: dict[int, tuple[int | None, str]], ratings: dict[int, int], counts: Counts
) -> Iterator[LabelledPath]:
    """Parents are older than their children, so one pass in order of creation finds what hangs on the problem."""
    reached: set[int] = set()
    continued: set[int] = set()
    for index in sorted(ratings):
        parent, _ = nodes[index]
        if parent == 0 or parent in reached:
            reached.add(index)
            continued.add(parent or 0)
    counts.labels += len(ratings)
    counts.below_unmarked += len(ratings) - len(reached)
    for index in sorted(reached):
        counts.ratings[str(ratings[index])] += 1
    for leaf in sorted(reached - continued):
        path = [leaf]
        while (parent := nodes[path[-1]][0]) != 0 and parent is not None:
            path.append(parent)
        path.reverse()
        counts.paths += 1
        counts.steps += len(path)
        yield LabelledPath(prompt, tuple(nodes[i][1] for i in path), tuple(ratings[i] for i in path))
