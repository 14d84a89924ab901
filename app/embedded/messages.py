"""What the person who typed `make run` reads."""

from __future__ import annotations


class CannotStart(Exception):
    """Espalier cannot start; the text says why and what to do about it."""


class Stopped(Exception):
    """Somebody pressed Ctrl-C (or sent SIGTERM) while we were waiting for something."""


def say(text: str) -> None:
    """One line of progress, seen at once even through a pipe."""
    print(f"  {text}", flush=True)
