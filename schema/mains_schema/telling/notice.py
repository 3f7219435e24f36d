"""Notices: what was told to whom, by which channel, in which words; and events that nobody could take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.notifications import queries
from mains_server.notifications.events import send_event_again
from mains_server.notifications.records import Channel, NoticeState, Topic
from mains_server.notifications.tables import Notice as N
from mains_server.notifications.tables import NoticeReport as NR
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import (
    OrderBy,
    column,
    descending,
    described,
    filters,
    key,
    many,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node, encode_id, number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.scope import allowed
from mains_schema.telling.notice_report import NoticeReport

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

EVENTS_MAX = 50
EVENT_TYPE = "UndeliveredEvent"
described(
    Topic,
    "What a notice is about.",
    {
        "INVOICE": "Invoices and credit notes.",
        "PAYMENT": "Payments received and refunds.",
        "REMINDER": "What is due or overdue.",
        "OUTAGE": "Interruptions of supply.",
        "READING_WINDOW": "Days on which meters are to be read.",
        "CONTRACT": "Levelled payments, prices and terms.",
        "OFFERS": "Offers.",
        "ACCOUNT": "Signing in, codes, and who may act for whom.",
        "UTILITY": "A topic of a utility's own, for its announcements; `ownTopic` says which.",
    },
    name="NoticeTopic",
)
described(
    Channel,
    "By which road a notice goes.",
    {
        "EMAIL": "By e-mail.",
        "SMS": "By text message; not between 21:00 and 8:00 where the customer is supplied, except codes.",
        "POST": "By letter.",
        "PORTAL": "It is shown in the portal.",
    },
    name="NoticeChannel",
)
described(
    NoticeState,
    "How a notice stands.",
    {
        "WAITING": "It is to be sent, perhaps once more.",
        "SENT": "It was handed over.",
        "DELIVERED": "It arrived, was printed, or is shown in the portal.",
        "FAILED": "It did not get through; a notice with the next number may have followed by another channel.",
        "SUPERSEDED": "Something newer replaced it before it was sent, so it never is; `supersededBy` is what did.",
    },
)


class NoticeErrorCode(Enum):
    """Why nothing was changed."""

    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    NOT_PERMITTED = "NOT_PERMITTED"
    CHANNEL_TWICE = "CHANNEL_TWICE"
    TOPIC_UNKNOWN = "TOPIC_UNKNOWN"
    TOPIC_NOT_REFUSABLE = "TOPIC_NOT_REFUSABLE"
    FEES_NOT_ACCEPTED = "FEES_NOT_ACCEPTED"
    EVENT_NOT_GIVEN_UP = "EVENT_NOT_GIVEN_UP"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    NoticeErrorCode,
    "Why nothing was changed.",
    {
        "CUSTOMER_UNKNOWN": "There is no such customer for whom one may choose.",
        "NOT_PERMITTED": "The right to request services is missing.",
        "CHANNEL_TWICE": "A channel is named twice.",
        "TOPIC_UNKNOWN": "No utility has this topic of its own; name both only with the topic UTILITY.",
        "TOPIC_NOT_REFUSABLE": "Of this topic one has to be told; name a channel.",
        "FEES_NOT_ACCEPTED": "Text messages of this topic cost a fee; look at `NoticePreference.fees`, and accept it.",
        "EVENT_NOT_GIVEN_UP": "No such event waits for somebody to send it again.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@orders
class NoticeOrder(OrderBy):
    """Order of notices."""

    NEWEST = descending("Last made first.", N.created_at)


@filters
class NoticeFilter:
    """Which notices; conditions add up."""

    state: list[NoticeState] | None = where("In one of these states.", one_of(N.state))
    topic: list[Topic] | None = where("About one of these topics.", one_of(N.topic))
    channel: list[Channel] | None = where("By one of these channels.", one_of(N.channel))


@mapped(N, scope=allowed(N.customer_id))
class Notice(Node):
    """What somebody was told: when, by which channel, in which words, and what came of it."""

    id: strawberry.ID = key("Global id.", N.id)
    topic: Topic = column("What it is about.", N.topic)
    adapter: str | None = column("Code of the utility that it is of; null where it is of none.", N.adapter)
    own_topic: str | None = column("Code of the utility's own topic; null unless the topic is UTILITY.", N.own_topic)
    occasion: str = column("What it was told for, once; the same for a notice and those that followed it.", N.occasion)
    number: int = column("1 for the first choice; later ones followed where it did not get through.", N.number)
    channel: Channel = column("By which road.", N.channel)
    address: str | None = column("Where to; null in the portal, or where there is no address.", N.address)
    template: str = column("Name of its template.", N.template)
    template_version: str = column("Fingerprint of the template's words.", N.template_version)
    language: str = column("Language of the words: `lv`, `en` or `ru`.", N.language)
    subject: str = column("Subject, as it was sent; codes and links are `⟦name⟧`.", N.subject)
    body: str = column("Words, as they were sent; codes and links are `⟦name⟧`.", N.body)
    state: NoticeState = column("How it stands.", N.state)
    detail: str | None = column("What the other side said last, in English; null before that.", N.detail)
    tries: int = column("How often it was tried.", N.tries)
    created_at: datetime = column("When it was made.", N.created_at)
    next_try_at: datetime | None = column("When it is tried next; null if it is not.", N.next_try_at)
    sent_at: datetime | None = column("When it was handed over; null before that.", N.sent_at)
    delivered_at: datetime | None = column("When it arrived, as far as that is told; else null.", N.delivered_at)
    gateway: str | None = column("Code of the SMS gateway that has it; null for other channels.", N.gateway)
    segments: int | None = column("Segments of the text message; null before it was handed over.", N.segments)
    reported_at: datetime | None = column("When the gateway last saw it go on; null without a report.", N.reported_at)
    superseded_by: Notice | None = one(
        "The last word on the same thing, where this one holds no longer: show it struck, with a link there. Whether "
        "it had left before tells `state`. Null while it holds, and where nobody need hear what came instead.",
        N.superseded_by_id,
    )
    reports: list[NoticeReport] = many(
        "What the gateway or the mail server said of it, the first first; a dozen or so, empty for other channels.",
        NR.notice_id,
        order=(NR.id,),
        about=1,
    )


@strawberry.type(description="Something that happened and could not be told on, tried ten times.")
class UndeliveredEvent:
    """An event that was given up."""

    id: strawberry.ID = strawberry.field(description="Id, for `eventSendAgain`.")
    kind: str = strawberry.field(description="What happened, such as `invoice.ready`.")
    failure: str = strawberry.field(description="What went wrong the last time, in English.")
    tries: int = strawberry.field(description="How often it was tried.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    given_up_at: datetime = strawberry.field(description="When it was given up.")


@strawberry.type(description="Why nothing was changed.")
class NoticeUserError:
    """A refusal."""

    code: NoticeErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Which event is sent again.")
class EventSendAgainInput:
    """An event."""

    event_id: strawberry.ID = strawberry.field(description="Id of the event.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="Whether the event waits again.")
class EventSendAgainPayload:
    """An event, or a refusal."""

    event_id: strawberry.ID | None = strawberry.field(description="The event that waits again; null if refused.")
    user_errors: list[NoticeUserError] = strawberry.field(description=USER_ERRORS)


async def undelivered_events(reads: Reads) -> list[UndeliveredEvent]:
    """Read the events that were given up, the last first."""
    async with read_session(reads.engine) as session:
        found = await queries.given_up_events(session, most=EVENTS_MAX)
    return [
        UndeliveredEvent(
            id=encode_id(type_name=EVENT_TYPE, number=one.id),
            kind=one.kind,
            failure=one.failure,
            tries=one.tries,
            occurred_at=one.occurred_at,
            given_up_at=one.given_up_at,
        )
        for one in found
    ]


async def event_send_again(info: Info, given: EventSendAgainInput) -> EventSendAgainPayload:
    """Put an event back among those that wait, or say why not."""
    person_id = signed_in(info)
    number = number_of(given.event_id, type_name=EVENT_TYPE)

    async def do(session: AsyncSession) -> None:
        await send_event_again(session, event_id=number)

    body = {"event": number}
    request = Once(person_id=person_id, operation="event_send_again", key=given.idempotency_key, body=body)
    try:
        await once(info, request, do)
    except Refusal as refusal:
        return EventSendAgainPayload(event_id=None, user_errors=[notice_error(refusal)])
    return EventSendAgainPayload(event_id=given.event_id, user_errors=[])


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request that is done once, however often it is sent with the same key and body."""

    person_id: int
    operation: str
    key: str
    body: Mapping[str, object]


async def once(info: Info, request: Once, do: Callable[[AsyncSession], Awaitable[None]]) -> None:
    """Do a request in a transaction, unless it was done before."""
    asked = {"operation": request.operation, "key": request.key}
    async with unit_of_work(info.context.engine) as session:
        answer = await claim_request(
            session, person_id=request.person_id, body=request.body, now=info.context.now, **asked
        )
        if answer is None:
            await do(session)
            await keep_answer(session, person_id=request.person_id, answer={"done": True}, **asked)


def signed_in(info: Info) -> int:
    """Give who asks; raises UNAUTHENTICATED."""
    if info.context.viewer.person_id is None:
        raise unauthenticated()
    return info.context.viewer.person_id


def notice_error(refusal: Refusal) -> NoticeUserError:
    """Give a refusal as clients read it."""
    return user_error(NoticeUserError, NoticeErrorCode, refusal)
