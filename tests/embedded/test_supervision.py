"""The whole command: what dies comes back, what is asked to stop stops, what was stored stays."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable, Iterator

import psutil
import pytest

from app.embedded.supervisor import LONGEST_DELAY, STEADY_AFTER, Backoff
from tests.support.stack import READY, Stack, wait_until

SERVICES = ("PostgreSQL", "Redis", "Worker", "Web")


@pytest.fixture(scope="module")
def mine() -> Iterator[Stack]:
    """One for this file: its processes are killed all the time."""
    stack = Stack()
    try:
        yield stack.start()
    finally:
        stack.remove()


def test_the_ready_line_comes_when_everything_answers(mine: Stack) -> None:
    found = READY.search(mine.output)
    assert found
    assert found[1] == f"http://127.0.0.1:{mine.port}"
    status, health = mine.request("GET", "/health", token="")
    assert (status, health) == (200, {"status": "ok", "database": "ok", "redis": "ok", "workers": 1})


def test_the_owners_token_is_private_and_opens_the_api(mine: Stack) -> None:
    file = mine.home / "owner.token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert mine.request("GET", "/sessions")[0] == 200
    assert mine.request("GET", "/sessions", token="")[0] == 401


@pytest.mark.crash
@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_comes_back(mine: Stack, name: str) -> None:
    status, session = mine.request("POST", "/sessions", {"title": f"before {name} died"})
    assert status == 201
    old = mine.kill(name)
    mine.wait_for_new(name, old)
    wait_until(mine.healthy, 60, f"health after {name} was killed")
    assert mine.request("GET", f"/sessions/{session['id']}")[1]["title"] == f"before {name} died"
    status, _ = mine.request("POST", "/sessions", {"title": f"after {name} died"})
    assert status == 201


def test_a_restart_of_the_web_process_refuses_nobody(mine: Stack) -> None:
    """The supervisor holds the listening socket: a request made while no web process lives waits for the next."""
    old = mine.kill("Web")
    status, health = mine.request("GET", "/health", token="")
    assert (status, health["status"]) == (200, "ok")
    assert mine.wait_for_new("Web", old)


def test_the_worker_gives_way_to_the_pages(mine: Stack) -> None:
    assert psutil.Process(mine.pid("Worker")).nice() == psutil.Process(mine.pid("Web")).nice() + 5
    assert psutil.Process(mine.pid("Worker")).environ()["OMP_NUM_THREADS"] == "1"


def test_only_the_web_server_listens_and_only_on_this_machine(mine: Stack) -> None:
    family = {psutil.Process(mine.pid(name)) for name in SERVICES}
    family |= {child for process in set(family) for child in process.children(recursive=True)}
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for process in family
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", int(mine.port))}


@pytest.mark.crash
def test_a_killed_supervisor_leaves_orphans_that_the_next_start_clears(mine: Stack) -> None:
    status, session = mine.request("POST", "/sessions", {"title": "outlives its supervisor"})
    assert status == 201
    before = {name: mine.pid(name) for name in SERVICES}
    token = mine.token
    assert mine.process
    mine.process.kill()
    mine.process.wait()
    assert all(psutil.pid_exists(pid) for pid in before.values()), "there was nothing left to clear"
    mine.start()
    for name, pid in before.items():
        assert mine.pid(name) != pid
        wait_until(lambda pid=pid: not _alive(pid), 10, f"the end of the orphaned {name}")
    assert mine.token == token
    assert mine.request("GET", f"/sessions/{session['id']}")[1]["title"] == "outlives its supervisor"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_is_clean_and_a_second_start_keeps_everything(mine: Stack, number: signal.Signals) -> None:
    """Last test of this file but for its repetition: it stops the stack and starts it again."""
    status, session = mine.request("POST", "/sessions", {"title": f"kept over {number.name}"})
    assert status == 201
    before = [mine.pid(name) for name in SERVICES]
    link, token = mine.login_link, mine.token
    assert mine.stop(number, 30) == 0
    assert mine.output.rstrip().endswith(f"Everything is kept in {mine.home}")
    assert not any(_alive(pid) for pid in before)
    assert not (mine.home / "postgres" / "postmaster.pid").exists()
    mine.start()
    assert mine.token == token
    assert mine.login_link != link, "a login link is for one time"
    assert mine.request("GET", f"/sessions/{session['id']}")[1]["title"] == f"kept over {number.name}"


@pytest.mark.crash
def test_a_stop_while_it_still_starts(stack_factory: Callable[..., Stack]) -> None:
    stack = stack_factory().launch()
    wait_until(lambda: "PostgreSQL: ready" in stack.output, 60, "PostgreSQL")
    pid = stack.pid("PostgreSQL")
    assert stack.stop(signal.SIGINT) == 0, stack.output
    assert not _alive(pid)
    assert "is ready:" not in stack.output


def test_rests_double_up_to_a_limit_and_a_steady_life_resets_them() -> None:
    backoff = Backoff()
    rests = [backoff.after_death(now=100.0, lived=1.0) for _ in range(8)]
    assert rests[:4] == pytest.approx([0.3, 0.6, 1.2, 2.4])
    assert rests[-1] == LONGEST_DELAY
    assert backoff.after_death(now=200.0, lived=STEADY_AFTER + 1) == pytest.approx(0.3)
    assert backoff.due == pytest.approx(200.3)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (OSError, psutil.Error):
        return False
