"""A strict Content-Security-Policy on every response.

Model output is untrusted text. Escaping is the first wall; this is the second: no inline script or style, no eval,
nothing from another host, no framing. A page that needs more must change this file, where it is seen in review.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",  # charts are saved as images through data: and blob: addresses
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",  # the layout of large trees runs in a web worker
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def policy_for(request: HttpRequest) -> str:
    """The header's value; the websocket's address is spelled out, as older browsers do not count it as 'self'."""
    scheme = "wss" if request.is_secure() else "ws"
    rules = POLICY | {"connect-src": f"'self' {scheme}://{request.get_host()}"}
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _add_policy(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response.headers.setdefault("Content-Security-Policy", policy_for(request))
    return response


@sync_and_async_middleware
def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]],
) -> Callable[[HttpRequest], HttpResponse] | Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """Django middleware for both kinds of view."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponse:
            return _add_policy(request, await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponse:
        return _add_policy(request, get_response(request))  # type: ignore[arg-type]

    return answer
