"""The outer walls: the Content-Security-Policy, the websocket's origin, the health page, what the web process loads."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import AsyncClient, Client
from pytest_django import Settings

from app.config.origin import SameOrigin
from app.embedded.home import REPOSITORY


def directives(header: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.strip().partition(" ") for part in header.split(";"))}


@pytest.mark.django_db
def test_every_answer_carries_the_policy(client: Client, servers: object) -> None:
    for address in ("/api/v1/health", "/login/", "/there/is/no/such/page"):
        policy = directives(client.get(address).headers["Content-Security-Policy"])
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["connect-src"] == "'self' ws://testserver"
        assert "unsafe" not in str(policy)


@pytest.mark.django_db(transaction=True)
async def test_asynchronous_views_carry_it_too(async_client: AsyncClient, servers: object) -> None:
    response = await async_client.get("/api/v1/health")
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_health_tells_the_truth(client: Client, servers: object, settings: Settings) -> None:
    answer = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["redis"]) == (200, "ok", "ok")
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    answer = client.get("/api/v1/health")
    assert answer.status_code == 503
    assert answer.json() == {"status": "degraded", "database": "ok", "redis": "unreachable", "workers": 0}


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        ({b"host": b"espalier.example", b"origin": b"https://espalier.example"}, True),
        ({b"host": b"127.0.0.1:8000", b"origin": b"http://127.0.0.1:8000"}, True),
        ({b"host": b"127.0.0.1:8000", b"origin": b"http://127.0.0.1:9000"}, False),  # another local application
        ({b"host": b"espalier.example", b"origin": b"https://evil.example"}, False),
        ({b"host": b"espalier.example", b"origin": b"null"}, False),
        ({b"host": b"espalier.example"}, False),
        ({b"host": b"espalier.example", b"authorization": b"Bearer abc"}, True),
        ({b"host": b"inner:8000", b"origin": b"https://trusted.example"}, True),
    ],
)
async def test_websockets_of_other_origins_are_refused(
    headers: dict[bytes, bytes], let_in: bool, settings: Settings
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example"]
    entered: list[str] = []
    sent: list[dict[str, Any]] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        entered.append(scope["type"])

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await SameOrigin(application)({"type": "websocket", "headers": list(headers.items())}, receive, send)
    assert bool(entered) is let_in
    assert (sent == []) is let_in


def test_the_web_process_never_loads_a_model_library() -> None:
    code = (
        "import sys; import app.config.asgi; from django.urls import get_resolver; get_resolver().url_patterns; "
        "import app.explorer.tasks; "
        "print([name for name in ('torch', 'transformers', 'vllm') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env=os.environ, capture_output=True, text=True, timeout=120
    )
    assert found.stdout.strip() == "[]", found.stdout + found.stderr


def test_settings_need_a_secret() -> None:
    env = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"}
    command = [sys.executable, "-c", "import app.config.settings"]
    found = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True)
    assert found.returncode != 0
    assert "SECRET_KEY (or SECRET_KEY_FILE) is not set" in found.stderr
