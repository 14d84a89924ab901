"""Whether a command makes sense: in the run's state, on its node, within its budget, once what waits was applied."""

from __future__ import annotations

from typing import Any

from app.config.problems import Absent, Conflict, FieldError, Invalid
from app.explorer.models import Command, Node, NodeState, Run, RunState
from app.explorer.models.journal import CommandKind
from app.explorer.strategies import strategies
from search.budget import Caps

FINISHED = {RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED}


def _state_to_come(run: Run, waiting: list[Command]) -> str:
    """The state once the waiting commands were applied."""
    state: str = run.state
    for command in waiting:
        if command.kind == CommandKind.PAUSE and state in (RunState.QUEUED, RunState.RUNNING):
            state = RunState.PAUSED
        elif command.kind == CommandKind.RESUME and state == RunState.PAUSED:
            state = RunState.RUNNING
        elif command.kind == CommandKind.CANCEL and state not in FINISHED:
            state = RunState.CANCELLED
    return state


def tries_again(run: Run, kind: str) -> bool:
    """A failed run is resumed: once what the error names is mended, it goes on where it stopped."""
    return kind == CommandKind.RESUME and run.state == RunState.FAILED


def check_state(run: Run, kind: str, waiting: list[Command]) -> None:
    """Is this possible in the state that the run will have?"""
    if run.algorithm not in strategies():
        raise Conflict(
            f"There is no search to steer: this run is {run.algorithm}. It can be read, labelled and exported."
        )
    state = _state_to_come(run, waiting)
    if tries_again(run, kind):
        return
    if state == RunState.FAILED:
        raise Conflict(
            f"The run failed ({run.error or 'no reason was kept'}). Resume it once that is mended,"
            " or fork it to go on from an earlier step."
        )
    if state == RunState.CANCELLED:
        raise Conflict("The run was cancelled. Fork it to go on from any step.")
    if kind == CommandKind.PAUSE and state not in (RunState.QUEUED, RunState.RUNNING):
        raise Conflict(
            "The run is paused already; resume it." if state == RunState.PAUSED else "The run is finished already."
        )
    if kind == CommandKind.RESUME and state != RunState.PAUSED:
        raise Conflict(
            "The run is finished; expand a node, or fork it."
            if state == RunState.COMPLETED
            else "The run is not paused; there is nothing to resume."
        )
    if kind == CommandKind.RAISE_BUDGET and state == RunState.COMPLETED and run.stopped_by == "completed":
        raise Conflict(
            "The search came to its own end, not to that of its budget: a larger one changes nothing. Fork it."
        )
    if kind == CommandKind.CANCEL and state == RunState.COMPLETED:
        raise Conflict("The run is finished already; there is nothing to cancel.")
    raised = any(command.kind == CommandKind.RAISE_BUDGET for command in waiting)
    if kind == CommandKind.EXPAND and state == RunState.COMPLETED and run.stopped_by == "budget" and not raised:
        raise Conflict(
            "The budget is spent: a new step would have nothing to spend. Raise the budget first"
            f" (POST /api/v1/runs/{run.pk}/budget)."
        )


def check_node(run: Run, kind: str, index: int, waiting: list[Command]) -> None:
    """Does the node exist, and is this possible on it?"""
    node = Node.objects.filter(run_id=run.pk, index=index).first()
    if node is None:
        raise Absent(f"Run {run.pk} has no node {index}; it has {run.nodes} so far, numbered from 0.")
    if index == 0 and kind in (CommandKind.PRUNE, CommandKind.EDIT):
        verb = "pruned" if kind == CommandKind.PRUNE else "edited"
        mend = "prune its children" if kind == CommandKind.PRUNE else "start a run with another problem"
        raise Invalid.field("node", f"node 0 is the problem itself and cannot be {verb}", mend)
    status = _status_to_come(run, index, waiting)
    if kind == CommandKind.PRUNE and status == "pruned":
        raise Conflict(f"Node {index} is pruned already; restore it to bring it back.")
    if kind == CommandKind.RESTORE and status != "pruned":
        raise Conflict(f"Node {index} is not pruned; there is nothing to restore.")
    if kind == CommandKind.EDIT and _status_to_come(run, node.parents[0], waiting) == "pruned":
        raise Conflict(f"Node {node.parents[0]}, the step before node {index}, is pruned; restore it first.")
    if kind in (CommandKind.EXPAND, CommandKind.HINT):
        if status == "pruned":
            raise Conflict(f"Node {index} is pruned; restore it first.")
        if node.finish in ("end", "length", "budget", "aborted"):
            why = "is a finished solution" if node.finish == "end" else f"was cut off ({node.finish})"
            parent = node.parents[0] if node.parents else 0
            raise Conflict(f"Node {index} {why}: no step can follow it. Expand its parent, node {parent}.")


def _status_to_come(run: Run, index: int, waiting: list[Command]) -> str:
    status = NodeState.objects.filter(run_id=run.pk, index=index).values_list("status", flat=True).first() or "open"
    for command in waiting:
        if command.payload.get("node") == index:
            if command.kind == CommandKind.PRUNE:
                status = "pruned"
            elif command.kind == CommandKind.RESTORE and status == "pruned":
                status = "open"
    return status


def check_one_step(run: Run, text: str) -> None:
    """A step ends where the policy's would: a person's text must not contain that end."""
    for delimiter in run.sampling.get("stop") or []:
        if delimiter and delimiter in text.strip():
            raise Invalid.field(
                "text", f"contains {delimiter!r}, which ends a step", "write one step; edit the following ones after it"
            )


def check_hints(run: Run) -> None:
    """Does the policy read hints?"""
    template = ((run.header or {}).get("policy") or {}).get("template") or {}
    if isinstance(template, dict) and template.get("supports_hints") is False:
        raise Invalid.field(
            "text",
            f"the policy {run.policy} was not trained to read hints",
            "edit the step instead, or choose a policy that takes hints",
        )


def check_budget(run: Run, budget: dict[str, Any], waiting: list[Command]) -> None:
    """Every cap is raised or lifted, none lowered."""
    caps = Caps(**{name: value for name, value in run.budget.items() if name in Caps.__slots__})
    try:
        for command in waiting:
            if command.kind == CommandKind.RAISE_BUDGET:
                caps = caps.raised(command.payload["budget"])
        caps.raised(budget)
    except ValueError as error:
        field, _, message = str(error).partition(": ")
        raise Invalid(str(error), [FieldError(field, message)]) from error
