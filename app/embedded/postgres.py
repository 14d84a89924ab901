"""The embedded PostgreSQL: made once, reached through one unix socket by this account only, never over the network."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from app.embedded.accounts import can_reach, database_account
from app.embedded.child import Child, Service
from app.embedded.home import Home
from app.embedded.messages import CannotStart, say
from app.embedded.programs import SYSTEM_PLACE, find_programs

ROLE = DATABASE = "espalier"
MOST_STARTS = 6  # about ten seconds of resting in between
SETTINGS = {
    "listen_addresses": "",  # unix socket only
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "wal_level": "minimal",  # no replicas: COPY into what it created may skip the log
    "max_wal_senders": "0",
    "shared_buffers": "128MB",
    "log_min_messages": "warning",
    **({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {}),
}


class Postgres:
    """`prepare()` once, then run `service()` under a `Child`, then `wait_until_ready()`."""

    def __init__(self, home: Home, *, settings: dict[str, str] | None = None, initdb: Sequence[str] = ()) -> None:
        self.home = home
        self.account = database_account(home.postgres)
        self.programs = find_programs(self.account)
        self.settings = SETTINGS | (settings or {})
        self.initdb_options = list(initdb)
        self.sockets = home.socket_folder("postgres", self.account)

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.sockets), safe='/')}"

    @property
    def is_new(self) -> bool:
        return not (self.home.postgres / "PG_VERSION").exists()

    def prepare(self, pause: Callable[[float], None] = time.sleep) -> None:
        """Make the data folder when there is none, and write who may come in. `pause` may raise to give up."""
        if self.is_new:
            self._initialise(pause)
        self._write_access_rules()

    def service(self) -> Service:
        command = [self.programs.postgres, "-D", str(self._data)]
        for name, value in (self.settings | {"unix_socket_directories": str(self.sockets)}).items():
            command += ["-c", f"{name}={value}"]
        return Service(
            name="PostgreSQL",
            command=command,
            environment=self._environment,
            inherits=False,
            log=self.home.logs / "postgresql.log",
            pid_file=self.home.run / "postgresql.pid",
            account=self.account,
            stop_signal=signal.SIGINT,  # "fast": end sessions, write a checkpoint, leave
            stop_seconds=60,
            kill_signal=signal.SIGQUIT,  # "immediate": SIGKILL would leave its children and shared memory behind
            before_start=self._clear_stale_pid_file,
        )

    def wait_until_ready(self, child: Child, pause: Callable[[float], None]) -> None:
        """Wait through crash recovery, however long it takes, and make the database when it is missing.

        `pause` is the supervisor's: it starts the process again when it ends meanwhile (the processes of a killed
        predecessor may still be leaving). When that happens too often we give up and show what it wrote.
        """
        began, told = time.monotonic(), 0.0
        while True:
            try:
                self._make_database()
                return
            except psycopg.OperationalError as error:
                last = str(error).strip().splitlines()[-1]
            if child.starts > MOST_STARTS:
                raise CannotStart(f"PostgreSQL does not start. Its last words:\n{child.log_tail()}")
            waited = time.monotonic() - began
            if waited - told > 5:
                told = waited
                say(f"PostgreSQL: still starting after {waited:.0f} s ({last})")
            pause(0.1)

    @property
    def _data(self) -> Path:
        return self.home.postgres.resolve()

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def _make_database(self) -> None:
        with psycopg.connect(self.url.replace(f"/{DATABASE}?", "/postgres?"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _initialise(self, pause: Callable[[float], None]) -> None:
        """Fill a folder beside the final place and rename it: half of a first start never looks like a whole one."""
        place = self._place()
        if place != self.home.postgres and (place / "PG_VERSION").exists():
            say(f"PostgreSQL: using the data of an earlier start in {place}")
            self._link(place)
            return
        fresh = place.with_name(place.name + ".new")
        if fresh.exists():
            say("PostgreSQL: an earlier first start was interrupted, beginning again")
            shutil.rmtree(fresh)
        if place.exists() and any(place.iterdir()):
            raise CannotStart(f"{place} is not empty and holds no PostgreSQL data. Move it away, then start again.")
        say("PostgreSQL: first start, preparing its data folder")
        fresh.mkdir(parents=True, mode=0o700)
        if not self.account.is_ours:
            os.chown(fresh, self.account.uid, self.account.gid)
        self._run_initdb(fresh, pause)
        if place.exists():
            place.rmdir()
        fresh.rename(place)
        self._link(place)

    def _link(self, place: Path) -> None:
        if place != self.home.postgres:
            self.home.postgres.unlink(missing_ok=True)
            self.home.postgres.symlink_to(place)

    def _place(self) -> Path:
        """`$ESPALIER_HOME/postgres`, unless PostgreSQL's account cannot reach it: then a folder of the system's that
        a link leads to (a data folder below /root, for instance)."""
        if self.account.is_ours or can_reach(self.account, self.home.postgres):
            return self.home.postgres
        for root in (SYSTEM_PLACE, Path("/var/tmp/espalier")):
            with suppress(OSError):
                root.mkdir(parents=True, exist_ok=True)
                root.chmod(0o755)
                say(f"PostgreSQL: its account cannot enter {self.home.path}; its data go to {root}")
                return root / f"{self.home.key}-postgres"
        raise CannotStart(f"PostgreSQL cannot reach {self.home.path}. Choose another ESPALIER_HOME.")

    def _run_initdb(self, folder: Path, pause: Callable[[float], None]) -> None:
        command = [self.programs.initdb, "-D", str(folder), "-U", ROLE, "--auth=reject", "--encoding=UTF8"]
        # The builtin provider sorts the same on every machine; the locales of the system do not.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", *self.initdb_options]
        child = Child(
            Service(
                name="initdb",
                command=command,
                environment=self._environment,
                inherits=False,
                log=self.home.logs / "initdb.log",
                pid_file=self.home.run / "initdb.pid",
                account=self.account,
                stop_seconds=0.5,
            )
        )
        child.start()
        try:
            while child.exit_code() is None:
                pause(0.05)
        finally:
            child.stop()
        if child.exit_code():
            raise CannotStart(f"PostgreSQL could not prepare its folder:\n{child.log_tail()}")

    def _write_access_rules(self) -> None:
        """Peer authentication: the kernel says which account is at the other end of the socket."""
        us = pwd.getpwuid(os.geteuid()).pw_name
        self._write("pg_hba.conf", "local all all peer map=espalier\n")
        self._write("pg_ident.conf", "".join(f'espalier "{name}" {ROLE}\n' for name in {us, self.account.name}))

    def _write(self, name: str, text: str) -> None:
        file = self._data / name
        file.write_text(text, encoding="utf-8")
        os.chown(file, self.account.uid, self.account.gid)

    def _clear_stale_pid_file(self) -> None:
        """Stop a PostgreSQL that still runs on our folder; drop a pid file whose process is something else by now.

        PostgreSQL itself believes any living process of that number, zombies included.
        """
        file = self._data / "postmaster.pid"
        try:
            process = psutil.Process(int(file.read_text(encoding="utf-8").splitlines()[0]))
            running = process.status() != psutil.STATUS_ZOMBIE and str(self._data) in process.cmdline()
        except (OSError, ValueError, IndexError, psutil.Error):
            running = False
        if running:
            say(f"PostgreSQL: one of an earlier start still runs (process {process.pid}), stopping it")
            with suppress(psutil.Error):
                process.send_signal(signal.SIGINT)
                process.wait(60)
        file.unlink(missing_ok=True)
