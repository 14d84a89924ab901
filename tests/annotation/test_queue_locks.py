"""Locks on a queue's items: what two real connections do at the same moment."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from app.annotation.models import LabelQueue, QueueItem
from app.annotation.queues.hand_out import item_take
from app.explorer.models import Run
from tests.annotation.test_export import make_other_run
from tests.annotation.test_queues import make, plant
from tests.explorer.world import make_world


@pytest.mark.django_db(transaction=True)
def test_two_connections_never_hold_one_item() -> None:
    """One transaction has locked the first item and has not ended: another connection passes it over at once."""
    world = make_world()
    plant(world.run)
    plant(make_other_run(world))
    Run.objects.update(state="completed")
    queue = LabelQueue.objects.get(pk=make(world, ordering="uncertain_reward")["id"])
    places: dict[str, list[int]] = {"owner": [], "annotator": []}
    barrier = threading.Barrier(2, timeout=20)

    def takes(role: str) -> None:
        try:
            for _ in range(3):
                barrier.wait()
                taken = item_take(queue=queue, user=world.people[role])
                assert taken is not None
                places[role].append(taken[0].place)
                barrier.wait()
                QueueItem.objects.filter(held_by=world.people[role]).update(
                    held_until=timezone.now() + timedelta(hours=1), held_by=world.people["editor"]
                )
        finally:
            connection.close()

    threads = [threading.Thread(target=takes, args=(role,)) for role in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(places["owner"] + places["annotator"]) == list(range(6))
    assert all(len(taken) == 3 for taken in places.values())


@pytest.mark.django_db(transaction=True)
def test_an_item_that_somebody_is_just_taking_is_passed_over_not_waited_for() -> None:
    world = make_world()
    plant(world.run)
    queue = LabelQueue.objects.get(pk=make(world, ordering="uncertain_reward")["id"])
    first = queue.items.get(place=0)
    locked, go_on = threading.Event(), threading.Event()

    def holds_the_row() -> None:
        from django.db import transaction

        try:
            with transaction.atomic():
                QueueItem.objects.select_for_update().get(pk=first.pk)
                locked.set()
                go_on.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=holds_the_row)
    thread.start()
    try:
        assert locked.wait(20)
        taken = item_take(queue=queue, user=world.people["owner"])
        assert taken is not None
        assert taken[0].place == 1
    finally:
        go_on.set()
        thread.join(20)
