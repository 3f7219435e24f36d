"""Changes in the outages room: planned, moved, cancelled and restored, each a revision with the notices it owes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.db.outbox import append_event
from mains_server.outages import queries, rules, statements
from mains_server.outages.records import (
    UNTRANSLATED,
    Author,
    NewOutage,
    OutageChange,
    OutageKind,
    OutageState,
    OwedNotice,
    Places,
    Translated,
    Window,
)
from mains_server.outages.rules import OutagePlacesWrong
from mains_server.outages.tables import Outage, OutageRevision

AT_ONCE_MAX = 1_000
MOMENT = timedelta(seconds=1)


class OutageUnknown(Refusal):
    """There is no such outage."""

    code = "OUTAGE_UNKNOWN"
    path = "outageId"


class OutageExists(Refusal):
    """Another outage has this reference."""

    code = "REFERENCE_TAKEN"
    path = "reference"


class OutageClosed(Refusal):
    """The outage was cancelled, restored, or is over."""

    code = "OUTAGE_CLOSED"
    path = "outageId"


class OutageUnchanged(Refusal):
    """The outage is planned for that time already."""

    code = "OUTAGE_UNCHANGED"
    path = "starts"


class OutageNotStarted(Refusal):
    """Supply cannot be back before it was interrupted; cancel the outage instead."""

    code = "OUTAGE_NOT_STARTED"
    path = "outageId"


async def plan_outage(session: AsyncSession, *, outage: NewOutage, author: Author) -> int:
    """Plan an outage, owe whoever is supplied there a notice, and give its number.

    Raises a `Refusal` for an impossible window, reason, reference or place; nothing is written then.
    """
    rules.require_possible(outage, now=author.now)
    cause_in = rules.require_translated(outage.cause_in)
    row = Outage(
        reference=outage.reference or f"OUT-{rules.new_token()[:12]}",
        kind=outage.kind,
        commodity=outage.commodity,
        state=OutageState.PLANNED,
        revision=1,
        starts=outage.window.starts,
        ends=outage.window.ends,
        cause=rules.require_reason(outage.cause),
        cause_lv=cause_in.lv,
        cause_en=cause_in.en,
        cause_ru=cause_in.ru,
        is_late=rules.is_late(outage.window, now=author.now),
        announced_at=author.now,
        changed_at=author.now,
    )
    try:
        async with session.begin_nested():
            session.add(row)
            await session.flush()
    except IntegrityError as refused:
        if "outage_reference" not in str(refused):
            raise
        raise OutageExists(f"another outage has the reference {row.reference!r}") from None
    await _place(session, row=row, places=outage.places)
    await _revised(session, row=row, change=OutageChange.PLANNED, author=author)
    return row.id


async def move_outage(
    session: AsyncSession,
    *,
    outage_id: int,
    window: Window,
    reason: str,
    author: Author,
    reason_in: Translated = UNTRANSLATED,
) -> None:
    """Move a planned outage to another time; those who knew of the former one and those of the new are owed that."""
    row = await _planned(session, outage_id=outage_id, author=author)
    words, translated = rules.require_reason(reason), rules.require_translated(reason_in)
    rules.require_window(window, now=author.now)
    if (row.starts, row.ends) == (window.starts, window.ends):
        raise OutageUnchanged("the outage is planned for that time already")
    row.starts, row.ends = window.starts, window.ends
    _note(row, words, translated)
    row.is_late = rules.is_late(window, now=author.now)
    await session.execute(text(statements.MOVE_PLACES), {"outage": row.id, "starts": window.starts})
    await _revised(session, row=row, change=OutageChange.MOVED, author=author)


async def cancel_outage(
    session: AsyncSession, *, outage_id: int, reason: str, author: Author, reason_in: Translated = UNTRANSLATED
) -> None:
    """Call a planned outage off, with the reason; whoever was to be told of it is told that at once."""
    row = await _planned(session, outage_id=outage_id, author=author)
    _note(row, rules.require_reason(reason), rules.require_translated(reason_in))
    row.state = OutageState.CANCELLED
    await _revised(session, row=row, change=OutageChange.CANCELLED, author=author)


async def restore_outage(session: AsyncSession, *, outage_id: int, author: Author) -> None:
    """Say that supply is back, before or after the planned end; nobody is owed a notice, as they see it."""
    row = await queries.hold_outage(session, outage_id=outage_id)
    if row is None:
        raise OutageUnknown("there is no such outage")
    if row.state is not OutageState.PLANNED:
        raise OutageClosed(f"the outage is {row.state.name.lower()} already")
    if author.now < row.starts:
        raise OutageNotStarted("the outage has not begun; cancel it instead")
    row.state = OutageState.RESTORED
    row.ends = max(min(row.ends, author.now), row.starts + MOMENT)
    await _revised(session, row=row, change=OutageChange.RESTORED, author=author)


async def take_notices(session: AsyncSession, *, author: Author, most: int = AT_ONCE_MAX) -> tuple[OwedNotice, ...]:
    """Take notices that are owed, the first first, each once; the caller hands them on in this same transaction.

    Others that take meanwhile get other ones. If the transaction fails they are owed again.
    """
    rows = await session.execute(text(statements.TAKE), {"most": most, "now": author.now})
    return tuple(_notice(row) for row in rows)


async def _planned(session: AsyncSession, *, outage_id: int, author: Author) -> Outage:
    row = await queries.hold_outage(session, outage_id=outage_id)
    if row is None:
        raise OutageUnknown("there is no such outage")
    if row.state is not OutageState.PLANNED or row.ends <= author.now:
        raise OutageClosed("the outage was cancelled, restored, or is over")
    return row


def _note(row: Outage, words: str, translated: Translated) -> None:
    row.note = words
    row.note_lv, row.note_en, row.note_ru = translated.lv, translated.en, translated.ru


async def _place(session: AsyncSession, *, row: Outage, places: Places) -> None:
    named = {
        "outage": row.id,
        "points": list(places.point_ids),
        "buildings": list(places.building_ids),
        "identifiers": list(places.identifiers),
    }
    area = places.area
    within = {
        "city": None if area is None else area.city.strip(),
        "postcode": None if area is None or area.postcode is None else area.postcode.strip(),
        "street": None if area is None or area.street is None else area.street.strip(),
    }
    found = {**named, **within, "commodity": row.commodity, "starts": row.starts}
    await session.execute(text(statements.FIND_POINTS), found)
    await session.execute(text(statements.FIND_BUILDINGS), {"outage": row.id})
    missing = await session.scalar(text(statements.MISSING), named)
    if missing:
        raise OutagePlacesWrong(f"{missing} of the places are unknown, or without {row.commodity}")
    if not await session.scalar(text(statements.COUNT_POINTS), {"outage": row.id}):
        raise OutagePlacesWrong(f"nobody is supplied with {row.commodity} in this area")


async def _revised(session: AsyncSession, *, row: Outage, change: OutageChange, author: Author) -> None:
    """Write a revision, owe its notices instead of earlier ones, and tell the outbox."""
    if change is not OutageChange.PLANNED:
        row.revision += 1
        row.changed_at = author.now
    await session.flush()
    announced = change in (OutageChange.PLANNED, OutageChange.MOVED)
    is_late, has_reason = announced and row.is_late, change is not OutageChange.RESTORED
    owed = await _owe(session, row=row, change=change, is_late=is_late, author=author)
    session.add(
        OutageRevision(
            outage_id=row.id,
            number=row.revision,
            change=change,
            starts=row.starts,
            ends=row.ends,
            note=row.note if has_reason else None,
            note_lv=row.note_lv if has_reason else None,
            note_en=row.note_en if has_reason else None,
            note_ru=row.note_ru if has_reason else None,
            is_late=is_late,
            notices=owed,
            at=author.now,
            person_id=author.person_id,
        )
    )
    payload = {"outage_id": row.id, "revision": row.revision, "change": change.name, "notices": owed}
    append_event(session, kind="outage.changed", payload=payload, customer_id=None, now=author.now)
    await session.flush()


async def _owe(session: AsyncSession, *, row: Outage, change: OutageChange, is_late: bool, author: Author) -> int:
    asked: dict[str, Any] = {"outage": row.id, "revision": row.revision}
    await session.execute(text(statements.SUPERSEDE), asked)
    owed = {**asked, "change": change.name, "is_late": is_late, "now": author.now}
    if change in (OutageChange.PLANNED, OutageChange.MOVED):
        window = {"starts": row.starts, "ends": row.ends}
        await session.execute(text(statements.OWE_SUPPLIED), {**owed, **window})
    if change in (OutageChange.MOVED, OutageChange.CANCELLED):
        await session.execute(text(statements.OWE_TOLD), owed)
    return int(await session.scalar(text(statements.COUNT_OWED), asked) or 0)


def _notice(row: Any) -> OwedNotice:
    change = OutageChange[row.change]
    return OwedNotice(
        id=row.id,
        customer_id=row.customer_id,
        outage_id=row.outage_id,
        revision=row.revision,
        change=change,
        is_late=row.is_late,
        may_be_post=change is not OutageChange.CANCELLED,
        kind=OutageKind[row.kind],
        commodity=row.commodity,
        window=Window(starts=row.starts, ends=row.ends),
        cause=row.cause,
        note=row.note,
        addresses=tuple(row.addresses),
        cause_in=Translated(lv=row.cause_lv, en=row.cause_en, ru=row.cause_ru),
        note_in=Translated(lv=row.note_lv, en=row.note_en, ru=row.note_ru),
    )
