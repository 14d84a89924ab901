"""Two teams, people of every role, and a run with a real tree: what the tests of the API look at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.test import Client

from app.explorer.models import Event, Node, NodeState, Problem, Run, Session
from app.explorer.store.codec import JournalEvent, Packer
from app.explorer.store.rows import STATE_FIELDS
from app.teams.models import Role, Team, User
from app.teams.services import api_token_create, membership_set, share_link_create, team_create, user_create
from search.events import read_jsonl
from search.reducer import fold

JOURNALS = Path(__file__).parents[1] / "fixtures" / "journals"
JSON = "application/json"
ROLES = [Role.OWNER, Role.EDITOR, Role.ANNOTATOR, Role.VIEWER]


class Caller(Client):
    """A script with a bearer token; `send("POST", "/sessions", {…})` speaks JSON to /api/v1."""

    def __init__(self, token: str | None = None) -> None:
        super().__init__(headers={"Authorization": f"Bearer {token}"} if token else None)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The response; a body that is a string or bytes goes out as it is."""
        raw = body if isinstance(body, str | bytes) else "" if body is None else json.dumps(body)
        return self.generic(method, f"/api/v1{path}", raw, JSON)

    def get_json(self, path: str) -> Any:
        """The decoded answer of a GET that must succeed."""
        response = self.send("GET", path)
        assert response.status_code == 200, response.content
        return response.json()


@dataclass
class World:
    """`people` by role, `stranger` from another team, one session with `run` (completed, from a stored journal)."""

    team: Team
    people: dict[str, User]
    stranger: User
    session: Session
    run: Run
    _callers: dict[str, Caller] = field(default_factory=dict)

    def as_user(self, user: User) -> Caller:
        """That person's script."""
        if user.username not in self._callers:
            self._callers[user.username] = Caller(api_token_create(user, "tests"))
        return self._callers[user.username]

    def as_role(self, role: str) -> Caller:
        """The script of the member with that role."""
        return self.as_user(self.people[role])

    @property
    def owner(self) -> Caller:
        """The owner's script."""
        return self.as_role(Role.OWNER)

    def as_reader(self, session: Session | None = None) -> Caller:
        """Somebody who found a share link."""
        _, token = share_link_create(session=session or self.session, created_by=self.people[Role.OWNER])
        return Caller(token)

    def put_into(self, state: str, **fields: Any) -> Run:
        """The run in another state."""
        Run.objects.filter(pk=self.run.pk).update(state=state, **fields)
        self.run.refresh_from_db()
        return self.run

    def node(self, **where: Any) -> int:
        """The index of the first node below the problem whose state is like that."""
        found = NodeState.objects.filter(run_id=self.run.pk, index__gt=0, **where).order_by("index").first()
        assert found is not None
        return found.index


def make_world(journal: str = "beam_steered") -> World:
    """A fresh one; `journal` names a file of tests/fixtures/journals."""
    people: dict[str, User] = {role: user_create(username=f"{role}-of-team") for role in ROLES}
    team = team_create(name="Team", owner=people[Role.OWNER])
    for role, user in people.items():
        membership_set(team=team, user=user, role=role)
    session = Session.objects.create(team=team, title="Countdown by beam", created_by=people[Role.EDITOR])
    run = store_journal(session, journal)
    return World(team, people, user_create(username="stranger"), session, run)


def store_journal(session: Session, journal: str) -> Run:
    """A completed run as a worker would have stored it: packed events, nodes, folded states, counters."""
    with (JOURNALS / f"{journal}.jsonl").open() as stream:
        header, events = read_jsonl(stream)
    problem = Problem.objects.create(session=session, **header["problem"])
    tree = fold(events)
    finished = tree.finished or {}
    run = Run.objects.create(
        session=session, problem=problem, algorithm=header["algorithm"], params=header["params"], policy="embedded",
        reward="embedded", sampling=header["sampling"], budget=header["budget"], seed=header["seed"], header=header,
        state="completed", stopped_by=finished.get("stopped_by"), cap=finished.get("cap"), head_seq=len(events),
        revision=finished.get("revision", 0), answer=finished.get("answer"), correct=finished.get("correct"),
        chosen=tree.chosen, tokens=tree.counters.tokens, prompt_tokens=tree.counters.prompt_tokens,
        policy_calls=tree.counters.policy_calls, reward_calls=tree.counters.reward_calls, nodes=len(tree),
        created_by=session.created_by,
    )  # fmt: skip
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    packed, rows = Packer().pack([JournalEvent(event.seq, event.kind, event.payload, at) for event in events])
    Event.objects.bulk_create(
        Event(run=run, seq=event.seq, kind=event.kind, payload=event.payload, at=event.at) for event in packed
    )
    Node.objects.bulk_create(Node(run=run, **{name: getattr(row, name) for name in row.__slots__}) for row in rows)
    NodeState.objects.bulk_create(
        NodeState(run=run, index=node.index, **{name: getattr(node, name) for name in STATE_FIELDS})
        for node in tree.nodes
    )
    return run


def stored_counts() -> dict[str, int]:
    """How many rows of everything a request could have left behind."""
    from app.annotation.models import ExportJob, StepLabel
    from app.explorer.models import Command
    from app.teams.models import ShareLink

    models = (Session, Problem, Run, Event, Node, NodeState, Command, StepLabel, ExportJob, ShareLink)
    return {model.__name__: model._default_manager.count() for model in models}
