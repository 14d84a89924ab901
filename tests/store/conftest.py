"""The asynchronous pool, to pytest's own test database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.explorer.store.pool import Pool, close_pool, pool


@pytest.fixture
async def db(transactional_db: None) -> AsyncIterator[Pool]:
    """A pool whose transactions are real ones: other connections see what is committed."""
    yield await pool()
    await close_pool()
