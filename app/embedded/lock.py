"""One Espalier per data folder: a lock that the operating system drops when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType

from app.embedded.messages import CannotStart


class HomeLock:
    """Held for as long as the supervisor lives; the file tells the next one who we are."""

    def __init__(self, file: Path, url: str) -> None:
        self.file = file
        self.url = url
        self._descriptor = -1

    def __enter__(self) -> HomeLock:
        self._descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(self._descriptor, 4096)
            os.close(self._descriptor)
            raise CannotStart(_already_running(self.file, text)) from None
        self.write()
        return self

    def write(self) -> None:
        """Say who holds the lock and where it answers."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), "url": self.url}).encode(), 0)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The file stays: removing it would let two processes hold "the" lock on different files of one name.
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _already_running(file: Path, text: bytes) -> str:
    try:
        holder = json.loads(text)
        who = f"process {holder['pid']}, {holder['url']}"
    except (ValueError, KeyError, TypeError):
        who = "a process that is just starting or stopping"
    return (
        f"it already runs in {file.parent} ({who}). Open that one, stop it with Ctrl-C, "
        "or start another beside it with ESPALIER_HOME=/another/folder PORT=8001 make run."
    )
