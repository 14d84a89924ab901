"""`GET /runs/{id}/selections`: the stored run's pool under every rule."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from search.comparison import compare
from search.events import read_jsonl
from search.reducer import fold
from search.selection import RULES, Settings
from tests.explorer.world import JOURNALS, make_world


@pytest.mark.django_db
@pytest.mark.parametrize("journal", ["votes", "budget_raised"])
def test_the_stored_pool_is_the_journals_pool(journal: str) -> None:
    world = make_world(journal)
    with (JOURNALS / f"{journal}.jsonl").open() as stream:
        _, events = read_jsonl(stream)
    found = world.owner.get_json(f"/runs/{world.run.pk}/selections?aggregation=min&power=2&first=2")
    expected = compare(fold(events), settings=Settings("min", 2.0, 2)).as_dict()
    assert found.pop("as_of_seq") == len(events)
    assert [verdict["rule"] for verdict in found["verdicts"]] == list(RULES)
    assert found == {**expected, "coverage": [list(point) for point in expected["coverage"]]}


@pytest.mark.django_db
def test_some_rules_only_and_once_per_moment(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    world = make_world("votes")
    path = f"/runs/{world.run.pk}/selections?rules=rpc,majority"
    first = world.owner.get_json(path)
    assert [verdict["rule"] for verdict in first["verdicts"]] == ["rpc", "majority"]
    from app.explorer.selectors import selections_of

    with django_assert_num_queries(0):
        assert selections_of(world.run, None, Settings())["as_of_seq"] == first["as_of_seq"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("rules=loudest", "rules"),
        ("aggregation=sum", "aggregation"),
        ("power=-1", "power"),
        ("power=nan", "power"),
        ("first=0", "first"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_field(query: str, field: str) -> None:
    world = make_world("votes")
    answer = world.owner.send("GET", f"/runs/{world.run.pk}/selections?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
