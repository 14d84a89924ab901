"""What the API answers (docs/architecture.md, section 7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema


class LatestRun(Schema):
    """What a list says about a session's newest run."""

    id: UUID
    algorithm: str
    state: str
    stopped_by: str | None
    answer: str | None
    correct: bool | None
    tokens: int
    nodes: int
    head_seq: int


class SessionOut(Schema):
    """A session. `role` is the caller's: owner, editor, annotator, viewer, or shared."""

    id: UUID
    title: str
    tags: list[str]
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    created_by: str | None
    team: int
    runs: int
    states: dict[str, int]
    problem: str | None
    latest: LatestRun | None
    role: str


class SessionPage(Schema):
    """A page of sessions."""

    items: list[SessionOut]
    next: str | None


class TagOut(Schema):
    """A tag, and how many sessions have it."""

    tag: str
    sessions: int


class TagPage(Schema):
    """All tags at once; `next` is always null."""

    items: list[TagOut]
    next: str | None


class ProblemOut(Schema):
    """What a run works on."""

    text: str
    answer: str | None
    verifier: str | None


class CountersOut(Schema):
    """What was spent. `lost_tokens` were generated and lost in a crash."""

    tokens: int
    prompt_tokens: int
    policy_calls: int
    reward_calls: int
    nodes: int
    seconds: float
    lost_tokens: int


class QueueOut(Schema):
    """Where a waiting run stands; `ahead` = how many wait before it."""

    position: int
    ahead: int
    reason: str


class RunOut(Schema):
    """A run. `seed` is always stored, so that every run can be repeated."""

    id: UUID
    session: UUID
    title: str
    problem: ProblemOut
    algorithm: str
    params: dict[str, Any]
    policy: str
    reward: str | None
    also_rewards: list[str]
    sampling: dict[str, Any]
    budget: dict[str, Any]
    seed: int
    state: str
    stopped_by: str | None
    cap: str | None
    error: str | None
    counters: CountersOut
    head_seq: int
    revision: int
    answer: str | None
    correct: bool | None
    chosen: list[int] | None
    parent: UUID | None
    fork_seq: int | None
    change: dict[str, Any] | None
    queue: QueueOut | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    created_by: str | None


class RunPage(Schema):
    """A page of runs."""

    items: list[RunOut]
    next: str | None


class LabelOut(Schema):
    """The caller's own mark on a step; `rating` null is unmarked, which is not neutral."""

    rating: int | None
    unsure: bool
    tags: list[str]
    comment: str
    at: datetime


class NodeOut(Schema):
    """A folded node without its children."""

    index: int
    parents: list[int]
    depth: int
    kind: str
    key: str
    status: str
    text: str
    tokens: int
    finish: str | None
    logprob: float | None
    prior: float | None
    rewards: dict[str, float]
    reward: float | None
    value: float | None
    visits: int
    weight: float | None
    answer: str | None
    canonical: str | None
    correct: bool | None
    reachable: bool | None
    decision: dict[str, Any] | None
    by: str | None
    created_seq: int
    label: LabelOut | None = None


class NodePage(Schema):
    """A page of nodes; give `next` back as `after`."""

    items: list[NodeOut]
    next: int | None


class EstimateOut(Schema):
    """A calibrated probability of success and its 95 % interval."""

    p: float
    low: float
    high: float


class NodeDetail(NodeOut):
    """Everything about a node: its tokens, the exact prompt it was sampled from, the exact text a reward model read.

    The token lists are empty for the problem and for human steps; `token_texts` also where no tokenizer is at hand,
    `token_entropies` (nats, of the policy's whole next-token distribution) where its engine does not see all of it.
    """

    children: list[int]
    token_ids: list[int]
    token_texts: list[str]
    token_logprobs: list[float]
    token_entropies: list[float]
    saw: dict[str, Any] | None
    calibrated: dict[str, EstimateOut]
    reward_inputs: list[dict[str, Any]]
    path: list[int]
    labels: list[dict[str, Any]]


class EventOut(Schema):
    """One entry of the journal; `at` is UTC with microseconds."""

    seq: int
    kind: str
    payload: dict[str, Any]
    at: str


class EventPage(Schema):
    """A page of the journal; give `next` back as `after`."""

    items: list[EventOut]
    next: int | None


class CommandOut(Schema):
    """Accepted: `command` is its id, `state` the run's state at this moment."""

    command: UUID
    state: str


class ChartOut(Schema):
    """A plotly figure and what to look for in it."""

    name: str
    title: str
    look_for: str
    figure: dict[str, Any]


class ChartsOut(Schema):
    """Figures drawn from the events up to `as_of_seq`."""

    charts: list[ChartOut]
    as_of_seq: int


class MomentOut(Schema):
    """One run's side of a parting: the event, and the first node it speaks of."""

    seq: int
    kind: str
    node: int | None


class PartingOut(Schema):
    """The first thing two runs did differently, after `nodes` nodes alike; a side that is null had ended by then."""

    nodes: int
    left: MomentOut | None
    right: MomentOut | None


class ComparisonOut(Schema):
    """Runs in the order asked for; `partings[i]` is between the first and run i + 1, null where they did the same."""

    runs: list[RunOut]
    partings: list[PartingOut | None]
    charts: list[ChartOut]


class RecipeOut(Schema):
    """The same run elsewhere; `notes` are sentences on what that needs, or leaves out."""

    command: str
    python: str
    notes: list[str]


class SelectionOut(Schema):
    """What one selection rule makes of the run's finished paths; `refused` says why it cannot tell.

    `count` paths give its answer; `score` is the answer's weight, or the chosen path's number where one path wins
    alone; `share` that weight of all answers' weight.
    """

    rule: str
    title: str
    node: int | None
    answer: str | None
    correct: bool | None
    count: int | None
    score: float | None
    share: float | None
    refused: str | None


class SelectionsOut(Schema):
    """Every rule on one pool: `paths` finished, `judged` of them checked, `right` of those right; and (k, pass@k)."""

    paths: int
    judged: int
    right: int
    verdicts: list[SelectionOut]
    coverage: list[tuple[int, float]]
    as_of_seq: int


class GivenCommand(Schema):
    """A command: waiting (`applied_seq` and `error` null), applied as that event, or refused. `payload` has `by`."""

    id: UUID
    number: int
    kind: str
    payload: dict[str, Any]
    at: datetime
    applied_seq: int | None
    error: str | None


class CommandPage(Schema):
    """A page of commands; give `next` back as `after`."""

    items: list[GivenCommand]
    next: int | None
