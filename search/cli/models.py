"""Models for a command that ends with the process."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable
from typing import TypeVar

Model = TypeVar("Model")


async def loaded(load: Callable[[str], Model], name: str) -> Model:
    """Load a model off the event loop; its engine's thread is stopped before the interpreter goes.

    A thread that outlived the interpreter would abort the process.
    """
    model = await asyncio.to_thread(load, name)
    if (close := getattr(model, "close", None)) is not None:
        atexit.register(close)
    return model
