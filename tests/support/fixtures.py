"""Fixtures that several folders import into their conftest."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.explorer.store.pool import Pool, close_pool, pool


@pytest.fixture
async def db(transactional_db: None) -> AsyncIterator[Pool]:
    """The store's pool to pytest's database; its transactions are real ones, other connections see them."""
    yield await pool()
    await close_pool()
