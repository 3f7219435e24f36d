"""The database a command works on: the one that the settings name, or the embedded one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from mains_server.db.migrate import upgrade
from mains_server.settings import Settings


@contextmanager
def opened(settings: Settings, *, is_migrated: bool = True) -> Iterator[str]:
    """Have a database while the block lasts and give its address; the embedded one starts if none is configured."""
    if settings.database_url is not None:
        if is_migrated:
            upgrade(address=settings.database_url)
        yield settings.database_url
        return
    from mains_server.db.embedded import embedded_server

    with _ended_by_signal(), embedded_server(data_dir=settings.data_dir) as server:
        if is_migrated:
            upgrade(address=server.address())
        yield server.address()


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Let SIGTERM end the block as an exception does, so that the embedded server is stopped on the way out."""
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
