"""PostgreSQL's advisory locks: one worker at a time for a piece of work, however often it is rung for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def held_alone(key: str) -> Iterator[bool]:
    """True if nobody else holds `key`; then it is held until the end of the block.

    The lock belongs to the database connection, so a killed worker leaves it free.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (key,))
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (key,))
