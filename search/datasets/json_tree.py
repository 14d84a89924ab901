"""A bare JSON tree: nested `{text, children: […]}`, or a list of nodes with ids and the ids of their parents.

What a node may also say: numbers `value`, `score`, `reward` or a whole `rewards` object, `rating` (−1, 0, 1), `answer`,
`correct`, `ended`, and `pruned`, true or `{rule, score, cutoff}`. Written as the list, which has no depth too deep.
"""

from __future__ import annotations

from typing import Any

from search.datasets import MalformedRecord, Unwritable
from search.datasets.checks import list_of, number_of, object_of, optional_text, origin_of, provenance, rating_of
from search.datasets.records import LabelledTree, Neutral, Origin, Record, Round, TreeNode

NAME = "json_tree"
RULE = "imported"
TEXTS = ("text", "step", "thought", "content", "state")
NUMBERS = ("value", "score", "reward")
PROBLEMS = ("problem", "question", "prompt")
KINDS = ("step", "answer", "plan", "critique", "revision", "human")


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    return isinstance(record.get("children"), list) or isinstance(record.get("nodes"), list) or "tree" in record


def parse(record: dict[str, Any], line: int) -> LabelledTree:
    """A tree without a problem above it has the problem as its root."""
    name = next((name for name in PROBLEMS if isinstance(record.get(name), str) and record[name].strip()), None)
    if record.get("tree") is not None:
        items = _flattened(object_of(record, "tree", line), line)
    elif record.get("nodes") is not None:
        items = _linked(list_of(record, "nodes", line), line, several=name is not None)
    else:
        items = _flattened(record, line)
    tree = LabelledTree([], optional_text(record, "answer", line) if name else None)
    tree.origin = origin_of(record, line, Origin("human"))
    first = items[0][2]
    below = 0
    if name is not None and (items[0][1] is not None or not _is_problem(first, record[name])):
        tree.nodes.append(TreeNode(record[name], None, "root"))
        below = 1
    for where, parent, item in items:
        node = _node(item, where, line)
        node.parent = parent + below if parent is not None else 0 if tree.nodes else None
        if not tree.nodes:
            node.kind = "root"
            if not node.text.strip():
                raise MalformedRecord(line, where + "text", "the problem must be a text that is not empty")
        tree.nodes.append(node)
    _prunings(tree, items, below, line)
    chosen = record.get("chosen")
    if isinstance(chosen, int) and not isinstance(chosen, bool) and 0 <= chosen < len(tree.nodes):
        tree.chosen = chosen
    return tree


Item = tuple[str, int | None, dict[str, Any]]
"""Where in the record, the parent's place in the list, and the object."""


def _is_problem(item: dict[str, Any], problem: str) -> bool:
    return any(item.get(name) == problem for name in TEXTS)


def _flattened(top: dict[str, Any], line: int) -> list[Item]:
    items: list[Item] = [("", None, top)]
    for at, (where, _, item) in enumerate(items):  # grows while it is walked: by levels, parents first
        below = item.get("children")
        if below is None:
            continue
        for number, child in enumerate(list_of(item, "children", line, path=where)):
            path = f"{where}children.{number}."
            if not isinstance(child, dict):
                raise MalformedRecord(line, path[:-1], "must be an object")
            items.append((path, at, child))
    return items


