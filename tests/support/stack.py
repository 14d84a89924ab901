"""A complete Espalier as a person gets it: `python -m app.embedded.run` on a free port and an empty folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from redis import Redis
from redis.exceptions import RedisError

from app.config.heartbeat import pids_alive
from app.embedded.home import REPOSITORY, Home
from app.embedded.postgres import Postgres

READY = re.compile(r"^Espalier is ready: (http://\S+?)/\?token=(\S+)$", re.MULTILINE)
# Settings of the session that a stack must not inherit: it has servers, a folder and a secret of its own.
OF_THE_SESSION = ("DATABASE_URL", "REDIS_URL", "ESPALIER_HOME", "SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_POOL_SIZE")


LINK = """
import django
django.setup()
from app.teams.services import login_token_create, owner_ensure
print(login_token_create(user=owner_ensure()))
"""


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Poll until `condition()` is true and return its value; fail with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds:g} s")


class Stack:
    """`url`, `login_link`, `token` (of the owner), `pid("Web" | "Worker" | "Redis" | "PostgreSQL")`."""

    def __init__(self, home: Path | None = None, **environment: str) -> None:
        self.home = home or Path(tempfile.mkdtemp(prefix="espalier-stack-"))
        self.port = environment.pop("PORT", "") or str(free_port())
        self.environment = environment
        self.process: subprocess.Popen[str] | None = None
        self._printed: list[str] = []

    def launch(self) -> Stack:
        """Start the supervisor without waiting for it."""
        inherited = {name: value for name, value in os.environ.items() if name not in OF_THE_SESSION}
        self._printed = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.embedded.run"],
            cwd=REPOSITORY,
            env=inherited | {"ESPALIER_HOME": str(self.home), "PORT": self.port} | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self._printed.append(line)

    @property
    def output(self) -> str:
        """Everything it has printed so far."""
        return "".join(self._printed)

    def start(self, seconds: float = 300) -> Stack:
        """Start and wait for the ready line."""
        self.launch()

        def ready_or_dead() -> bool:
            return bool(READY.search(self.output)) or self._process.poll() is not None

        wait_until(ready_or_dead, seconds, f"the ready line; so far: {self.output}")
        if not READY.search(self.output):
            raise AssertionError(f"the stack ended:\n{self.output}\n{self.logs()}")
        return self

    @property
    def _process(self) -> subprocess.Popen[str]:
        assert self.process, "not started"
        return self.process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def login_link(self) -> str:
        """The one-time link of the latest start."""
        found = READY.search(self.output)
        assert found, self.output
        return f"{found[1]}/?token={found[2]}"

    def another_login_link(self) -> str:
        """One more one-time link of the owner's, made where `make run` makes its own: in the database."""
        environment = {**os.environ, "DATABASE_URL": Postgres(Home(self.home)).url, "ESPALIER_HOME": str(self.home)}
        found = subprocess.run(
            [sys.executable, "-c", LINK], env=environment, capture_output=True, text=True, timeout=60
        )
        assert found.returncode == 0, found.stderr
        return f"{self.url}/?token={found.stdout.strip()}"

    @property
    def token(self) -> str:
        return (self.home / "owner.token").read_text(encoding="utf-8").strip()

    def pid(self, name: str) -> int:
        """The current process of a service; raises while there is none."""
        noted = json.loads((self.home / "run" / f"{name.lower()}.pid").read_text(encoding="ascii"))
        return int(noted["pid"])

    def kill(self, name: str) -> int:
        """SIGKILL a service; returns the process id that died."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_for_new(self, name: str, old: int, seconds: float = 60) -> int:
        """Wait until the supervisor has started a successor of `old`."""

        def successor() -> int | None:
            try:
                pid = self.pid(name)
            except (OSError, ValueError):
                return None
            return pid if pid != old and psutil.pid_exists(pid) else None

        return int(wait_until(successor, seconds, f"a new {name}"))

    def request(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """Status and JSON of an API call as the owner (`token=""` for nobody). Does not raise on 4xx and 5xx."""
        bearer = self.token if token is None else token
        request = urllib.request.Request(f"{self.url}/api/v1{path}", method=method)
        if bearer:
            request.add_header("Authorization", f"Bearer {bearer}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, json.loads(text) if text else None

    def healthy(self) -> bool:
        """Web, PostgreSQL and Redis answer, and the worker that runs now has said that it takes tasks (the health page
        counts a killed one for eight seconds more)."""
        try:
            status, _ = self.request("GET", "/health", token="")
            with Redis.from_url(f"unix://{self.home}/run/redis/redis.sock") as redis:
                return status == 200 and self.pid("Worker") in pids_alive(redis)
        except (OSError, ValueError, RedisError):
            return False

    def logs(self) -> str:
        """The ends of all log files, for a failure's message."""
        files = sorted((self.home / "logs").glob("*.log"))
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-3000:]}" for file in files)

    def stop(self, number: signal.Signals = signal.SIGINT, seconds: float = 60) -> int:
        """Ctrl-C; returns the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(seconds)

    def remove(self) -> None:
        """Stop it and remove its folder."""
        if self.process:
            self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
