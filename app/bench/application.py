"""A complete Espalier for a benchmark: the supervised start of `make run` in an empty folder, on a free port."""

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
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

READY = re.compile(r"^Espalier is ready: ", re.MULTILINE)
START_SECONDS = 180
# A benchmark measures its own servers, whatever the shell that started it is set up for.
NOT_INHERITED = ("DATABASE_URL", "REDIS_URL", "ESPALIER_HOME", "SECRET_KEY", "ALLOWED_HOSTS", "PORT", "SITE_URL")


class Application:
    """Use as a context manager; `call` talks to the REST API as the owner."""

    def __init__(self, **environment: str) -> None:
        self._environment = environment
        self.home = Path(tempfile.mkdtemp(prefix="espalier-bench-"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._printed: list[str] = []
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        own = {"ESPALIER_HOME": str(self.home), "PORT": str(self.port)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.embedded.run"],
            env=inherited | own | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        if not self._ready.wait(START_SECONDS) or self._process.poll() is not None:
            self._stop()
            raise RuntimeError(f"Espalier did not start:\n{''.join(self._printed[-30:])}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer of an API call. Raises urllib's HTTPError for 4xx and 5xx."""
        token = (self.home / "owner.token").read_text(encoding="utf-8").strip()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._printed.append(line)
            if READY.match(line):
                self._ready.set()
        self._ready.set()

    def _stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)
