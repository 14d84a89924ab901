"""Read settings from the environment.

Every reader also looks at `<NAME>_FILE`, so that secrets can be mounted as files (Docker, Kubernetes) and never
show up in a process listing.
"""

from __future__ import annotations

import os
from pathlib import Path

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


class BadSetting(ValueError):
    """An environment variable has a value that its reader does not understand."""


def envstr(name: str, default: str = "") -> str:
    """The value of `name`, else the stripped content of the file named by `name_FILE`, else `default`."""
    if name in os.environ:
        return os.environ[name]
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE={path} cannot be read: {error.strerror}") from error
    return default


def envint(name: str, default: int) -> int:
    """An integer; an empty value means `default`."""
    value = envstr(name)
    try:
        return int(value) if value else default
    except ValueError as error:
        raise BadSetting(f"{name}={value!r} is not a whole number") from error


def envbool(name: str, default: bool) -> bool:
    """One of 1/0, true/false, yes/no, on/off; an unset variable means `default`."""
    value = envstr(name, str(default)).strip().lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise BadSetting(f"{name}={value!r} is neither true nor false")


def envlist(name: str, default: str = "") -> list[str]:
    """Comma-separated values, blanks dropped."""
    return [item.strip() for item in envstr(name, default).split(",") if item.strip()]
