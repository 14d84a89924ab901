"""Payloads to jsonb and texts to `text`, and back, without losing anything.

PostgreSQL stores neither the character NUL nor lone surrogates, and jsonb turns `1e+16` into an integer. A model can
write all three. What cannot be stored as it is gets a mark from the private-use area; everything else, that is nearly
every payload there will ever be, is stored as plain JSON that SQL can query.
"""

from __future__ import annotations

import json
import re
from typing import Any

MARK = "\uf8ff"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff\uf8ff]")
_MARKED = re.compile(f"{MARK}([0-9a-f]{{4}})")
_FLOAT = f"{MARK}float"


def storable(text: str) -> str:
    """`text` with every character PostgreSQL refuses written as a mark and its code."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub(lambda found: f"{MARK}{ord(found[0]):04x}", text)


def restored(text: str) -> str:
    """The inverse of `storable`."""
    if MARK not in text:
        return text
    return _MARKED.sub(lambda found: chr(int(found[1], 16)), text)


def marked(value: Any) -> Any:
    """`value` as `dumps` stores it, for a column that is written through the ORM."""
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return value if _is_storable(plain) else _marked(value)


def dumps(value: Any) -> str:
    """JSON for a jsonb column.

    Raises:
        ValueError: NaN or infinity, which JSON does not know.
    """
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    if _is_storable(plain):
        return plain
    return json.dumps(_marked(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def loads(text: str) -> Any:
    """The inverse of `dumps`, of a jsonb column read as text."""
    value = json.loads(text)
    return _unmarked(value) if MARK in text else value


def _is_storable(plain: str) -> bool:
    return "e+" not in plain and "\\u0000" not in plain and not _UNSTORABLE.search(plain)


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float) and abs(value) >= 1e16:
        return {_FLOAT: repr(value)}
    if isinstance(value, dict):
        return {storable(str(key)): _marked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(item) for item in value]
    return value


def _unmarked(value: Any) -> Any:
    if isinstance(value, str):
        return restored(value)
    if isinstance(value, dict):
        if len(value) == 1 and _FLOAT in value:
            return float(value[_FLOAT])
        return {restored(key): _unmarked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unmarked(item) for item in value]
    return value
