"""An existing tree under another reward: which paths change their rank, and which cuts would have gone otherwise.

Nothing is generated. A cut is judged on the tree as it was: what the search would have grown from the nodes that it
would have kept instead, nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from search.events import Event, Payload
from search.ranking import ranked
from search.rewards.base import Reward, RewardError, ScoreRequest
from search.tree import Node, Tree


@dataclass(frozen=True, slots=True)
class Shift:
    """One finished path under both rewards; rank 1 is the highest score.

    Former ties go to the older path; where the other reward ties two, they keep their former order.
    """

    node: int
    former_score: float
    score: float
    former_rank: int
    rank: int
    correct: bool | None


@dataclass(frozen=True, slots=True)
class Cut:
    """One decision that kept the best few by reward: the `kept` of `of` nodes, at event `seq`.

    `spared` were pruned and would have been kept, `lost` the other way round; `right_spared` of the former could still
    come right, as far as the truth is known. Where the other reward ties nodes, the decision stays as it was.
    """

    seq: int
    rule: str
    of: int
    kept: int
    spared: list[int]
    lost: list[int]
    right_spared: list[int]


@dataclass(frozen=True, slots=True)
class Rescoring:
    """`pairs` of finished paths that both rewards tell apart; `flipped` of them are ordered the other way round.

    `cuts` are those that would have gone otherwise, of `decided` that went by reward. `former_best` and `best` are the
    finished paths of highest score, null where none was scored.
    """

    pairs: int
    flipped: int
    shifts: list[Shift]
    decided: int
    cuts: list[Cut]
    former_best: int | None
    best: int | None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


async def score_tree(tree: Tree, problem: str, reward: Reward) -> dict[int, float]:
    """Every node's score (the problem's excepted) by this reward, pruned and cut-off nodes included.

    A reward that scores every step reads each path once, from its end.

    Raises:
        RewardError: the reward failed, or did not answer one score per path; names it.
    """
    by_step = reward.describe().get("grain", "step") == "step"
    scores: dict[int, float] = {}
    ends = [node for node in tree.nodes[1:] if not node.children]
    for batch in (ends, tree.nodes[1:]):
        todo = [node for node in batch if node.index not in scores]
        requests = [ScoreRequest(problem, tree.steps(node), node.finish == "end") for node in todo]
        results = await reward.score(requests) if requests else []
        if len(results) != len(requests):
            raise RewardError(f"reward {reward.name} gave {len(results)} results for {len(requests)} paths")
        for node, result in zip(todo, results, strict=True):
            if by_step:
                for step, score in zip(tree.step_ends(node), result.steps, strict=True):
                    scores.setdefault(step.index, float(score))
            scores[node.index] = float(result.last)
    return scores


def stored_scores(tree: Tree, source: str) -> dict[int, float]:
    """The scores that the run itself recorded from a source; empty if there are none."""
    return {node.index: node.rewards[source] for node in tree.nodes if source in node.rewards}


def rescore(tree: Tree, events: Iterable[Event], scores: Mapping[int, float]) -> Rescoring:
    """Compare the rewards that drove the run with other `scores` of its nodes; nodes without both are left out."""
    both = [node for node in tree.candidates() if node.reward is not None and node.index in scores]
    former = ranked(both, [node.reward for node in both])
    now = sorted((node for node, _ in former), key=lambda node: -round(scores[node.index], 9))
    rank = {node.index: place for place, node in enumerate(now, start=1)}
    shifts = [
        Shift(node.index, score or 0.0, scores[node.index], place, rank[node.index], node.correct)
        for place, (node, score) in enumerate(former, start=1)
    ]
    pairs, flipped = _flips(shifts)
    decisions = list(_decisions(events))
    cuts = [_cut(tree, kept, lost, scores) for kept, lost in decisions if _known(kept, lost, scores)]
    return Rescoring(
        pairs=pairs,
        flipped=flipped,
        shifts=shifts,
        decided=len(cuts),
        cuts=[cut for cut in cuts if cut.spared],
        former_best=former[0][0].index if former else None,
        best=now[0].index if now else None,
    )


def _flips(shifts: list[Shift]) -> tuple[int, int]:
    """Pairs that neither reward ties, and how many of them the two order differently."""
    before = np.array([round(shift.former_score, 9) for shift in shifts])
    after = np.array([round(shift.score, 9) for shift in shifts])
    pairs = flipped = 0
    for i in range(len(shifts) - 1):
        agreement = np.sign(before[i + 1 :] - before[i]) * np.sign(after[i + 1 :] - after[i])
        pairs += int(np.count_nonzero(agreement))
        flipped += int(np.count_nonzero(agreement < 0))
    return pairs, flipped


def _decisions(events: Iterable[Event]) -> Iterable[tuple[Event, Event]]:
    """Pairs of `selected` and `pruned` that together rank all the nodes they decided about by score."""
    before: Event | None = None
    for event in events:
        if event.kind == "pruned" and before is not None and before.kind == "selected":
            kept, lost = before.payload, event.payload
            same = (kept["rule"], kept["of"], kept["cutoff"]) == (lost["rule"], lost["of"], lost["cutoff"])
            ranks = [entry["rank"] for entry in (*kept["nodes"], *lost["nodes"])]
            if same and ranks == list(range(1, kept["of"] + 1)):
                yield before, event
        before = event


def _known(kept: Event, lost: Event, scores: Mapping[int, float]) -> bool:
    return all(entry["node"] in scores for entry in (*kept.payload["nodes"], *lost.payload["nodes"]))


def _cut(tree: Tree, kept: Event, lost: Event, scores: Mapping[int, float]) -> Cut:
    payload: Payload = lost.payload
    chosen = [entry["node"] for entry in kept.payload["nodes"]]
    pruned = [entry["node"] for entry in payload["nodes"]]
    would_keep = sorted((*chosen, *pruned), key=lambda index: -round(scores[index], 9))[: len(chosen)]
    spared = [index for index in would_keep if index in pruned]
    return Cut(
        seq=lost.seq,
        rule=payload["rule"],
        of=payload["of"],
        kept=len(chosen),
        spared=spared,
        lost=[index for index in chosen if index not in would_keep],
        right_spared=[index for index in spared if _may_come_right(tree[index])],
    )


def _may_come_right(node: Node) -> bool:
    return node.correct is True or (node.correct is None and node.reachable is True)
