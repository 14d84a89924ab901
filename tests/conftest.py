"""Fixtures of the whole suite: real PostgreSQL, real Redis, and complete running stacks.

The environment is set while this file is imported, which is before pytest-django looks for settings (that is why
pyproject.toml does not name a settings module).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import django
import pytest
import pytest_django
from django.db import connection
from hypothesis import settings

from tests.support.servers import SessionServers
from tests.support.stack import Stack

# The same examples every time: what was green stays green. To hunt for new ones: pytest --hypothesis-profile=hunt
settings.register_profile("same", derandomize=True, database=None)
settings.register_profile("hunt", print_blob=True)
settings.load_profile("same")

SERVERS = SessionServers()
os.environ.update(SERVERS.environment())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "app.config.settings")
# pytest's database is dropped at the end, which pooled connections of forgotten threads would prevent.
os.environ.setdefault("DATABASE_POOL_SIZE", "0")


def pytest_configure() -> None:
    """pytest-django has passed its own chance to do this: settings became known only with this file."""
    django.setup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright's event loop stays in the main thread and asyncio tests could not start one."""
    items.sort(key=lambda item: "tests/e2e" in item.path.as_posix())


@pytest.fixture(scope="session")
def servers() -> SessionServers:
    """Both servers, running."""
    SERVERS.start_postgres()
    SERVERS.start_redis()
    return SERVERS


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: SessionServers) -> None:
    """pytest-django asks for this before it makes its test database: the moment to have a server."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """Close what threads of asynchronous tests left open: a database in use cannot be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """The machine's Chromium when there is one (`make test` names it), else Playwright's own."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox does not work for root
    return browser_type_launch_args | {"args": arguments} | ({"executable_path": found} if found else {})


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One complete Espalier for the session. Tests that kill its processes use `stack_factory`."""
    running = Stack()
    try:
        yield running.start()
    finally:
        running.remove()


@pytest.fixture
def stack_factory() -> Iterator[Callable[..., Stack]]:
    """Make Espaliers of your own (`stack_factory(home=…, PORT="8123").start()`); all are removed afterwards."""
    made: list[Stack] = []

    def make(**options: object) -> Stack:
        made.append(Stack(**options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.remove()
