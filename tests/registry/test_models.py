"""The registry: built-in models appear by themselves, an admin's choices stay."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from app.registry.models import LanguageModel
from app.registry.selectors import model_default
from app.registry.services import builtin_models_ensure
from search.models import catalogue
from tests.explorer.world import World


def test_built_in_models_are_listed(world: World) -> None:
    listed = world.as_role("viewer").get_json("/models")["items"]
    expected = sorted(catalogue(), key=lambda entry: (entry["kind"], entry["slug"]))
    assert listed == expected


@pytest.mark.django_db
def test_what_an_admin_decided_stays() -> None:
    builtin = LanguageModel.objects.get(kind="policy", slug="embedded")
    builtin.default, builtin.settings, builtin.title = False, {"sampling": {"temperature": 0.3}}, "Old title"
    builtin.save()
    mine = LanguageModel.objects.create(
        kind="policy", slug="mine", title="Mine", engine="openai", location="http://127.0.0.1:9/v1", default=True
    )
    builtin_models_ensure()
    builtin.refresh_from_db()
    assert (builtin.default, builtin.settings) == (False, {"sampling": {"temperature": 0.3}})
    assert builtin.title == "Embedded policy"
    assert model_default("policy") == mine


@pytest.mark.django_db
def test_there_is_one_default_per_kind() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        LanguageModel.objects.create(kind="policy", slug="b", title="B", engine="openai", default=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        LanguageModel.objects.create(kind="policy", slug="embedded", title="B", engine="openai")


def test_a_disabled_model_cannot_be_named(world: World) -> None:
    LanguageModel.objects.filter(kind="reward", slug="exact").update(enabled=False)
    assert "exact" not in [m["slug"] for m in world.owner.get_json("/models")["items"]]
    body = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "beam", "reward": "exact"}
    response = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body)
    assert response.json()["errors"][0] == {
        "field": "reward", "message": "there is no reward 'exact'",
        "mend": "one of embedded, embedded_joined, rollout_value",
    }  # fmt: skip


def test_where_weights_lie_is_an_admins_business(world: World) -> None:
    LanguageModel.objects.create(
        kind="policy", slug="mine", title="Mine", engine="openai", location="http://10.0.0.1/v1", settings={"key": "s"}
    )
    assert "10.0.0.1" not in world.owner.send("GET", "/models").content.decode()


def test_a_model_that_reads_anything_takes_any_problem(world: World) -> None:
    LanguageModel.objects.create(
        kind="policy", slug="mine", title="Mine", engine="openai", settings={"sampling": {"stop": ["\n\n"]}}
    )
    body = {"problem": {"text": "Why is the sky blue?"}, "algorithm": "greedy", "policy": "mine", "reward": None}
    run = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", body).json()
    assert run["problem"]["verifier"] is None
    assert run["sampling"]["stop"] == ["\n\n"]
