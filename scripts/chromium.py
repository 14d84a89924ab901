"""Find a Chromium for the browser tests, or install one; prints its path. `python scripts/chromium.py`

In this order: $CHROMIUM, the machine's own, Playwright's own, apt (as root), Playwright's download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def works(path: str | None) -> bool:
    """Ubuntu's `chromium` may be a stub that only asks for a snap."""
    if not path:
        return False
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def installed() -> str | None:
    candidates = [os.environ.get("CHROMIUM"), *(shutil.which(name) for name in NAMES), playwrights_own()]
    return next((path for path in candidates if path and works(path)), None)


def playwrights_own() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def install() -> None:
    """All output goes to stderr: stdout is for the path."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("  Browser: installing Chromium with apt", file=sys.stderr, flush=True)
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]):
            subprocess.run(["apt-get", "-q", *command], env=env, stdout=sys.stderr)
        if installed():
            return
    print("  Browser: downloading Playwright's Chromium", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.geteuid() == 0:
        command.insert(-1, "--with-deps")
    subprocess.run(command, stdout=sys.stderr)


def main() -> None:
    path = installed()
    if path is None:
        install()
        path = installed()
    if path is None:
        sys.exit("No Chromium found, and none could be installed. Install one and set CHROMIUM=/path/to/it.")
    print(path)


if __name__ == "__main__":
    main()
