"""Runs password hashes beside the event loop, in a pool and a queue that are both bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mains_server.access.records import Refusal

T = TypeVar("T")

HASHERS_MAX = 2
HASHING_WAITS_MAX = 20

_hashers = ThreadPoolExecutor(max_workers=HASHERS_MAX, thread_name_prefix="argon2")
_hashing: set[object] = set()


class SigninBusy(Refusal):
    """More passwords wait to be checked than we can check soon."""

    code = "SIGNIN_BUSY"
    is_retryable = True


async def beside_the_loop(work: Callable[[], T]) -> T:
    """Run a hash in the bounded pool; the queue is bounded too, because everyone in it holds a database connection."""
    if len(_hashing) >= HASHING_WAITS_MAX:
        raise SigninBusy("many people sign in right now; try again in a few seconds")
    ticket = object()
    _hashing.add(ticket)
    try:
        return await asyncio.get_running_loop().run_in_executor(_hashers, work)
    finally:
        _hashing.discard(ticket)
