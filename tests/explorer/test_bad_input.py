"""Bad input gets a problem document that names the field and the mend, and leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.explorer.world import Caller, World, stored_counts

COUNTDOWN = {"text": "3 5 7 11 -> 24"}


def run(**changes: Any) -> dict[str, Any]:
    return {"problem": COUNTDOWN, "algorithm": "beam"} | changes


# (body, field that is named, words of the message or mend)
RUNS: list[tuple[Any, str, str]] = [
    (run(algorithm="deam"), "algorithm", "beam, best_first, best_of_n"),
    (run(params={"width": 0}), "params.width", "at least 1"),
    (run(params={"width": "wide"}), "params.width", "a whole number"),
    (run(params={"breadth": 4}), "params.breadth", "beam has width, proposals"),
    (run(params=[4]), "params", "an object"),
    (run(budget={"tokens": 0}), "budget.tokens", "at least 1"),
    (run(budget={"tokens": -5}), "budget.tokens", "at least 1"),
    (run(budget={"tokens": 3}), "budget.tokens", "do not pay for one step"),
    (run(budget={"nodes": 1}), "budget.nodes", "at least 2"),
    (run(budget={"seconds": 0}), "budget.seconds", "more than 0"),
    (run(budget={"policy_calls": 1.5}), "budget.policy_calls", "a whole number"),
    (run(budget={"dollars": 5}), "budget.dollars", "leave it out"),
    (run(problem={"text": "x" * 1_000_000}), "problem.text", "at most 20000"),
    (run(problem={"text": "   "}), "problem.text", "is empty"),
    (run(problem={"text": ""}), "problem.text", "at least 1"),
    (run(problem={"text": "Why is the sky blue?"}), "problem.text", "3 3 4 5 -> 24"),
    (run(problem={"text": "3 5 7 11 ->"}), "problem.text", "target"),
    (run(problem={"text": "3 5\u0000 -> 8"}), "problem.text", "NUL"),
    (run(problem={}), "problem.text", "add it"),
    (run(problem="3 5 -> 8"), "problem", "an object"),
    (run(problem=COUNTDOWN | {"verifier": "oracle"}), "problem.verifier", "one of countdown"),
    (run(policy="gpt-2"), "policy", "one of embedded"),
    (run(algorithm="reward_guided_speculation", params={"draft": "gpt-2"}), "params.draft", "one of embedded"),
    (run(reward="praise"), "reward", "one of embedded, embedded_joined, exact"),
    (run(reward=None), "reward", "needs a reward model"),
    (run(sampling={"temperature": -1}), "sampling.temperature", "at least 0"),
    (run(sampling={"top_p": 0}), "sampling.top_p", "more than 0"),
    (run(sampling={"max_step_tokens": 10**9}), "sampling.max_step_tokens", "at most"),
    (run(sampling={"stop": []}), "sampling.stop", "at least 1"),
    (run(seed=-1), "seed", "at least 0"),
    (run(seed=2**60), "seed", "at most"),
    (run(seed="one"), "seed", "a whole number"),
    (run(colour="red"), "colour", "leave it out"),
    ({"problem": COUNTDOWN}, "algorithm", "add it"),
    ([], "body", "an object"),
    (None, "body", "add it"),
]


def refused(response: Any, status: int) -> dict[str, Any]:
    """The problem document, checked to be one."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert set(document) == {"type", "title", "status", "detail", "errors"}
    assert document["status"] == status
    assert document["detail"]
    return document


@pytest.mark.parametrize(("body", "field", "words"), RUNS, ids=[f"{field} {words}" for _, field, words in RUNS])
def test_a_run_that_cannot_be(world: World, body: Any, field: str, words: str) -> None:
    before = stored_counts()
    response = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body)
    document = refused(response, 422)
    (named,) = [error for error in document["errors"] if error["field"] == field]
    assert words in f"{named['message']} {named.get('mend', '')}"
    assert stored_counts() == before


def test_every_wrong_field_is_named_at_once(world: World) -> None:
    body = {"problem": {}, "algorithm": "beam", "seed": -1}
    document = refused(world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body), 422)
    assert [error["field"] for error in document["errors"]] == ["problem.text", "seed"]


@pytest.mark.parametrize("body", ["{", '{"problem": }', "nonsense", b"\xff\xfe", "[" * 100_000])
def test_broken_json(world: World, body: Any) -> None:
    before = stored_counts()
    document = refused(world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body), 400)
    assert document["errors"][0]["field"] == "body"
    assert stored_counts() == before


def test_a_body_larger_than_the_server_reads(world: World) -> None:
    before = stored_counts()
    document = refused(world.owner.send("POST", "/sessions", "x" * 5_000_000), 413)
    assert "4194304" in document["detail"]
    assert stored_counts() == before


def test_a_wrong_token(world: World) -> None:
    for token in ("nonsense", "esp_api_x", "esp_share_x", "ü"):
        response = Caller(token).send("GET", "/sessions")
        document = refused(response, 401)
        assert document["errors"][0]["field"] == "Authorization"
        assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_token_does_not_fall_back_to_the_cookie(world: World) -> None:
    browser = Caller("esp_api_wrong")
    browser.force_login(world.people["owner"])
    refused(browser.send("GET", "/sessions"), 401)


def test_a_method_there_is_not(world: World) -> None:
    response = world.owner.send("PUT", "/sessions", {})
    document = refused(response, 405)
    assert "GET" in document["detail"]
    assert set(response["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize("path", ["/nothing", "/runs/seven", "/sessions/1/runs", "/runs/"])
def test_an_address_there_is_not(world: World, path: str) -> None:
    refused(world.owner.send("GET", path), 404)
    refused(world.owner.send("POST", path, {}), 404)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/sessions?limit=0", "limit"),
        ("/sessions?limit=many", "limit"),
        ("/sessions?cursor=abc", "cursor"),
        ("/sessions?cursor=WzEsMl0", "cursor"),
        ("/runs/{run}/nodes?after=-2", "after"),
        ("/runs/{run}/events?after=x", "after"),
        ("/runs/{run}/events?limit=100000", "limit"),
        ("/runs/{run}/skeleton?at=0", "at"),
        ("/runs/{run}/charts?theme=blue", "theme"),
    ],
)
def test_a_query_that_cannot_be(world: World, path: str, field: str) -> None:
    document = refused(world.owner.send("GET", path.replace("{run}", str(world.run.pk))), 422)
    assert [error["field"] for error in document["errors"]] == [field]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": ""}, "title"),
        ({"title": " \n "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\u0000b"}, "title"),
        ({"title": "fine", "tags": [""]}, "tags.0"),
        ({"title": "fine", "tags": ["x"] * 21}, "tags"),
        ({"title": "fine", "team": 0}, "team"),
        ({"title": 5}, "title"),
    ],
)
def test_a_session_that_cannot_be(world: World, body: Any, field: str) -> None:
    before = stored_counts()
    document = refused(world.owner.send("POST", "/sessions", body), 422)
    assert [error["field"] for error in document["errors"]] == [field]
    assert stored_counts() == before


def test_somebody_elses_team(world: World) -> None:
    document = refused(
        world.as_user(world.stranger).send("POST", "/sessions", {"title": "x", "team": world.team.pk}), 422
    )
    assert document["errors"][0]["field"] == "team"
