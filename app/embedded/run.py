"""`python -m app.embedded.run`: PostgreSQL, Redis, web and worker on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import socket
import sys

from app.config.env import BadSetting, envint, envlist, envstr
from app.embedded import given
from app.embedded.application import wait_for_web, wait_for_worker, web_service, worker_service
from app.embedded.child import stop_orphan
from app.embedded.disk import require_space
from app.embedded.home import Home
from app.embedded.lock import HomeLock
from app.embedded.messages import CannotStart, Stopped, say
from app.embedded.ports import listen
from app.embedded.supervisor import Supervisor
from search.model_file import ModelFileError, configured_policies


class Run:
    """One start: what to run, where, and in which order."""

    def __init__(self, home: Home, host: str, port: int) -> None:
        self.home = home
        if not 0 < port < 65536:
            raise BadSetting(f"PORT={port} is not a port (1 to 65535)")
        self.host = host
        self.port = port
        self.supervisor = Supervisor(home.path)
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
        self.url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"

    def start(self, sock: socket.socket) -> str:
        """Everything up and answering; returns the login token."""
        os.environ.update(self.environment())
        self.start_postgres()
        self.start_redis()
        token = self.prepare_database()
        worker = self.supervisor.start(worker_service(self.home))
        web = self.supervisor.start(web_service(self.home, sock.fileno()))
        wait_for_web(self.supervisor, web, self.url)
        wait_for_worker(self.supervisor, worker)
        return token

    def environment(self) -> dict[str, str]:
        """Settings for our children; what the person has set wins."""
        hosts = [self.host, "127.0.0.1", "localhost", "[::1]"]
        defaults = {
            "DJANGO_SETTINGS_MODULE": "app.config.settings",
            "ESPALIER_HOME": str(self.home.path),
            "SITE_URL": self.url,
            "ALLOWED_HOSTS": ",".join(dict.fromkeys(envlist("ALLOWED_HOSTS") or hosts)),
            # Cookies know no ports: two Espaliers on one machine must not log each other out.
            "SESSION_COOKIE_NAME": f"espalier_session_{self.port}",
            "CSRF_COOKIE_NAME": f"espalier_csrf_{self.port}",
        }
        if not envstr("SECRET_KEY"):
            defaults["SECRET_KEY"] = self.home.secret_key()
        return {name: value for name, value in defaults.items() if not os.environ.get(name)} | {
            "ESPALIER_HOME": str(self.home.path)
        }

    def start_postgres(self) -> None:
        if url := envstr("DATABASE_URL"):
            given.wait_for_postgres(url, self.supervisor.pause)
            return
        from app.embedded.postgres import Postgres

        settings = dict(part.split("=", 1) for part in envlist("ESPALIER_POSTGRES_SETTINGS"))
        postgres = Postgres(self.home, settings=settings)
        if stop_orphan(postgres.service()):
            say("PostgreSQL: stopped the one that an earlier start left behind")
        postgres.prepare(self.supervisor.pause)
        child = self.supervisor.start(postgres.service())
        postgres.wait_until_ready(child, self.supervisor.pause)
        os.environ["DATABASE_URL"] = postgres.url
        say("PostgreSQL: ready")

    def start_redis(self) -> None:
        if url := envstr("REDIS_URL"):
            given.wait_for_redis(url, self.supervisor.pause)
            return
        from app.embedded.redis import Redis

        redis = Redis(self.home)
        child = self.supervisor.start(redis.service())
        redis.wait_until_ready(child, self.supervisor.pause)
        os.environ["REDIS_URL"] = redis.url
        say("Redis: ready")

    def prepare_database(self) -> str:
        """Migrations, the owner and a login token."""
        import django
        from django.core.management import call_command
        from django.db import connection
        from django.db.utils import OperationalError

        from app.embedded.login import prepare_owner

        django.setup()
        while True:
            try:
                call_command("migrate", interactive=False, verbosity=0)
                token = prepare_owner(self.home)
                break
            except OperationalError as error:  # PostgreSQL died meanwhile: the supervisor brings it back
                say(f"Database: trying again ({str(error).strip()})")
                self.supervisor.pause(1)
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # the supervisor needs no connection from here on
        say("Database: up to date")
        return token


def main() -> int:
    """0 after a clean stop, 1 when it could not start."""
    run: Run | None = None
    try:
        configured_policies()  # a mistake in the file of models is told before anything is started
        home = Home.from_environment()
        run = Run(home, envstr("HOST", "127.0.0.1"), envint("PORT", 8000))
        with HomeLock(home.path / "lock", run.url):
            run.supervisor.catch_signals()
            try:
                require_space(home.path, first_start=not home.postgres.exists())
                # What a killed supervisor left: its web process still holds our port, its worker still writes.
                for service in (web_service(home, descriptor=-1), worker_service(home)):
                    stop_orphan(service)
                with listen(run.host, run.port) as sock:
                    token = run.start(sock)
                    print(f"Espalier is ready: {run.url}/?token={token}", flush=True)
                    run.supervisor.run_forever()
            finally:
                if run.supervisor.children:
                    say("Stopping …")
                run.supervisor.stop_all()
    except (CannotStart, BadSetting, ModelFileError) as error:
        print(f"Espalier cannot start: {error}", file=sys.stderr, flush=True)
        return 1
    except Stopped:
        pass
    say("Stopped. Everything is kept in " + str(run.home.path if run else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
