"""A websocket that is cut again and again, by its client and by the network, misses nothing and doubles nothing."""

from __future__ import annotations

import json
import random
import socket
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from search.events import EFFECTS
from tests.crash.runs import Journey
from tests.support.stack import Stack

pytestmark = [pytest.mark.crash, pytest.mark.slow]


def test_a_socket_cut_in_the_middle(crashing_stack: Stack) -> None:
    journey = Journey.begin(crashing_stack)
    rng = random.Random(7)
    seen: list[tuple[int, str, Any]] = []
    cuts = 0
    while not _listen(journey, seen, frames=rng.randrange(1, 12)):
        cuts += 1
    print(f"\n{cuts} cuts in {len(seen)} events")
    assert cuts >= 5
    journey.wait_for_end()
    bare = EFFECTS - {"human"}
    assert seen == [(seq, kind, None if kind in bare else payload) for seq, kind, payload in journey.journal()]


def _listen(journey: Journey, seen: list[tuple[int, str, Any]], frames: int) -> bool:
    """Read so many batches into `seen`, then pull the plug; True when the end was heard."""
    address = f"ws://127.0.0.1:{journey.stack.port}/ws/runs/{journey.run}/?after={len(seen)}"
    with connect(address, additional_headers={"Authorization": f"Bearer {journey.stack.token}"}) as connection:
        try:
            for text in connection:
                message = json.loads(text)
                if message["type"] == "end":
                    return True
                if message["type"] == "batch":
                    assert message["from_seq"] == len(seen) + 1
                    seen += [(event["seq"], event["kind"], event.get("payload")) for event in message["events"]]
                    frames -= 1
                if not frames:
                    _cut(connection)
                    return False
        except ConnectionClosed:
            pass
    return False


def _cut(connection: ClientConnection) -> None:
    """No closing handshake: the cable is out."""
    connection.socket.shutdown(socket.SHUT_RDWR)
