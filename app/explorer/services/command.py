"""A person's commands: checked against the run as it will be once the commands that wait have been applied."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Max

from app.config.problems import Conflict, FieldError, Invalid
from app.explorer.doorbell import command_announce
from app.explorer.models import Command, Run
from app.explorer.models.journal import CommandKind
from app.explorer.services.command_checks import (
    check_budget,
    check_hints,
    check_node,
    check_one_step,
    check_state,
    tries_again,
)
from app.explorer.services.run import run_try_again
from app.explorer.services.session import session_touch
from app.explorer.token_texts import unreadable
from app.teams.models import User
from search.commands import Command as SearchCommand
from search.commands import RejectedCommand


@transaction.atomic
def command_create(
    *,
    run: Run,
    user: User,
    kind: str,
    node: int | None = None,
    text: str | None = None,
    n: int | None = None,
    budget: dict[str, Any] | None = None,
    id: UUID | None = None,
) -> Command:
    """Store a command for the run's worker and announce it. The same `id` again returns the stored command.

    Raises:
        Invalid: a text, number or cap out of range, or a node that this command cannot be about.
        Absent: the run has no such node.
        Conflict: not possible in the run's present state; says what to do instead.
    """
    if id is not None and (known := _known(id, run, kind)) is not None:
        return known
    # Serialises commands with each other and with the worker's flush, which updates this row.
    run = Run.objects.select_for_update(no_key=True, of=("self",)).select_related("session").get(pk=run.pk)
    if id is not None and (known := _known(id, run, kind)) is not None:
        return known
    waiting = list(run.commands.filter(applied_seq__isnull=True, error__isnull=True).order_by("number"))
    command_id = id or uuid4()
    payload = _checked_payload(command_id, kind, user, node=node, text=text, n=n, budget=budget)
    check_state(run, kind, waiting)
    if node is not None:
        check_node(run, kind, node, waiting)
    if kind in (CommandKind.EDIT, CommandKind.HINT) and (why := unreadable(run.policy, payload["text"])) is not None:
        raise Invalid.field("text", f"the policy {run.policy} cannot read it: {why}", "write it without that character")
    if kind == CommandKind.EDIT:
        check_one_step(run, payload["text"])
    if kind == CommandKind.HINT:
        check_hints(run)
    if kind == CommandKind.RAISE_BUDGET:
        check_budget(run, payload["budget"], waiting)
    number = (run.commands.aggregate(last=Max("number"))["last"] or 0) + 1
    command = Command(id=command_id, number=number, run=run, kind=kind, payload=payload, created_by=user)
    if tries_again(run, kind):  # nothing in the search changes: the journal does not hear of it
        command.applied_seq = run.head_seq
        run_try_again(run)
    command.full_clean()
    command.save(force_insert=True)
    session_touch(run.session_id)
    command_announce(run)
    return command


def _known(command_id: UUID, run: Run, kind: str) -> Command | None:
    command = Command.objects.filter(pk=command_id).first()
    if command is not None and (command.run_id != run.pk or command.kind != kind):
        raise Conflict("This command id was used for another command.", [FieldError("id", "was used", "a new UUID")])
    return command


def _checked_payload(command_id: UUID, kind: str, user: User, **fields: Any) -> dict[str, Any]:
    """The engine's own check of a command's fields, so that page, script and worker agree."""
    try:
        checked = SearchCommand(id=str(command_id), command=kind, by=user.username, **fields)  # type: ignore[arg-type]
    except RejectedCommand as error:
        raise Invalid(str(error), [FieldError(error.field, str(error).removeprefix(f"{error.field}: "))]) from error
    if "\0" in (checked.text or ""):
        raise Invalid.field("text", "contains a NUL character", "plain text")
    payload = checked.as_payload()
    return {name: value for name, value in payload.items() if name not in ("id", "command")}
