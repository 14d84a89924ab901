"""The ASGI application: models, completions and chat completions over one policy.

What a request asks for together (`n`) and what other requests ask for meanwhile share the policy's batches. A client
that hangs up aborts its samples in the engine. In a stream a sample comes as one piece, when it is finished.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from search.batching import URGENT
from search.policies.base import Cancellation, Policy, PolicyError, StepRequest, StepSample
from search.questions import Question
from search.serving.shapes import BadRequest, Wanted, chunk, question_in, read_request, usage, verdict, whole

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
LARGEST_REQUEST = 4 * 2**20
_ROUTES = {"/v1/completions": "completions", "/v1/chat/completions": "chat"}


class ServingApp:
    """Serves `policy` under its name; `token_texts` in its engine gives each token's own text."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"]
        try:
            if (method, path) == ("GET", "/health"):
                await _answer(send, 200, {})
            elif (method, path) == ("GET", "/v1/models"):
                entry = {"id": self._policy.name, "object": "model", "created": 0, "owned_by": "espalier"}
                await _answer(send, 200, {"object": "list", "data": [entry]})
            elif method == "POST" and path in _ROUTES:
                await self._complete(_ROUTES[path], receive, send)
            else:
                raise BadRequest(404, f"there is no {method} {path}")
        except BadRequest as complaint:
            await _answer(send, complaint.status, complaint.body)

    async def _complete(self, api: str, receive: Receive, send: Send) -> None:
        wanted = read_request(api, await _body(receive), self._policy)
        URGENT.set(wanted.urgent)  # in the context of this request's own task
        cancellation = Cancellation()
        leaving = asyncio.ensure_future(_until_gone(receive, cancellation))
        try:
            if (asked := question_in(wanted, self._policy)) is not None:
                await _answer(send, 200, await self._verdict(wanted, *asked))
            elif wanted.stream:
                await self._stream(wanted, cancellation, send)
            else:
                samples = await asyncio.gather(*(self._sample(r, cancellation) for r in wanted.requests))
                if not cancellation.requested:
                    await _answer(send, 200, whole(wanted, samples, self._policy))
        finally:
            cancellation.request()
            leaving.cancel()

    async def _verdict(self, wanted: Wanted, prompt: str, question: Question) -> dict[str, Any]:
        try:
            [weighed] = await self._policy.weigh([prompt], question)  # type: ignore[attr-defined]
        except PolicyError as error:
            raise BadRequest(400, str(error)) from error
        return verdict(wanted, weighed, self._policy)

    async def _sample(self, request: StepRequest, cancellation: Cancellation) -> StepSample:
        try:
            return (await self._policy.generate([request], cancellation))[0]
        except PolicyError as error:
            raise BadRequest(400, str(error)) from error

    async def _stream(self, wanted: Wanted, cancellation: Cancellation, send: Send) -> None:
        """Samples as they finish. The head waits for the first of them, so that a refusal is still a status."""
        numbered = {
            asyncio.ensure_future(self._sample(request, cancellation)): index
            for index, request in enumerate(wanted.requests)
        }
        waiting, finished, begun = set(numbered), [], False
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                samples = [(numbered[task], task.result()) for task in sorted(done, key=lambda task: numbered[task])]
                if cancellation.requested:
                    return
                if not begun:
                    await _head(send, 200, "text/event-stream")
                    begun = True
                for index, sample in samples:
                    finished.append(sample)
                    await _event(send, chunk(wanted, index, sample, self._policy))
        finally:
            for task in waiting:
                task.cancel()
        if wanted.include_usage:
            await _event(send, {**wanted.frame, "choices": [], "usage": usage(finished)})
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_REQUEST:
            raise BadRequest(413, f"the request is larger than {LARGEST_REQUEST // 2**20} MB")
        if not message.get("more_body"):
            return body


async def _until_gone(receive: Receive, cancellation: Cancellation) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    cancellation.request()


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    await _head(send, status, "application/json")
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _head(send: Send, status: int, content_type: str) -> None:
    headers = [(b"content-type", content_type.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _event(send: Send, event: dict[str, Any]) -> None:
    data = f"data: {json.dumps(event)}\n\n".encode()
    await send({"type": "http.response.body", "body": data, "more_body": True})
