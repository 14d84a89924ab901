"""Our own two processes, web and worker: how they are run, and when they count as ready."""

from __future__ import annotations

import json
import os
import sys
import urllib.request

from redis import Redis
from redis.exceptions import RedisError

from app.config.env import envint
from app.embedded.child import Child, Service
from app.embedded.home import REPOSITORY, Home
from app.embedded.messages import CannotStart, say
from app.embedded.supervisor import Supervisor

PATIENCE = 180.0  # a cold disk reads torch slowly


def web_service(home: Home, descriptor: int) -> Service:
    """uvicorn on the descriptor of a socket that is already listening."""
    return Service(
        name="Web",
        command=[sys.executable, "-m", "app.embedded.web", "--fd", str(descriptor)],
        log=home.logs / "web.log",
        pid_file=home.run / "web.pid",
        folder=REPOSITORY,
        keep_open=(descriptor,),
        stop_seconds=4,
    )


def worker_service(home: Home) -> Service:
    """One Celery worker with a pool of threads; SIGTERM makes it give its runs back within five seconds."""
    command = [sys.executable, "-m", "celery", "-A", "app.config.celery:celery", "worker", "--pool=threads"]
    command += ["--queues=interactive,batch", "--hostname=embedded@%h", "--loglevel=INFO"]
    command += ["--without-gossip", "--without-mingle"]
    threads = str(envint("TORCH_THREADS", 1))
    return Service(
        name="Worker",
        command=command,
        environment={"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false"},
        log=home.logs / "worker.log",
        pid_file=home.run / "worker.pid",
        folder=REPOSITORY,
        niceness=5,  # pages stay quick while a model computes
        stop_seconds=8,  # five to give the runs back, and a moment to leave on a busy machine
    )


def wait_for_web(supervisor: Supervisor, web: Child, url: str) -> None:
    """Until the health page says that web, PostgreSQL and Redis work together."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/api/v1/health", timeout=5) as response:
                return bool(json.load(response)["status"] == "ok")
        except (OSError, ValueError):
            return False

    if not supervisor.wait_for(web, answers, PATIENCE):
        raise CannotStart(f"the web server does not answer. Its last words:\n{web.log_tail()}")
    say("Web: ready")


def wait_for_worker(supervisor: Supervisor, worker: Child) -> None:
    """Until this very process has said through Redis that it takes tasks (keys of an earlier one may linger)."""
    from app.config.heartbeat import pids_alive

    def beats() -> bool:
        try:
            with Redis.from_url(os.environ["REDIS_URL"]) as connection:
                return worker.pid in pids_alive(connection)
        except RedisError:
            return False

    if not supervisor.wait_for(worker, beats, PATIENCE):
        raise CannotStart(f"the worker does not answer. Its last words:\n{worker.log_tail()}")
    say("Worker: ready")
