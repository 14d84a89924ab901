"""One supervised child process, and what is left of one when its supervisor was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.embedded.accounts import Account

LOG_LIMIT = 20 * 1024 * 1024


@dataclass(frozen=True)
class Service:
    """How to run one program."""

    name: str
    command: Sequence[str]
    log: Path
    pid_file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    inherits: bool = True  # False: only `environment`, so that our secrets stay out of it
    account: Account | None = None  # another user to run as, when we are root
    folder: Path | None = None
    niceness: int = 0
    keep_open: tuple[int, ...] = ()  # descriptors that the child inherits
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 5.0
    kill_signal: signal.Signals = signal.SIGKILL
    before_start: Callable[[], None] = lambda: None


class Child:
    """A running (or not running) service."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.starts = 0

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def start(self) -> None:
        """Start the program; says nothing about whether it is ready."""
        service = self.service
        service.before_start()
        if service.log.exists() and service.log.stat().st_size > LOG_LIMIT:
            service.log.replace(service.log.with_suffix(".log.1"))
        account = service.account if service.account and not service.account.is_ours else None
        with service.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(service.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=service.folder or "/",
                env={**(os.environ if service.inherits else {}), **service.environment},
                pass_fds=service.keep_open,
                # Ctrl-C reaches a terminal's whole process group: we want to stop our children in order, so each gets
                # a group of its own. Not a session: niceness is compared only within one (Linux's autogroups).
                process_group=0,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        self.started = time.monotonic()
        self.starts += 1
        with suppress(psutil.Error, OSError):
            process = psutil.Process(self.process.pid)
            if service.niceness:
                process.nice(min(19, process.nice() + service.niceness))  # below us, whatever we run at
            remember(service.pid_file, process)

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll() if self.process else -1

    def stop(self) -> None:
        """Ask, wait, then insist. Does nothing when it does not run."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(self.service.stop_signal)
            try:
                self.process.wait(self.service.stop_seconds)
            except subprocess.TimeoutExpired:
                self.process.send_signal(self.service.kill_signal)
                self.process.wait(30)
        self.service.pid_file.unlink(missing_ok=True)

    def log_tail(self, lines: int = 12) -> str:
        """The last lines it wrote."""
        try:
            with self.service.log.open("rb") as log:
                log.seek(max(0, self.service.log.stat().st_size - 8192))
                return "\n".join(log.read().decode("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""


def remember(pid_file: Path, process: psutil.Process) -> None:
    """Process ids are reused; together with its start time one names a process for good."""
    pid_file.write_text(json.dumps({"pid": process.pid, "started": process.create_time()}), encoding="ascii")


def orphan(pid_file: Path) -> psutil.Process | None:
    """The still running process that a killed supervisor left behind under this name."""
    try:
        noted = json.loads(pid_file.read_text(encoding="ascii"))
        process = psutil.Process(noted["pid"])
        same = abs(process.create_time() - noted["started"]) < 2
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, KeyError, psutil.Error):
        return None


def stop_orphan(service: Service) -> bool:
    """Stop what a killed supervisor left; True when there was something."""
    process = orphan(service.pid_file)
    if process is None:
        return False
    with suppress(psutil.Error):
        process.send_signal(service.stop_signal)
        try:
            process.wait(service.stop_seconds)
        except psutil.TimeoutExpired:
            process.send_signal(service.kill_signal)
            process.wait(30)
    return True
