"""`python -m search replay`: a journal's coroutine again, effects answered from the file; no model is needed."""

from __future__ import annotations

import asyncio
import sys

from pydantic import ValidationError

from search.algorithms import UnknownAlgorithm
from search.cli.complaints import BadInput
from search.cli.drawing import draw
from search.cli.journals import read_journal
from search.effects import JournalEnds
from search.events import Event, Payload
from search.journal import NonDeterministicReplay
from search.run import Outcome, run_search


def replay(path: str) -> int:
    """Print the tree and whether the journal replays; 1 if it does not.

    Raises:
        BadInput: the file is no journal.
    """
    header, events = read_journal(path)
    try:
        outcome = asyncio.run(_replay(header, events))
    except (KeyError, TypeError, UnknownAlgorithm, ValidationError) as error:
        raise BadInput(f"{path}: the header or an event lacks something ({error!r})") from error
    except NonDeterministicReplay as error:
        print(error, file=sys.stderr)
        return 1
    except JournalEnds:
        print(f"{len(events)} events replayed, all equal. The run had not finished.")
        return 0
    print(draw(outcome, header))
    print(f"{len(events)} events replayed, all equal.")
    return 0


async def _replay(header: Payload, events: list[Event]) -> Outcome:
    return await run_search(header, events, policy=None, reward=None, clock=lambda: 0.0, replay_finished=True)
