"""What is sent for a request, and what is made of an answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from search.batching import URGENT
from search.policies.base import Sampling, StepRequest
from tests.search.openai.conftest import Connect
from tests.search.openai.misbehaving import Misbehaving, choice, whole

Server = tuple[Misbehaving, Connect]
PROMPT = "2 3 -> 5\nfirst\n"


def request(key: str = "0.0.0", temperature: float = 0.7, **settings: Any) -> StepRequest:
    sampling = Sampling(temperature, 0.9, 64, ("\n\n", "END"))
    return StepRequest(PROMPT, 5, key, 30, sampling, written_from=9, **settings)


def test_samples_of_one_prompt_are_asked_for_together(misbehaving: Server) -> None:
    app, reach = misbehaving
    app.answers["n"] = whole(choice("b", 1), choice("a", 0))
    samples = asyncio.run(reach("answer-n", key="geheim").generate([request("0.0.0"), request("0.0.1")]))
    assert [sample.text for sample in samples] == ["a", "b"]
    (body,) = app.asked
    seed = body.pop("seed")
    assert 0 <= seed < 2**31
    assert body == {
        "model": "qwen", "prompt": PROMPT, "n": 2, "max_tokens": 30, "temperature": 0.7, "top_p": 0.9,
        "stop": ["\n\n", "END"], "logprobs": 1, "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    assert app.headers[0][b"authorization"] == b"Bearer geheim"


def test_the_seed_is_fixed_by_the_run_and_the_creation_keys(misbehaving: Server) -> None:
    app, reach = misbehaving
    app.answers["1"] = whole(choice("a"))
    policy = reach("answer-1", samples_per_request=1)
    for _ in range(2):
        asyncio.run(policy.generate([request("0.0.0"), request("0.0.1")]))
    assert sorted(body["seed"] for body in app.asked[:2]) == sorted(body["seed"] for body in app.asked[2:])
    assert app.asked[0]["seed"] != app.asked[1]["seed"]


def test_at_temperature_0_and_for_other_prompts_each_sample_is_asked_for_alone(misbehaving: Server) -> None:
    app, reach = misbehaving
    app.answers["1"] = whole(choice("a"))
    other = StepRequest("4 -> 4\n", 5, "0.1", 30, request().sampling)
    asyncio.run(reach("answer-1").generate([request(temperature=0.0), request("0.1.1", 0.0), request(), other]))
    assert [body["n"] for body in app.asked] == [1, 1, 1, 1]


def test_a_rollout_has_no_stop_texts_and_extra_settings_go_along(misbehaving: Server) -> None:
    app, reach = misbehaving
    app.answers["1"] = whole(choice("a"))
    asyncio.run(reach("answer-1", extra={"top_k": 20}, stream=False).generate([request(until_end=True)]))
    assert "stop" not in app.asked[0]
    assert "stream" not in app.asked[0]
    assert app.asked[0]["top_k"] == 20


def test_a_server_that_takes_priorities_is_told_whether_a_person_waits(misbehaving: Server) -> None:
    app, reach = misbehaving
    app.answers["1"] = whole(choice("a"))

    async def nobody_waits() -> None:
        URGENT.set(False)
        await policy.generate([request()])

    for policy in (reach("answer-1"), reach("answer-1", priority=True)):
        asyncio.run(policy.generate([request()]))
        asyncio.run(nobody_waits())
    assert [body.get("priority") for body in app.asked] == [None, None, 0, 1]


def test_chat_completions_ask_with_the_problem_and_begin_with_the_steps(misbehaving: Server) -> None:
    app, reach = misbehaving
    message = {"message": {"role": "assistant", "content": "so"}, "matched_stop": "END", "index": 0}
    logprobs = {"logprobs": {"content": [{"token": "so", "logprob": -0.25}, {"token": "END", "logprob": -1.5}]}}
    app.answers["1"] = whole({**message, **logprobs, "finish_reason": "stop"}, generated=2)
    (sample,) = asyncio.run(reach("answer-1", api="chat").generate([request()]))
    assert (sample.text, sample.finish, sample.logprobs, sample.tokens) == ("so", "step", (-0.25, -1.5), 2)
    body = app.asked[0]
    assert "prompt" not in body
    assert body["messages"] == [
        {"role": "user", "content": "2 3 -> 5"}, {"role": "assistant", "content": "first\n"}
    ]  # fmt: skip
    assert (body["continue_final_message"], body["add_generation_prompt"], body["logprobs"]) == (True, False, True)


def test_the_first_step_of_a_chat_has_no_message_to_continue(misbehaving: Server) -> None:
    app, reach = misbehaving
    app.answers["1"] = whole(choice("", message={"content": "a"}), generated=1)
    first = StepRequest("2 3 -> 5\n", 5, "0.0", 30, Sampling(), written_from=9)
    asyncio.run(reach("answer-1", api="chat", logprobs=False).generate([first]))
    assert app.asked[0]["messages"] == [{"role": "user", "content": "2 3 -> 5"}]
    assert "continue_final_message" not in app.asked[0]


@pytest.mark.parametrize(
    ("ending", "settings", "finish"),
    [
        ({"finish": "stop", "stop_reason": "\n\n"}, {}, "step"),
        ({"finish": "stop", "stop_reason": None}, {}, "end"),
        ({"finish": "stop", "stop_reason": 151643}, {}, "end"),  # a stop token
        ({"finish": "length", "stop_reason": None}, {}, "length"),
        ({"finish": "length", "stop_reason": None}, {"cut_by_budget": True}, "budget"),
        ({"finish": "stop", "stop_reason": "\n\n"}, {"until_end": True}, "end"),
    ],
)
def test_how_a_sample_ended(misbehaving: Server, ending: Any, settings: Any, finish: str) -> None:
    app, reach = misbehaving
    app.answers["1"] = whole(choice("a", **ending))
    (sample,) = asyncio.run(reach("answer-1").generate([request(**settings)]))
    assert sample.finish == finish


def test_end_tokens_without_a_logprob_are_counted(misbehaving: Server) -> None:
    """Three samples with 2, 1 and 0 logprobs of 5 tokens that the server counts: two end tokens are shared out."""
    app, reach = misbehaving
    app.answers["3"] = whole(choice("ab", 0), choice("c", 1), choice("", 2), generated=5)
    samples = asyncio.run(reach("answer-3").generate([request(f"0.0.{i}") for i in range(3)]))
    assert [sample.tokens for sample in samples] == [3, 2, 0]
    assert {sample.prompt_tokens for sample in samples} == {7}
    assert {sample.token_ids for sample in samples} == {()}


def test_without_logprobs_the_server_counts_the_tokens(misbehaving: Server) -> None:
    app, reach = misbehaving
    app.answers["1"] = whole(choice("a b c", logprobs=None), generated=4)
    samples = asyncio.run(reach("answer-1", logprobs=False).generate([request("0.0.0"), request("0.0.1")]))
    assert [(sample.tokens, sample.logprobs) for sample in samples] == [(4, ())] * 2
    assert [body["n"] for body in app.asked] == [1, 1]
    assert "logprobs" not in app.asked[0]


def test_a_server_that_does_not_tell_stops_is_hung_up_on_at_the_delimiter(misbehaving: Server) -> None:
    app, reach = misbehaving
    step = StepRequest("1\n", 1, "0.0", 300, Sampling(), written_from=2)
    (sample,) = asyncio.run(reach("lines", stops="client").generate([step]))
    assert (sample.text, sample.finish, sample.tokens) == ("3+4", "step", 4)
    assert "stop" not in app.asked[0]
