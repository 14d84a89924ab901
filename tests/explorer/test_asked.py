"""Solutions that were asked for with others as material: what the policy saw, what is labelled, who is refused."""

from __future__ import annotations

from typing import Any

import pytest

from app.annotation.review.paths import leaves, path_nodes
from app.annotation.run_steps import RunSteps
from app.explorer.models import Event, Node, Run
from app.registry.models import LanguageModel
from app.registry.services import builtin_models_ensure
from tests.explorer.test_bad_input import refused
from tests.explorer.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def refined() -> World:
    return make_world("refined")


def first_of(run: Run, **where: Any) -> int:
    found = Node.objects.filter(run=run, **where).order_by("index").first()
    assert found is not None
    return found.index


def test_what_the_policy_saw_is_the_wrong_solution_the_marker_and_its_own_steps(refined: World) -> None:
    begun = first_of(refined.run, kind="revision", finish="step", index__gt=7)
    event = Event.objects.get(run=refined.run, kind="node_added", payload__index=begun)
    wrong = "".join(f"{step}\n" for step in event.payload["asked"]["steps"])
    node = refined.owner.get_json(f"/runs/{refined.run.pk}/nodes/{begun}")
    assert node["saw"]["prompt"] == f"3 5 7 11 -> 24\n{wrong}<refine>"
    below = refined.owner.get_json(f"/runs/{refined.run.pk}/nodes/{first_of(refined.run, parents=[begun])}")
    assert below["saw"]["prompt"] == f"3 5 7 11 -> 24\n{wrong}<refine>{node['text']}\n"
    assert below["path"][0] == 0  # the way there is still whole


def test_a_refined_solution_is_labelled_without_the_one_it_was_made_from(refined: World) -> None:
    run = refined.run
    begun = first_of(run, kind="revision", finish="step", index__gt=7)
    below = first_of(run, parents=[begun])
    assert path_nodes(run.pk, below) == [begun, below]
    assert RunSteps(run.pk, [below]).path(below) == [begun, below]
    material = Node.objects.get(run=run, index=begun).parents[0]
    assert material in leaves(run.pk)  # a solution that others were made from is still a whole path


def test_a_policy_that_was_not_taught_is_refused_with_its_name_and_the_mend(world: World) -> None:
    builtin_models_ensure()
    asked = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "refine", "policy": "embedded_draft"}
    (error,) = refused(world.owner.send("POST", f"/sessions/{world.session.pk}/runs", asked), 422)["errors"]
    assert error["field"] == "policy"
    assert "embedded_draft was not taught that" in error["message"]
    assert "choose the embedded policy or a chat model" in error["mend"]
    accepted = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", {**asked, "policy": "embedded"})
    assert accepted.status_code == 201, accepted.content
    cards = {one["name"]: one for one in world.owner.get_json("/algorithms?policy=embedded_draft")["items"]}
    assert cards["refine"]["refused"] == f"{error['message']}; {error['mend']}."
    assert cards["beam"]["refused"] is None
    assert {one["refused"] for one in world.owner.get_json("/algorithms")["items"]} == {None}
    refused(world.owner.send("GET", "/algorithms?policy=nobody"), 404)
    LanguageModel.objects.create(
        slug="chat", title="Chat", kind="policy", engine="openai", template={"instructions": True}
    )
    accepted = world.owner.send("POST", f"/sessions/{world.session.pk}/runs", {**asked, "policy": "chat"})
    assert accepted.status_code == 201, accepted.content
