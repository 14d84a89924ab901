"""The pages of experiments: what they bring, and to whom."""

from __future__ import annotations

import pytest
from django.test import Client

from app.experiments.models import Experiment
from app.experiments.schemas import ExperimentIn
from app.experiments.services import experiment_create
from app.teams.share_links import share_link_create
from tests.explorer.world import World
from tests.pages.reading import props_of, text_of

WANTED = {
    "title": "Greedy alone",
    "sets": [{"name": "countdown", "domain": "countdown", "problems": 1}],
    "strategies": [{"name": "greedy", "algorithm": "greedy"}],
    "budgets": [{"tokens": 100}],
}


@pytest.fixture
def experiment(world: World) -> Experiment:
    return experiment_create(user=world.people["owner"], wanted=ExperimentIn.model_validate(WANTED))


def test_the_list_and_the_rooms(browser: Client, experiment: Experiment) -> None:
    response = browser.get("/experiments")
    props = props_of(response, "experiments")
    assert [one["title"] for one in props["first"]["items"]] == ["Greedy alone"]
    assert props["canStart"] is True
    assert '<a href="/experiments" aria-current="page">' in response.content.decode()
    assert "Experiments" in text_of(browser.get("/"))


def test_the_form(browser: Client) -> None:
    assert props_of(browser.get("/experiments/new"), "new-experiment") == {}


def test_one_experiment_and_who_may_steer_it(browser: Client, world: World, experiment: Experiment) -> None:
    address = f"/experiments/{experiment.pk}"
    props = props_of(browser.get(address), "experiment")
    assert (props["experiment"]["state"], props["canSteer"]) == ("preparing", True)
    stranger = Client()
    stranger.force_login(world.stranger)
    assert stranger.get(address).status_code == 404
    guest = Client()
    _, token = share_link_create(session=experiment.session, created_by=world.people["owner"])
    guest.get(f"/s/{token}")
    shown = guest.get(address)
    assert props_of(shown, "experiment")["canSteer"] is False
    assert "Experiments" not in text_of(guest.get(f"/sessions/{experiment.session_id}"))


@pytest.mark.parametrize("page", ["/experiments", "/experiments/new"])
def test_nobody_is_sent_to_the_login_and_comes_back(world: World, page: str) -> None:
    response = Client().get(page)
    assert response["Location"] == f"/login/?next={page}"
