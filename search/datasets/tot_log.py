"""The log of a Tree of Thoughts search, breadth first: per level the proposals, their values, and what was kept.

Yao et al., "Tree of Thoughts: Deliberate Problem Solving with Large Language Models", 2023. A problem is
`{idx, steps: [{step, x, ys, new_ys, values, select_new_ys}], ys, infos: [{r}], usage_so_far}`. Every `y` is the whole
solution so far; a proposal hangs below the kept one it begins with. Values are sums over samples of the evaluator
(sure 20, likely 1, impossible 0.001). What was not kept is pruned by the rule `tot-bfs`.
"""

from __future__ import annotations

import ast
from typing import Any

from search.datasets import MalformedRecord, Unwritable
from search.datasets.checks import list_of, number_of, text_of
from search.datasets.records import LabelledTree, Neutral, Origin, Record, Round, TreeNode

NAME = "tot_log"
RULE = "tot-bfs"
REWARD = "tot-value"


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    steps = record.get("steps")
    return isinstance(steps, list) and bool(steps) and isinstance(steps[0], dict) and "new_ys" in steps[0]


def parse(record: dict[str, Any], line: int) -> LabelledTree:
    """The first of the final solutions is the search's answer; `infos` say which of them are right."""
    levels = list_of(record, "steps", line)
    if not levels or not all(isinstance(level, dict) for level in levels):
        raise MalformedRecord(line, "steps", "must be a list of at least one level")
    tree = LabelledTree([TreeNode(text_of(levels[0], "x", line, path="steps.0.", empty=False), None, "root")])
    tree.origin = Origin("model", NAME)
    tree.fields = {name: record[name] for name in ("idx", "usage_so_far") if name in record}
    frontier = [("", 0)]
    for number, level in enumerate(levels):
        frontier = _level(tree, level, frontier, f"steps.{number}.", line)
    _outcomes(tree, record, frontier, line)
    return tree


def _level(
    tree: LabelledTree, level: dict[str, Any], frontier: list[tuple[str, int]], where: str, line: int
) -> list[tuple[str, int]]:
    """Add one level's proposals; what was kept of them, as (solution so far, node)."""
    new, kept = _texts(level, "new_ys", where, line), _texts(level, "select_new_ys", where, line)
    values = _literal(level, "values", where, line)
    if len(values) != len(new):
        raise MalformedRecord(line, f"{where}values", f"must be {len(new)} numbers, one per proposal")
    scores = [number_of(value, f"{where}values", line) for value in values]
    first = len(tree.nodes)
    waiting: dict[str, list[int]] = {}
    for text, score in zip(new, scores, strict=True):
        begun = [pair for pair in frontier if text.startswith(pair[0])]
        above = max(begun, key=lambda pair: len(pair[0]), default=None)
        if above is None:
            wrong = f"has {text[:60]!r}, which goes on from nothing that was kept"
            raise MalformedRecord(line, f"{where}new_ys", wrong)
        step = text[len(above[0]) :].removesuffix("\n")
        waiting.setdefault(text, []).append(tree.add(above[1], step, rewards={REWARD: score}))
    chosen: list[tuple[str, int]] = []
    for text in kept:
        if not waiting.get(text):
            raise MalformedRecord(line, f"{where}select_new_ys", f"has {text[:60]!r}, which was not proposed")
        chosen.append((text, waiting[text].pop(0)))
    held = {node for _, node in chosen}
    ranked = sorted(range(first, len(tree.nodes)), key=lambda node: (-scores[node - first], node))
    tree.rounds.append(
        Round(
            size=len(tree.nodes),
            rule=RULE,
            kept=tuple((node, scores[node - first]) for node in ranked if node in held),
            pruned=tuple((node, scores[node - first]) for node in ranked if node not in held),
            cutoff=min((scores[node - first] for node in held), default=None),
        )
    )
    return chosen


def _outcomes(tree: LabelledTree, record: dict[str, Any], frontier: list[tuple[str, int]], line: int) -> None:
    """Whether each final solution is right, as `infos` say."""
    infos = record.get("infos") or []
    if not isinstance(infos, list) or (infos and len(infos) != len(frontier)):
        raise MalformedRecord(line, "infos", f"must be a list of {len(frontier)} items, one per final solution")
    for info, (_, index) in zip(infos, frontier, strict=False):
        node = tree.nodes[index]
        if not isinstance(info, dict) or info.get("r") not in (0, 1):
            raise MalformedRecord(line, "infos", "must hold r, 0 or 1")
        node.correct = bool(info["r"])
        said = node.text.lower().partition("answer: ")[1]
        node.ended = bool(said) or node.correct
        node.answer = node.text[len("answer: ") :] if node.text.lower().startswith("answer: ") else node.text
    tree.chosen = frontier[0][1] if frontier else None


def _texts(level: dict[str, Any], name: str, where: str, line: int) -> list[str]:
    items = _literal(level, name, where, line)
    if not all(isinstance(item, str) for item in items):
        raise MalformedRecord(line, where + name, "must be a list of texts")
    return items


def _literal(level: dict[str, Any], name: str, where: str, line: int) -> list[Any]:
    """A list, or a text that holds one as Python writes it, as some versions of the log do."""
    value = level.get(name)
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise MalformedRecord(line, where + name, "is no list") from error
    if not isinstance(value, list):
        raise MalformedRecord(line, where + name, "must be a list")
    return value


def unparse(tree: Record, neutral: Neutral) -> dict[str, Any]:
    """The levels of any tree: proposals are the nodes of a depth, kept are those that were not pruned."""
    assert isinstance(tree, LabelledTree)
    if len(tree.nodes) < 2:
        raise Unwritable(f"{NAME}: the tree has no step")
    pruned = {node for made in tree.rounds for node, _ in made.pruned}
    ranks = {node: rank for made in tree.rounds for rank, (node, _) in enumerate(made.kept)}
    so_far, children = {0: ""}, tree.children()
    frontier = [0]
    levels: list[dict[str, Any]] = []
    while following := [child for index in frontier for child in children[index]]:
        for index in following:
            so_far[index] = so_far[tree.nodes[index].parent or 0] + tree.nodes[index].text + "\n"
        rewards = [next(iter(tree.nodes[index].rewards.values()), None) for index in following]
        if any(value is None for value in rewards):
            raise Unwritable(f"{NAME}: a node has no value, and the format has no word for that")
        kept = sorted((at for at in following if at not in pruned), key=lambda at: (ranks.get(at, 0), at))
        levels.append(
            {
                "step": len(levels),
                "x": tree.prompt,
                "ys": [so_far[index] for index in frontier],
                "new_ys": [so_far[index] for index in following],
                "values": rewards,
                "select_new_ys": [so_far[index] for index in kept],
            }
        )
        frontier = kept
    return {
        "steps": levels,
        "idx": tree.fields.get("idx", 0),
        "ys": [so_far[index] for index in frontier],
        "infos": [{"r": int(bool(tree.nodes[index].correct))} for index in frontier],
        "usage_so_far": tree.fields.get("usage_so_far", {}),
    }
