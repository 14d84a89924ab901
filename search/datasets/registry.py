"""Every format by its name: what it is, what it holds, how it is read and written.

The order is the order in which a file's first record is asked whether it is one of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import IO, Any, Literal

from search.datasets import (
    MalformedRecord,
    espalier,
    json_tree,
    math_aps,
    math_shepherd,
    openr,
    prm800k,
    prmbench,
    processbench,
    reasoners_log,
    step_preferences,
    tot_log,
    trl_stepwise,
)
from search.datasets.records import Journal, LabelledPath, Neutral, Record
from search.datasets.values import Bad, json_values, read_records

Shape = Literal["path", "label_tree", "preference", "tree", "journal"]
"""What a record is: a labelled path, a tree of labels, a pair of steps, a search's tree, a run's journal."""
SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class Format:
    """A file format. `about` is one line for the page; `neutrals` what a neutral step may become in it."""

    name: str
    title: str
    about: str
    shape: Shape
    recognises: Callable[[dict[str, Any]], bool]
    parse: Callable[[dict[str, Any], int], Record] | None
    read_all: Callable[[IO[bytes], Bad | None], Iterator[tuple[int, Record]]] | None
    unparse: Callable[[Record, Neutral], dict[str, Any]] | None
    neutrals: tuple[Neutral, ...] = ()

    def read(self, stream: IO[bytes], bad: Bad | None = None) -> Iterator[Record]:
        """The records of a file. Raises what `numbered` raises."""
        return (record for _, record in self.numbered(stream, bad))

    def numbered(self, stream: IO[bytes], bad: Bad | None = None) -> Iterator[tuple[int, Record]]:
        """The records of a file, each with the number of the line it begins in.

        Raises:
            MalformedRecord: the first record that cannot be read, unless `bad` takes them and the rest is wanted.
        """
        if self.read_all is not None:
            yield from self.read_all(stream, bad)
        elif self.parse is not None:
            yield from read_records(stream, self.parse, bad)

    def lines(self, record: Record, neutral: Neutral = "good") -> Iterator[dict[str, Any]]:
        """A record as the JSON objects of its lines; one, but for a journal.

        Raises:
            Unwritable: the format would say something else than the record.
        """
        if self.unparse is None:
            assert isinstance(record, Journal)
            yield from espalier.lines(record)
        else:
            beside = record.original if isinstance(record, LabelledPath) else None
            original = {} if beside is None else {"original_steps": list(beside)}
            yield self.unparse(record, neutral) | original

    def write(self, records: Iterable[Record], stream: IO[bytes], *, neutral: Neutral = "good") -> int:
        """Write JSON Lines; returns how many records. Memory does not grow with their number."""
        written = 0
        for record in records:
            for line in self.lines(record, neutral):
                stream.write(encoded(line))
            written += 1
        return written


def encoded(line: dict[str, Any]) -> bytes:
    """One line of JSON Lines. Half of a surrogate pair, which UTF-8 cannot hold, is written as its escape."""
    try:
        return json.dumps(line, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(line).encode() + b"\n"


def _format(module: ModuleType, title: str, about: str, shape: Shape, neutrals: tuple[Neutral, ...] = ()) -> Format:
    """A module with `parse` has one record per JSON object, one with `read` joins several; without `unparse`, lines."""
    parse, read, unparse = (getattr(module, name, None) for name in ("parse", "read", "unparse"))
    return Format(module.NAME, title, about, shape, module.recognises, parse, read, unparse, neutrals)


_TWO: tuple[Neutral, ...] = ("good", "bad")
FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        _format(
            trl_stepwise,
            "TRL stepwise supervision",
            "prompt, completions and a label each: what TRL's PRMTrainer reads.",
            "path",
            ("good", "bad", "half"),
        ),
        _format(
            prm800k,
            "PRM800K",
            "One solution a line with all rated alternatives of each step, −1, 0, 1 and unmarked.",
            "label_tree",
        ),
        _format(
            math_shepherd,
            "Math-Shepherd",
            "Problem and steps as one text, each step ended by “ки”, and + or − in its place.",
            "path",
            _TWO,
        ),
        _format(
            processbench, "ProcessBench", "A solution and the index of its first wrong step; −1 if none.", "path", _TWO
        ),
        _format(
            prmbench, "PRMBench", "A solution and the numbers of all its wrong steps, counted from 1.", "path", _TWO
        ),
        _format(
            openr, "OpenR / MATH-APS processes", "question, process and a label per step: + and −, or shares.", "path",
            _TWO,
        ),
        _format(
            step_preferences,
            "Step preferences (DPO)",
            "Two ways to go on after the same steps: prompt, chosen, rejected.",
            "preference",
        ),
        _format(
            math_aps, "OmegaPRM tree (MATH-APS)", "Nested text, mc_value and children of a rollout tree.", "tree"
        ),
        _format(
            tot_log, "Tree of Thoughts log", "Breadth-first levels: proposals, values and what was kept.", "tree"
        ),
        _format(
            reasoners_log, "LLM Reasoners log", "Snapshots of nodes and edges for its visualiser.", "tree"
        ),
        _format(
            espalier, "Espalier journal", "Everything that happened in a run, event by event; nothing is lost.",
            "journal",
        ),
        _format(json_tree, "JSON tree", "Nodes with text, rewards, ratings, prunings; easy to make and read.", "tree"),
    )
}  # fmt: skip


def format_named(name: str) -> Format:
    """The format of that name. Raises ValueError that lists the names."""
    if name not in FORMATS:
        raise ValueError(f"There is no format {name!r}; there are: {', '.join(FORMATS)}.")
    return FORMATS[name]


def guess(stream: IO[bytes]) -> str | None:
    """The format of a file by its first record that can be read, or None. The stream is read from its beginning."""
    try:
        for _, value in json_values(stream, bad=lambda _: None):
            if isinstance(value, dict):
                return next((one.name for one in FORMATS.values() if one.recognises(value)), None)
    except MalformedRecord:
        pass
    return None
