"""A server that is wrong, slow or gone: every failure names the server and what to mend."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from search.policies.base import Cancellation, PolicyError, Sampling, StepRequest
from tests.search.openai.conftest import Connect, connect
from tests.search.openai.misbehaving import Misbehaving, choice, whole

Server = tuple[Misbehaving, Connect]


def wanted(count: int = 1, **settings: Any) -> list[StepRequest]:
    """Requests for the next step of one short path."""
    prompt = "2 3 -> 5\nfirst\n"
    return [StepRequest(prompt, 1, f"0.0.{i}", 30, Sampling(), written_from=9, **settings) for i in range(count)]


def failure(policy: Any, count: int = 1) -> str:
    """What the policy complains of."""
    with pytest.raises(PolicyError) as caught:
        asyncio.run(policy.generate(wanted(count)))
    return str(caught.value)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("status-404", "It serves no model 'gone', but qwen, phi: mend `model`."),
        ("nothing", "mend `base_url` (it mostly ends in /v1)"),
        ("status-401", "answered 401: that is how it is. It does not take the key: set the variable"),
        ("status-400", "answered 400: that is how it is."),
        ("status-301", "it moved to https://elsewhere/v1. Mend `base_url`."),
        ("garbage", "answers what is not JSON: '<html>It works!</html>'. Is `base_url` an OpenAI-compatible API?"),
        ("nan", "returns nan as a logprob"),
        ("breaks", "reports: EngineCore died."),
        ("status-500", "answered 500: that is how it is. It was asked 3 times."),
        ("dies", "closed the connection before its answer was whole"),
    ],
)
def test_what_went_wrong_is_told_with_the_server_and_the_mend(misbehaving: Server, how: str, told: str) -> None:
    app, reach = misbehaving
    message = failure(reach(how, model="gone"))
    assert message.startswith("remote: the model server http://127.0.0.1:")
    assert told in message
    assert message.endswith("([policies.remote] in m.toml)")
    again = how in ("status-500", "dies")
    assert app.calls[how] == (3 if again else 1)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (whole(choice("a", 0), choice("b", 1)), "returned 2 of 3 samples; if it cannot write several at once, set"),
        (whole(), "returned 0 of 3 samples"),
        (whole(*(choice("a", i) for i in range(4))), "answers choice 3 where 3 were asked for"),
        (whole(*(choice("a", i, logprobs=None) for i in range(3)), generated=3), "returns no logprobs"),
        (whole(*(choice("a" * 40, i) for i in range(3))), "wrote 40 tokens where 30 were allowed"),
        (whole(*(choice("a", i, finish="content_filter") for i in range(3))), "for the reason 'content_filter'"),
        ({"object": "list"}, "answers without `choices`"),
        ({"choices": [{"index": 0, "text": 5}]}, "answers a text that is none"),
        (whole(*({"index": i, "text": "a", "finish_reason": "stop",
                  "logprobs": {"token_logprobs": [-1.0]}} for i in range(3))), 'set `stops = "client"`'),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_what_was_asked_for(misbehaving: Server, answer: Any, told: str) -> None:
    app, reach = misbehaving
    app.answers["odd"] = answer
    assert told in failure(reach("answer-odd"), 3)
    assert app.calls["answer-odd"] == 1


def test_nobody_listens() -> None:
    message = failure(connect("http://127.0.0.1:9/v1", retries=0))
    assert "the model server http://127.0.0.1:9/v1 cannot be reached" in message
    assert "It was asked once." in message


def test_a_key_in_the_address_is_not_repeated() -> None:
    assert "secret" not in failure(connect("http://user:secret@127.0.0.1:9/v1", retries=0))


def test_a_server_that_hangs_is_given_up_and_hung_up_on(misbehaving: Server) -> None:
    app, reach = misbehaving
    message = failure(reach("hangs", silence=0.2, retries=1))
    assert "said nothing for 0.2 s" in message
    assert "raise `timeout` in [policies.remote] in m.toml" in message
    assert app.calls["hangs"] == 2


def test_a_busy_server_is_asked_again(misbehaving: Server) -> None:
    app, reach = misbehaving
    (sample,) = asyncio.run(reach("busy-2").generate(wanted()))
    assert (sample.text, app.calls["busy-2"]) == ("fine", 3)


async def sent(app: Misbehaving, how: str, tokens: int) -> None:
    """Until the server has sent so many tokens."""
    while True:
        if app.sent[how] >= tokens:
            return
        await asyncio.sleep(0.01)


def hung_up(app: Misbehaving, how: str, times: int) -> bool:
    """Whether so many connections are closed, soon."""
    end = time.monotonic() + 30
    while app.hung_up[how] < times and time.monotonic() < end:
        time.sleep(0.01)
    return app.hung_up[how] == times


def test_one_failure_ends_what_else_is_under_way(misbehaving: Server) -> None:
    """Of three requests the second is refused; the other two would go on for ever."""
    app, reach = misbehaving
    assert "that is how it is" in failure(reach("mixed", samples_per_request=1), 3)
    assert hung_up(app, "mixed", 2)


def test_a_caller_that_leaves_closes_the_connection(misbehaving: Server) -> None:
    app, reach = misbehaving

    async def act() -> None:
        task = asyncio.ensure_future(reach("slow").generate(wanted()))
        await asyncio.wait_for(sent(app, "slow", 5), 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(act())
    assert hung_up(app, "slow", 1)


def test_an_abort_keeps_what_was_written_and_closes_the_connection(misbehaving: Server) -> None:
    app, reach = misbehaving

    async def act() -> Any:
        cancellation = Cancellation()
        task = asyncio.ensure_future(reach("slow").generate(wanted(), cancellation))
        await asyncio.wait_for(sent(app, "slow", 25), 30)
        cancellation.request()
        (sample,) = await asyncio.wait_for(task, 5)
        return sample

    sample = asyncio.run(act())
    assert sample.finish == "aborted"
    assert 1 <= sample.tokens == len(sample.text) == len(sample.logprobs) <= app.sent["slow"]
    assert set(sample.text) == {"a"}
    assert hung_up(app, "slow", 1)


def test_what_is_withdrawn_is_hung_up_on_alone(misbehaving: Server) -> None:
    """Two requests that would go on for ever: one is withdrawn, then all of them are aborted."""
    app, reach = misbehaving

    async def act() -> Any:
        cancellation = Cancellation()
        task = asyncio.ensure_future(reach("slow", samples_per_request=1).generate(wanted(2), cancellation))
        await asyncio.wait_for(sent(app, "slow", 10), 30)
        cancellation.withdraw([1])
        closed = await asyncio.to_thread(hung_up, app, "slow", 1)
        await asyncio.wait_for(sent(app, "slow", app.sent["slow"] + 10), 30)  # the other one goes on
        cancellation.request()
        return closed, await asyncio.wait_for(task, 5)

    closed, samples = asyncio.run(act())
    assert closed
    assert [sample.finish for sample in samples] == ["aborted", "aborted"]
    assert samples[0].tokens > samples[1].tokens


def test_a_path_that_fills_the_context_ends_there_and_a_problem_that_does_is_an_error(misbehaving: Server) -> None:
    _, reach = misbehaving
    samples = asyncio.run(reach("long").generate(wanted(2)))
    assert [(s.text, s.tokens, s.finish) for s in samples] == [("", 0, "length")] * 2
    alone = StepRequest("2 3 -> 5\n", 1, "0.0", 30, Sampling(), written_from=9)
    with pytest.raises(PolicyError, match=r"maximum context length is 128 tokens.* Shorten the problem"):
        asyncio.run(reach("long").generate([alone]))
