"""Two queues that do not share messages, and tasks that really go through the broker."""

from __future__ import annotations

import os

from redis import Redis

from app.config.celery import celery


def test_a_message_goes_to_its_queue_and_to_no_other(servers: object) -> None:
    with celery.connection_for_write() as connection:
        for queue in celery.amqp.queues.values():
            queue(connection.default_channel).declare()  # as a starting worker does
    celery.control.purge()  # doorbells of other tests, which no worker of this session answers
    celery.send_task("tests.nobody_has_this", queue="batch")
    celery.send_task("tests.nobody_has_this", queue="interactive")
    celery.send_task("tests.nobody_has_this")
    try:
        with Redis.from_url(os.environ["REDIS_URL"]) as redis:
            assert (redis.llen("interactive"), redis.llen("batch")) == (2, 1)
    finally:
        celery.control.purge()


def test_messages_are_doorbells() -> None:
    assert celery.conf.task_acks_late is False
    assert celery.conf.task_always_eager is False
    assert celery.conf.worker_pool == "threads"
    assert next(iter(celery.conf.task_queues)).name == "interactive", "the first queue is asked first"
