"""The messages of `/ws/runs/<id>/?after=<seq>`, and how they become frames. docs/architecture.md §6 is the contract."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict
from uuid import UUID

LARGEST_FRAME = 256_000  # bytes
FINISHED = frozenset({"completed", "failed", "cancelled"})


class Hello(TypedDict):
    """First message: where the run stands."""

    type: Literal["hello"]
    run: str
    head: int
    state: str
    counters: dict[str, float]
    revision: int


class Batch(TypedDict):
    """Events in order, `from_seq` to `to_seq`; without events it tells a change of state (`from_seq = head + 1`)."""

    type: Literal["batch"]
    run: str
    from_seq: int
    to_seq: int
    events: list[dict[str, Any]]
    state: str
    counters: dict[str, float]


class Resync(TypedDict):
    """This socket was too slow and is closed; connect again with `after` (or with your own last sequence)."""

    type: Literal["resync"]
    run: str
    after: int


class End(TypedDict):
    """The run is finished at `final_seq`. Batches of a later revision may follow, and another end."""

    type: Literal["end"]
    run: str
    final_seq: int
    state: str
    stopped_by: str | None
    answer: str | None
    correct: bool | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run's row as the live feed sees it."""

    head: int
    state: str
    stopped_by: str | None
    answer: str | None
    correct: bool | None
    revision: int
    counters: dict[str, float]

    @property
    def finished(self) -> bool:
        """Nothing more comes unless somebody gives a command."""
        return self.state in FINISHED

    def tells_more_than(self, earlier: Snapshot | None) -> bool:
        """Whether viewers should hear of it although no event came."""
        return earlier is None or self._told != earlier._told

    @property
    def _told(self) -> tuple[object, ...]:
        return self.state, self.stopped_by, self.revision, self.counters["lost_tokens"]


def encode(message: Hello | Resync | End) -> str:
    """A message as a text frame."""
    return _json(message)


def hello(run: UUID, now: Snapshot) -> Hello:
    """The greeting for a socket."""
    return {
        "type": "hello",
        "run": str(run),
        "head": now.head,
        "state": now.state,
        "counters": now.counters,
        "revision": now.revision,
    }


def end(run: UUID, now: Snapshot) -> End:
    """The last word of a finished run."""
    return {
        "type": "end",
        "run": str(run),
        "final_seq": now.head,
        "state": now.state,
        "stopped_by": now.stopped_by,
        "answer": now.answer,
        "correct": now.correct,
    }


@dataclass(frozen=True, slots=True)
class Frame:
    """An encoded batch, shared by every socket that watches the run."""

    from_seq: int
    to_seq: int
    text: str


def batches(run: UUID, after: int, events: Sequence[dict[str, Any]], now: Snapshot) -> Iterator[Frame]:
    """Events as frames of at most 256 kB (an event that is larger by itself gets a frame of its own).

    Without events: one empty frame that tells the state.
    """
    tail = f'],"state":{_json(now.state)},"counters":{_json(now.counters)}}}'
    for texts in _parts([_json(event) for event in events], LARGEST_FRAME - len(tail) - 200):
        first, last = after + 1, after + len(texts)
        head = f'{{"type":"batch","run":"{run}","from_seq":{first},"to_seq":{last},"events":['
        yield Frame(first, last, head + ",".join(texts) + tail)
        after = last


def _parts(texts: list[str], largest: int) -> Iterable[list[str]]:
    part: list[str] = []
    size = 0
    for text in texts:
        if part and size + len(text) + 1 > largest:
            yield part
            part, size = [], 0
        part.append(text)
        size += len(text) + 1
    yield part


def _json(value: Any) -> str:
    # Plain ASCII: its length in bytes is its length, and lone surrogates in a model's text survive.
    return json.dumps(value, separators=(",", ":"))
