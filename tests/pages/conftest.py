"""The world of the page tests, and a manifest as Vite writes it, so that they need no frontend build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.explorer.world import World

PAGES = (
    "sessions", "new-run", "session", "compare", "label", "queues", "new-queue", "queue", "agreement", "experiments",
    "new-experiment", "experiment", "models", "new-model", "trainings", "new-training", "training",
)  # fmt: skip
ISLANDS = ["explorer/Explorer", *(f"pages/{name}/Page" for name in PAGES)]


@pytest.fixture
def world(db: None) -> World:
    """Two teams, every role, a completed run."""
    from tests.explorer.world import make_world

    return make_world()


@pytest.fixture(autouse=True)
def manifest(tmp_path: Path, settings: Any) -> Path:
    """An entry with a style sheet, a chunk that two islands share, and every island."""
    chunks: dict[str, Any] = {
        "src/main.ts": {"file": "assets/main-1.js", "isEntry": True, "css": ["assets/main-1.css"]},
        "_shared-2.js": {"file": "assets/shared-2.js", "css": ["assets/shared-2.css"]},
    }
    for name in ISLANDS:
        chunks[f"src/{name}.svelte"] = {
            "file": f"assets/{name.split('/')[-2]}-3.js",
            "imports": ["src/main.ts", "_shared-2.js"],
            "css": [f"assets/{name.split('/')[-2]}-3.css"],
        }
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(chunks))
    settings.VITE_MANIFEST = path
    return path


@pytest.fixture
def browser(world: World) -> Any:
    """The owner's browser."""
    from django.test import Client

    client = Client()
    client.force_login(world.people["owner"])
    return client
