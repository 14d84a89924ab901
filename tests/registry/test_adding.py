"""Adding models by API: who may, what is refused at which field, changing, removing, restoring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from app.explorer.models import Run
from app.registry.adding import model_store
from app.registry.models import LanguageModel, ModelCheck
from app.registry.services import builtin_models_ensure
from tests.explorer.world import Caller, World

SERVER = {"kind": "openai", "base_url": "http://10.0.0.1:8001/v1", "model": "Qwen"}


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    """The one place where folders of models may lie."""
    settings.MODEL_FOLDERS = [tmp_path / "models"]
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def admin(world: World, root: Path) -> Caller:
    owner = world.people["owner"]
    owner.is_staff = True
    owner.save()
    return world.owner


def join(*folders: str, **member: Any) -> dict[str, Any]:
    """The espalier.json of a joined reward."""
    members = [{"folder": folder, "weight": 1.0, **member} for folder in folders]
    return {"kind": "joined", "intercept": 0.0, "members": members}


def added(admin: Caller, slug: str = "qwen", kind: str = "policy", **settings: Any) -> LanguageModel:
    """A model as it is stored once a worker has seen it work."""
    response = admin.send("POST", "/models", {"kind": kind, "slug": slug, "settings": SERVER | settings})
    assert response.status_code == 201, response.content
    assert model_store(ModelCheck.objects.get(pk=response.json()["id"]), {"seconds": 0.1})
    return LanguageModel.objects.get(kind=kind, slug=slug)


def errors(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 422, response.content
    assert not ModelCheck.objects.exists()
    found: list[dict[str, str]] = response.json()["errors"]
    return found


def test_only_admins_add_change_and_remove(world: World, root: Path) -> None:
    body = {"kind": "policy", "slug": "qwen", "settings": SERVER}
    for role in ("owner", "editor", "viewer"):
        assert world.as_role(role).send("POST", "/models", body).status_code == 403
        assert world.as_role(role).send("PUT", "/models/policy/embedded", {"settings": SERVER}).status_code == 403
        assert world.as_role(role).send("DELETE", "/models/policy/embedded").status_code == 403
        assert world.as_role(role).send("GET", "/archived-models").status_code == 403
    assert not ModelCheck.objects.exists()


def test_a_check_waits_for_a_worker_and_is_its_authors(world: World, admin: Caller) -> None:
    check = admin.send("POST", "/models", {"kind": "policy", "slug": "qwen", "settings": SERVER}).json()
    assert (check["state"], check["stages"], check["errors"]) == ("queued", [], [])
    assert not LanguageModel.objects.filter(slug="qwen").exists()
    assert world.as_role("editor").send("GET", f"/model-checks/{check['id']}").status_code == 404
    cancelled = admin.send("POST", f"/model-checks/{check['id']}/cancel").json()
    assert cancelled["state"] == "cancelled"
    assert admin.send("POST", f"/model-checks/{check['id']}/cancel").status_code == 409
    assert not model_store(ModelCheck.objects.get(pk=check["id"]), {})
    assert not LanguageModel.objects.filter(slug="qwen").exists()


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"kind": "magic"}, "kind", "does not match any of the expected tags"),
        ({"base_url": "localhost:8000"}, "base_url", "match pattern"),
        ({"base_url": "http://me:secret@10.0.0.1/v1"}, "base_url", "contains a user or a password"),
        ({"base_url": "http://10.0.0.1:99999/v1"}, "base_url", "is no address"),
        ({"base_url": "http://10.0.0.1/v1?key=3"}, "base_url", "has something after its path"),
        ({"model": ""}, "model", "at least 1 character"),
        ({"delimiter": ""}, "delimiter", "at least 1 character"),
        ({"template": {"step_end": ""}}, "template.step_end", "must not be empty"),
        ({"template": {"problem": "Solve it."}}, "template.problem", "must contain {problem} once"),
        ({"template": {"hint": "A hint"}}, "template.hint", "must contain {hint} once"),
        ({"template": {"problm": "x"}}, "template.problm", "template has no setting 'problm'"),
        ({"template": {"begin": "no"}}, "template.begin", "must be a bool"),
        ({"tiemout": 3}, "tiemout", "not permitted"),
        ({"timeout": -1}, "timeout", "greater than 0"),
        ({"sampling": {"temperature": 9}}, "sampling.temperature", "less than or equal to 5"),
        ({"api_key_env": "SECRET_KEY"}, "api_key_env", "begins with ESPALIER_KEY_"),
        ({"domains": ["chess"]}, "domains", "there is no domain 'chess'"),
        ({"title": " "}, "title", "has 1 to 200 characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_field(admin: Caller, given: dict[str, Any], field: str, said: str) -> None:
    body = {"kind": "policy", "slug": "qwen", "settings": SERVER | given}
    [error] = errors(admin.send("POST", "/models", body))
    assert error["field"] == f"settings.{field}"
    assert said in error["message"]


def test_a_folder_outside_the_roots(admin: Caller, root: Path) -> None:
    outside = root.parent / "elsewhere"
    outside.mkdir()
    (root / "link").symlink_to(outside)
    for folder in ("/etc", str(outside), str(root / ".." / "elsewhere"), str(root / "link")):
        body = {"kind": "policy", "slug": "m", "settings": {"kind": "transformers", "folder": folder}}
        [error] = errors(admin.send("POST", "/models", body))
        assert error["field"] == "settings.folder"
        assert "outside the folders of models" in error["message"]
        assert str(root) in error["mend"]
    [error] = errors(
        admin.send("POST", "/models", {"kind": "reward", "slug": "m", "settings": {"kind": "trl", "folder": "prm"}})
    )
    assert "is no absolute path" in error["message"]
    body = {"kind": "reward", "slug": "m", "settings": {"folder": str(root / "a"), "calibration": "../../x.json"}}
    assert errors(admin.send("POST", "/models", body))[0]["field"] == "settings.calibration"


@pytest.mark.parametrize(
    ("own", "key"),
    [
        (join("../prm", "../../elsewhere"), "members.1.folder"),
        (join("../link"), "members.0.folder"),
        (join("/etc"), "members.0.folder"),
        (join("../prm", calibration="../../x.json"), "members.0.calibration"),
        ({"calibration": "../../x.json"}, "calibration"),
    ],
)
def test_a_folder_that_names_a_place_outside_the_roots(
    admin: Caller, root: Path, own: dict[str, Any], key: str
) -> None:
    (root.parent / "elsewhere").mkdir()
    (root / "link").symlink_to(root.parent / "elsewhere")
    (root / "join").mkdir()
    (root / "join" / "espalier.json").write_text(json.dumps(own))
    body = {"kind": "reward", "slug": "join", "settings": {"folder": str(root / "join")}}
    [error] = errors(admin.send("POST", "/models", body))
    assert error["field"] == "settings.folder"
    assert error["message"].startswith(f"{key} in espalier.json of {root / 'join'} names ")
    assert error["message"].endswith("which lies outside the folders of models")
    assert str(root) in error["mend"]


def test_a_folder_that_names_its_neighbours_is_checked_and_one_that_cannot_be_read_refused(
    admin: Caller, root: Path
) -> None:
    (root / "join").mkdir()
    written = root / "join" / "espalier.json"
    body = {"kind": "reward", "slug": "join", "settings": {"folder": str(root / "join")}}
    written.write_text(json.dumps(join()))
    [error] = errors(admin.send("POST", "/models", body))
    assert error["field"] == "settings.folder"
    assert "espalier.json, members: " in error["message"]
    written.write_text(json.dumps(join("../prm")))
    assert admin.send("POST", "/models", body).status_code == 201


def test_engine_arguments_that_load_code_are_refused(admin: Caller, root: Path) -> None:
    settings = {"kind": "vllm", "folder": str(root / "m"), "engine": {"trust_remote_code": True}}
    [error] = errors(admin.send("POST", "/models", {"kind": "policy", "slug": "m", "settings": settings}))
    assert error["field"] == "settings.engine.trust_remote_code"


def test_a_rewards_engine_is_held_to_the_same(admin: Caller, root: Path) -> None:
    def told(**settings: object) -> str:
        body = {"kind": "reward", "slug": "m", "settings": {"folder": str(root / "m"), **settings}}
        [error] = errors(admin.send("POST", "/models", body))
        return str(error["field"])

    server = {"runs_in": "server", "base_url": "http://h/v1", "model": "prm"}
    assert told(runs_in="vllm", vllm={"trust_remote_code": True}) == "settings.vllm.trust_remote_code"
    assert told(runs_in="vllm", vllm=5) == "settings.vllm"
    assert told(runs_in="server") == "settings.runs_in"
    assert told(**{**server, "base_url": "http://user:secret@h/v1"}) == "settings.base_url"
    assert told(**server, api_key_env="SECRET_KEY") == "settings.api_key_env"


@pytest.mark.parametrize("slug", ["../etc", "a b", ".hidden", "a/b", "ü"])
def test_a_name_is_a_plain_word(admin: Caller, slug: str) -> None:
    [error] = errors(admin.send("POST", "/models", {"kind": "policy", "slug": slug, "settings": SERVER}))
    assert error["field"] == "slug"


def test_a_name_that_is_taken(admin: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "models.toml"
    file.write_text('[policies.filed]\nkind = "openai"\nbase_url = "http://h/v1"\nmodel = "m"\n')
    monkeypatch.setenv("ESPALIER_MODELS", str(file))
    for slug in ("embedded", "exact", "filed"):
        kind = "reward" if slug == "exact" else "policy"
        settings = SERVER if kind == "policy" else {"kind": "trl", "folder": str(tmp_path / "models" / "prm")}
        [error] = errors(admin.send("POST", "/models", {"kind": kind, "slug": slug, "settings": settings}))
        assert (error["field"], error["mend"]) == ("slug", "choose another name")
        assert "already" in error["message"]


def test_everything_that_is_wrong_is_told_at_once(admin: Caller) -> None:
    settings = SERVER | {"delimiter": "", "template": {"problem": "x"}, "retries": -1}
    told = errors(admin.send("POST", "/models", {"kind": "policy", "slug": "embedded", "settings": settings}))
    assert {error["field"] for error in told} == {
        "slug", "settings.delimiter", "settings.template.problem", "settings.retries"
    }  # fmt: skip


def test_two_checks_of_one_name_end_with_one_model(admin: Caller) -> None:
    body = {"kind": "policy", "slug": "qwen", "settings": SERVER}
    first, second = (admin.send("POST", "/models", body).json()["id"] for _ in range(2))
    assert model_store(ModelCheck.objects.get(pk=first), {})
    with pytest.raises(Exception, match="there is a policy 'qwen' already"):
        model_store(ModelCheck.objects.get(pk=second), {})
    assert LanguageModel.objects.filter(slug="qwen").count() == 1


def test_what_was_added_is_offered_with_its_format(world: World, admin: Caller) -> None:
    template = {"problem": "Q: {problem}\nA: ", "step_start": "* "}
    added(admin, title="Qwen there", delimiter="END", template=template, sampling={"temperature": 0.6})
    listed = {model["slug"]: model for model in world.as_role("editor").get_json("/models")["items"]}
    assert (listed["qwen"]["title"], listed["qwen"]["engine"]) == ("Qwen there", "openai")
    told = world.as_role("editor").get_json("/models/policy/qwen")
    assert told["last_trial"]["state"] == "completed"  # the check was one
    assert (told["delimiter"], told["template"]["problem"], told["template"]["step_end"]) == (
        "END", "Q: {problem}\nA: ", "END"
    )  # fmt: skip
    assert (told["added"], told["location"], told["configuration"]) == (True, None, None)
    assert admin.get_json("/models/policy/qwen")["configuration"]["base_url"] == SERVER["base_url"]
    body = {"problem": {"text": "Why?"}, "algorithm": "greedy", "policy": "qwen", "reward": None}
    run = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body).json()
    assert (run["policy"], run["sampling"]["stop"], run["sampling"]["temperature"]) == ("qwen", ["END"], 0.6)


def start(world: World) -> Run:
    body = {"problem": {"text": "Why?"}, "algorithm": "greedy", "policy": "qwen", "reward": None}
    response = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body)
    return Run.objects.get(pk=response.json()["id"])


def test_nothing_is_changed_or_removed_under_a_run(world: World, admin: Caller) -> None:
    model = added(admin)
    run = start(world)
    for method, body in (("DELETE", None), ("PUT", {"settings": SERVER})):
        refused = admin.send(method, "/models/policy/qwen", body)
        assert refused.status_code == 409
        assert "1 run is under way with it" in refused.json()["detail"]
    uses = {use["what"]: use for use in admin.get_json("/models/policy/qwen/uses")}
    assert (uses["runs"]["count"], uses["runs"]["under_way"]) == (1, 1)
    assert uses["runs"]["items"][0]["url"] == f"/runs/{run.pk}"
    stranger = {use["what"]: use for use in world.as_user(world.stranger).get_json("/models/policy/qwen/uses")}
    assert stranger["runs"]["count"] == 0
    Run.objects.filter(pk=run.pk).update(state="completed")
    assert admin.send("DELETE", "/models/policy/qwen").status_code == 204
    model.refresh_from_db()
    assert model.enabled is False
    assert "qwen" not in [one["slug"] for one in admin.get_json("/models")["items"]]
    assert admin.get_json(f"/runs/{run.pk}")["policy"] == "qwen"  # an old run keeps its record


def test_a_removed_model_comes_back_or_is_gone_for_good(world: World, admin: Caller) -> None:
    added(admin)
    assert admin.send("DELETE", "/models/policy/qwen").status_code == 204
    assert not LanguageModel.objects.filter(slug="qwen").exists()  # nobody had named it
    added(admin)
    Run.objects.filter(pk=start(world).pk).update(state="failed")
    assert admin.send("DELETE", "/models/policy/qwen").status_code == 204
    assert [one["slug"] for one in admin.get_json("/archived-models")["items"]] == ["qwen"]
    refused = admin.send("POST", "/models", {"kind": "policy", "slug": "qwen", "settings": SERVER})
    assert "restore it" in refused.json()["errors"][0]["mend"]
    assert admin.send("POST", "/models/policy/qwen/restore").status_code == 200
    assert "qwen" in [one["slug"] for one in admin.get_json("/models")["items"]]


def test_changed_settings_hold_once_they_are_checked(admin: Caller) -> None:
    model = added(admin)
    check = admin.send("PUT", "/models/policy/qwen", {"settings": SERVER | {"model": "Qwen3", "delimiter": "\n\n"}})
    assert check.json()["replaces"] is True
    model.refresh_from_db()
    assert model.configuration["model"] == "Qwen"
    assert model_store(ModelCheck.objects.get(pk=check.json()["id"]), {})
    model.refresh_from_db()
    assert (model.configuration["model"], model.settings["sampling"]["stop"]) == ("Qwen3", ["\n\n"])
    assert admin.send("PUT", "/models/policy/embedded", {"settings": SERVER}).status_code == 409
    assert admin.send("DELETE", "/models/reward/exact").status_code == 409
    assert admin.send("DELETE", "/models/policy/nobody").status_code == 404


def test_a_file_that_names_it_too_does_not_take_it(
    admin: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = added(admin)
    file = tmp_path / "models.toml"
    file.write_text('[policies.qwen]\nkind = "openai"\nbase_url = "http://other/v1"\nmodel = "m"\n')
    monkeypatch.setenv("ESPALIER_MODELS", str(file))
    builtin_models_ensure()
    model.refresh_from_db()
    assert (model.builtin, model.location) == (False, SERVER["base_url"])
