"""Telling: a message becomes a notice in the transaction of what it is about, and is sent after that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Permission, Refusal, Viewer
from mains_server.contracts.desk import STAFF_WHO_CONTRACT, NotPermitted
from mains_server.customers.operations import CustomerUnknown
from mains_server.db.outbox import NewsEvent, append_news
from mains_server.delivery.rules import mail_address
from mains_server.notifications import queries, rules, statements
from mains_server.notifications.charging import home_day, text_fee_code
from mains_server.notifications.queries import TIME_ZONE
from mains_server.notifications.records import (
    Addressee,
    Channel,
    Choice,
    Message,
    NoticeState,
    Recipient,
    TextFee,
    Topic,
    WaitingNotice,
    Words,
)
from mains_server.notifications.sealing import Seal
from mains_server.notifications.tables import Notice, NoticePreference
from mains_server.notifications.templates import FALLBACK, packed, unpacked, written
from mains_server.notifications.topics import Utilities, own_topics_of
from mains_server.notifications.wordings import THE_SERVERS, Wordings

ROWS_AT_ONCE = 1_000
NOTICE_TOLD = "notice.told"
ONE_CHOICE = ["customer_id", "topic", "adapter", "own_topic"]
NO_ADDRESS = "no address for any of the channels"


class ChannelTwice(Refusal):
    """A channel is named twice."""

    code = "CHANNEL_TWICE"
    path = "channels"


class FeesNotAccepted(Refusal):
    """Text messages of a topic cost a fee that was not accepted."""

    code = "FEES_NOT_ACCEPTED"
    path = "acceptsFees"


class TopicUnknown(Refusal):
    """No utility has this topic of its own, or a topic of the server's is named with a utility."""

    code = "TOPIC_UNKNOWN"
    path = "ownTopic"


class TopicNotRefusable(Refusal):
    """No channel is named for what the law or a contract asks to be told."""

    code = "TOPIC_NOT_REFUSABLE"
    path = "channels"


async def tell(session: AsyncSession, *, message: Message, seal: Seal, now: datetime) -> bool:
    """Tell somebody something once, and say whether it was news; it is sent once the session's transaction is done.

    This is the way for every room above: in the transaction of what happened, with the codes and links it carries as
    `secrets`. They are sealed until the notice has left, and what is kept of its words has `⟦name⟧` instead.
    """
    return bool(await tell_all(session, messages=[message], seal=seal, now=now))


async def tell_all(
    session: AsyncSession,
    *,
    messages: Sequence[Message],
    seal: Seal,
    now: datetime,
    wordings: Wordings = THE_SERVERS,
) -> int:
    """Tell many, each in its utility's own words where there are any, and count what was news."""
    by_occasion = {message.occasion: message for message in messages}
    known = await queries.told(session, occasions=list(by_occasion))
    fresh = [message for occasion, message in by_occasion.items() if occasion not in known]
    customers, persons = await queries.addressees(
        session,
        customer_ids=(one.to.customer_id for one in fresh if one.to.customer_id is not None),
        person_ids=(one.to.person_id for one in fresh if one.to.person_id is not None),
    )
    rows = []
    clerk = _Clerk(seal=seal, now=now, wordings=wordings)
    for message in fresh:
        to = message.to
        known_as = customers.get(to.customer_id or 0) or persons.get(to.person_id or 0) or _stranger(to.language)
        rows.append(_first(message, addressee=_given(known_as, message), clerk=clerk))
    count = 0
    insert = postgresql.insert(Notice).on_conflict_do_nothing(index_elements=["occasion", "number"])
    for start in range(0, len(rows), ROWS_AT_ONCE):
        made = insert.returning(col(Notice.id), col(Notice.customer_id))
        done = (await session.execute(made, rows[start : start + ROWS_AT_ONCE])).all()
        count += len(done)
        news = [
            NewsEvent(kind=NOTICE_TOLD, customer_id=customer_id, payload={"notice_id": notice_id})
            for notice_id, customer_id in done
            if customer_id is not None
        ]
        await append_news(session, news=news, now=now)
    return count


async def supersede_all(session: AsyncSession, *, occasions: Sequence[str], reason: str) -> int:
    """Let nothing of many occasions go out that has not, and count what was kept."""
    if not occasions:
        return 0
    statement = (
        update(Notice)
        .where(col(Notice.occasion).in_(occasions), col(Notice.state) == NoticeState.WAITING)
        .values(state=NoticeState.SUPERSEDED, next_try_at=None, sealed=None, detail=reason)
        .returning(col(Notice.id))
    )
    return len((await session.execute(statement)).scalars().all())


