"""What stops a start before it changes anything: the message names the reason and the way out."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.embedded import disk
from app.embedded.home import Home
from app.embedded.lock import HomeLock
from app.embedded.messages import CannotStart
from tests.support.stack import Stack


def refused(stack: Stack) -> str:
    """Start, expect it to end with code 1, and return what it said."""
    stack.launch()
    assert stack.process
    assert stack.process.wait(60) == 1, stack.output
    return stack.output


def test_a_used_port_names_its_holder_and_another_port(stack_factory: Callable[..., Stack]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        stack = stack_factory(PORT=str(port))
        said = refused(stack)
    assert f"port {port} on 127.0.0.1 is used by process {os.getpid()}" in said
    assert f"PORT={port + 1} make run" in said
    assert not (stack.home / "postgres").exists(), "a refused start must not begin to install anything"


def test_two_starts_at_once(home: Home, stack_factory: Callable[..., Stack]) -> None:
    with HomeLock(home.path / "lock", "http://127.0.0.1:8765"):
        said = refused(stack_factory(home=home.path))
    assert f"it already runs in {home.path} (process {os.getpid()}, http://127.0.0.1:8765)" in said
    assert "ESPALIER_HOME=/another/folder PORT=8001 make run" in said


def test_a_wrong_file_of_models_is_told_with_its_key(stack_factory: Callable[..., Stack], tmp_path: Path) -> None:
    models = tmp_path / "models.toml"
    models.write_text('[policies.qwen]\nkind = "openai"\nbase_url = "localhost"\nmodel = "m"\n')
    stack = stack_factory(ESPALIER_MODELS=str(models))
    said = refused(stack)
    assert f"Espalier cannot start: {models}: [policies.qwen] base_url: " in said
    assert not (stack.home / "postgres").exists()


def test_a_lock_dies_with_its_holder(home: Home) -> None:
    with HomeLock(home.path / "lock", "http://one"):
        pass
    with HomeLock(home.path / "lock", "http://two"):
        assert re.search(r'"url": "http://two"', (home.path / "lock").read_text())


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A real file system of that size (needs root)."""
    folder = Path(tempfile.mkdtemp(prefix="espalier-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "espalier-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("mounting a small disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


def test_a_nearly_full_disk(stack_factory: Callable[..., Stack]) -> None:
    with small_disk(30) as folder:
        stack = stack_factory(home=folder / "var")
        said = refused(stack)
        assert re.search(r"the disk of \S+ is nearly full: (29|30) MB are free and 250 MB are needed", said), said
        assert "Nothing was changed" in said
        assert not (stack.home / "postgres").exists()


def test_a_disk_that_fills_up_during_the_first_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check was passed, then initdb found no space: its reason is shown and the next start begins afresh."""
    from tests.support.embedded import new_home, running_postgres

    with small_disk(20) as folder:
        home = new_home(folder / "var")
        with pytest.raises(CannotStart, match="No space left on device"), running_postgres(home):
            pass
        assert not home.postgres.exists()
        subprocess.run(["mount", "-o", "remount,size=200m", str(folder)], check=True)
        with running_postgres(home) as (_, supervisor):
            assert supervisor.children[0].exit_code() is None


def test_the_disk_check_counts_what_is_free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=249 * 1024 * 1024))
    with pytest.raises(CannotStart, match="249 MB are free and 250 MB are needed"):
        disk.require_space(tmp_path, first_start=True)
    disk.require_space(tmp_path, first_start=False)


def test_a_data_folder_that_is_a_file(stack_factory: Callable[..., Stack], tmp_path: Path) -> None:
    file = tmp_path / "var"
    file.write_text("I am a file")
    stack = stack_factory(home=file)
    assert f"the data folder {file} cannot be used" in refused(stack)


@pytest.mark.parametrize("port", ["eighty", "70000"])
def test_a_port_that_is_none(stack_factory: Callable[..., Stack], port: str) -> None:
    said = refused(stack_factory(PORT=port))
    assert "PORT" in said
    assert port in said


def test_a_database_that_does_not_answer(stack_factory: Callable[..., Stack]) -> None:
    stack = stack_factory(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", ESPALIER_PATIENCE="2")
    said = refused(stack)
    assert "DATABASE_URL" in said
    assert "Connection refused" in said
