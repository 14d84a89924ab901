"""Sessions and runs: defaults, lists, search, the queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from app.explorer.models import Problem, Run, RunState
from app.explorer.services import session_create
from tests.explorer.world import World, store_journal


def start(world: World, **body: Any) -> dict[str, Any]:
    body = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "beam"} | body
    response = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body)
    assert response.status_code == 201, response.content
    answer: dict[str, Any] = response.json()
    return answer


def test_problem_and_algorithm_are_enough(world: World) -> None:
    run = start(world)
    assert (run["policy"], run["reward"], run["state"], run["head_seq"]) == ("embedded", "embedded", "queued", 0)
    assert run["problem"] == {"text": "3 5 7 11 -> 24", "answer": None, "verifier": "countdown"}
    assert run["params"]["width"] == 4
    assert run["sampling"]["stop"] == ["\n"]
    assert run["budget"]["tokens"] > 0
    assert 0 <= run["seed"] < 2**53
    assert run["counters"] == {
        "tokens": 0, "prompt_tokens": 0, "policy_calls": 0, "reward_calls": 0, "nodes": 0, "seconds": 0,
        "lost_tokens": 0,
    }  # fmt: skip
    assert world.owner.get_json(f"/runs/{run['id']}") == run


def test_what_is_asked_for_is_kept(world: World) -> None:
    wanted: dict[str, Any] = {
        "params": {"width": 2, "proposals": 3},
        "reward": "exact",
        "sampling": {"temperature": 0.5, "max_step_tokens": 40},
        "budget": {"tokens": 500, "seconds": 2.5},
        "seed": 7,
    }
    run = start(world, **wanted)
    assert run["params"]["width"] == 2
    assert (run["reward"], run["seed"]) == ("exact", 7)
    assert run["sampling"] == {"temperature": 0.5, "top_p": 1.0, "max_step_tokens": 40, "stop": ["\n"]}
    assert run["budget"] == {
        "tokens": 500, "policy_calls": None, "reward_calls": None, "nodes": None, "seconds": 2.5
    }  # fmt: skip


def test_no_reward_model_where_a_strategy_needs_none(world: World) -> None:
    assert start(world, algorithm="greedy", reward=None)["reward"] is None


def test_rewards_recorded_beside_the_driving_one(world: World) -> None:
    assert start(world, also_rewards=["exact", "rollout_value"])["also_rewards"] == ["exact", "rollout_value"]
    assert start(world)["also_rewards"] == []
    for body, said in (
        ({"also_rewards": ["embedded"]}, "a reward is named twice"),
        ({"also_rewards": ["exact", "exact"]}, "a reward is named twice"),
        ({"also_rewards": ["nobody"]}, "there is no reward 'nobody'"),
        ({"algorithm": "greedy", "reward": None, "also_rewards": ["exact"]}, "without a driving reward"),
    ):
        wanted = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "beam"} | body
        response = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", wanted)
        assert response.status_code == 422
        assert response.json()["errors"][0]["message"].startswith(said)


def test_the_problem_is_spelt_as_the_policy_knows_it(world: World) -> None:
    """The embedded models were trained on sorted numbers; the verifier is inferred from the text."""
    assert start(world, problem={"text": " 11 7 5 3 -> 24 "})["problem"]["text"] == "3 5 7 11 -> 24"
    arithmetic = start(world, problem={"text": "((38+47)*6-91)*2"})["problem"]
    assert arithmetic == {"text": "((38 + 47) * 6 - 91) * 2", "answer": None, "verifier": "arithmetic"}


def test_runs_on_one_problem_share_its_row(world: World) -> None:
    start(world)
    start(world)
    assert Problem.objects.filter(session=world.session).count() == 1


def test_the_queue_says_how_many_are_before_and_why(world: World) -> None:
    first, second = start(world)["id"], start(world)["id"]
    waiting = world.owner.get_json(f"/runs/{second}")["queue"]
    assert (waiting["position"], waiting["ahead"]) == (2, 1)
    assert "No worker is running" in waiting["reason"]
    Run.objects.filter(pk=second).update(created_at=timezone.now() - timedelta(hours=1))
    assert world.owner.get_json(f"/runs/{second}")["queue"]["position"] == 1
    assert world.owner.get_json(f"/runs/{first}")["queue"]["ahead"] == 1
    Run.objects.filter(pk=second).update(state="running")
    assert world.owner.get_json(f"/runs/{second}")["queue"] is None


def test_running_out_of_time_is_a_spent_budget(world: World) -> None:
    world.put_into("completed", stopped_by="deadline", cap=None)
    run = world.owner.get_json(f"/runs/{world.run.pk}")
    assert (run["stopped_by"], run["cap"]) == ("budget", "seconds")


def test_a_session_counts_its_runs(world: World) -> None:
    newest = start(world)
    session = world.owner.get_json(f"/sessions/{world.session.pk}")
    assert session["latest"] == {
        "id": newest["id"], "algorithm": "beam", "state": "queued", "stopped_by": None, "answer": None,
        "correct": None, "tokens": 0, "nodes": 0, "head_seq": 0,
    }  # fmt: skip
    assert (session["runs"], session["states"]) == (2, {"completed": 1, "queued": 1})
    assert (session["problem"], session["role"]) == ("3 5 7 11 -> 24", "owner")


def test_search_wants_every_word(world: World) -> None:
    def found(q: str) -> int:
        return len(world.owner.get_json(f"/sessions?q={q}")["items"])

    world.session.tags = ["paper"]
    world.session.save()
    assert found("beam") == found("COUNTDOWN beam") == found("7 11") == found("paper") == found("") == 1
    assert found("beam mcts") == found("%25") == found("_") == 0


def test_an_archived_session_leaves_the_list_and_comes_back(world: World) -> None:
    path = f"/sessions/{world.session.pk}"
    assert world.owner.send("DELETE", path).status_code == 204
    assert world.owner.get_json("/sessions")["items"] == []
    assert len(world.owner.get_json("/sessions?archived=true")["items"]) == 1
    assert world.owner.get_json(path)["archived_at"] is not None
    assert world.owner.send("PATCH", path, {"archived": False}).json()["archived_at"] is None
    assert len(world.owner.get_json("/sessions")["items"]) == 1


def test_pages_follow_each_other_without_gap_or_double(world: World) -> None:
    ids = {str(world.session.pk)}
    moment = timezone.now()
    for number in range(6):  # all touched at the same moment: the id decides
        session = session_create(team=world.team, user=world.people["owner"], title=f"Session {number}")
        session.updated_at = moment
        session.save()
        ids.add(str(session.pk))
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = world.owner.get_json(f"/sessions?limit=2&cursor={cursor}")
        seen += [session["id"] for session in page["items"]]
        cursor = page["next"]
    assert len(seen) == 7
    assert set(seen) == ids


@pytest.mark.parametrize("path", ["/sessions", "/sessions/{session}/runs"])
def test_a_longer_list_costs_no_more_queries(
    world: World, path: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def queries(count: int) -> int:
        with django_assert_num_queries(count) as asked:
            world.owner.get_json(path.replace("{session}", str(world.session.pk)))
        return len(asked)

    world.owner.get_json("/sessions")  # the token's last use is written once a minute
    few = {"/sessions": 3, "/sessions/{session}/runs": 3}[path]
    queries(few)
    for _ in range(3):
        start(world, algorithm="greedy")
        store_journal(session_create(team=world.team, user=world.people["owner"], title="More"), "greedy")
    Run.objects.update(state=RunState.COMPLETED)
    queries(few)
