"""The API's own description of itself."""

from __future__ import annotations

from tests.explorer.world import Caller


def test_every_address_is_described() -> None:
    schema = Caller().send("GET", "/openapi.json").json()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], f"{method} {path}"
            assert operation["description"], f"{method} {path}"