async def point_to_newer(session: AsyncSession, *, newer_by_former: Mapping[str, str]) -> None:
    """Have notices of former occasions name the notice that has the last word now, whether or not they had left.

    A customer who was told something that holds no longer sees so where it was told.
    """
    if newer_by_former:
        values = {"former": list(newer_by_former), "newer": list(newer_by_former.values())}
        await session.execute(text(statements.POINT_TO_NEWER), values)


async def supersede(session: AsyncSession, *, occasion: str, reason: str) -> int:
    """Let nothing of an occasion go out that has not, since something newer replaces it, and count what was kept."""
    return await supersede_all(session, occasions=[occasion], reason=reason)


async def choose_channels(
    session: AsyncSession, *, viewer: Viewer, choice: Choice, utilities: Utilities, now: datetime
) -> None:
    """Keep a viewer's choice for a customer; raises `CustomerUnknown`, `NotPermitted`, or what is wrong with it."""
    customer_id, topic, channels = choice.customer_id, choice.topic, choice.channels
    is_staff = bool(viewer.staff & STAFF_WHO_CONTRACT)
    if not is_staff and customer_id not in viewer.customers_with(Permission.REQUEST_SERVICES):
        if viewer.is_staff or any(grant.customer_id == customer_id for grant in viewer.grants):
            raise NotPermitted("ask the customer's owner for the right to request services on all contracts")
        raise CustomerUnknown("there is no such customer for whom you may choose")
    if len(set(channels)) < len(channels):
        raise ChannelTwice("name each channel once, in the order to try")
    is_refusable = _is_refusable(choice, utilities)
    if not channels and not is_refusable:
        raise TopicNotRefusable("of this one has to be told: name at least one channel")
    customers, _ = await queries.addressees(session, customer_ids=[customer_id], person_ids=[])
    if customer_id not in customers:
        raise CustomerUnknown("there is no such customer")
    is_paid = topic is Topic.REMINDER and Channel.SMS in channels
    if is_paid and not choice.accepts_fees:
        codes = await queries.utilities_of(session, customer_ids=[customer_id], today=home_day(now))
        if any(text_fee_code(utilities, code) is not None for code in codes[customer_id]):
            raise FeesNotAccepted("reminders by text message cost a fee: look at it, and accept it")
    await prefer(session, choice=replace(choice, accepts_fees=is_paid and choice.accepts_fees), now=now)


def _is_refusable(choice: Choice, utilities: Utilities) -> bool:
    """Tell whether nobody has to be told of a topic; raises `TopicUnknown` where there is none such."""
    if choice.topic is not Topic.UTILITY:
        if choice.adapter is not None or choice.own_topic is not None:
            raise TopicUnknown("name a utility and its topic only with the topic UTILITY")
        return choice.topic in rules.REFUSABLE
    own = own_topics_of(utilities).get((choice.adapter or "", choice.own_topic or ""))
    if own is None:
        raise TopicUnknown("no utility has this topic: see `utilityAdapters { noticeTopics }`")
    return own.is_refusable


async def prefer(
    session: AsyncSession,
    *,
    choice: Choice,
    now: datetime,
) -> None:
    """Keep by which channels a customer wants to hear of a topic from now on, the first first."""
    insert = postgresql.insert(NoticePreference).values(
        customer_id=choice.customer_id,
        topic=choice.topic,
        adapter=choice.adapter or "",
        own_topic=choice.own_topic or "",
        channels=[one.name for one in choice.channels],
        changed_at=now,
        fees_accepted_at=now if choice.accepts_fees else None,
    )
    changed = {name: insert.excluded[name] for name in ("channels", "changed_at", "fees_accepted_at")}
    await session.execute(insert.on_conflict_do_update(index_elements=ONE_CHOICE, set_=changed))


