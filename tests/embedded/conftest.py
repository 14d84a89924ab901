"""A data folder per test, removed with whatever PostgreSQL had to keep elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from app.embedded.home import Home
from tests.support.embedded import new_home


@pytest.fixture
def home() -> Iterator[Home]:
    made = new_home()
    yield made
    shutil.rmtree(made.postgres.resolve(), ignore_errors=True)
    shutil.rmtree(made.path, ignore_errors=True)
