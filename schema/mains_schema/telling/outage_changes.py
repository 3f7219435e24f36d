"""What employees do with outages, and links to calendars."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.outages import operations
from mains_server.outages.desk import create_calendar, once, revoke_calendar
from mains_server.outages.links import FeedLinks
from mains_server.outages.records import Area, Author, NewOutage, OutageKind, Places, Translated, Window
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.telling.outage import Outage, OutageCalendar

UPLOAD_PATH = "/uploads/outages/{token}"
CALENDAR_PATH = "/calendars/{token}.ics"
OUTAGE_ID = "Global id of the outage."
REASON = "Why, for customers to read; 1 to 500 characters."
REASON_IN = "The reason in other languages; who reads none of them gets `reason`."
IDS_MAX = 10_001


class OutageErrorCode(Enum):
    """Why nothing was changed."""

    OUTAGE_UNKNOWN = "OUTAGE_UNKNOWN"
    OUTAGE_CLOSED = "OUTAGE_CLOSED"
    OUTAGE_UNCHANGED = "OUTAGE_UNCHANGED"
    OUTAGE_NOT_STARTED = "OUTAGE_NOT_STARTED"
    REFERENCE_TAKEN = "REFERENCE_TAKEN"
    REFERENCE_WRONG = "REFERENCE_WRONG"
    WINDOW_WRONG = "WINDOW_WRONG"
    REASON_WRONG = "REASON_WRONG"
    PLACES_WRONG = "PLACES_WRONG"
    CALENDAR_UNKNOWN = "CALENDAR_UNKNOWN"
    CALENDARS_TOO_MANY = "CALENDARS_TOO_MANY"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    OutageErrorCode,
    "Why nothing was changed.",
    {
        "OUTAGE_UNKNOWN": "There is no such outage.",
        "OUTAGE_CLOSED": "It was cancelled, supply is back, or its time is over.",
        "OUTAGE_UNCHANGED": "It is planned for that time already.",
        "OUTAGE_NOT_STARTED": "It has not begun, so supply cannot be back; cancel it instead.",
        "REFERENCE_TAKEN": "Another outage has this reference.",
        "REFERENCE_WRONG": "The reference is not 1 to 60 printable characters.",
        "WINDOW_WRONG": "It does not end after it starts, lasts over 30 days, is over, or is over two years away.",
        "REASON_WRONG": "The reason is missing, or longer than 500 characters.",
        "PLACES_WRONG": "No place is named, or over 10,000, or one is unknown or not supplied with this.",
        "CALENDAR_UNKNOWN": "There is no such link of the viewer's that still works.",
        "CALENDARS_TOO_MANY": "The viewer has ten links that work.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why nothing was changed.")
class OutageUserError:
    """A refusal."""

    code: OutageErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.type(description="An outage as it stands now, or why it was not changed.")
class OutagePayload:
    """An outage, or a refusal."""

    outage: Outage | None = strawberry.field(description="The outage; null if it was refused.")
    user_errors: list[OutageUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="Addresses of a town; narrower by postcode and street.")
class OutageAreaInput:
    """An area."""

    city: str = strawberry.field(description="The town, as addresses write it; capitals do not matter.")
    postcode: str | None = strawberry.field(description="Only this postcode.", default=strawberry.UNSET)
    street: str | None = strawberry.field(
        description="Only addresses that begin so, up to the end of a word: `Lielā iela 1` is not `Lielā iela 10`.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="A reason in languages of those who read it; each 1 to 500 characters.")
class OutageWordsInput:
    """Words in three languages."""

    lv: str | None = strawberry.field(description="In Latvian.", default=strawberry.UNSET)
    en: str | None = strawberry.field(description="In English.", default=strawberry.UNSET)
    ru: str | None = strawberry.field(description="In Russian.", default=strawberry.UNSET)


@strawberry.input(description="An outage to be announced.")
class OutagePlanInput:
    """What, where and when."""

    reference: str | None = strawberry.field(
        description="What the utility calls it, 1 to 60 characters, once; made up if it is left out.",
        default=strawberry.UNSET,
    )
    kind: OutageKind = strawberry.field(description="What is done meanwhile.")
    commodity: str = strawberry.field(description="What is not supplied: `heat`, `electricity`, `water`.")
    starts: datetime = strawberry.field(description="When supply is interrupted.")
    ends: datetime = strawberry.field(description="When supply is to be back; at most 30 days later.")
    reason: str = strawberry.field(description=REASON)
    reason_in: OutageWordsInput | None = strawberry.field(description=REASON_IN, default=strawberry.UNSET)
    supply_point_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of supply points; a house's own point stands for the house.", default_factory=list
    )
    building_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of buildings: all their supply points of this commodity.", default_factory=list
    )
    area: OutageAreaInput | None = strawberry.field(
        description="All supply points of this commodity in an area.", default=strawberry.UNSET
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Another time for an outage.")
class OutageMoveInput:
    """When instead, and why."""

    outage_id: strawberry.ID = strawberry.field(description=OUTAGE_ID)
    starts: datetime = strawberry.field(description="When supply is interrupted instead.")
    ends: datetime = strawberry.field(description="When supply is to be back instead.")
    reason: str = strawberry.field(description=REASON)
    reason_in: OutageWordsInput | None = strawberry.field(description=REASON_IN, default=strawberry.UNSET)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="An outage that does not take place.")
class OutageCancelInput:
    """Which, and why."""

    outage_id: strawberry.ID = strawberry.field(description=OUTAGE_ID)
    reason: str = strawberry.field(description=REASON)
    reason_in: OutageWordsInput | None = strawberry.field(description=REASON_IN, default=strawberry.UNSET)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="An outage after which supply is back.")
class OutageRestoreInput:
    """Which."""

    outage_id: strawberry.ID = strawberry.field(description=OUTAGE_ID)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="Where to send a feed of outages.")
class OutageUploadCreatePayload:
    """An address."""

    upload_url: str = strawberry.field(
        description="Path under the API's address to send the file to by PUT: CSV or JSON of at most 8 MB, within 15"
        " minutes. The answer is the report as JSON; the same file again changes nothing."
    )


@strawberry.type(description="A secret link to a calendar of one's outages, or why there is none.")
class OutageCalendarPayload:
    """A link."""

    calendar_url: str | None = strawberry.field(
        description="Path under the API's address that calendar programs subscribe to (iCalendar, RFC 5545). Whoever"
        " has it sees where one is without supply, so keep it secret; it is shown this once. Null where none was made."
    )
    calendar: OutageCalendar | None = strawberry.field(description="The link's row; null if it was refused.")
    user_errors: list[OutageUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="A link to a calendar that is to work no more.")
class OutageCalendarRevokeInput:
    """Which."""

    calendar_id: strawberry.ID = strawberry.field(description="Global id of the link's row.")


Do = Callable[[AsyncSession, Author], Awaitable[int]]


async def outage_plan(info: Info, given: OutagePlanInput) -> OutagePayload:
    """Plan an outage."""
    area = given.area or None
    outage = NewOutage(
        reference=given.reference or None,
        kind=given.kind,
        commodity=given.commodity,
        window=Window(starts=given.starts, ends=given.ends),
        cause=given.reason,
        places=Places(
            point_ids=_numbers(given.supply_point_ids, "SupplyPoint"),
            building_ids=_numbers(given.building_ids, "Building"),
            area=None
            if area is None
            else Area(city=area.city, postcode=area.postcode or None, street=area.street or None),
        ),
        cause_in=_translated(given.reason_in),
    )

    async def do(session: AsyncSession, author: Author) -> int:
        return await operations.plan_outage(session, outage=outage, author=author)

    return await _done(info, ("outage_plan", given.idempotency_key, _body(given)), do)


async def outage_move(info: Info, given: OutageMoveInput) -> OutagePayload:
    """Move an outage."""
    number = number_of(given.outage_id, type_name="Outage")
    window = Window(starts=given.starts, ends=given.ends)

    async def do(session: AsyncSession, author: Author) -> int:
        why = {"reason": given.reason, "reason_in": _translated(given.reason_in)}
        await operations.move_outage(session, outage_id=number, window=window, author=author, **why)  # type: ignore[arg-type]
        return number

    return await _done(info, ("outage_move", given.idempotency_key, _body(given)), do)


async def outage_cancel(info: Info, given: OutageCancelInput) -> OutagePayload:
    """Cancel an outage."""
    number = number_of(given.outage_id, type_name="Outage")

    async def do(session: AsyncSession, author: Author) -> int:
        why = {"reason": given.reason, "reason_in": _translated(given.reason_in)}
        await operations.cancel_outage(session, outage_id=number, author=author, **why)  # type: ignore[arg-type]
        return number

    return await _done(info, ("outage_cancel", given.idempotency_key, _body(given)), do)


async def outage_restore(info: Info, given: OutageRestoreInput) -> OutagePayload:
    """Say that supply is back."""
    number = number_of(given.outage_id, type_name="Outage")

    async def do(session: AsyncSession, author: Author) -> int:
        await operations.restore_outage(session, outage_id=number, author=author)
        return number

    return await _done(info, ("outage_restore", given.idempotency_key, _body(given)), do)


async def outage_upload_create(info: Info) -> OutageUploadCreatePayload:
    """Give out an address for a feed."""
    context = info.context
    assert context.viewer.person_id is not None, "employees are signed in"
    links = FeedLinks(context.services.links.secret)
    token = links.sign(context.viewer.person_id, now=context.now)
    return OutageUploadCreatePayload(upload_url=UPLOAD_PATH.format(token=token))


async def outage_calendar_create(info: Info) -> OutageCalendarPayload:
    """Make a link to the viewer's calendar."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    try:
        async with unit_of_work(context.engine) as session:
            number, token = await create_calendar(session, viewer=context.viewer, now=context.now)
    except Refusal as refusal:
        return OutageCalendarPayload(calendar_url=None, calendar=None, user_errors=[_error(refusal)])
    return OutageCalendarPayload(
        calendar_url=CALENDAR_PATH.format(token=token), calendar=changed(OutageCalendar, number), user_errors=[]
    )


