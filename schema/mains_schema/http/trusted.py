"""Registered documents, found in the database once and remembered for half a minute by each process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from mains_server.db.trusted import document_of
from mains_server.db.unit_of_work import read_session
from sqlalchemy.ext.asyncio import AsyncEngine

REMEMBERED_FOR = timedelta(seconds=30)
DOCUMENTS_REMEMBERED = 2_000
HASH_LENGTH = 64


class TrustedDocuments:
    """Finds registered documents by hash; what was removed is run for half a minute more at most.

    What is not registered is asked for each time, so that a new one is run at once.
    """

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock
        self._known: OrderedDict[str, tuple[str, datetime]] = OrderedDict()

    async def find(self, named: str) -> str | None:
        """Give a document by the SHA-256 of its text in hex; None for what nobody registered."""
        if len(named) != HASH_LENGTH or not named.isascii() or not named.isalnum():
            return None
        now = self._clock()
        known = self._known.get(named)
        if known is not None and now < known[1]:
            return known[0]
        async with read_session(self._engine) as session:
            found = await document_of(session, sha256=named)
        self._known.pop(named, None)
        if found is not None:
            self._known[named] = found, now + REMEMBERED_FOR
            if len(self._known) > DOCUMENTS_REMEMBERED:
                self._known.popitem(last=False)
        return found
