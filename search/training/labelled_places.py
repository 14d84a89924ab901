"""From labelled paths to branching token sequences with a label at every scored place.

Paths of one problem are laid over each other: a beginning that several share is computed once, and a place that
several judge is learned once, by the mean of what they say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from search.datasets.records import LabelledPath
from search.datasets.registry import FORMATS, guess
from search.rewards.base import RewardError, ScoreRequest
from search.rewards.scoring import Reading
from search.training.names import is_held_out
from search.training.packing import IGNORED, Sequence
from search.truth import readable_domain

MOST_TOKENS = 50_000_000
"""Of one file: they are kept in memory, some 30 bytes each."""


class TrainingError(ValueError):
    """A reward cannot be trained; the message names the file or model, and the mend."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A path as the model reads it: token ids, and the share of good at each labelled position."""

    ids: tuple[int, ...]
    shares: Mapping[int, float]


@dataclass(slots=True)
class Examples:
    """The sequences of a file. What is held out is never learned from: whole problems, about one in ten.

    `left_out` counts paths that the model cannot read, `why` is the first one's reason.
    """

    learned: list[Sequence] = field(default_factory=list)
    held_out: list[Sequence] = field(default_factory=list)
    problems: int = 0
    paths: int = 0
    places: int = 0
    left_out: int = 0
    why: str = ""


def paths_in(file: Path) -> Iterator[LabelledPath]:
    """The labelled paths of a file in any format of paths.

    Raises:
        TrainingError: it is no such file.
        MalformedRecord: a record cannot be read; names its line.
    """
    with file.open("rb") as stream:
        name = guess(stream)
    if name is None or FORMATS[name].shape != "path":
        names = ", ".join(one.name for one in FORMATS.values() if one.shape == "path")
        raise TrainingError(f"{file} is no file of labelled paths; export the labels as one of {names}.")
    with file.open("rb") as stream:
        for record in FORMATS[name].read(stream):
            assert isinstance(record, LabelledPath)
            yield record


def examples_of(
    paths: Iterable[LabelledPath], read: Callable[[ScoreRequest], Reading], longest: int, *, final_end: bool
) -> Examples:
    """Encode every path; `final_end` says that the model scores a solution's last step elsewhere than other steps.

    Raises:
        TrainingError: nothing in it is labelled, or the model can read nothing of it.
    """
    found = Examples()
    groups: defaultdict[str, list[Labelled]] = defaultdict(list)
    tokens = 0
    for path in paths:
        try:
            encoded = list(_encoded(path, read, final_end))
        except RewardError as error:
            found.left_out += 1
            found.why = found.why or str(error)
            continue
        tokens += sum(len(one.ids) for one in encoded)
        if tokens > MOST_TOKENS:
            raise TrainingError(f"The file has more than {MOST_TOKENS:,} tokens; train on a part of it.")
        found.paths += 1
        # A path whose beginning another has brought has that beginning in its prompt: its first line tells.
        groups[path.prompt.partition("\n")[0]] += encoded
    for problem, encoded in groups.items():
        target = found.held_out if is_held_out(problem) else found.learned
        target += overlaid(encoded, longest)
    found.problems = len(groups)
    if not found.learned:  # a handful of problems: none is spared
        found.learned, found.held_out = found.held_out, []
    found.places = sum(label != IGNORED for one in found.learned + found.held_out for label in one.labels)
    if not found.places:
        raise TrainingError(found.why or "No step of the file is labelled; label some and export again.")
    return found


def _encoded(path: LabelledPath, read: Callable[[ScoreRequest], Reading], final_end: bool) -> Iterator[Labelled]:
    values = path.values or (None,) * len(path.steps)
    shares = [
        value if value is not None else None if rating is None else (rating + 1) / 2
        for value, rating in zip(values, path.ratings, strict=True)
    ]
    finished = _finished(path) if final_end else False
    for end in (False, True) if finished is None else (finished,):
        reading = read(ScoreRequest(path.prompt, path.steps, end))
        # Scores are as many as steps; the last one's place is the only one that differs between the two ends.
        places = zip(reading.scored, shares, strict=True)
        yield Labelled(reading.ids, {place: share for place, share in places if share is not None})


def _finished(path: LabelledPath) -> bool | None:
    """Whether the last step ends the solution; None where nobody can tell, and the label is learned at both ends."""
    lines = path.prompt.split("\n")
    domain = readable_domain(lines[0])
    return None if domain is None else domain.complete(lines[0], [*lines[1:], *path.steps])


def overlaid(paths: list[Labelled], longest: int) -> Iterator[Sequence]:
    """The paths of one problem as branching sequences of at most `longest` tokens, or one longer path."""
    sums: defaultdict[tuple[int, ...], list[float]] = defaultdict(list)
    for path in paths:
        for place, share in path.shares.items():
            sums[path.ids[: place + 1]].append(share)
    open_places = {beginning: sum(shares) / len(shares) for beginning, shares in sums.items()}
    branches = _Branches()
    for path in sorted(paths, key=lambda path: path.ids):  # those that share much come one after another
        if branches.ids and len(branches.ids) + branches.missing(path.ids) > longest:
            yield branches.sequence()
            branches = _Branches()
        branches.add(path, open_places)
    if branches.ids:
        yield branches.sequence()


class _Branches:
    """A branching sequence in the making."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self._parents: list[int] = []
        self._labels: list[float] = []
        self._after: dict[tuple[int, int], int] = {}

    def missing(self, ids: tuple[int, ...]) -> int:
        """How many tokens of a path are not there yet."""
        at = -1
        for known, token in enumerate(ids):
            following = self._after.get((at, token))
            if following is None:
                return len(ids) - known
            at = following
        return 0

    def add(self, path: Labelled, open_places: dict[tuple[int, ...], float]) -> None:
        """Hang the path in; a place whose label is still open takes it, so that each label counts once."""
        at = -1
        for place, token in enumerate(path.ids):
            following = self._after.get((at, token))
            if following is None:
                following = self._after[at, token] = len(self.ids)
                self.ids.append(token)
                self._parents.append(at)
                self._labels.append(IGNORED)
            at = following
            if place in path.shares:
                share = open_places.pop(path.ids[: place + 1], None)
                if share is not None:
                    self._labels[at] = share

    def sequence(self) -> Sequence:
        """What is there so far."""
        return Sequence(self.ids, self._labels, self._parents)
