"""Notices of planned outages: those owed become messages, the ones they supersede are kept from going out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications import queries, rules
from mains_server.notifications.operations import point_to_newer, supersede_all, tell_all
from mains_server.notifications.records import Addressee, Channel, Message, Recipient, Spoken, Topic, Value
from mains_server.notifications.sealing import Seal
from mains_server.outages.operations import take_notices
from mains_server.outages.queries import is_notice_wanted
from mains_server.outages.records import Author, OutageChange, OwedNotice, Translated

OCCASION = re.compile(r"outage ([0-9]+) revision ([0-9]+) customer [0-9]+", re.ASCII)
CHANGED_SINCE = "the outage was changed since"
INSTANT = (Channel.SMS, Channel.EMAIL)
TEMPLATES: Mapping[OutageChange, str] = {
    OutageChange.PLANNED: "outage_planned",
    OutageChange.MOVED: "outage_moved",
    OutageChange.CANCELLED: "outage_cancelled",
}


async def tell_outages(engine: AsyncEngine, *, seal: Seal, now: datetime) -> int:
    """Tell customers of outages whatever they are owed, and count what was news.

    Notices are taken and told in one transaction, a thousand at a time: whoever dies in between loses none and tells
    none twice. What was told of an earlier revision and has not left does not leave any more.
    """
    told = 0
    while True:
        async with unit_of_work(engine) as session:
            owed = await take_notices(session, author=Author(now=now))
            if not owed:
                return told
            former = {
                _occasion(one, revision): _occasion(one, one.revision)
                for one in owed
                for revision in range(1, one.revision)
            }
            await supersede_all(session, occasions=list(former), reason=CHANGED_SINCE)
            known, _ = await queries.addressees(
                session, customer_ids=(one.customer_id for one in owed if not one.may_be_post), person_ids=()
            )
            messages = [_message(one, addressee=known.get(one.customer_id)) for one in owed]
            told += await tell_all(session, messages=messages, seal=seal, now=now)
            await point_to_newer(session, newer_by_former=former)


async def is_wanted(session: AsyncSession, *, occasion: str) -> bool:
    """Tell whether a notice is still the last word of its outage, asked when it is sent; others are always wanted."""
    found = OCCASION.fullmatch(occasion)
    return found is None or await is_notice_wanted(session, outage_id=int(found[1]), revision=int(found[2]))


def _message(owed: OwedNotice, *, addressee: Addressee | None) -> Message:
    values: dict[str, Value] = {
        "address": "; ".join(owed.addresses),
        "begins": owed.window.starts,
        "until": owed.window.ends,
        "cause": _spoken(owed.cause, owed.cause_in),
        "commodity": owed.commodity,
        "kind": owed.kind.name,
    }
    return Message(
        occasion=_occasion(owed, owed.revision),
        topic=Topic.OUTAGE,
        template=TEMPLATES[owed.change],
        to=Recipient(customer_id=owed.customer_id),
        values=values if owed.note is None else {**values, "reason": _spoken(owed.note, owed.note_in)},
        channels=() if owed.may_be_post else _instant(addressee),
        holds_until=owed.window.ends,
    )


def _spoken(words: str, translated: Translated) -> Spoken:
    return Spoken(words=words, lv=translated.lv, en=translated.en, ru=translated.ru)


def _instant(addressee: Addressee | None) -> tuple[Channel, ...]:
    """Give the instant channels, those that the customer prefers first; a letter would come too late.

    Who chose the portal reads it there where nothing else reaches them.
    """
    preferred = {} if addressee is None else addressee.preferred
    wanted = rules.channels_for(Topic.OUTAGE, preferred=preferred)
    chosen = [one for one in wanted if one in INSTANT]
    last = (Channel.PORTAL,) if Channel.PORTAL in wanted else ()
    return (*chosen, *(one for one in INSTANT if one not in chosen), *last)


def _occasion(owed: OwedNotice, revision: int) -> str:
    return f"outage {owed.outage_id} revision {revision} customer {owed.customer_id}"