def _linked(listed: list[Any], line: int, *, several: bool) -> list[Item]:
    """The nodes in the file's order where parents come first; else parents are moved before their children."""
    ids: dict[Any, int] = {}
    for number, item in enumerate(listed):
        if not isinstance(item, dict) or not isinstance(item.get("id"), int | str):
            raise MalformedRecord(line, f"nodes.{number}.id", "must be a number or a text")
        if item["id"] in ids:
            wrong = f"{item['id']!r} is the id of nodes.{ids[item['id']]} too"
            raise MalformedRecord(line, f"nodes.{number}.id", wrong, "ids are unique")
        ids[item["id"]] = number
    below: list[list[int]] = [[] for _ in listed]
    roots: list[int] = []
    for number, item in enumerate(listed):
        parent = item.get("parent")
        if parent is None:
            roots.append(number)
        elif not isinstance(parent, int | str) or parent not in ids:
            raise MalformedRecord(line, f"nodes.{number}.parent", f"there is no node {parent!r}")
        else:
            below[ids[parent]].append(number)
    if listed and not roots:
        raise MalformedRecord(line, "nodes", "has no root: the parents form a cycle", "a root has parent null")
    if not listed or (len(roots) > 1 and not several):
        raise MalformedRecord(line, "nodes", f"must have one root, not {len(roots)}", "or say the problem above them")
    ordered = all(item.get("parent") is None or ids[item["parent"]] < at for at, item in enumerate(listed))
    order = list(range(len(listed))) if ordered else list(roots)
    if not ordered:
        for number in order:
            order += below[number]
        if len(order) < len(listed):
            left = min(set(range(len(listed))) - set(order))
            raise MalformedRecord(line, f"nodes.{left}.parent", "is part of a cycle", "a tree has none")
    place = {number: at for at, number in enumerate(order)}
    return [
        (
            f"nodes.{number}.",
            None if listed[number].get("parent") is None else place[ids[listed[number]["parent"]]],
            listed[number],
        )
        for number in order
    ]


def _node(item: dict[str, Any], where: str, line: int) -> TreeNode:
    name = next((name for name in (*TEXTS, *PROBLEMS) if isinstance(item.get(name), str)), None)
    if name is None:
        raise MalformedRecord(line, where + "text", "must be a text")
    rewards = {name: number_of(item[name], where + name, line) for name in NUMBERS if item.get(name) is not None}
    if item.get("rewards") is not None:
        for source, score in object_of(item, "rewards", line, path=where).items():
            rewards[source] = number_of(score, f"{where}rewards.{source}", line)
    kind = item.get("kind") if item.get("kind") in KINDS else "step"
    if item.get("correct") not in (True, False, None):
        raise MalformedRecord(line, where + "correct", "must be true, false or null")
    return TreeNode(
        item[name],
        None,
        str(kind),
        ended=item.get("ended") is True,
        rewards=rewards,
        rating=rating_of(item.get("rating"), where + "rating", line),
        answer=optional_text(item, "answer", line, path=where) if where else None,
        correct=item.get("correct"),
    )


def _prunings(tree: LabelledTree, items: list[Item], below: int, line: int) -> None:
    for at, (where, _, item) in enumerate(items):
        pruned = item.get("pruned")
        if pruned in (None, False):
            continue
        said = pruned if isinstance(pruned, dict) else {}
        score, cutoff = (
            None if said.get(name) is None else number_of(said[name], f"{where}pruned.{name}", line)
            for name in ("score", "cutoff")
        )
        rule = optional_text(said, "rule", line, path=f"{where}pruned.") or RULE
        tree.rounds.append(Round(len(tree.nodes), rule, (), ((at + below, score),), cutoff))


def unparse(tree: Record, neutral: Neutral) -> dict[str, Any]:
    """The list of nodes; a node's id is its number."""
    assert isinstance(tree, LabelledTree)
    if not tree.prompt.strip():
        raise Unwritable(f"{NAME}: the problem is empty")
    nodes: list[dict[str, Any]] = []
    for index, node in enumerate(tree.nodes):
        item: dict[str, Any] = {
            "id": index,
            "parent": node.parent,
            "kind": node.kind,
            "text": node.text,
            "rating": node.rating,
        }
        item["rating"] = node.rating
        more: dict[str, Any] = {"rewards": node.rewards, "ended": node.ended, "answer": node.answer}
        item |= {name: value for name, value in more.items() if value}
        nodes.append(item | ({} if node.correct is None else {"correct": node.correct}))
    for made in tree.rounds:
        for index, score in made.pruned:
            nodes[index]["pruned"] = {"rule": made.rule, "score": score, "cutoff": made.cutoff}
    return {
        "problem": tree.prompt,
        "answer": tree.answer,
        "nodes": nodes,
        "chosen": tree.chosen,
        "provenance": provenance(tree.origin),
    }
