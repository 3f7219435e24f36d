"""Questions to the outages room: outages by number and reference, whose calendar a link is, and what it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Permission, Viewer
from mains_server.outages import rules, statements
from mains_server.outages.records import Outage, OutageKind, OutageNoticeState, OutageState, Window
from mains_server.outages.tables import Outage as OutageRow
from mains_server.outages.tables import OutageCalendar, OutageNotice

SHOWN_AFTERWARDS = timedelta(days=31)
REVISION = text(statements.REVISION)


async def hold_outage(session: AsyncSession, *, outage_id: int) -> OutageRow | None:
    """Give an outage, held until the transaction ends; None where there is none."""
    wanted = select(OutageRow).where(col(OutageRow.id) == outage_id).with_for_update()
    return (await session.scalars(wanted, execution_options={"populate_existing": True})).one_or_none()


async def hold_by_reference(session: AsyncSession, *, reference: str) -> OutageRow | None:
    """Give the outage of a reference, held until the transaction ends; None where there is none."""
    wanted = select(OutageRow).where(col(OutageRow.reference) == reference).with_for_update()
    return (await session.scalars(wanted, execution_options={"populate_existing": True})).one_or_none()


async def outage_by_id(session: AsyncSession, *, outage_id: int) -> Outage | None:
    """Give an outage as it stands; None where there is none."""
    row = await session.scalar(select(OutageRow).where(col(OutageRow.id) == outage_id))
    return None if row is None else outage_of(row)


async def is_notice_wanted(session: AsyncSession, *, outage_id: int, revision: int) -> bool:
    """Tell whether a notice of this revision is still the last word: who sends late asks, and drops it if it is not."""
    found: int | None = await session.scalar(REVISION, {"id": outage_id})
    return found == revision


async def notices_left(session: AsyncSession) -> bool:
    """Tell whether somebody is owed a notice that nobody has taken."""
    wanted = select(col(OutageNotice.id)).where(col(OutageNotice.state) == OutageNoticeState.OWED).limit(1)
    return await session.scalar(wanted) is not None


async def calendars_count(session: AsyncSession, *, person_id: int) -> int:
    """Count the links of a person that still work."""
    mine = col(OutageCalendar.person_id) == person_id, col(OutageCalendar.revoked_at).is_(None)
    return len((await session.scalars(select(col(OutageCalendar.id)).where(*mine))).all())


async def hold_calendar(session: AsyncSession, *, calendar_id: int) -> OutageCalendar | None:
    """Take hold of a link until the transaction ends, whosever it is."""
    wanted = select(OutageCalendar).where(col(OutageCalendar.id) == calendar_id).with_for_update()
    return await session.scalar(wanted)


async def calendar_person(session: AsyncSession, *, token: str) -> int | None:
    """Tell whose calendar a link shows; None for a link that is none, or was revoked."""
    return await session.scalar(
        select(col(OutageCalendar.person_id)).where(
            col(OutageCalendar.token_hash) == rules.token_hash(token), col(OutageCalendar.revoked_at).is_(None)
        )
    )


async def outages_of(session: AsyncSession, *, viewer: Viewer, now: datetime) -> list[tuple[Outage, str]]:
    """List the outages where a person's contracts are supplied, with an address; those of the last month too.

    Why is in the person's language where somebody wrote it so.
    """
    asked = {
        "customers": sorted(viewer.customers_with(Permission.VIEW)),
        "contracts": sorted(viewer.contracts_with(Permission.VIEW)),
        "today": now.date(),
        "since": now - SHOWN_AFTERWARDS,
    }
    found = await session.execute(text(statements.OF_PERSON), asked)
    return [(_read_by(row, language=viewer.language), row.place) for row in found]


def _read_by(row: Any, *, language: str) -> Outage:
    outage = outage_of(row, kind=OutageKind[row.kind], state=OutageState[row.state])
    if language not in rules.LANGUAGES:
        return outage
    cause, note = (getattr(row, f"{name}_{language}") for name in ("cause", "note"))
    return replace(outage, cause=cause or outage.cause, note=note or outage.note)


def outage_of(row: Any, *, kind: OutageKind | None = None, state: OutageState | None = None) -> Outage:
    """Make a record of a row; plain SQL gives enums by name, so that they come besides."""
    return Outage(
        id=row.id,
        reference=row.reference,
        kind=kind or row.kind,
        commodity=row.commodity,
        state=state or row.state,
        revision=row.revision,
        window=Window(starts=row.starts, ends=row.ends),
        cause=row.cause,
        note=row.note,
        announced_at=row.announced_at,
        changed_at=row.changed_at,
    )
