"""PRM800K: one labelling session of one solution, with the alternatives that were rated at each step.

Lightman et al., "Let's Verify Step by Step", 2023. Read as a tree: the chosen completions (or the one the labeler
wrote) are its trunk, the others leaves beside it. A human completion has no rating and stays unmarked.
"""

from __future__ import annotations

from typing import Any

from search.datasets import MalformedRecord, Unwritable
from search.datasets.checks import list_of, object_of, optional_text, origin_of, provenance, rating_of, text_of
from search.datasets.records import LabelledTree, Neutral, Origin, Record, TreeNode

NAME = "prm800k"
FINISHES = ("found_error", "solution", "bad_problem", "give_up")
HEAD = ("generation", "is_quality_control_question", "is_initial_screening_question")


def recognises(record: dict[str, Any]) -> bool:
    """Whether a record is of this format, by its fields."""
    return isinstance(record.get("label"), dict) and isinstance(record.get("question"), dict)


def parse(record: dict[str, Any], line: int) -> LabelledTree:
    """The labeler and the time are the tree's origin."""
    question, label = object_of(record, "question", line), object_of(record, "label", line)
    prompt = text_of(question, "problem", line, path="question.", empty=False)
    finish = label.get("finish_reason")
    if finish is not None and finish not in FINISHES:
        raise MalformedRecord(line, "label.finish_reason", f"{finish!r} is none of {', '.join(FINISHES)}")
    tree = LabelledTree(
        [TreeNode(prompt, None, "root")],
        answer=optional_text(question, "ground_truth_answer", line, path="question."),
        origin=origin_of(record, line, Origin("human", *_labeler(record, line))),
        fields={name: record[name] for name in HEAD if name in record}
        | {"question": question, "total_time": label.get("total_time"), "finish_reason": finish},
    )
    trunk: int | None = 0
    for number, step in enumerate(list_of(label, "steps", line, path="label.")):
        where = f"label.steps.{number}."
        if not isinstance(step, dict):
            raise MalformedRecord(line, where[:-1], "must be an object")
        if trunk is None:
            wrong = "no completion was chosen, but further steps follow"
            raise MalformedRecord(line, f"label.steps.{number - 1}.chosen_completion", wrong)
        trunk = _grow(tree, trunk, step, where, line)
    tree.chosen = next((at for at in range(len(tree.nodes) - 1, -1, -1) if tree.nodes[at].fields.get("trunk")), 0)
    if finish == "solution" and tree.chosen and trunk is not None:
        tree.nodes[tree.chosen].ended = True
    return tree


def _labeler(record: dict[str, Any], line: int) -> tuple[str, str]:
    return optional_text(record, "labeler", line) or "", optional_text(record, "timestamp", line) or ""


def _grow(tree: LabelledTree, trunk: int, step: dict[str, Any], where: str, line: int) -> int | None:
    """Add one step's candidates below the trunk; the node the solution goes on from, None if there is none."""
    found: list[int] = []
    for number, completion in enumerate(step.get("completions") or []):
        path = f"{where}completions.{number}."
        if not isinstance(completion, dict):
            raise MalformedRecord(line, path[:-1], "must be an object")
        rating = rating_of(completion.get("rating"), f"{path}rating", line)
        fields = {"flagged": completion.get("flagged")}
        found.append(tree.add(trunk, text_of(completion, "text", line, path=path), rating=rating, fields=fields))
    human: int | None = None
    if step.get("human_completion") is not None:
        completion = object_of(step, "human_completion", line, path=where)
        text = text_of(completion, "text", line, path=f"{where}human_completion.")
        human = tree.add(trunk, text, kind="human", fields={"flagged": completion.get("flagged")})
    chosen = step.get("chosen_completion")
    if chosen is not None and (isinstance(chosen, bool) or not isinstance(chosen, int) or not 0 <= chosen < len(found)):
        wrong = f"{chosen!r} is no index of one of the {len(found)} completions"
        raise MalformedRecord(line, f"{where}chosen_completion", wrong)
    taken = found[chosen] if chosen is not None else human
    if taken is not None:
        tree.nodes[taken].fields["trunk"] = True
    if not found and human is None:
        tree.fields["empty_steps"] = tree.fields.get("empty_steps", 0) + 1
    return taken


def unparse(tree: Record, neutral: Neutral) -> dict[str, Any]:
    """One line: the path to `chosen` is what was chosen, rated siblings on the way are the other completions."""
    assert isinstance(tree, LabelledTree)
    if len(tree.nodes) < 2:
        raise Unwritable(f"{NAME}: the tree has no step")
    children = tree.children()
    trunk = tree.path(tree.chosen or 0)
    steps = [_step(tree, children[at], below) for at, below in zip(trunk, [*trunk[1:], None], strict=True)]
    if not children[trunk[-1]]:
        steps.pop()
    steps += [_step(tree, [], None)] * tree.fields.get("empty_steps", 0)
    for empty in steps[len(steps) - tree.fields.get("empty_steps", 0) :]:
        empty["completions"] = None
    return {
        "labeler": tree.origin.by,
        "timestamp": tree.origin.at,
        **{name: tree.fields.get(name, False if name.startswith("is_") else None) for name in HEAD},
        "question": tree.fields.get("question", {"problem": tree.prompt, "ground_truth_answer": tree.answer}),
        "label": {
            "steps": steps,
            "total_time": tree.fields.get("total_time"),
            "finish_reason": tree.fields.get("finish_reason", "solution"),
        },
    } | ({"provenance": provenance(tree.origin)} if tree.origin.run or tree.origin.source != "human" else {})


def _step(tree: LabelledTree, candidates: list[int], taken: int | None) -> dict[str, Any]:
    rated = [index for index in candidates if tree.nodes[index].kind != "human"]
    human = next((index for index in candidates if tree.nodes[index].kind == "human"), None)
    return {
        "completions": [_completion(tree.nodes[index]) for index in rated],
        "human_completion": None if human is None else _human(tree.nodes[human]),
        "chosen_completion": rated.index(taken) if taken in rated else None,
    }


def _completion(node: TreeNode) -> dict[str, Any]:
    return {"text": node.text, "rating": node.rating, "flagged": node.fields.get("flagged", False)}


def _human(node: TreeNode) -> dict[str, Any]:
    return {"text": node.text, "rating": None, "source": "human", "flagged": node.fields.get("flagged", False)}
