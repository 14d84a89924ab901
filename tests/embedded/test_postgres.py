"""The embedded PostgreSQL: first start, interrupted first start, odd places, crashes of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import tempfile
from pathlib import Path

import psycopg
import pytest

from app.embedded.accounts import Account, database_account
from app.embedded.home import Home
from app.embedded.messages import CannotStart
from app.embedded.postgres import Postgres
from tests.support.embedded import new_home, running_postgres


def write_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('still here')")


def read_row(url: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT word FROM kept").fetchone()
        assert row
        return str(row[0])


def test_a_second_start_keeps_the_data(home: Home) -> None:
    with running_postgres(home) as (postgres, _):
        write_row(postgres.url)
    assert not (home.postgres / "postmaster.pid").exists(), "it was not stopped cleanly"
    with running_postgres(home) as (postgres, _):
        assert read_row(postgres.url) == "still here"


def test_an_interrupted_first_start_begins_again(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """initdb was killed: there is half a folder, which must neither be used nor be in the way."""
    half = home.path / "postgres.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with running_postgres(home) as (postgres, _):
        write_row(postgres.url)
    assert not half.exists()
    assert "interrupted" in capsys.readouterr().out


def test_stopping_in_the_middle_of_the_first_start_leaves_nothing_that_looks_finished(home: Home) -> None:
    class Interrupt(Exception):
        pass

    def interrupt(seconds: float) -> None:
        raise Interrupt

    with pytest.raises(Interrupt):
        Postgres(home).prepare(interrupt)
    assert not home.postgres.exists()
    with running_postgres(home) as (postgres, _):
        write_row(postgres.url)


def test_a_folder_with_something_else_in_it_is_left_alone(home: Home) -> None:
    home.postgres.mkdir()
    (home.postgres / "thesis.tex").write_text("ten years of work")
    with pytest.raises(CannotStart, match="holds no PostgreSQL data"):
        Postgres(home).prepare()
    assert (home.postgres / "thesis.tex").read_text() == "ten years of work"


def test_a_path_too_long_for_a_socket_gets_one_in_the_temporary_folder() -> None:
    base = Path(tempfile.mkdtemp(prefix="espalier-long-"))
    home = new_home(base / ("deep" * 12) / ("deeper" * 10) / "var")
    base.chmod(0o711)
    try:
        for folder in home.path.relative_to(base).parents:
            (base / folder).chmod(0o711)
        with running_postgres(home) as (postgres, _):
            assert len(str(home.run)) > 107, "this path would not have been too long"
            assert postgres.sockets.parent == Path(tempfile.gettempdir())
            assert stat.S_IMODE(postgres.sockets.stat().st_mode) == 0o700
            assert postgres.sockets.stat().st_uid == database_account(home.postgres).uid
            write_row(postgres.url)
        again = Postgres(home)
        assert again.sockets == postgres.sockets, "every start must find the same folder"
        shutil.rmtree(postgres.sockets)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def test_a_socket_folder_of_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a shared machine anybody can prepare a folder, or a link, under the name that we would use."""
    home = new_home(tmp_path / ("long" * 30))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"espalier-{home.key}-postgres").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotStart, match="belongs to somebody else"):
        Postgres(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to lend PostgreSQL an account")
def test_a_home_that_the_database_account_cannot_enter(tmp_path: Path) -> None:
    """A clone below /root: data and sockets go where that account can go, and a link leads there."""
    tmp_path.chmod(0o700)
    home = new_home(tmp_path / "var")
    try:
        with running_postgres(home) as (postgres, _):
            write_row(postgres.url)
            assert home.postgres.is_symlink()
        with running_postgres(home) as (postgres, _):
            assert read_row(postgres.url) == "still here"
        home.postgres.unlink()  # somebody removed var/ and started again: the data are found, not overwritten
        with running_postgres(home) as (postgres, _):
            assert read_row(postgres.url) == "still here"
    finally:
        shutil.rmtree(home.postgres.resolve())
        shutil.rmtree(postgres.sockets)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second account")
def test_root_takes_on_the_account_that_owns_the_data(home: Home) -> None:
    """First started by a user, then with sudo: PostgreSQL wants the owner of its folder."""
    nobody = pwd.getpwnam("nobody")
    home.postgres.mkdir()
    os.chown(home.postgres, nobody.pw_uid, nobody.pw_gid)
    assert database_account(home.postgres) == Account("nobody", nobody.pw_uid, nobody.pw_gid)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second account")
def test_another_account_of_the_machine_is_not_let_in(home: Home) -> None:
    with running_postgres(home) as (postgres, _):
        child = os.fork()
        if child == 0:
            os.setgid(65534)
            os.setuid(65534)
            try:
                psycopg.connect(postgres.url).close()
            except psycopg.OperationalError:
                os._exit(0)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.crash
def test_killed_with_a_stale_pid_file_it_recovers(home: Home) -> None:
    """SIGKILL of the postmaster: its pid file stays, its children and shared memory linger for a moment."""
    with running_postgres(home) as (postgres, supervisor):
        write_row(postgres.url)
        (child,) = supervisor.children
        assert child.process
        child.process.send_signal(signal.SIGKILL)
        child.process.wait(10)
        assert (home.postgres / "postmaster.pid").exists()
        postgres.wait_until_ready(child, supervisor.pause)
        assert child.starts >= 2
        assert read_row(postgres.url) == "still here"


@pytest.mark.crash
def test_one_that_still_runs_is_stopped_before_the_next(home: Home) -> None:
    """Its supervisor was killed: the next start must not find two servers on one folder."""
    with running_postgres(home) as (postgres, supervisor):
        (first,) = supervisor.children
        write_row(postgres.url)
        with running_postgres(home):
            assert first.exit_code() == 0, "the first one was not asked to stop"
            assert read_row(postgres.url) == "still here"
        supervisor.children.clear()
