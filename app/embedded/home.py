"""The data folder `$ESPALIER_HOME` and what lies in it."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.config.env import envstr
from app.embedded.accounts import Account, can_reach
from app.embedded.messages import CannotStart

REPOSITORY = Path(__file__).resolve().parents[2]
# sun_path holds 108 bytes on Linux and 104 on macOS; PostgreSQL appends `/.s.PGSQL.5432.lock` to our folder.
LONGEST_SOCKET_FOLDER = 80
# Celery and psycopg read socket paths out of addresses and disagree about escaping: no path that needs it.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class Home:
    """`postgres/`, `redis/`, `logs/`, `run/` (sockets and process ids), `secret.key`, `owner.token`, `lock`."""

    path: Path

    @classmethod
    def from_environment(cls) -> Home:
        """`$ESPALIER_HOME`, else `var/` beside manage.py; made when missing."""
        home = cls(Path(envstr("ESPALIER_HOME") or REPOSITORY / "var").expanduser().absolute())
        home.make()
        return home

    def make(self) -> None:
        """Create the folders. As root, others may pass through (PostgreSQL has an account of its own), never look."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.logs, self.run):
                folder.mkdir(exist_ok=True)
                folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.models.mkdir(exist_ok=True)
        except OSError as error:
            raise CannotStart(
                f"the data folder {self.path} cannot be used: {error.strerror}. "
                "Choose another one with ESPALIER_HOME=/some/folder."
            ) from error

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def models(self) -> Path:
        """Where folders of models lie that are added by page, unless settings say otherwise."""
        return self.path / "models"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def redis(self) -> Path:
        return self.path / "redis"

    @property
    def owner_token(self) -> Path:
        return self.path / "owner.token"

    @property
    def key(self) -> str:
        """A short name for this folder, the same at every start."""
        return hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]

    def secret_key(self) -> str:
        """Django's secret, generated once. Losing it only logs everybody out."""
        file = self.path / "secret.key"
        if not file.exists():
            write_private(file, secrets.token_urlsafe(48))
        return file.read_text(encoding="ascii").strip()

    def socket_folder(self, name: str, account: Account) -> Path:
        """A folder of mode 0700 owned by `account` for unix sockets: ours, or a shorter or easier to reach one."""
        folder = self.run / name
        text = str(folder)
        long_or_odd = len(os.fsencode(text)) > LONGEST_SOCKET_FOLDER or not PLAIN_PATH.fullmatch(text)
        if long_or_odd or not (account.is_ours or can_reach(account, folder)):
            folder = Path(tempfile.gettempdir()) / f"espalier-{self.key}-{name}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        # The temp folder belongs to everybody: a folder that someone else prepared there must not be used.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account.uid}:
            raise CannotStart(f"{folder} belongs to somebody else. Remove it, or choose a shorter ESPALIER_HOME.")
        folder.chmod(0o700)
        if found.st_uid != account.uid:
            os.chown(folder, account.uid, -1)
        return folder


def write_private(file: Path, text: str) -> None:
    """Write `text` so that nobody else can read it at any moment, and no half-written file is ever seen."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(file)
