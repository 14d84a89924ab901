"""Pydantic's errors in our words: the dotted field, what is wrong with it, and the mend."""

from __future__ import annotations

from typing import Any

from app.config.problems import FieldError

MENDS = {
    "missing": "add it",
    "extra_forbidden": "leave it out, or look for a spelling mistake",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a number that is not infinite and not NaN",
    "string_type": "a text in quotes",
    "uuid_parsing": "an id as the API gave it, such as 123e4567-e89b-12d3-a456-426614174000",
    "model_type": 'an object: {"name": value, …}',
    "model_attributes_type": 'an object: {"name": value, …}',
    "dict_type": 'an object: {"name": value, …}',
    "list_type": "a list: [value, …]",
    "json_invalid": "JSON",
}

LIMITS = {
    "ge": "at least {}",
    "gt": "more than {}",
    "le": "at most {}",
    "lt": "less than {}",
    "min_length": "at least {} long",
    "max_length": "at most {} long",
    "expected": "{}",
}


def field_errors(errors: list[dict[str, Any]], *, skip: int = 2) -> list[FieldError]:
    """Pydantic's errors by dotted field; `skip` leaves out where it came from (`body`, the parameter's name)."""
    found = []
    for error in errors:
        location = [str(part) for part in error["loc"]]
        # A path or query parameter has no inner path: ("query", "limit").
        parts = location[skip:] if location[0] == "body" and len(location) > skip else location[1:] or location
        field = ".".join(parts) if location[0] != "body" or len(location) > skip else "body"
        found.append(FieldError(field, _sentence(error), _mend(error)))
    return found


def _mend(error: dict[str, Any]) -> str | None:
    ctx = error.get("ctx") or {}
    for name, words in LIMITS.items():
        if name in ctx:
            return words.format(ctx[name])
    return MENDS.get(error["type"])


def _sentence(error: dict[str, Any]) -> str:
    message = str(error["msg"])
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
