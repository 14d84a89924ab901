"""The scripts that run before anything is installed: what they recognise, and what they put right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.embedded.home import REPOSITORY
from scripts.environment import BROKEN
from scripts.frontend import node_version, vite_runs_on


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ((18, 20), False),
        ((20, 18), False),
        ((20, 19), True),
        ((21, 7), False),
        ((22, 11), False),
        ((22, 12), True),
        ((23, 5), False),
        ((24, 0), True),
        ((0, 0), False),
    ],
)
def test_which_node_vite_can_use(version: tuple[int, int], enough: bool) -> None:
    """As the `engines` of vite, vitest and the Svelte plugin say."""
    assert vite_runs_on(version) is enough


def test_a_node_that_cannot_run_has_no_version(tmp_path: Path) -> None:
    stub = tmp_path / "node"
    stub.write_text("#!/bin/sh\necho 'please install me'\n")
    stub.chmod(0o755)
    assert node_version(str(stub)) == (0, 0)
    assert node_version(str(tmp_path / "absent")) == (0, 0)
    stub.write_text("#!/bin/sh\necho v24.19.0\n")
    assert node_version(str(stub)) == (24, 19)


def make_distribution(site: Path, name: str, files: list[str], *, record: bool = True) -> None:
    """As pip leaves one: the files and a dist-info folder with a RECORD of them."""
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text("")
    folder = site / f"{name}-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    if record:
        (folder / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def test_an_interrupted_installation_is_found_file_by_file(tmp_path: Path) -> None:
    """pip takes a package for installed as soon as its METADATA is there, whole or not."""
    make_distribution(tmp_path, "whole", ["whole/__init__.py"])
    make_distribution(tmp_path, "torn", ["torn/__init__.py", "torn/core.py"])
    (tmp_path / "torn" / "core.py").unlink()
    make_distribution(tmp_path, "unrecorded", ["unrecorded.py"], record=False)
    looking_there = (
        f"import sys; sys.path[:] = [{str(tmp_path)!r}, *[p for p in sys.path if 'site-packages' not in p]]\n"
    )
    answer = subprocess.run([sys.executable, "-c", looking_there + BROKEN], capture_output=True, text=True, check=True)
    assert sorted(json.loads(answer.stdout)) == ["torn==1.0", "unrecorded==1.0"]
    assert not (tmp_path / "torn-1.0.dist-info").exists(), "pip would take it for installed"
    assert (tmp_path / "whole-1.0.dist-info").exists()


def test_every_pin_is_exact_and_has_its_reason() -> None:
    reasons = (REPOSITORY / "docs" / "decisions" / "0001-dependencies.md").read_text(encoding="utf-8")
    for file in ("requirements.txt", "requirements-dev.txt", "requirements-node.txt"):
        for line in (REPOSITORY / file).read_text(encoding="utf-8").splitlines():
            if not line or line.startswith(("#", "-r")):
                continue
            name, exact, _ = line.partition("==")
            assert exact, f"{file}: {line} is not pinned"
            assert name.partition("[")[0] in reasons, f"{file}: why {name}?"


def test_the_bench_and_ci_call_what_is_there() -> None:
    assert (REPOSITORY / ".ci" / "run").stat().st_mode & 0o111
    help_text = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "bench", "lint", "format"):
        assert f"\n{target} " in f"\n{help_text}"
