"""Where problems come from: drawn for a domain and kept to one split, Game of 24, or files of the usual shapes."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from search.bench.plan import BadPlan, ProblemSet
from search.demo.splits import Split, split_of
from search.domains import DOMAINS
from search.domains.game_of_24 import puzzles
from search.truth import readable_domain
from search.verifiers.extraction import boxed

MOST_TRIES = 20_000
"""Draws without a new problem of the split after which a set is called exhausted."""


class BadProblems(ValueError):
    """A problem set cannot be made; the message names the file and line, or the set, and the mend."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with what is known of its answer; the domains need none."""

    text: str
    answer: str | None = None
    verifier: str | None = None


def problems_of(some: ProblemSet, split: Split) -> list[Problem]:
    """The problems of one set.

    Raises:
        BadProblems: it cannot be made.
        BadPlan: it is not of this split.
    """
    if some.domain is not None:
        return drawn(some.domain, some.size, some.problems, split, some.seed)
    if some.file is not None:
        return read(Path(some.file), some.problems)
    if split == "dev":
        raise BadPlan(f"{some.name}: Game of 24 is test as a whole (search/demo/splits.py); take the test split")
    return game_of_24(some.problems, some.seed)


def drawn(domain: str, size: int | None, count: int, split: Split, seed: int = 0) -> list[Problem]:
    """`count` different problems of a split. A longer list begins with the shorter one's problems.

    Raises:
        BadProblems: the split has no more different problems of this size.
    """
    rng = random.Random(f"bench {domain} {size} {split}{_tail(seed)}")
    texts: dict[str, None] = {}
    idle = 0
    while len(texts) < count:
        text = DOMAINS[domain].generate(rng, size)
        if split_of(text) == split and text not in texts:
            texts[text] = None
            idle = 0
        elif (idle := idle + 1) > MOST_TRIES:
            raise BadProblems(
                f"{domain}, size {size}: the {split} split has only about {len(texts)} problems; ask for no more"
            )
    return [Problem(text) for text in texts]


def game_of_24(count: int, seed: int = 0) -> list[Problem]:
    """Solvable puzzles of four numbers from 1 to 13, in an order fixed by the seed; at most 1,362."""
    every = puzzles()
    if count > len(every):
        raise BadProblems(f"Game of 24 has {len(every)} solvable puzzles; {count} were asked for")
    order = random.Random(f"bench game of 24{_tail(seed)}").sample(every, len(every))
    return [Problem(text) for text in order[:count]]


def _tail(seed: int) -> str:
    """Seed 0 draws what was drawn before there were seeds."""
    return f" {seed}" if seed else ""


def read(path: Path, count: int) -> list[Problem]:
    """The first `count` problems of a file: JSON lines, or a CSV whose column `Puzzles` holds Game of 24 numbers.

    Raises:
        BadProblems: it cannot be read, a line has no problem or no answer, or there are too few.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = _puzzles(path, csv.DictReader(stream)) if path.suffix == ".csv" else read_lines(str(path), stream)
            problems = list(islice(reader, count))
    except OSError as error:
        raise BadProblems(f"{path}: the file cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise BadProblems(f"{path}: the file is not UTF-8 text ({error})") from error
    if len(problems) < count:
        raise BadProblems(f"{path}: {count} problems were asked for, the file has {len(problems)}")
    return problems


def _puzzles(path: Path, rows: csv.DictReader[str]) -> Iterator[Problem]:
    if "Puzzles" not in (rows.fieldnames or ()):
        raise BadProblems(f"{path}: a CSV of problems needs a column Puzzles, such as `4 5 6 10`")
    for number, row in enumerate(rows, start=2):
        text = f"{row['Puzzles']} -> 24"
        if readable_domain(text) is None:
            raise BadProblems(f"{path}, line {number}: {row['Puzzles']!r} is no puzzle; write it like `4 5 6 10`")
        yield Problem(text)


def read_lines(name: str, stream: Iterable[str]) -> Iterator[Problem]:
    """The problems of JSON lines in any of the shapes; `name` is what a complaint calls the file.

    Raises:
        BadProblems: a line has no problem or no answer.
    """
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        place = f"{name}, line {number}"
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadProblems(f"{place}: this is no JSON ({error})") from error
        yield _problem(place, record)


def _problem(place: str, record: Any) -> Problem:
    if not isinstance(record, dict):
        raise BadProblems(f"{place}: a JSON object was expected, with problem and answer")
    text = record.get("problem", record.get("question"))
    if not isinstance(text, str) or not text.strip():
        raise BadProblems(f"{place}: the problem is missing; name it problem or question")
    if readable_domain(text) is not None:
        return Problem(text)
    answer = _answer(record)
    if answer is None:
        raise BadProblems(
            f"{place}: the answer is missing; give answer (after #### if there is more), or solution with \\boxed{{…}}"
        )
    return Problem(text, answer, record.get("verifier") or "math")


def _answer(record: dict[str, Any]) -> str | None:
    r"""`answer` as it is or after its last `####` (GSM8K), else what a `solution` boxes (MATH)."""
    given = record.get("answer")
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)
    if isinstance(given, str) and given.strip():
        found = given.rpartition("####")[2].strip()
        return found.replace(",", "") if "####" in given else found
    solution = record.get("solution")
    return boxed(solution) if isinstance(solution, str) else None
