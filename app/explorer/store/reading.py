"""Queries written once and run by Django's connection or by psycopg's asynchronous one.

A *reader* is a generator: it yields a query, is sent the rows, and returns what it made of them. It does no input or
output itself, so the same code serves the REST views (threads) and the websocket and the worker (event loops).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, Protocol, TypeVar

import psycopg

T = TypeVar("T")


class Query(NamedTuple):
    """One statement and its parameters, in psycopg's `%s` style."""

    sql: str
    parameters: tuple[Any, ...] = ()


Rows = list[tuple[Any, ...]]
Reader = Generator[Query, Rows, T]


class Cursor(Protocol):
    """What Django's and psycopg's cursors have in common."""

    def execute(self, sql: str, params: tuple[Any, ...] = ..., /) -> Any: ...

    def fetchall(self) -> Any: ...


def read(reader: Reader[T], cursor: Cursor) -> T:
    """Run a reader on a blocking cursor."""
    rows: Rows | None = None
    while True:
        try:
            query = next(reader) if rows is None else reader.send(rows)
        except StopIteration as end:
            return end.value
        cursor.execute(query.sql, query.parameters)
        rows = cursor.fetchall()


async def aread(reader: Reader[T], connection: psycopg.AsyncConnection[Any]) -> T:
    """Run a reader on an asynchronous connection."""
    rows: Rows | None = None
    while True:
        try:
            query = next(reader) if rows is None else reader.send(rows)
        except StopIteration as end:
            return end.value
        cursor = await connection.execute(query.sql.encode(), query.parameters)
        rows = await cursor.fetchall()