async def outage_calendar_revoke(info: Info, given: OutageCalendarRevokeInput) -> OutageCalendarPayload:
    """Revoke a link to the viewer's calendar."""
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    number = number_of(given.calendar_id, type_name="OutageCalendar")
    try:
        async with unit_of_work(context.engine) as session:
            await revoke_calendar(session, viewer=context.viewer, calendar_id=number, now=context.now)
    except Refusal as refusal:
        return OutageCalendarPayload(calendar_url=None, calendar=None, user_errors=[_error(refusal)])
    return OutageCalendarPayload(calendar_url=None, calendar=changed(OutageCalendar, number), user_errors=[])


async def _done(info: Info, asked: tuple[str, str, Mapping[str, Any]], do: Do) -> OutagePayload:
    context = info.context
    try:
        async with unit_of_work(context.engine) as session:
            number = await once(
                session,
                viewer=context.viewer,
                asked=asked,
                now=context.now,
                do=lambda author: do(session, author),
            )
    except Refusal as refusal:
        return OutagePayload(outage=None, user_errors=[_error(refusal)])
    return OutagePayload(outage=changed(Outage, number), user_errors=[])


def _translated(given: OutageWordsInput | None) -> Translated:
    """Give translations; an empty one is refused, one that is left out is not there."""
    if not given:
        return Translated()
    words = (None if one is strawberry.UNSET else one for one in (given.lv, given.en, given.ru))
    return Translated(**dict(zip(("lv", "en", "ru"), words, strict=True)))


def _numbers(ids: list[Any], type_name: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(number_of(one, type_name=type_name) for one in ids[:IDS_MAX]))


def _body(given: Any) -> Mapping[str, Any]:
    """Say what makes a request the same when it is repeated: all but its key."""
    return {name: _plain(value) for name, value in vars(given).items() if name != "idempotency_key"}


def _plain(value: Any) -> Any:
    if isinstance(value, OutageAreaInput | OutageWordsInput):
        return {name: _plain(part) for name, part in vars(value).items()}
    if isinstance(value, list):
        return [str(one) for one in value]
    return str(value) if value is not None and value is not strawberry.UNSET else None


def _error(refusal: Refusal) -> OutageUserError:
    return user_error(OutageUserError, OutageErrorCode, refusal)
