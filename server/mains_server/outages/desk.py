"""What employees ask of the outages room, each request once; and links to calendars, for anybody signed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.records import OPERATORS, Refusal, Viewer
from mains_server.db.idempotency import keep_answer
from mains_server.outages import queries, rules
from mains_server.outages.records import Author
from mains_server.outages.tables import OutageCalendar

STAFF_WHO_PLAN = OPERATORS
CALENDARS_MAX = 10


class CalendarUnknown(Refusal):
    """There is no such link of the viewer's that still works."""

    code = "CALENDAR_UNKNOWN"
    path = "calendarId"


class CalendarsTooMany(Refusal):
    """The viewer has as many links as one may have."""

    code = "CALENDARS_TOO_MANY"


async def once(
    session: AsyncSession,
    *,
    viewer: Viewer,
    asked: tuple[str, str, Mapping[str, Any]],
    now: datetime,
    do: Callable[[Author], Awaitable[int]],
) -> int:
    """Do a request, `asked` by its operation, key and body, once, and give the outage's number; again, the same."""
    assert viewer.person_id is not None, "who changes outages is signed in"
    operation, key, body = asked
    named: dict[str, Any] = {"person_id": viewer.person_id, "operation": operation, "key": key}
    answer = await claim_request(session, **named, body=body, now=now)
    if answer is not None:
        return int(answer["number"])
    number = await do(Author(now=now, person_id=viewer.person_id))
    await keep_answer(session, **named, answer={"number": number})
    return number


async def create_calendar(session: AsyncSession, *, viewer: Viewer, now: datetime) -> tuple[int, str]:
    """Make a link to the viewer's outages, and give its number and its secret, which is shown this once."""
    assert viewer.person_id is not None, "who has a calendar is signed in"
    if await queries.calendars_count(session, person_id=viewer.person_id) >= CALENDARS_MAX:
        raise CalendarsTooMany(f"one has at most {CALENDARS_MAX} links; revoke one that is not needed")
    token = rules.new_token()
    row = OutageCalendar(person_id=viewer.person_id, token_hash=rules.token_hash(token), created_at=now)
    session.add(row)
    await session.flush()
    return row.id, token


async def revoke_calendar(session: AsyncSession, *, viewer: Viewer, calendar_id: int, now: datetime) -> None:
    """Make one of the viewer's links worthless from now on."""
    row = await queries.hold_calendar(session, calendar_id=calendar_id)
    if row is None or row.person_id != viewer.person_id or row.revoked_at is not None:
        raise CalendarUnknown("there is no such link of yours that still works")
    row.revoked_at = now
    await session.flush()
