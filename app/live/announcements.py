"""Hearing that a run moved on, over the channel layer."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog
from channels.layers import get_channel_layer

from app.explorer.store.announce import group_of

log = structlog.get_logger(__name__)
RENEW_SECONDS = 20  # a restarted Redis has forgotten the group


async def listen(run: UUID, wake: asyncio.Event) -> None:
    """Set `wake` at every announcement, until cancelled. Redis may come and go: viewers also poll PostgreSQL."""
    layer = get_channel_layer()
    while True:
        channel = ""
        try:
            channel = await layer.new_channel("live")
            await layer.group_add(group_of(run), channel)
            async with asyncio.timeout(RENEW_SECONDS):
                while True:
                    await layer.receive(channel)
                    wake.set()
        except TimeoutError:
            pass
        except Exception as error:  # whatever Redis or its client raise
            log.warning("announcements are not heard, polling goes on", run=str(run), error=str(error))
            await asyncio.sleep(1)
        finally:
            if channel:
                await _leave(run, channel)


async def _leave(run: UUID, channel: str) -> None:
    try:
        await get_channel_layer().group_discard(group_of(run), channel)
    except Exception:  # groups expire by themselves
        log.debug("group not left", run=str(run))
