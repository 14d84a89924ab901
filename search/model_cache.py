"""The models of this process: each is loaded once per settings, so that all runs share its engine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

_loaded: dict[tuple[str, str, str], Any] = {}
_loading = threading.Lock()


def once(kind: str, model: str, settings: Mapping[str, Any], load: Callable[[], Any]) -> Any:
    """What `load` gives, the first time; afterwards the same object."""
    key = (kind, model, json.dumps(settings, sort_keys=True))
    with _loading:
        if key not in _loaded:
            _loaded[key] = load()
        return _loaded[key]


def loaded() -> list[Any]:
    """Every model of this process."""
    with _loading:
        return list(_loaded.values())


def forget(model: Any) -> None:
    """Stop a loaded model's engine and give its memory back. Nobody may use it any more."""
    with _loading:
        for key in [key for key, one in _loaded.items() if one is model]:
            del _loaded[key]
    if (close := getattr(model, "close", None)) is not None:
        close()
