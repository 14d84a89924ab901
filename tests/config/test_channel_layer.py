"""The channel layer over Redis."""

from __future__ import annotations

import asyncio

import pytest
from channels.layers import get_channel_layer


@pytest.mark.slow
async def test_a_quiet_channel_is_waited_for_beyond_the_clients_timeout(servers: object) -> None:
    """redis-py 8 gives up on a silent socket after five seconds: websockets died when a search paused to think."""
    layer = get_channel_layer()
    assert layer
    channel = await layer.new_channel()
    waiting = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(6.5)
    assert not waiting.done(), waiting.exception()
    await layer.send(channel, {"type": "announcement", "head": 7})
    assert await asyncio.wait_for(waiting, 5) == {"type": "announcement", "head": 7}
