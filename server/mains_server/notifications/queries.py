"""Questions of the notifications room: who is reached where, what was told, and what is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.db.outbox import Backlog
from mains_server.delivery.rules import mail_address
from mains_server.notifications import statements
from mains_server.notifications.records import (
    Addressee,
    CaughtFile,
    CaughtMessage,
    Channel,
    Event,
    GivenUpEvent,
    Mailing,
    NoticeState,
    Preference,
    PrintedNotice,
    Topic,
    WaitingNotice,
)
from mains_server.notifications.rules import DEFAULTS, REFUSABLE, dialled
from mains_server.notifications.tables import NoticeMailing
from mains_server.notifications.topics import Utilities, own_topics_of, usual_channels

TIME_ZONE = "Europe/Riga"
MAILINGS_SHOWN = 50
NEXT_NOTICE = text(statements.NEXT_NOTICE)


async def addressees(
    session: AsyncSession, *, customer_ids: Iterable[int], person_ids: Iterable[int]
) -> tuple[Mapping[int, Addressee], Mapping[int, Addressee]]:
    """Tell where customers and persons are reached, each by id."""
    customers = await session.execute(text(statements.CUSTOMERS), {"ids": sorted(set(customer_ids))})
    persons = await session.execute(text(statements.PERSONS), {"ids": sorted(set(person_ids))})
    return {row.id: _customer(row) for row in customers}, {row.id: _person(row) for row in persons}


async def told(session: AsyncSession, *, occasions: Sequence[str]) -> frozenset[str]:
    """Tell which of these occasions somebody was told of."""
    found = await session.execute(text(statements.TOLD), {"occasions": list(occasions)})
    return frozenset(row.occasion for row in found)


async def next_notice(session: AsyncSession, *, channel: Channel, now: datetime) -> WaitingNotice | None:
    """Take the next notice of a channel that is due and hold it; None where none is."""
    row = (await session.execute(NEXT_NOTICE, {"channel": channel.name, "now": now})).one_or_none()
    return None if row is None else _waiting(row)


async def due_by_channel(session: AsyncSession, *, now: datetime) -> Mapping[Channel, Backlog]:
    """Tell for each channel how many notices are due, and since when the oldest is."""
    found = await session.execute(text(statements.DUE), {"now": now})
    due = {Channel[row.channel]: Backlog(waiting=row.waiting, waits_since=row.waits_since) for row in found}
    return {channel: due.get(channel, Backlog(waiting=0, waits_since=None)) for channel in Channel}


async def held_notice(session: AsyncSession, *, notice_id: int) -> tuple[WaitingNotice, NoticeState] | None:
    """Take hold of a notice and tell how it stands; None where there is none."""
    row = (await session.execute(text(statements.HELD_NOTICE), {"id": notice_id})).one_or_none()
    return None if row is None else (_waiting(row), NoticeState[row.state])


async def waiting_letters(session: AsyncSession, *, now: datetime, most: int) -> Sequence[PrintedNotice]:
    """Take notices that wait for the printer, held until the transaction ends."""
    found = await session.execute(text(statements.LETTERS), {"now": now, "most": most})
    return [PrintedNotice(**row._mapping) for row in found]


async def letters_begun(
    session: AsyncSession, *, after: tuple[int, int], most: int
) -> tuple[Sequence[CaughtMessage], tuple[int, int]]:
    """List the last letters that were begun after the notice and the invoice's delivery with these ids, oldest first.

    The second value is what to ask after next. Nobody is kept from printing them.
    """
    found: list[CaughtMessage] = []
    ends = list(after)
    for number, statement in enumerate((statements.NOTICE_LETTERS, statements.INVOICE_LETTERS)):
        for row in await session.execute(text(statement), {"after": after[number], "most": most}):
            files = () if row.file is None else (CaughtFile(name=row.file, media_type="application/pdf"),)
            told = {"to": row.recipient, "subject": row.subject, "text": row.words, "at": row.at}
            found.append(CaughtMessage(channel=Channel.POST, files=files, **told))
            ends[number] = max(ends[number], row.id)
    return sorted(found, key=lambda one: one.at), (ends[0], ends[1])


async def held_mailing(session: AsyncSession, *, mailing_id: int) -> NoticeMailing | None:
    """Take hold of a mailing of notices until the transaction ends; None where there is none."""
    wanted = select(NoticeMailing).where(col(NoticeMailing.id) == mailing_id).with_for_update()
    return await session.scalar(wanted)


async def mailings(session: AsyncSession) -> Sequence[Mailing]:
    """List the last mailings of notices, the newest first, without their files."""
    found = await session.execute(text(statements.MAILINGS), {"id": None, "most": MAILINGS_SHOWN})
    return [Mailing(**one._mapping) for one in found]


async def mailing_of(session: AsyncSession, *, mailing_id: int) -> Mailing:
    """Give a mailing of notices that is there, without its file."""
    found = await session.execute(text(statements.MAILINGS), {"id": mailing_id, "most": 1})
    return Mailing(**found.one()._mapping)


async def mailing_file(session: AsyncSession, *, mailing_id: int) -> bytes | None:
    """Give the ZIP of a mailing of notices; None where there is none."""
    return await session.scalar(select(col(NoticeMailing.content)).where(col(NoticeMailing.id) == mailing_id))


async def utilities_of(
    session: AsyncSession, *, customer_ids: Sequence[int], today: date
) -> Mapping[int, tuple[str, ...]]:
    """Tell which utilities customers have contracts with that run or begin later, by the utilities' codes."""
    found = await session.execute(text(statements.ADAPTERS_OF), {"ids": list(customer_ids), "today": today})
    codes: dict[int, list[str]] = {customer: [] for customer in customer_ids}
    for row in found:
        codes[row.customer_id].append(row.adapter)
    return {customer: tuple(own) for customer, own in codes.items()}


