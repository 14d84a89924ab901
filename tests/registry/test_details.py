"""What the page of models tells, and to whom; trials as they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.registry.models import ModelTrial
from app.registry.services import builtin_models_ensure
from tests.explorer.world import World

TEXT = """
[policies.qwen]
kind = "openai"
base_url = "http://10.0.0.1:8001/v1"
model = "Qwen"
delimiter = "\\n\\n"
[policies.qwen.template]
step_start = "Step: "
[policies.away]
kind = "transformers"
folder = "/nowhere/model"
[rewards.prm]
kind = "qwen_prm"
folder = "/nowhere/prm"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None) -> Path:
    path = tmp_path / "models.toml"
    path.write_text(TEXT)
    monkeypatch.setenv("ESPALIER_MODELS", str(path))
    builtin_models_ensure()
    return path


def detail(world: World, kind: str, slug: str, role: str = "owner") -> dict[str, Any]:
    found: dict[str, Any] = world.as_role(role).get_json(f"/models/{kind}/{slug}")
    return found


def make_admin(world: World) -> None:
    owner = world.people["owner"]
    owner.is_staff = True
    owner.save()


def test_how_it_is_asked_and_who_uses_it(world: World, file: Path) -> None:
    qwen = detail(world, "policy", "qwen")
    assert (qwen["delimiter"], qwen["template"]["step_start"], qwen["template"]["step_end"]) == (
        "\n\n", "Step: ", "\n\n"
    )  # fmt: skip
    assert qwen["sampling"]["stop"] == ["\n\n"]
    assert (qwen["runs"], qwen["trouble"]) == (0, None)
    embedded = detail(world, "policy", "embedded")
    assert (embedded["runs"], embedded["under_way"], embedded["delimiter"]) == (1, 0, "\n")
    world.put_into("running")
    assert detail(world, "reward", "embedded")["under_way"] == 1
    assert world.as_user(world.stranger).get_json("/models/policy/embedded")["runs"] == 0


def test_what_is_wrong_is_told_and_where_only_to_admins(world: World, file: Path) -> None:
    assert detail(world, "policy", "qwen")["location"] is None
    assert "/nowhere" not in str(detail(world, "reward", "prm"))
    make_admin(world)
    assert detail(world, "policy", "qwen")["location"] == "http://10.0.0.1:8001/v1"
    file.write_text("[policies.qwen")
    assert str(file) in detail(world, "policy", "qwen")["trouble"]
    assert detail(world, "policy", "embedded")["trouble"] is None
    assert "An admin sees why" in detail(world, "policy", "qwen", "editor")["trouble"]


def test_a_trial_waits_for_a_worker_and_is_its_authors(world: World) -> None:
    asked = {"problem": "3 5 7 11 -> 24", "steps": ["11 - 5 = 6 (left: 3 6 7)"]}
    made = world.owner.send("POST", "/models/reward/embedded/trials", asked)
    assert made.status_code == 201
    trial = made.json()
    assert (trial["state"], trial["result"]) == ("queued", None)
    assert ModelTrial.objects.get(pk=trial["id"]).steps == asked["steps"]
    assert world.owner.get_json(f"/trials/{trial['id']}") == trial
    assert world.as_role("editor").send("GET", f"/trials/{trial['id']}").status_code == 404
    assert detail(world, "reward", "embedded")["last_trial"]["state"] == "queued"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/models/policy/nobody/trials", {"problem": "1 2 3 -> 6"}, 404),
        ("/models/judge/embedded/trials", {"problem": "1 2 3 -> 6"}, 422),
        ("/models/policy/embedded/trials", {"problem": ""}, 422),
        ("/models/policy/embedded/trials", {"problem": "1", "steps": [""]}, 422),
    ],
)
def test_what_cannot_be_tried(world: World, path: str, body: dict[str, Any], status: int) -> None:
    assert world.owner.send("POST", path, body).status_code == status
    assert not ModelTrial.objects.exists()
