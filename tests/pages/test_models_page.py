"""The page of models."""

from __future__ import annotations

from django.test import Client

from tests.explorer.world import World
from tests.pages.reading import props_of


def test_models_and_for_admins_the_file(browser: Client, world: World) -> None:
    props = props_of(browser.get("/models"), "models")
    assert {(model["kind"], model["slug"]) for model in props["models"]} >= {
        ("policy", "embedded"),
        ("reward", "exact"),
    }
    assert props["file"] is None
    assert browser.get("/models/new").status_code == 403
    owner = world.people["owner"]
    owner.is_staff = True
    owner.save()
    assert props_of(browser.get("/models"), "models")["file"] == {
        "variable": "ESPALIER_MODELS", "path": None, "trouble": None
    }  # fmt: skip
    form = props_of(browser.get("/models/new"), "new-model")
    assert (form["model"], set(form["shapes"])) == (None, {"transformers", "openai", "vllm", "reward"})
    assert "folder" in form["shapes"]["reward"]["properties"]
    assert browser.get("/models/policy/embedded/change").status_code == 404
