"""Counts tries before they are made, for each thing that is tried, each network address, and all together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal
from mains_server.access.rules import address_hash
from mains_server.signin.tables import CountedTry, SigninAttempt

KEPT_FOR = timedelta(days=2)


class TooManyAttempts(Refusal):
    """More was tried than somebody who means well would."""

    code = "TOO_MANY_ATTEMPTS"
    is_retryable = True


@dataclass(frozen=True, slots=True)
class Bound:
    """How many tries there may be of one thing within some time."""

    name: str
    tries_max: int
    within: timedelta


async def claim_tries(session: AsyncSession, *, tries: Sequence[tuple[Bound, str]], now: datetime) -> bool:
    """Count a try of each of these things, and tell whether all of them may still be tried.

    The caller's transaction must end well whatever this tells, so that what is refused stays counted. What is tried is
    kept as a hash only, and always in the same order, so that two who count the same things do not wait for each other.
    """
    allowed = True
    for bound, what in sorted(tries, key=lambda one: one[0].name):
        allowed = await _count(session, bound=bound, what=what, now=now) <= bound.tries_max and allowed
    return allowed


async def forget_tries(session: AsyncSession, *, now: datetime) -> None:
    """Delete what was counted days ago, and failed sign-ins of days ago, also to addresses that nobody has."""
    await session.execute(delete(CountedTry).where(col(CountedTry.starts_at) < now - KEPT_FOR))
    await session.execute(delete(SigninAttempt).where(col(SigninAttempt.at) < now - KEPT_FOR))


def network(address: str | None) -> str:
    """Name a network address in a count; of IPv6 a household's whole network."""
    return address_hash(address or "")


async def _count(session: AsyncSession, *, bound: Bound, what: str, now: datetime) -> int:
    is_over = col(CountedTry.starts_at) <= now - bound.within
    counted = await session.execute(
        insert(CountedTry)
        .values(bucket=_bucket(bound, what), starts_at=now, tries=1)
        .on_conflict_do_update(
            index_elements=["bucket"],
            set_={
                "tries": case((is_over, 1), else_=col(CountedTry.tries) + 1),
                "starts_at": case((is_over, now), else_=col(CountedTry.starts_at)),
            },
        )
        .returning(col(CountedTry.tries))
    )
    return int(counted.scalar_one())


def _bucket(bound: Bound, what: str) -> bytes:
    return hashlib.sha256(f"{bound.name}:{what}".encode("utf-8", "surrogatepass")).digest()
