"""The tree a search grows: append-only nodes whose edges form a DAG. Nothing here recurses: 10,000 levels happen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from search.asked import Asked
from search.budget import Counters

Status = Literal["open", "expanded", "pruned", "terminal", "selected"]

Decided = tuple[dict[str, Any], dict[str, Any]]
"""What a decision says of all its nodes, in the order of its fields, and what it says of this one."""


@dataclass(slots=True, eq=False)
class Node:
    """One step. `parents[0]` is the parent it continues; further parents are what it merged.

    `step` is the text of its step from the step's beginning: longer than `text` where the step was decoded in chunks.
    `logprob` sums the nats of its tokens; `token_ids`, `logprobs` and `certainty` are what the policy wrote and how
    sure it was of it (empty for the root and for human steps; see `StepSample`); `sampled`, `human`, `rolled` count
    what was made from here, for the creation keys. `asked` is what a text that does not continue its parent answers.
    """

    index: int
    parents: tuple[int, ...]
    depth: int
    kind: str
    key: str
    text: str
    tokens: int = 0
    finish: str | None = None
    logprob: float | None = None
    prior: float | None = None
    by: str | None = None
    status: Status = "open"
    below: list[Node] = field(default_factory=list, repr=False)  # the children themselves
    rewards: dict[str, float] = field(default_factory=dict)
    reward: float | None = None
    value: float | None = None
    visits: int = 0
    weight: float | None = None
    answer: str | None = None
    canonical: str | None = None
    correct: bool | None = None
    reachable: bool | None = None
    decided: Decided | None = None
    token_ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    certainty: float | None = None
    step: str = ""
    asked: Asked | None = None
    sampled: int = 0
    human: int = 0
    rolled: int = 0

    def __post_init__(self) -> None:
        self.step = self.step or self.text

    @property
    def children(self) -> list[int]:
        """The indices of the nodes that continue or merge it, in order of creation."""
        return [child.index for child in self.below]

    @property
    def decision(self) -> dict[str, Any] | None:
        """What was last decided about this node (docs/architecture.md).

        Put together when somebody looks: a search decides about the same nodes again and again.
        """
        if self.decided is None:
            return None
        said, own = self.decided
        decision = {name: own.get(name, value) for name, value in said.items()}
        return {**decision, "terms": own["terms"]} if "terms" in own else decision

    @property
    def expandable(self) -> bool:
        """True if a next step may be asked for here."""
        return self.status in ("open", "expanded")

    @property
    def solved(self) -> bool:
        """True if the policy (or a person) ended the solution here and nobody pruned it: an answer candidate."""
        return self.finish == "end" and self.status != "pruned"

    @property
    def mid_step(self) -> bool:
        """True if the policy was halted in mid-step here: what follows below completes the step."""
        return self.finish == "chunk"

    @property
    def dead(self) -> bool:
        """True if the step was cut off: it can neither be continued nor counts as an answer."""
        return self.finish in ("length", "budget", "aborted")

    @property
    def note(self) -> bool:
        """True for what is no part of a solution: a plan, a critique."""
        return self.asked is not None and self.asked.note

    def unpruned_status(self) -> Status:
        """The status by finish and children alone, as after a restore."""
        if self.finish == "end" or self.dead:
            return "terminal"
        return "expanded" if self.below else "open"

    def as_dict(self) -> dict[str, Any]:
        """The folded node of docs/architecture.md: plain JSON, without token arrays."""
        return {
            "index": self.index,
            "parents": list(self.parents),
            "children": self.children,
            "depth": self.depth,
            "kind": self.kind,
            "key": self.key,
            "status": self.status,
            "text": self.text,
            "tokens": self.tokens,
            "finish": self.finish,
            "logprob": self.logprob,
            "prior": self.prior,
            "rewards": dict(self.rewards),
            "reward": self.reward,
            "value": self.value,
            "visits": self.visits,
            "weight": self.weight,
            "answer": self.answer,
            "canonical": self.canonical,
            "correct": self.correct,
            "reachable": self.reachable,
            "decision": self.decision,
            "by": self.by,
        }


@dataclass
class Tree:
    """All nodes of a run in order of creation, and what its events said about the run as a whole."""

    nodes: list[Node] = field(default_factory=list, repr=False)  # asyncio prints results: not 100,000 nodes
    counters: Counters = field(default_factory=Counters)
    solutions: list[int] = field(default_factory=list)  # nodes with finish "end", in order of creation
    by_hand: list[int] = field(default_factory=list)  # what a person wrote, expanded or restored, in order
    edits: list[tuple[int, int]] = field(default_factory=list)  # (edited node, the human step in its place)
    hints: dict[int, list[str]] = field(default_factory=dict)
    chosen: list[int] = field(default_factory=list)
    finished: dict[str, Any] | None = None
    budget: dict[str, Any] | None = None
    head_seq: int = 0
    unborn: dict[int, tuple[tuple[int, ...], tuple[float, ...], float | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, index: int) -> Node:
        return self.nodes[index]

    @property
    def root(self) -> Node:
        """The problem."""
        return self.nodes[0]

    def children(self, node: Node) -> list[Node]:
        """The nodes that continue or merge `node`, in order of creation."""
        return node.below.copy()

    def path(self, node: Node) -> list[Node]:
        """Root to `node` along first parents."""
        path = [node]
        while path[-1].parents:
            path.append(self.nodes[path[-1].parents[0]])
        path.reverse()
        return path

    def solution(self, node: Node) -> list[Node]:
        """The nodes of the solution that `node` is the newest of: below the root, or from where one was asked for."""
        found, at = [], node
        while at.parents and not at.note:
            found.append(at)
            if at.asked is not None:
                break
            at = self.nodes[at.parents[0]]
        found.reverse()
        return found

    def origin(self, node: Node) -> Asked | None:
        """What the solution to `node` answers; None: the problem."""
        while node.parents and node.asked is None:
            node = self.nodes[node.parents[0]]
        return None if node.note else node.asked

    def step_ends(self, node: Node) -> list[Node]:
        """Where the steps to `node` end, one node per step: of a step that was decoded in chunks, the last."""
        nodes, ends, at = self.nodes, [], node
        while at.parents:  # in one pass and without properties, as `steps`: a search asks for every node
            asked = at.asked
            if asked is not None and asked.note:
                break
            if at.finish != "chunk" or at is node:
                ends.append(at)
            if asked is not None:
                break
            at = nodes[at.parents[0]]
        ends.reverse()
        return ends

    def steps(self, node: Node, further: Sequence[str] = ()) -> tuple[str, ...]:
        """The steps of the solution to `node`, and `further` texts after them; chunks of one step are joined."""
        nodes, steps, at = self.nodes, [node.step] if node.parents and not node.note else [], node
        while at.parents and at.asked is None:
            at = nodes[at.parents[0]]
            if at.parents and at.finish != "chunk" and (at.asked is None or not at.asked.note):
                steps.append(at.step)
        steps.reverse()
        if further and node.mid_step:
            steps[-1] += further[0]
            further = further[1:]
        return (*steps, *further)

    def ancestors(self, node: Node) -> list[Node]:
        """`node` and everything above it over all parents, each once, leaf first (parents are always older)."""
        nodes, chain, at = self.nodes, [node], node
        while len(at.parents) == 1:
            at = nodes[at.parents[0]]
            chain.append(at)
        if not at.parents:  # no merge on the way: the path itself
            return chain
        seen = {node.index}
        waiting = [node.index]
        while waiting:
            for parent in self.nodes[waiting.pop()].parents:
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return [self.nodes[index] for index in sorted(seen, reverse=True)]

    def subtree(self, node: Node) -> list[Node]:
        """`node` and everything below it, each once, oldest first."""
        seen = {node.index}
        waiting = [node]
        while waiting:
            for child in waiting.pop().below:
                if child.index not in seen:
                    seen.add(child.index)
                    waiting.append(child)
        return [self.nodes[index] for index in sorted(seen)]

    def held_by(self, node: Node) -> list[Node]:
        """`node` and what is below it and has no other living parent, oldest first: what goes when `node` goes."""
        gone = {node.index: node}
        for below in self.subtree(node):
            if all(parent in gone or self.nodes[parent].status == "pruned" for parent in below.parents):
                gone[below.index] = below
        return list(gone.values())

    def candidates(self) -> list[Node]:
        """The answer candidates in order of creation."""
        return [node for node in map(self.nodes.__getitem__, self.solutions) if node.solved]

    def frontier(self) -> list[Node]:
        """The open nodes in order of creation."""
        return [node for node in self.nodes if node.status == "open"]

    def hints_on(self, path: Iterable[Node]) -> list[str]:
        """The hints given along a path, from the root down."""
        return [hint for node in path for hint in self.hints.get(node.index, ())] if self.hints else []

    def as_dict(self) -> dict[str, Any]:
        """The fold of docs/architecture.md, equal in Python and TypeScript."""
        return {
            "nodes": [node.as_dict() for node in self.nodes],
            "chosen": list(self.chosen),
            "finished": self.finished,
            "budget": self.budget,
            "head_seq": self.head_seq,
        }


def joined(pieces: Sequence[tuple[str, bool]]) -> tuple[str, ...]:
    """Steps out of pieces (text, whether it was halted in mid-step); the last step may be unfinished."""
    steps, begun = [], ""
    for text, mid_step in pieces:
        begun += text
        if not mid_step:
            steps.append(begun)
            begun = ""
    return (*steps, begun) if pieces and pieces[-1][1] else tuple(steps)
