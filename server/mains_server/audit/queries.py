"""Questions to the audit room: the trail a page at a time, and whether the chain holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.audit.records import Anchor, Entry, EntryPage, Subject, Verdict, Wanted
from mains_server.audit.rules import BEGINNING, seal_hash
from mains_server.audit.tables import AuditEntry as E
from mains_server.audit.tables import AuditSeal as S

CHUNK = 5_000
SEALED_WITHIN = timedelta(minutes=15)
# The rows of other rooms are joined by name alone: people and customers are named, nothing else of theirs is read.
PAGE = """
select e.id, e.act, e.person_id, coalesce(p.name, '') as person_name, e.customer_id, c.number as customer_number,
    e.roles, e.subjects, e.reason, e.address_hash, e.at, s.id as seal
from audit_entry e left join person p on p.id = e.person_id left join customer c on c.id = e.customer_id
left join audit_seal s on s.entry_id = e.id
where {conditions} order by e.id desc limit :rows
"""
CONDITIONS = {
    "customer": "e.customer_id = :customer",
    "person": "e.person_id = :person",
    "act": "e.act = :act",
    "since": "e.at >= :since",
    "until": "e.at < :until",
    "before": "e.id < :before",
}


async def take_number(session: AsyncSession) -> None:
    """Have PostgreSQL number a transaction that writes nothing else, as it numbers those that do."""
    await session.execute(text("select pg_current_xact_id()"))


async def trail(session: AsyncSession, *, wanted: Wanted, before: int | None, rows_max: int) -> EntryPage:
    """Read the trail, the newest first, from before an entry on."""
    values = {
        "customer": wanted.customer_id,
        "person": wanted.person_id,
        "act": wanted.act,
        "since": wanted.since,
        "until": wanted.until,
        "before": before,
    }
    given = {name: value for name, value in values.items() if value is not None}
    statement = text(PAGE.format(conditions=" and ".join([CONDITIONS[name] for name in given] or ["true"])))
    rows = (await session.execute(statement, {**given, "rows": rows_max + 1})).all()
    found = tuple(_entry(row) for row in rows[:rows_max])
    return EntryPage(entries=found, has_more=len(rows) > rows_max)


async def unsealed(session: AsyncSession, *, rows_max: int) -> Sequence[E]:
    """Give entries that have no seal yet, the oldest first."""
    has_seal = select(col(S.id)).where(col(S.entry_id) == col(E.id)).exists()
    return (await session.scalars(select(E).where(~has_seal).order_by(col(E.id)).limit(rows_max))).all()


async def last_seal(session: AsyncSession) -> tuple[int, bytes]:
    """Give the number and hash of the last seal, or what stands before the first."""
    row = (await session.execute(select(col(S.id), col(S.hash)).order_by(col(S.id).desc()).limit(1))).one_or_none()
    return (0, BEGINNING) if row is None else (row.id, row.hash)


async def verify(session: AsyncSession, *, anchors: Sequence[Anchor], now: datetime) -> Verdict:
    """Walk the whole chain, and name the first row that is not as it was sealed."""
    sealed, hashes, bad = await _walk(session, wanted={anchor.number for anchor in anchors})
    has_seal = select(col(S.id)).where(col(S.entry_id) == col(E.id)).exists()
    waiting = await session.scalar(select(func.count()).where(~has_seal).select_from(E)) or 0
    if bad is None:
        bad = next((wrong for anchor in anchors if (wrong := _anchored(anchor, hashes)) is not None), None)
    if bad is None:
        late = select(func.min(col(E.id))).where(~has_seal, col(E.at) < now - SEALED_WITHIN)
        number = await session.scalar(late)
        bad = None if number is None else f"audit_entry {number} was never sealed"
    return Verdict(sealed=sealed, waiting=waiting, first_bad=bad, anchors=len(anchors))


def content(entry: Any) -> Mapping[str, Any]:
    """Give what of an entry is sealed: every column."""
    return {column.name: getattr(entry, column.name) for column in E.__table__.columns}  # type: ignore[attr-defined]


async def _walk(session: AsyncSession, *, wanted: set[int]) -> tuple[int, Mapping[int, bytes], str | None]:
    before, number, hashes = BEGINNING, 0, dict[int, bytes]()
    columns = [column.label(f"e_{column.name}") for column in E.__table__.columns]  # type: ignore[attr-defined]
    while True:
        chained = select(col(S.id), col(S.entry_id), col(S.hash), *columns)
        rows = (
            await session.execute(
                chained.outerjoin(E, col(E.id) == col(S.entry_id))
                .where(col(S.id) > number)
                .order_by(col(S.id))
                .limit(CHUNK)
            )
        ).all()
        for row in rows:
            number += 1
            wrong = _broken(row, number=number, before=before)
            if wrong is not None:
                return number - 1, hashes, wrong
            before = row.hash
            if number in wanted:
                hashes[number] = before
        if len(rows) < CHUNK:
            return number, hashes, None


def _broken(row: Row[Any], *, number: int, before: bytes) -> str | None:
    if row.id != number:
        return f"audit_seal {number} is missing"
    if row.e_id is None:
        return f"audit_entry {row.entry_id} is missing (audit_seal {number})"
    entry = {name.removeprefix("e_"): value for name, value in row._mapping.items() if name.startswith("e_")}
    if seal_hash(before=before, number=number, entry=entry) != row.hash:
        return f"audit_entry {row.entry_id} is not what was sealed (audit_seal {number})"
    return None


def _anchored(anchor: Anchor, hashes: Mapping[int, bytes]) -> str | None:
    if not anchor.is_signed:
        return f"line {anchor.line} of the anchor file is not ours"
    if hashes.get(anchor.number) != anchor.hash:
        return f"audit_seal {anchor.number} is not the one that line {anchor.line} of the anchor file names"
    return None


def _entry(row: Row[Any]) -> Entry:
    subjects = tuple(Subject(type_name=name, number=number) for name, number in row.subjects)
    return Entry(**{**row._mapping, "subjects": subjects, "roles": tuple(row.roles)})
