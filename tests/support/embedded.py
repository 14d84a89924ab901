"""Homes for embedded servers in tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.home import Home
from app.embedded.postgres import Postgres
from app.embedded.supervisor import Supervisor
from tests.support.servers import FAST


def new_home(folder: Path | None = None) -> Home:
    """An empty data folder. Not below pytest's `tmp_path`: PostgreSQL's account may not enter that one under root."""
    home = Home(folder or Path(tempfile.mkdtemp(prefix="espalier-home-")))
    home.make()
    return home


@contextmanager
def running_postgres(home: Home) -> Iterator[tuple[Postgres, Supervisor]]:
    """A quick embedded PostgreSQL on `home`, stopped afterwards."""
    postgres = Postgres(home, settings=FAST, initdb=["--no-sync"])
    postgres.prepare()
    supervisor = Supervisor(home.path)
    try:
        postgres.wait_until_ready(supervisor.start(postgres.service()), supervisor.pause)
        yield postgres, supervisor
    finally:
        supervisor.stop_all()
