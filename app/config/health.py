"""`GET /api/v1/health`: really asks PostgreSQL, Redis and the workers."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest
from ninja import Router, Schema, Status
from redis import Redis
from redis.exceptions import RedisError

from app.config.heartbeat import workers_alive

router = Router(tags=["health"])


class Health(Schema):
    """`status` is `ok` when pages work; without a worker runs wait in the queue but nothing is lost."""

    status: str
    database: str
    redis: str
    workers: int


def _ask_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return "ok"
    except DatabaseError:
        return "unreachable"


def _ask_redis() -> tuple[str, int]:
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2) as redis:
            return "ok", len(workers_alive(redis))
    except RedisError:
        return "unreachable", 0


@router.get("/health", response={200: Health, 503: Health}, auth=None, summary="Is everything there?")
def health(request: HttpRequest) -> Status[Health]:
    """Answers 503 when PostgreSQL or Redis cannot be reached. Needs no token and tells nothing else."""
    database = _ask_database()
    redis, workers = _ask_redis()
    well = database == redis == "ok"
    answer = Health(status="ok" if well else "degraded", database=database, redis=redis, workers=workers)
    return Status(200 if well else 503, answer)
