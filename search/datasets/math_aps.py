"""OmegaPRM's trees as MATH-APS keeps them: nested `{text, mc_value, children}`, or solution prefixes with their values.

Luo et al., "Improve Mathematical Reasoning in Language Models by Automated Process Supervision", 2024. `mc_value` is
the share of rollouts from there that reached the right answer; it becomes the reward `mc`. In the list of prefixes, a
prefix hangs below the longest other prefix that it begins with; the question itself is the root.
"""

from __future__ import annotations

from typing import Any

from search.datasets import MalformedRecord, Unwritable
from search.datasets.checks import list_of, optional_text, share_of, text_of
from search.datasets.records import LabelledTree, Neutral, Origin, Record, TreeNode

NAME = "math_aps"
REWARD = "mc"
DEEPEST = 200
"""Levels of nested objects that readers of JSON take without trouble."""


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    return "reasoning_steps" in record or "mc_value" in record


def parse(record: dict[str, Any], line: int) -> LabelledTree:
    """`{question, final_answer, reasoning_steps}`, or a bare tree."""
    below = record.get("reasoning_steps", record)
    if not isinstance(below, dict | list):
        raise MalformedRecord(line, "reasoning_steps", "must be a tree or a list of solution prefixes")
    name = "question" if "question" in record else "text"
    root = TreeNode(text_of(record, name, line, empty=False), None, "root")
    tree = LabelledTree([root], answer=optional_text(record, "final_answer", line), origin=Origin("rollout", NAME))
    tree.fields = {key: record[key] for key in ("question_id",) if key in record}
    if isinstance(below, list):
        _prefixes(tree, below, line)
    else:
        _nested(tree, below, line)
    return tree


def _nested(tree: LabelledTree, top: dict[str, Any], line: int) -> None:
    _value(tree.nodes[0], top, line)
    level = [(0, top)]
    while level:  # by levels: parents before children, in the file's order
        following: list[tuple[int, dict[str, Any]]] = []
        for index, item in level:
            for child in list_of(item, "children", line) if item.get("children") is not None else []:
                if not isinstance(child, dict):
                    raise MalformedRecord(line, "children", "must be a list of objects")
                node = tree.add(index, text_of(child, "text", line))
                _value(tree.nodes[node], child, line)
                following.append((node, child))
        level = following


def _prefixes(tree: LabelledTree, items: list[Any], line: int) -> None:
    texts: list[str] = []
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise MalformedRecord(line, f"reasoning_steps.{number}", "must be an object")
        texts.append(text_of(item, "solution_prefix", line, path=f"reasoning_steps.{number}."))
    if not texts or texts[0].strip() != tree.prompt.strip():
        raise MalformedRecord(line, "reasoning_steps.0", "is not the question itself", "begin with it and its value")
    _value(tree.nodes[0], items[0], line)
    above = _longest_prefixes(texts)
    nodes = {0: 0}
    for number in sorted(range(1, len(texts)), key=lambda at: (len(texts[at]), at)):
        parent = above[number]
        if parent is None:
            raise MalformedRecord(line, f"reasoning_steps.{number}", "does not begin with the question")
        nodes[number] = tree.add(nodes[parent], texts[number][len(texts[parent]) :])
        _value(tree.nodes[nodes[number]], items[number], line)


def _longest_prefixes(texts: list[str]) -> list[int | None]:
    """Per text, the first other one that is the longest proper prefix of it. In sorted order prefixes are a stack."""
    above: list[int | None] = [None] * len(texts)
    stack: list[int] = []
    for at in sorted(range(len(texts)), key=lambda index: (texts[index], index)):
        while stack and not texts[at].startswith(texts[stack[-1]]):
            stack.pop()
        if stack and texts[stack[-1]] == texts[at]:
            above[at] = above[stack[-1]]  # the same prefix again: a sibling of the first
            continue
        above[at] = stack[-1] if stack else None
        stack.append(at)
    return above


def _value(node: TreeNode, item: dict[str, Any], line: int) -> None:
    value = share_of(item.get("mc_value"), "mc_value", line)
    if value is not None:
        node.rewards[REWARD] = value


def unparse(tree: Record, neutral: Neutral) -> dict[str, Any]:
    """The nested form."""
    assert isinstance(tree, LabelledTree)
    items: list[dict[str, Any]] = [
        {"text": node.text, "mc_value": node.rewards.get(REWARD), "children": []} for node in tree.nodes
    ]
    depths = [0]
    for index, node in enumerate(tree.nodes[1:], start=1):
        assert node.parent is not None
        depths.append(depths[node.parent] + 1)
        items[node.parent]["children"].append(items[index])
    if max(depths) > DEEPEST:
        raise Unwritable(f"{NAME}: the tree is {max(depths)} deep; nested JSON is read to {DEEPEST} levels")
    return {"question": tree.prompt, "final_answer": tree.answer, "reasoning_steps": items[0]} | tree.fields
