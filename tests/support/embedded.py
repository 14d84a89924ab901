"""Homes for embedded servers in tests."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path

from app.embedded.child import Child
from app.embedded.home import Home
from app.embedded.postgres import Postgres
from tests.support.servers import FAST


def new_home(folder: Path | None = None) -> Home:
    """An empty data folder. Not below pytest's `tmp_path`: PostgreSQL's account may not enter that one under root."""
    home = Home(folder or Path(tempfile.mkdtemp(prefix="espalier-home-")))
    home.make()
    return home


@contextmanager
def running_postgres(home: Home):
    """A quick embedded PostgreSQL on `home`, stopped afterwards."""
    postgres = Postgres(home, settings=FAST, initdb=["--no-sync"])
    postgres.prepare()
    child = Child(postgres.service())
    child.start()
    try:
        postgres.wait_until_ready(child, restart=child.start)
        yield postgres, child
    finally:
        child.stop()
