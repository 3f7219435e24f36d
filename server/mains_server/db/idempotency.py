"""Requests that may be repeated: the same key and body get the same answer, for thirty days."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.db.tables import IdempotentRequest

KEPT_FOR = timedelta(days=30)


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
    mine = (
        col(IdempotentRequest.person_id) == person_id,
        col(IdempotentRequest.operation) == operation,
        col(IdempotentRequest.key) == key,
    )
    await session.execute(delete(IdempotentRequest).where(*mine, col(IdempotentRequest.at) <= now - KEPT_FOR))
    claimed = await session.scalar(
        insert(IdempotentRequest)
        .values(person_id=person_id, operation=operation, key=key, body_hash=body_hash(body), at=now)
        .on_conflict_do_nothing()
        .returning(col(IdempotentRequest.id))
    )
    if claimed is not None:
        return None
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
    await session.execute(
        update(IdempotentRequest)
        .where(
            col(IdempotentRequest.person_id) == person_id,
            col(IdempotentRequest.operation) == operation,
            col(IdempotentRequest.key) == key,
        )
        .values(answer=dict(answer))
    )
