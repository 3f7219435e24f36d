"""The database a command works on: the one that the settings name, or the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager

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

    with embedded_server(data_dir=settings.data_dir) as server:
        if is_migrated:
            upgrade(address=server.address())
        yield server.address()
