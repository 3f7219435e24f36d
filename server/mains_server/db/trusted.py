"""Documents that a front end's build registered, by the hash of their text: what a server may be told to run alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.db.tables import TrustedDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A registered document, without its text."""

    sha256: str
    characters: int
    source: str
    registered_at: datetime


def hash_of(text: str) -> str:
    """Give the hash by which a document is known: the SHA-256 of its text as it is sent, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


async def register_documents(session: AsyncSession, *, texts: Iterable[str], source: str, now: datetime) -> int:
    """Keep documents, and count those that were new; `source` says which file or build they are of."""
    rows = [
        {"sha256": hash_of(text), "document": text, "source": source, "registered_at": now}
        for text in dict.fromkeys(texts)
    ]
    if not rows:
        return 0
    added = await session.execute(
        insert(TrustedDocument).values(rows).on_conflict_do_nothing().returning(col(TrustedDocument.sha256))
    )
    return len(added.all())


async def remove_documents(session: AsyncSession, *, hashes: Iterable[str]) -> int:
    """Let documents not be run any more, and count them."""
    wanted = [one.removeprefix("sha256:").lower() for one in hashes]
    gone = await session.execute(
        delete(TrustedDocument).where(col(TrustedDocument.sha256).in_(wanted)).returning(col(TrustedDocument.sha256))
    )
    return len(gone.all())


async def registered_documents(session: AsyncSession) -> list[Registered]:
    """List what is registered, the newest first."""
    found = await session.execute(
        select(
            col(TrustedDocument.sha256),
            func.length(col(TrustedDocument.document)),
            col(TrustedDocument.source),
            col(TrustedDocument.registered_at),
        ).order_by(col(TrustedDocument.registered_at).desc(), col(TrustedDocument.sha256))
    )
    return [Registered(sha256=a, characters=b, source=c, registered_at=d) for a, b, c, d in found]


async def document_of(session: AsyncSession, *, sha256: str) -> str | None:
    """Give a registered document by its hash; None for what nobody registered."""
    return await session.scalar(select(col(TrustedDocument.document)).where(col(TrustedDocument.sha256) == sha256))
