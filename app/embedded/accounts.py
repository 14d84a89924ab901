"""Which account runs PostgreSQL. It refuses to run as root, so root lends it an account of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.embedded.messages import CannotStart

NAME = "espalier"


@dataclass(frozen=True)
class Account:
    """A user of this machine, as a child process takes it on."""

    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        """True when no change of account is needed."""
        return self.uid == os.geteuid()


def own_account() -> Account:
    """The one that we run as."""
    return _named_by_uid(os.geteuid())


def database_account(data: Path) -> Account:
    """Ourselves; or, when we are root, whoever owns the data folder `data` already (it was made by a start without
    root); else the system account `espalier`, made when missing, else `nobody`."""
    if os.geteuid() != 0:
        return own_account()
    if data.is_dir() and (owner := data.stat().st_uid) != 0:
        return _named_by_uid(owner)
    for name in (NAME, "nobody"):
        if name == NAME and not _exists(name):
            _create(name)
        if _exists(name):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise CannotStart("PostgreSQL does not run as root and no other account could be made. Run as another user.")


def _named_by_uid(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise CannotStart(
            f"user id {uid} has no name in /etc/passwd, which PostgreSQL needs. Run as a user with an entry there."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _create(name: str) -> None:
    program = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if program is None:
        return
    # A failure (read-only /etc) is not the end: `nobody` is tried next.
    subprocess.run(
        [program, "--system", "--user-group", "--no-create-home", "--home-dir", "/", "--shell", "/bin/false", name],
        check=False,
        capture_output=True,
    )


def can_reach(account: Account, path: Path) -> bool:
    """May `account` pass through every folder above `path`? (Judged by the mode bits; access lists are not seen.)"""
    for folder in path.absolute().parents:
        try:
            found = folder.stat()
        except OSError:
            return False
        if found.st_uid == account.uid:
            allowed = found.st_mode & stat.S_IXUSR
        elif found.st_gid == account.gid:
            allowed = found.st_mode & stat.S_IXGRP
        else:
            allowed = found.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True
