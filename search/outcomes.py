"""What became of the nodes of a journal: the labels that a calibration is fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from search.calibration import CalibrationError, Labelled
from search.datasets.records import LabelledPath
from search.tree import Node, Tree

Outcome = Literal["reachable", "correct", "rollout_value", "labels"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""`reachable`: the domain's truth, can this still come right; `correct`: the verified answer of finished solutions;
`rollout_value`: the share of rollouts that came right; `labels`: ratings by people or models, from a file."""

Ratings = Mapping[tuple[str, tuple[str, ...]], float]
"""(problem, steps from the beginning) → 1 for a good last step, 0 for a bad one."""


def labelled_nodes(
    header: dict[str, Any], tree: Tree, source: str, outcome: Outcome, ratings: Ratings | None = None
) -> list[Labelled]:
    """The scored nodes of a tree whose outcome is known, in order of creation."""
    found = []
    for node in tree.nodes[1:]:
        score = node.rewards.get(source)
        known = None if score is None else _outcome(header, tree, node, outcome, ratings or {})
        if score is not None and known is not None:
            found.append(Labelled(score, *known))
    return found


def _outcome(
    header: dict[str, Any], tree: Tree, node: Node, outcome: Outcome, ratings: Ratings
) -> tuple[float, float] | None:
    """The share of successes and the number of trials; None where nothing is known."""
    if outcome == "reachable":
        return None if node.reachable is None else (float(node.reachable), 1.0)
    if outcome == "correct":
        return None if node.correct is None else (float(node.correct), 1.0)
    if outcome == "labels":
        rating = ratings.get((header["problem"]["text"], tree.steps(node)))
        return None if rating is None else (rating, 1.0)
    share = node.rewards.get("rollout_value")
    return None if share is None else (share, float(_completions(header)) if node.finish != "end" else 1.0)


def _completions(header: dict[str, Any]) -> int:
    for described in (header["reward"], *header.get("also_rewards", [])):
        if described["slug"] == "rollout_value":
            count: int = described["rollouts"]["completions"]
            return count
    raise CalibrationError("the journal has rollout values, but its header does not say of how many rollouts")


def ratings_of(paths: Iterable[LabelledPath]) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every marked step by its problem and path; a neutral step (0) counts as half a success."""
    ratings = {}
    for path in paths:
        for length, rating in enumerate(path.ratings, start=1):
            if rating is not None:
                ratings[path.prompt, path.steps[:length]] = (rating + 1) / 2
    return ratings


def source_in(header: dict[str, Any], name: str) -> dict[str, Any]:
    """The description of a reward of this journal.

    Raises:
        CalibrationError: the journal has no such reward; names those it has.
    """
    described = [*([header["reward"]] if header["reward"] else []), *header.get("also_rewards", [])]
    for known in described:
        if known["slug"] == name:
            found: dict[str, Any] = known
            return found
    names = ", ".join(known["slug"] for known in described) or "none"
    raise CalibrationError(f"the journal has no reward {name!r}; its rewards: {names}")
