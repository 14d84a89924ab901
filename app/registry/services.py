"""Writes of the registry."""

from __future__ import annotations


def builtin_models_ensure() -> None:
    return