async def next_events(session: AsyncSession, *, now: datetime, most: int) -> list[Event]:
    """Take events that are due, the oldest first and one for each customer, and hold them."""
    found = await session.execute(text(statements.NEXT_EVENTS), {"now": now, "most": most})
    return [Event(**row._mapping) for row in found]


async def given_up_events(session: AsyncSession, *, most: int) -> list[GivenUpEvent]:
    """List events that nobody could take, the last given up first."""
    found = await session.execute(text(statements.GIVEN_UP), {"most": most})
    return [GivenUpEvent(**row._mapping) for row in found]


async def preferences(
    session: AsyncSession, *, customer_ids: Sequence[int], utilities: Utilities, today: date
) -> Mapping[int, tuple[Preference, ...]]:
    """Tell by which channels customers hear of each topic that they may choose channels for.

    Topics of utilities' own are those of the utilities that a customer has contracts with.
    """
    found = await session.execute(text(statements.PREFERENCES), {"ids": list(customer_ids)})
    rows = {(row.customer_id, row.topic, row.adapter, row.own_topic): row for row in found}
    own = own_topics_of(utilities)
    theirs = await utilities_of(session, customer_ids=customer_ids, today=today) if own else {}
    listed = {}
    for customer in customer_ids:
        usual = [
            Preference(topic=topic, channels=DEFAULTS[topic], is_chosen=False, is_refusable=topic in REFUSABLE)
            for topic in Topic
            if topic is not Topic.UTILITY
        ]
        usual += [
            Preference(
                topic=Topic.UTILITY,
                channels=usual_channels(declared),
                is_chosen=False,
                is_refusable=declared.is_refusable,
                adapter=adapter,
                own_topic=code,
            )
            for (adapter, code), declared in own.items()
            if adapter in theirs[customer]
        ]
        listed[customer] = tuple(_as_chosen(one, rows, customer=customer) for one in usual)
    return listed


def _as_chosen(usual: Preference, rows: Mapping[tuple[int, str, str, str], Any], *, customer: int) -> Preference:
    row = rows.get((customer, usual.topic.name, usual.adapter or "", usual.own_topic or ""))
    if row is None:
        return usual
    channels = tuple(Channel[one] for one in row.channels)
    return replace(usual, channels=channels, is_chosen=True, accepts_fees=row.accepts_fees)


def _waiting(row: Any) -> WaitingNotice:
    fields = dict(row._mapping)
    del fields["state"]
    channels = {"channel": Channel[row.channel], "others": tuple(Channel[one] for one in row.others)}
    return WaitingNotice(**{**fields, **channels, "topic": Topic[row.topic], "address": row.address or ""})


def _customer(row: Any) -> Addressee:
    has_address = bool(row.address_line.strip() and row.address_city.strip())
    parts = (row.address_line, row.address_city, row.address_postcode, row.address_country)
    preferred = row.preferred or {}
    return Addressee(
        customer_id=row.id,
        person_id=None,
        name=row.name,
        language=row.language,
        email=mail_address(row.email),
        phone=dialled(row.phone),
        postal=", ".join(part.strip() for part in parts if part.strip()) if has_address else None,
        time_zone=row.time_zone or TIME_ZONE,
        preferred={Topic[topic]: tuple(Channel[one] for one in chosen) for topic, chosen in preferred.items()},
        accepts_fees=frozenset(Topic[topic] for topic in row.accepts_fees),
        preferred_own=_own(row.preferred_own or {}),
    )


def _own(preferred: Mapping[str, Sequence[str]]) -> Mapping[tuple[str, str], tuple[Channel, ...]]:
    found = {}
    for name, chosen in preferred.items():
        adapter, _, own_topic = name.partition(" ")
        found[adapter, own_topic] = tuple(Channel[one] for one in chosen)
    return found


def _person(row: Any) -> Addressee:
    return Addressee(
        customer_id=None,
        person_id=row.id,
        name=row.name,
        language=row.language,
        email=mail_address(row.email),
        phone=dialled(row.phone),
        postal=None,
        time_zone=TIME_ZONE,
        preferred={},
    )
