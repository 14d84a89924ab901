"""The files that nobody on this project wrote; they lie beside the checkout and are not part of it."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "data"


def opened(name: str) -> IO[bytes]:
    """One of them; the test is skipped where it is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout (../shared/data)")
    return path.open("rb")
