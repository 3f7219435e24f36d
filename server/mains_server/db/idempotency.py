"""Requests that may be repeated: the same key and body get the same answer, for thirty days."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.db.tables import IdempotentRequest

KEPT_FOR = timedelta(days=30)
# Every changing request claims and keeps, so both are written out: building them anew would cost more than asking.
CLAIM = text("""
insert into idempotent_request as held (person_id, operation, key, body_hash, at)
values (:person, :operation, :key, :hash, :now)
on conflict (person_id, operation, key) do update set body_hash = excluded.body_hash, at = excluded.at, answer = null
where held.at <= :forgotten
returning id
""")
KEEP = text("""
update idempotent_request set answer = cast(:answer as jsonb)
where person_id = :person and operation = :operation and key = :key
""")


class KeyReused(Exception):
    """A key came back with another body; the one who asked must choose a new key for a new request."""


def body_hash(body: Mapping[str, Any]) -> bytes:
    """Hash what a request asks for, so that a repetition is told from another request; values are plain JSON."""
    return hashlib.sha256(orjson.dumps(dict(body), option=orjson.OPT_SORT_KEYS)).digest()


async def claim_key(
    session: AsyncSession, *, person_id: int, operation: str, key: str, body: Mapping[str, Any], now: datetime
) -> Mapping[str, Any] | None:
    """Claim a key for this request, or give the answer it got before.

    Whoever comes second with a key waits for the first one's transaction: if that failed the key is free again.
    """
    asked = {"person": person_id, "operation": operation, "key": key, "hash": body_hash(body), "now": now}
    if await session.scalar(CLAIM, {**asked, "forgotten": now - KEPT_FOR}) is not None:
        return None
    mine = (
        col(IdempotentRequest.person_id) == person_id,
        col(IdempotentRequest.operation) == operation,
        col(IdempotentRequest.key) == key,
    )
    found = await session.execute(select(col(IdempotentRequest.body_hash), col(IdempotentRequest.answer)).where(*mine))
    before, answer = found.one()
    if before != body_hash(body):
        raise KeyReused(f"key {key!r} was used for another request; choose a new one")
    assert isinstance(answer, dict), "a request that claimed its key answered in the same transaction"
    return answer


async def keep_answer(
    session: AsyncSession, *, person_id: int, operation: str, key: str, answer: Mapping[str, Any]
) -> None:
    """Keep the answer under the claimed key, for whoever repeats the request."""
    words = orjson.dumps(dict(answer)).decode()
    await session.execute(KEEP, {"person": person_id, "operation": operation, "key": key, "answer": words})