async def fall_back(
    session: AsyncSession, *, notice: WaitingNotice, seal: Seal, now: datetime, wordings: Wordings = THE_SERVERS
) -> bool:
    """Try the next channel of a notice that did not get through, and say whether there is one."""
    customers, persons = await queries.addressees(
        session,
        customer_ids=[] if notice.customer_id is None else [notice.customer_id],
        person_ids=[] if notice.person_id is None else [notice.person_id],
    )
    addressee = customers.get(notice.customer_id or 0) or persons.get(notice.person_id or 0)
    if addressee is None:
        return False
    again = Message(
        occasion=notice.occasion,
        topic=notice.topic,
        template=notice.template,
        to=Recipient(customer_id=addressee.customer_id, person_id=addressee.person_id),
        values=unpacked(notice.values),
        secrets={} if notice.sealed is None else seal.open(notice.sealed, occasion=notice.occasion),
        channels=notice.others,
        holds_until=notice.holds_until,
        adapter=notice.adapter,
        fee=_fee_of(notice),
        own_topic=notice.own_topic,
        may_refuse=notice.may_refuse,
    )
    row = _first(again, addressee=addressee, clerk=_Clerk(seal=seal, now=now, wordings=wordings))
    if row["state"] is NoticeState.FAILED:
        return False
    await session.execute(postgresql.insert(Notice).values([{**row, "number": notice.number + 1}]))
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clerk:
    """What messages are made into notices with."""

    seal: Seal
    now: datetime
    wordings: Wordings


def _first(message: Message, *, addressee: Addressee, clerk: _Clerk) -> dict[str, Any]:
    """Make the row of a message by the first of its channels that reaches the addressee, if any does."""
    now, seal = clerk.now, clerk.seal
    channels = message.channels or rules.channels_for(message.topic, preferred=addressee.preferred)
    reaching = [one for one in channels if rules.address_for(one, addressee) is not None]
    channel = reaching[0] if reaching else channels[0]
    words = _worded(message, channel=channel, addressee=addressee, clerk=clerk)
    fee = message.fee if message.topic in addressee.accepts_fees else None
    is_shown = channel is Channel.PORTAL
    state = NoticeState.FAILED if not reaching else NoticeState.DELIVERED if is_shown else NoticeState.WAITING
    waits = state is NoticeState.WAITING
    begins = rules.begins_at(channel, message.topic, now=now, time_zone=addressee.time_zone)
    return {
        "customer_id": message.to.customer_id,
        "person_id": message.to.person_id,
        "occasion": message.occasion,
        "number": 1,
        "topic": message.topic,
        "template": message.template,
        "template_version": words.version,
        "adapter": message.adapter,
        "own_topic": message.own_topic,
        "may_refuse": message.may_refuse,
        "fee_contract_id": None if fee is None else fee.contract_id,
        "fee_code": None if fee is None else fee.code,
        "language": message.to.language or addressee.language,
        "channel": channel,
        "others": [one.name for one in reaching[1:]],
        "address": rules.address_for(channel, addressee) or None,
        "subject": words.subject,
        "body": words.body,
        "values": packed(message.values),
        "sealed": seal.close(message.secrets, occasion=message.occasion) if message.secrets and waits else None,
        "state": state,
        "detail": None if reaching else NO_ADDRESS,
        "tries": 0,
        "next_try_at": begins if waits else None,
        "holds_until": message.holds_until,
        "created_at": now,
        "sent_at": now if is_shown and reaching else None,
        "delivered_at": now if is_shown and reaching else None,
    }


def _worded(message: Message, *, channel: Channel, addressee: Addressee, clerk: _Clerk) -> Words:
    return written(
        message.template,
        channel=channel,
        language=message.to.language or addressee.language,
        values={"name": addressee.name, **message.values},
        hidden=frozenset(message.secrets),
        zone=addressee.time_zone,
        wording=clerk.wordings.of(message.template, adapter=message.adapter),
    )


def _fee_of(notice: WaitingNotice) -> TextFee | None:
    if notice.fee_contract_id is None or notice.fee_code is None:
        return None
    return TextFee(contract_id=notice.fee_contract_id, code=notice.fee_code)


def _given(addressee: Addressee, message: Message) -> Addressee:
    """Take an address that the message names before one that is known."""
    to = message.to
    return replace(addressee, email=mail_address(to.email) or addressee.email, phone=to.phone or addressee.phone)


def _stranger(language: str | None) -> Addressee:
    return Addressee(
        customer_id=None,
        person_id=None,
        name="",
        language=language or FALLBACK,
        email=None,
        phone=None,
        postal=None,
        time_zone=TIME_ZONE,
        preferred={},
    )
