"""One real PostgreSQL and one real Redis for a whole test session.

Their addresses are known before they run (they are socket folders), so Django can be configured first and a session
that touches no database never pays for starting one.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from app.embedded.home import Home
from app.embedded.postgres import Postgres
from app.embedded.redis import Redis
from app.embedded.supervisor import Supervisor

# A test's data may be lost with the machine: this makes the server several times faster.
FAST = {"fsync": "off", "full_page_writes": "off", "max_connections": "60"}


class SessionServers:
    """Embedded servers in a temporary folder; servers given by DATABASE_URL and REDIS_URL are used instead."""

    def __init__(self) -> None:
        # Not pytest's own temporary folder: PostgreSQL's account may not enter that one when we are root.
        self.home = Home(Path(tempfile.mkdtemp(prefix="espalier-tests-")))
        self.home.make()
        self._supervisor = Supervisor(self.home.path)
        given = os.environ.get
        self._postgres = None if given("DATABASE_URL") else Postgres(self.home, settings=FAST, initdb=["--no-sync"])
        self._redis = None if given("REDIS_URL") else Redis(self.home)
        self._postgres_runs = self._redis_runs = False
        atexit.register(self.stop)

    def environment(self) -> dict[str, str]:
        """What Django's settings need to find the servers."""
        found = {"ESPALIER_HOME": str(self.home.path), "SECRET_KEY": "only-for-tests", "ALLOWED_HOSTS": "*"}
        if self._postgres:
            found["DATABASE_URL"] = self._postgres.url
        if self._redis:
            found["REDIS_URL"] = self._redis.url
        return found

    def start_postgres(self) -> None:
        """Does nothing the second time."""
        if self._postgres and not self._postgres_runs:
            self._postgres.prepare()
            child = self._supervisor.start(self._postgres.service())
            self._postgres.wait_until_ready(child, self._supervisor.pause)
            self._postgres_runs = True

    def start_redis(self) -> None:
        """Does nothing the second time."""
        if self._redis and not self._redis_runs:
            child = self._supervisor.start(self._redis.service())
            self._redis.wait_until_ready(child, self._supervisor.pause)
            self._redis_runs = True

    def stop(self) -> None:
        """Stop what was started and remove the folder; runs at exit, whatever happened before."""
        self._supervisor.stop_all()
        # Sockets lie in the temporary folder when the home's own path was too long.
        if self._postgres:
            shutil.rmtree(self._postgres.sockets, ignore_errors=True)
        if self._redis:
            shutil.rmtree(self._redis.socket.parent, ignore_errors=True)
        shutil.rmtree(self.home.path, ignore_errors=True)
