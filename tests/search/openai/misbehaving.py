"""A server that speaks the OpenAI API, or fails at it in every way that servers do."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

Json = dict[str, Any]


def choice(text: str, index: int = 0, finish: str | None = "stop", **more: Any) -> Json:
    """A completion's choice with one logprob of -0.5 per character."""
    logprobs = {"tokens": list(text), "token_logprobs": [-0.5] * len(text)}
    return {"index": index, "text": text, "finish_reason": finish, "logprobs": logprobs, "stop_reason": None, **more}


def whole(*choices: Json, generated: int | None = None) -> Json:
    """An answer without a stream; by default the tokens it counts are those with a logprob."""
    tokens = sum(len((c.get("logprobs") or {}).get("token_logprobs") or ()) for c in choices)
    usage = {"prompt_tokens": 7, "completion_tokens": tokens if generated is None else generated}
    return {"choices": list(choices), "usage": usage}


class Misbehaving:
    """An ASGI application: the first part of the path says what it does. Keeps what it was asked and who hung up."""

    def __init__(self) -> None:
        self.asked: list[Json] = []
        self.headers: list[dict[bytes, bytes]] = []
        self.calls: Counter[str] = Counter()
        self.hung_up: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.answers: dict[str, Json] = {}
        """What `/answer-NAME/…` answers."""
        self._third = asyncio.Event()

    async def __call__(self, scope: Json, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        how = scope["path"].split("/")[1]
        if scope["path"].endswith("/models"):
            served = {"data": [{"id": "qwen"}, {"id": "phi"}]}
            await _answer(send, 404 if how == "nothing" else 200, {} if how == "nothing" else served)
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.calls[how] += 1
        self.asked.append(json.loads(body))
        self.headers.append(dict(scope["headers"]))
        await getattr(self, how.partition("-")[0])(how, receive, send)

    async def answer(self, how: str, receive: Any, send: Any) -> None:
        await _answer(send, 200, self.answers[how.partition("-")[2]])

    async def nothing(self, how: str, receive: Any, send: Any) -> None:
        await _answer(send, 404, {"detail": "Not Found"})

    async def status(self, how: str, receive: Any, send: Any) -> None:
        await _answer(send, int(how.partition("-")[2]), {"error": {"message": "that is how it is"}})

    async def long(self, how: str, receive: Any, send: Any) -> None:
        said = "This model's maximum context length is 128 tokens. However, your request has 130 input tokens."
        await _answer(send, 400, {"error": {"message": said}})

    async def busy(self, how: str, receive: Any, send: Any) -> None:
        """503 as often as the number in the path says, then an answer."""
        if self.calls[how] <= int(how.partition("-")[2]):
            await _answer(send, 503, {"error": {"message": "loading"}})
        else:
            await _answer(send, 200, whole(choice("fine")))

    async def garbage(self, how: str, receive: Any, send: Any) -> None:
        await _start(send, 200, b"text/html")
        await send({"type": "http.response.body", "body": b"<html>It works!</html>"})

    async def nan(self, how: str, receive: Any, send: Any) -> None:
        broken = choice("abc")
        broken["logprobs"]["token_logprobs"][1] = float("nan")
        await _answer(send, 200, whole(broken))

    async def dies(self, how: str, receive: Any, send: Any) -> None:
        """Breaks off in the middle of a stream, every time."""
        await _start(send, 200, b"text/event-stream")
        await _event(send, whole(choice("half", finish=None)))
        raise ConnectionResetError("as if the process had died")

    async def hangs(self, how: str, receive: Any, send: Any) -> None:
        """Never says a word."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.hung_up[how] += 1

    async def slow(self, how: str, receive: Any, send: Any) -> None:
        """A token every 20 ms, for ever."""
        await _start(send, 200, b"text/event-stream")
        gone = asyncio.ensure_future(self.hangs(how, receive, send))
        while not gone.done():
            await _event(send, {"choices": [choice("a", finish=None)]})
            self.sent[how] += 1
            await asyncio.sleep(0.02)

    async def mixed(self, how: str, receive: Any, send: Any) -> None:
        """Of three requests the second is refused, the others get a token every 20 ms."""
        number = self.calls[how]
        if number == 3:
            self._third.set()
        if number != 2:
            await self.slow(how, receive, send)
            return
        await asyncio.wait_for(self._third.wait(), 5)
        await self.status("status-400", receive, send)

    async def lines(self, how: str, receive: Any, send: Any) -> None:
        """A stream that knows no stop texts: two lines, one character at a time."""
        await _start(send, 200, b"text/event-stream")
        gone = asyncio.ensure_future(self.hangs(how, receive, send))
        for character in "3+4\n5+6\n" * 40:
            if gone.done():
                return
            await _event(send, {"choices": [choice(character, finish=None)]})
            await asyncio.sleep(0.005)

    async def breaks(self, how: str, receive: Any, send: Any) -> None:
        """Reports an error in the middle of a stream, as vLLM does."""
        await _start(send, 200, b"text/event-stream")
        await _event(send, {"error": {"message": "EngineCore died", "code": 500}})


async def _answer(send: Any, status: int, body: Json) -> None:
    await _start(send, status, b"application/json")
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _start(send: Any, status: int, content_type: bytes) -> None:
    headers = [(b"content-type", content_type)]
    if status == 301:
        headers.append((b"location", b"https://elsewhere/v1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _event(send: Any, event: Json) -> None:
    body = f"data: {json.dumps(event)}\n\n".encode()
    await send({"type": "http.response.body", "body": body, "more_body": True})
