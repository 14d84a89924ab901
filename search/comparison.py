"""One finished pool, every selection rule: what each would have answered, and whether that is right.

The rules themselves (`search.selection`) see no truth; here it is put beside what they say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from search.coverage import coverage
from search.paths import path_certainty
from search.selection import RULES, Rule, Selection, Settings
from search.tree import Tree


class UnknownRule(ValueError):
    """There is no selection rule of that name; the message lists those there are."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule makes of the pool. `refused`: why it cannot say anything; the rest is then null.

    `count`: how many paths give its answer; `score`: the answer's weight, or the chosen path's number where one path
    wins alone; `share`: that weight of all answers' weight.
    """

    rule: str
    title: str
    node: int | None
    answer: str | None
    correct: bool | None
    count: int | None
    score: float | None
    share: float | None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`paths` finished, `judged` of them checked against the truth, `right` of those right.

    `coverage`: (k, pass@k) of the judged paths, that is the most any rule could reach with k of them.
    """

    paths: int
    judged: int
    right: int
    verdicts: list[Verdict]
    coverage: list[tuple[int, float]]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def compare(tree: Tree, rules: Iterable[str] | None = None, settings: Settings | None = None) -> Comparison:
    """Every rule (or those named) on the finished paths of a tree that nobody pruned.

    Raises:
        UnknownRule: a name is none of a rule.
    """
    names = list(RULES) if rules is None else list(rules)
    for name in names:
        if name not in RULES:
            raise UnknownRule(f"there is no selection rule {name!r}; there are: {', '.join(RULES)}")
    candidates = tree.candidates()
    told = [node.correct for node in candidates if node.correct is not None]
    verdicts = [_verdict(tree, RULES[name], settings or Settings()) for name in names]
    return Comparison(len(candidates), len(told), sum(told), verdicts, coverage(told))


def _verdict(tree: Tree, rule: Rule, settings: Settings) -> Verdict:
    refused = _missing(tree, rule)
    if refused is not None:
        return Verdict(rule.name, rule.title, None, None, None, None, None, None, refused)
    selection = rule.apply(tree, settings)
    if selection.answer.node is None:
        return Verdict(rule.name, rule.title, None, None, None, 0, None, None, "no path gives an answer")
    chosen = tree[selection.answer.node]
    count, score, share = _support(rule, selection)
    shown = chosen.answer if chosen.answer is not None else chosen.step
    return Verdict(rule.name, rule.title, chosen.index, shown, chosen.correct, count, score, share)


def _missing(tree: Tree, rule: Rule) -> str | None:
    """Why the pool is nothing for this rule."""
    candidates = tree.candidates()
    if not candidates:
        return "no path of this pool is finished"
    if rule.needs == "reward" and all(step.reward is None for node in candidates for step in tree.path(node)):
        return "no path of this pool has a reward"
    if rule.needs == "certainty" and all(path_certainty(tree, node) is None for node in candidates):
        return "the policy did not report its certainty"
    return None


def _support(rule: Rule, selection: Selection) -> tuple[int, float | None, float | None]:
    """How many paths give the chosen answer, its weight or score, and its share of all weight."""
    if selection.answer.votes:
        weights = [float(count if rule.counts else weight) for _, weight, count in selection.answer.votes]
        total = sum(weights)
        return selection.answer.votes[0][2], weights[0], weights[0] / total if total > 0 else None
    chosen, score = next((node, score) for node, score in selection.paths if node.index == selection.answer.node)
    alike = sum(node.canonical == chosen.canonical for node, _ in selection.paths)
    return 1 if chosen.canonical is None else alike, score, None
