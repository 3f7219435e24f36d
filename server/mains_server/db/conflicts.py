"""Transactions that PostgreSQL broke off in favour of another: they are done again from their beginning, so often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from asyncpg.exceptions import DeadlockDetectedError, SerializationError
from sqlalchemy.exc import DBAPIError

TRIES_MAX = 5
BROKEN_OFF = frozenset({"40001", "40P01"})
T = TypeVar("T")
log = structlog.get_logger()


def is_conflict(error: Exception) -> bool:
    """Tell whether a transaction failed only because another was in its way: a deadlock, or no order of the two."""
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None) in BROKEN_OFF
    return isinstance(error, DeadlockDetectedError | SerializationError)


async def do_again(work: Callable[[], Awaitable[T]], *, tries_max: int = TRIES_MAX) -> T:
    """Do a whole transaction, and again where it was broken off for another's sake; the last time what it raises."""
    for turn in range(1, tries_max):
        try:
            return await work()
        except Exception as error:
            if not is_conflict(error):
                raise
            log.warning("transaction done again", turn=turn, reason=str(error).splitlines()[0])
    return await work()
