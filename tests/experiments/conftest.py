"""The world of the API's tests. Models are imported late: pytest loads this file before Django is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.explorer.world import World


@pytest.fixture
def world(db: None) -> World:
    """Two teams, every role, a completed run."""
    from tests.explorer.world import make_world

    return make_world()
