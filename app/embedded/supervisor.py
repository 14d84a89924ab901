"""Keeps the children alive, and stops them in the right order."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from app.embedded.child import Child, Service, stop_orphan
from app.embedded.disk import nearly_full
from app.embedded.messages import Stopped, say

FIRST_DELAY = 0.3
LONGEST_DELAY = 15.0
STEADY_AFTER = 30.0  # a child that ran this long starts again without a growing delay
POLL = 0.1


@dataclass
class Backoff:
    """How long a child that died rests before its next start."""

    delay: float = 0.0
    due: float | None = None

    def after_death(self, now: float, lived: float) -> float:
        """Seconds until the next start: at once after a steady life, doubling while it keeps dying."""
        grown = FIRST_DELAY if lived >= STEADY_AFTER or not self.delay else self.delay * 2
        self.delay = min(grown, LONGEST_DELAY)
        self.due = now + self.delay
        return self.delay


class Supervisor:
    """Children in starting order; `run_forever` restarts whichever dies until a signal asks to stop."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.children: list[Child] = []
        self.stop_asked = False
        self._backoff: dict[str, Backoff] = {}

    def catch_signals(self) -> None:
        """Ctrl-C, `kill` and a closed terminal all mean: stop in order. A second one changes nothing."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # `nohup make run` is to outlive its terminal
            signal.signal(signal.SIGHUP, self._ask_to_stop)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_asked = True

    def pause(self, seconds: float) -> None:
        """Sleep, and see after the children meanwhile; raises `Stopped` when somebody asked to stop.

        Every wait of a start goes through here, so that a service that dies while another starts comes back too.
        """
        time.sleep(seconds)
        for child in self.children:
            self.revive(child)
        if self.stop_asked:
            raise Stopped

    def start(self, service: Service) -> Child:
        """Start a service and keep it alive from now on."""
        if stop_orphan(service):
            say(f"{service.name}: stopped the one that an earlier start left behind")
        child = Child(service)
        self.children.append(child)
        child.start()
        return child

    def wait_for(self, child: Child, ready: Callable[[], bool], patience: float) -> bool:
        """Wait until `ready()`; False when the child ended or `patience` seconds passed."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if child.exit_code() is not None:
                return False
            if ready():
                return True
            self.pause(0.2)
        return False

    def run_forever(self) -> None:
        """Watch until asked to stop."""
        while not self.stop_asked:
            for child in self.children:
                self.revive(child)
            time.sleep(POLL)

    def revive(self, child: Child) -> None:
        """Start a child that died, when its rest is over."""
        code = child.exit_code()
        if code is None:
            return
        backoff = self._backoff.setdefault(child.name, Backoff())
        now = time.monotonic()
        if backoff.due is None:
            rest = backoff.after_death(now, now - child.started)
            why = "the disk is full" if nearly_full(self.home) else f"see {child.service.log}"
            say(f"{child.name} ended ({_describe(code)}; {why}), starting it again in {rest:.1f} s")
        elif now >= backoff.due:
            backoff.due = None
            try:
                child.start()
            except OSError as error:
                say(f"{child.name} cannot be started: {error}")
                return
            say(f"{child.name} is back (process {child.pid})")

    def stop_all(self) -> None:
        """Last started first: web, worker, Redis, PostgreSQL. What writes stops before what it writes to."""
        for child in reversed(self.children):
            child.stop()
        self.children.clear()


def _describe(code: int) -> str:
    """Popen's negative codes are signals."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
