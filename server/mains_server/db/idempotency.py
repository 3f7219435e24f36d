"""Requests that may be repeated: the same key and body get the same answer, for thirty days."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from psycopg import Connection
from psycopg.types.json import Jsonb
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


FORGET = text("""
delete from idempotent_request where id in (
    select id from idempotent_request where at <= :before order by at limit :most for update skip locked
) returning id
""")
# The same over psycopg, for work that is done on a connection of its own and answers in its own transaction.
CLAIM_ALONE = """
insert into idempotent_request as held (person_id, operation, key, body_hash, at)
values (%(person)s, %(operation)s, %(key)s, %(hash)s, %(now)s)
on conflict (person_id, operation, key) do update set body_hash = excluded.body_hash, at = excluded.at, answer = null
where held.at <= %(forgotten)s
returning id
"""
BEFORE_ALONE = """
select body_hash, answer from idempotent_request
where person_id = %(person)s and operation = %(operation)s and key = %(key)s
"""
KEEP_ALONE = """
update idempotent_request set answer = %(answer)s
where person_id = %(person)s and operation = %(operation)s and key = %(key)s
"""


class KeyReused(Exception):
    """A key came back with another body; the one who asked must choose a new key for a new request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """Who asks for what by which key, where the answer is kept by the transaction that does the work."""

    person_id: int
    operation: str
    key: str
    body: Mapping[str, Any]
    now: datetime

    def asked(self) -> dict[str, Any]:
        """Give the parameters of the statements."""
        return {
            "person": self.person_id,
            "operation": self.operation,
            "key": self.key,
            "hash": body_hash(self.body),
            "now": self.now,
            "forgotten": self.now - KEPT_FOR,
        }


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


async def answered_before(session: AsyncSession, *, once: Once) -> Mapping[str, Any] | None:
    """Give the answer that a request got before, and None where it got none; nothing is claimed."""
    found = await session.execute(
        select(col(IdempotentRequest.body_hash), col(IdempotentRequest.answer)).where(
            col(IdempotentRequest.person_id) == once.person_id,
            col(IdempotentRequest.operation) == once.operation,
            col(IdempotentRequest.key) == once.key,
            col(IdempotentRequest.at) > once.now - KEPT_FOR,
        )
    )
    row = found.one_or_none()
    return None if row is None else _answer(once, body=row[0], answer=row[1])


async def forget_answers(session: AsyncSession, *, now: datetime, most: int) -> int:
    """Delete answers whose keys are free again, the oldest first and so many at a time, and count them."""
    gone = await session.execute(FORGET, {"before": now - KEPT_FOR, "most": most})
    return len(gone.all())


def claim_alone(connection: Connection, *, once: Once) -> Mapping[str, Any] | None:
    """Claim a key as `claim_key` does, in the transaction of a connection that does the work itself."""
    asked = once.asked()
    if connection.execute(CLAIM_ALONE, asked).fetchone() is not None:
        return None
    ((body, answer),) = connection.execute(BEFORE_ALONE, asked).fetchall()
    return _answer(once, body=body, answer=answer)


def keep_alone(connection: Connection, *, once: Once, answer: Mapping[str, Any]) -> None:
    """Keep the answer under the key that this transaction claimed, for whoever repeats the request."""
    connection.execute(KEEP_ALONE, {**once.asked(), "answer": Jsonb(dict(answer))})


def _answer(once: Once, *, body: bytes, answer: Any) -> Mapping[str, Any]:
    if bytes(body) != body_hash(once.body):
        raise KeyReused(f"key {once.key!r} was used for another request; choose a new one")
    assert isinstance(answer, dict), "a request that claimed its key answered in the same transaction"
    return answer
