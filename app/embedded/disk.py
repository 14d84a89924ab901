"""Free space: a database on a full disk stops in the middle of a sentence, so we look before it does."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.embedded.messages import CannotStart

MEGABYTE = 1024 * 1024
FIRST_START_MB = 250  # a fresh PostgreSQL folder takes about 50 MB and its write-ahead log grows in steps of 16 MB
LATER_START_MB = 100


def free_mb(folder: Path) -> int:
    """Megabytes that this account may still write."""
    return shutil.disk_usage(folder).free // MEGABYTE


def require_space(folder: Path, *, first_start: bool) -> None:
    """Raise `CannotStart` when starting would fill the disk."""
    needed = FIRST_START_MB if first_start else LATER_START_MB
    free = free_mb(folder)
    if free < needed:
        raise CannotStart(
            f"the disk of {folder} is nearly full: {free} MB are free and {needed} MB are needed. "
            "Nothing was changed. Free some space, or choose another disk with ESPALIER_HOME=/some/folder."
        )


def nearly_full(folder: Path) -> bool:
    """True when a service probably died because it could not write."""
    return free_mb(folder) < 20
