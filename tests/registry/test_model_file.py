"""Models of the file: offered by the API and the form, gone with their entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.registry.models import LanguageModel
from app.registry.services import builtin_models_ensure
from tests.explorer.world import World

TEXT = """
[policies.qwen]
kind = "openai"
title = "Qwen math"
base_url = "http://10.0.0.1:8001/v1"
model = "Qwen"
delimiter = "\\n\\n"
sampling = {max_step_tokens = 256}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "models.toml"
    path.write_text(TEXT)
    monkeypatch.setenv("ESPALIER_MODELS", str(path))
    return path


def slugs(world: World) -> list[str]:
    return [model["slug"] for model in world.owner.get_json("/models")["items"] if model["kind"] == "policy"]


def test_it_is_offered_and_brings_its_sampling(world: World, file: Path) -> None:
    builtin_models_ensure()
    listed = {model["slug"]: model for model in world.owner.get_json("/models")["items"]}
    assert (listed["qwen"]["title"], listed["qwen"]["engine"], listed["qwen"]["ready"]) == ("Qwen math", "openai", True)
    assert "10.0.0.1" not in world.owner.send("GET", "/models").content.decode()
    body = {"problem": {"text": "Why?"}, "algorithm": "greedy", "policy": "qwen", "reward": None}
    run = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body).json()
    assert (run["policy"], run["sampling"]["stop"], run["sampling"]["max_step_tokens"]) == ("qwen", ["\n\n"], 256)


def test_what_the_file_no_longer_has_is_no_longer_offered(world: World, file: Path) -> None:
    builtin_models_ensure()
    LanguageModel.objects.create(kind="policy", slug="mine", title="Mine", engine="openai", location="http://x/v1")
    file.write_text("")
    builtin_models_ensure()
    assert slugs(world) == ["embedded", "embedded_draft", "mine"]


def test_a_file_that_broke_since_the_start_breaks_no_page(world: World, file: Path) -> None:
    builtin_models_ensure()
    file.write_text("[policies.qwen")
    ready = {m["slug"]: m["ready"] for m in world.owner.get_json("/models")["items"] if m["kind"] == "policy"}
    assert ready == {"embedded": True, "embedded_draft": True, "qwen": False}
