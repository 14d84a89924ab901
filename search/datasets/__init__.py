"""Readers and writers of training-data formats, one file each. They stream: no format is ever held in memory whole.

`search.datasets.registry` lists them; `records` is what they read into, `values` how a file becomes JSON values.
"""

from __future__ import annotations


class MalformedRecord(ValueError):
    """A record of a data set cannot be read; names the line it begins in, the field, what is wrong, and the mend."""

    def __init__(self, line: int, field: str, message: str, mend: str = "") -> None:
        self.line = line
        self.field = field
        self.message = message
        self.mend = mend
        super().__init__(f"line {line}, {field}: {message}" + (f" ({mend})" if mend else ""))


class Unwritable(ValueError):
    """A format cannot say what a record says, and would say something else; the message names the format and why."""
