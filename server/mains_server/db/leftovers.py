"""What a killed embedded server leaves behind, and when it is safe to take away."""

import os
import time
from pathlib import Path

import psutil

POLL_SECONDS = 0.05


class DatabaseStillInUse(Exception):
    """A server that does not answer still has the data folder open."""


def clear(*, data: Path, socket_folder: Path, seconds_max: float) -> None:
    """Take away the locks of a server that is gone, after its last process has let go of the data.

    PostgreSQL itself takes any process with the recorded id, even a zombie, for the old server and refuses to start.
    """
    deadline = time.monotonic() + seconds_max
    while _processes_on(data=data):
        if time.monotonic() > deadline:
            raise DatabaseStillInUse(f"a server on {data} runs but does not answer; stop it and start again")
        time.sleep(POLL_SECONDS)
    for lock in (data / "postmaster.pid", *socket_folder.glob(".s.PGSQL.*")):
        lock.unlink(missing_ok=True)


def _processes_on(*, data: Path) -> list[int]:
    """Postgres processes live in their data folder, so their working directory gives them away."""
    found = []
    for process in psutil.process_iter():
        try:
            is_alive = "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
            if is_alive and os.path.realpath(process.cwd()) == str(data):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
