"""By which channels customers hear of each topic, the utilities' own among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.queries import label
from mains_server.contracts.charging import FeePrice
from mains_server.db.unit_of_work import read_session
from mains_server.notifications import queries
from mains_server.notifications.charging import home_day, text_fees
from mains_server.notifications.operations import choose_channels
from mains_server.notifications.records import Channel, Choice, Topic
from mains_server.notifications.records import Preference as StoredPreference
from mains_server.notifications.topics import Utilities, own_topics_of
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.common.words import in_language
from mains_schema.declaring.context import Info
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import KEY_WORDS, USER_ERRORS
from mains_schema.declaring.scalars import UnitPrice
from mains_schema.telling.notice import NoticeUserError, Once, notice_error, once, signed_in

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

PREFERENCE_ROWS = 10


@strawberry.type(description="What a text message costs that a customer chose to get.")
class TextMessageFee:
    """A fee by its price list."""

    adapter: str = strawberry.field(description="Code of the utility whose contracts it is charged on.")
    label: str = strawberry.field(description="What the charge is called on bills, in the viewer's language.")
    price: UnitPrice = strawberry.field(
        description="What one costs today, as the price list prints it; `isWithTax` says whether tax is in it."
    )
    is_with_tax: bool = strawberry.field(description="Whether the printed price contains tax.")


@strawberry.type(description="By which channels a customer hears of a topic.")
class NoticePreference:
    """A topic and its channels."""

    topic: Topic = strawberry.field(description="The topic; UTILITY is one of a utility's own.")
    adapter: str | None = strawberry.field(
        description="Code of the utility whose own topic it is; null for the others."
    )
    own_topic: str | None = strawberry.field(description="Code of the utility's own topic; null for the others.")
    label: str | None = strawberry.field(
        description="What the utility calls its topic, in the viewer's language; null for the others, which front ends"
        " word."
    )
    about: str | None = strawberry.field(
        description="What one hears of, in a sentence of the utility's in the viewer's language; null for the others."
    )
    channels: list[Channel] = strawberry.field(description="In the order in which they are tried.")
    is_chosen: bool = strawberry.field(description="Whether somebody chose them; else they are the usual ones.")
    is_refusable: bool = strawberry.field(description="Whether one may choose none; it is then only in the portal.")
    fees: list[TextMessageFee] = strawberry.field(
        description="What each text message about it costs who chooses SMS, by utility; empty where it costs nothing."
    )
    accepts_fees: bool = strawberry.field(
        description="Whether somebody chose SMS and accepted its fee; without that text messages are not charged."
    )


@strawberry.input(description="By which channels a customer wants to hear of a topic.")
class NoticePreferenceSetInput:
    """A topic and channels."""

    customer_id: strawberry.ID = strawberry.field(description="Global id of the customer.")
    topic: Topic = strawberry.field(description="The topic.")
    channels: list[Channel] = strawberry.field(
        description="At most 4, in the order to try; none where the topic may be refused."
    )
    adapter: str | None = strawberry.field(
        default=None, description="Code of the utility, for the topic UTILITY alone, as the preference has it."
    )
    own_topic: str | None = strawberry.field(
        default=None,
        description="Code of the utility's own topic, for the topic UTILITY alone, as the preference has it.",
    )
    accepts_fees: bool = strawberry.field(
        default=False,
        description="Whether what text messages of the topic cost (`NoticePreference.fees`) is accepted, from now on.",
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The customer's channels, or why they were not changed.")
class NoticePreferenceSetPayload:
    """Preferences, or a refusal."""

    preferences: list[NoticePreference] = strawberry.field(description="For each topic; empty if refused.")
    user_errors: list[NoticeUserError] = strawberry.field(description=USER_ERRORS)


async def notice_preferences(reads: Reads, customer_id: int) -> list[NoticePreference]:
    """Read by which channels a customer hears of each topic."""

    async def run(customers: list[int]) -> list[list[NoticePreference]]:
        async with read_session(reads.engine) as session:
            found = await queries.preferences(
                session, customer_ids=customers, utilities=_utilities(reads.host), today=home_day(reads.now)
            )
            fees = await text_fees(session, customer_ids=customers, utilities=_utilities(reads.host), now=reads.now)
        return [[_preference(one, fees=fees[of], reads=reads) for one in found[of]] for of in customers]

    shown: list[NoticePreference] = await reads.load("notice preferences", customer_id, run)
    return shown


async def notice_preference_set(info: Info, given: NoticePreferenceSetInput) -> NoticePreferenceSetPayload:
    """Keep a customer's channels for a topic, or say why not."""
    context, person_id = info.context, signed_in(info)
    number = number_of(given.customer_id, type_name="Customer")
    body: dict[str, object] = {"customer": number, "topic": given.topic.name}
    body["channels"] = [one.name for one in given.channels]
    if given.accepts_fees:
        body["accepts_fees"] = True
    if given.topic is Topic.UTILITY:
        body["own"] = [given.adapter, given.own_topic]
    utilities = _utilities(context.services.host)
    choice = Choice(
        customer_id=number,
        topic=given.topic,
        channels=tuple(given.channels),
        accepts_fees=given.accepts_fees,
        adapter=given.adapter,
        own_topic=given.own_topic,
    )

    async def do(session: AsyncSession) -> None:
        await choose_channels(session, viewer=context.viewer, choice=choice, utilities=utilities, now=context.now)

    request = Once(person_id=person_id, operation="notice_preference_set", key=given.idempotency_key, body=body)
    try:
        await once(info, request, do)
    except Refusal as refusal:
        return NoticePreferenceSetPayload(preferences=[], user_errors=[notice_error(refusal)])
    async with read_session(context.engine) as session:
        today = home_day(context.now)
        found = await queries.preferences(session, customer_ids=[number], utilities=utilities, today=today)
        fees = await text_fees(session, customer_ids=[number], utilities=utilities, now=context.now)
    shown = [_preference(one, fees=fees[number], reads=context.reads) for one in found[number]]
    return NoticePreferenceSetPayload(preferences=shown, user_errors=[])


def _utilities(host: AdapterHost | None) -> Utilities:
    return {} if host is None else host.live


def _preference(one: StoredPreference, *, fees: Sequence[FeePrice], reads: Reads) -> NoticePreference:
    own = own_topics_of(_utilities(reads.host)).get((one.adapter or "", one.own_topic or ""))
    name, about = (None, None) if own is None else (own.labels, own.about)
    return NoticePreference(
        topic=one.topic,
        adapter=one.adapter,
        own_topic=one.own_topic,
        label=None if name is None else in_language(reads, name.lv, name.en, name.ru),
        about=None if about is None else in_language(reads, about.lv, about.en, about.ru),
        channels=list(one.channels),
        is_chosen=one.is_chosen,
        is_refusable=one.is_refusable,
        fees=[_fee(fee, reads) for fee in fees] if one.topic is Topic.REMINDER else [],
        accepts_fees=one.accepts_fees,
    )


def _fee(fee: FeePrice, reads: Reads) -> TextMessageFee:
    return TextMessageFee(
        adapter=fee.adapter,
        label=label(dict(reads.labels), adapter=fee.adapter, code=fee.code, language=reads.language),
        price=UnitPrice(amount=fee.value, unit=fee.unit),
        is_with_tax=fee.tax_included is not None,
    )
