"""The embedded policy behind an OpenAI-compatible server, in a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """(base URL, model name) of the embedded policy's server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = subprocess.Popen(
        [sys.executable, "-m", "search", "serve", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    endpoint = f"http://127.0.0.1:{port}/v1"
    try:
        yield endpoint, _model(endpoint, server)
    finally:
        server.terminate()
        server.wait(30)


def _model(endpoint: str, server: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/models", timeout=5) as answer:
                return str(json.load(answer)["data"][0]["id"])
        except OSError:
            time.sleep(0.5)
    raise RuntimeError("the policy's server did not start")
