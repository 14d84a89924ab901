"""Journals as files."""

from __future__ import annotations

import sys

from search.cli.complaints import BadInput
from search.events import Event, MalformedJournal, Payload, read_jsonl
from search.reducer import fold
from search.tree import Tree


def read_journal(path: str) -> tuple[Payload, list[Event]]:
    """Header and events of a JSON Lines file; - is standard input.

    Raises:
        BadInput: the file is no journal; names it.
    """
    try:
        if path == "-":
            return read_jsonl(sys.stdin)
        with open(path, encoding="utf-8") as stream:
            return read_jsonl(stream)
    except (OSError, UnicodeDecodeError, MalformedJournal) as error:
        raise BadInput(f"{path}: {error}") from error


def read_tree(path: str) -> tuple[Payload, Tree, list[Event]]:
    """The header, the tree that the events fold into, and the events.

    Raises:
        BadInput: the file is no journal; names it.
    """
    header, events = read_journal(path)
    try:
        return header, fold(events), events
    except (KeyError, IndexError, TypeError) as error:
        raise BadInput(f"{path}: an event lacks something ({error!r})") from error
