"""What the command line says when it cannot do what was asked."""

from __future__ import annotations


class BadInput(Exception):
    """The input is wrong; the message names the flag or file and what is wrong with it."""
