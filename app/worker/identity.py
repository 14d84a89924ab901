"""Which process this is, so that its successor on the same machine can tell at once that it is dead.

A lease runs out by itself after fifteen seconds. A worker that the supervisor started again need not wait that long
for the runs of its predecessor: a process number that is gone, on this very kernel and in this very process
namespace, will write no more.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")


def place() -> str | None:
    """Names the space in which process numbers mean something; None where the system does not tell."""
    try:
        return f"{socket.gethostname()}/{BOOT.read_text(encoding='ascii').strip()}/{NAMESPACE.stat().st_ino}"
    except OSError:
        return None


def worker_name() -> str:
    """This process, among all workers of the installation."""
    return f"{place() or socket.gethostname()}:{os.getpid()}"


def is_dead(worker: str) -> bool:
    """True only if `worker` is known to be gone: it ran in our place and its process number is nobody's now.

    Our own number is dead too when the caller knows that this process does not hold the run: the first process of a
    container always has number 1.
    """
    where, _, number = worker.rpartition(":")
    if where != place() or not number.isdecimal():
        return False
    if int(number) == os.getpid():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's process: the number is taken
    return False
