"""Announcements: employees write to customers of a utility about one of its own topics, and each is told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mains_spi import NOTICE_LANGUAGES, SMS_CHARACTERS_MAX, SUBJECT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, NoticeTopic
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications import queries, statements
from mains_server.notifications.charging import home_day
from mains_server.notifications.operations import TopicUnknown, tell_all
from mains_server.notifications.records import Addressee, Channel, Message, Recipient, Topic
from mains_server.notifications.sealing import Seal
from mains_server.notifications.tables import Announcement
from mains_server.notifications.templates import CLOSE, FALLBACK, OPEN
from mains_server.notifications.topics import Utilities, own_channels, own_topics_of, usual_channels

TEMPLATE = "announcement"
CONTRACTS_MAX = 1_000
AREA_CHARACTERS_MAX = 100
TOLD_AT_ONCE = 1_000
LENGTHS = {"subject": SUBJECT_CHARACTERS_MAX, "text": TEXT_CHARACTERS_MAX, "sms": SMS_CHARACTERS_MAX}


class AnnouncementWordsWrong(Refusal):
    """A language lacks words, or they are too long or not on one line."""

    code = "WORDS_WRONG"
    path = "words"


class AnnouncementTargetWrong(Refusal):
    """The area cannot be read, too many contracts are named, or both an area and contracts are."""

    code = "TARGET_WRONG"
    path = "to"


class AnnouncementContractUnknown(Refusal):
    """A contract is not one of the utility's that run or begin later."""

    code = "CONTRACT_UNKNOWN"
    path = "to.contractIds"


class NobodyToTell(Refusal):
    """No customer is in the target."""

    code = "NOBODY_TO_TELL"
    path = "to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom an announcement is for: all customers of the utility, those in an area, or those of contracts."""

    city: str | None = None
    postcode: str | None = None
    street: str | None = None
    contract_ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnnouncement:
    """What is told to whom: `words` are `subject`, `text` and `sms` by language."""

    adapter: str
    own_topic: str
    words: Mapping[str, Mapping[str, str]]
    to: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAnnouncement:
    """An announcement as it stands: for how many customers, and how many notices of it are made."""

    id: int
    adapter: str
    topic: str
    words: Mapping[str, Mapping[str, str]]
    city: str | None
    postcode: str | None
    street: str | None
    contracts: int | None
    customers: int
    made_at: datetime
    told: int


async def count_announced(session: AsyncSession, *, adapter: str, to: Target, now: datetime) -> Mapping[str, int]:
    """Count the customers that an announcement would be for, by their language; raises what is wrong with it."""
    values = await _target(session, adapter=adapter, to=to, now=now)
    found = await session.execute(text(statements.COUNT_ANNOUNCED), values)
    return {row.language: row.customers for row in found}


async def send_announcement(
    session: AsyncSession, *, announcement: NewAnnouncement, utilities: Utilities, person_id: int, now: datetime
) -> int:
    """Write an announcement down with everybody whom it is for, and give its number.

    The notices are made afterwards, by `tell_announcements`. Whoever has a contract in the target now is told, also
    who has moved out by then. Raises `TopicUnknown` or what is wrong with words and target; nothing is written then.
    """
    topic = own_topics_of(utilities).get((announcement.adapter, announcement.own_topic))
    if topic is None:
        raise TopicUnknown("the utility has no such topic: see `utilityAdapters { noticeTopics }`")
    words = _worded(announcement.words)
    values = await _target(session, adapter=announcement.adapter, to=announcement.to, now=now)
    row = _row(announcement, topic=topic, words=words, person_id=person_id, now=now)
    session.add(row)
    await session.flush()
    owed = await session.scalar(text(statements.OWE_ANNOUNCED), {**values, "announcement": row.id})
    if not owed:
        raise NobodyToTell("no customer of the utility is in the target")
    return row.id


async def tell_announcements(engine: AsyncEngine, *, seal: Seal, now: datetime) -> int:
    """Make the notices of announcements that are owed, and count them.

    Recipients are taken and told in one transaction, a thousand at a time: whoever dies in between loses none, and
    nobody is told twice.
    """
    told = 0
    while True:
        async with unit_of_work(engine) as session:
            asked = {"most": TOLD_AT_ONCE, "now": now}
            taken = (await session.execute(text(statements.TAKE_ANNOUNCED), asked)).all()
            if not taken:
                return told
            known, _ = await queries.addressees(session, customer_ids=(row.customer_id for row in taken), person_ids=())
            messages = [_message(row, known[row.customer_id]) for row in taken if row.customer_id in known]
            told += await tell_all(session, messages=messages, seal=seal, now=now)


async def announcements(
    session: AsyncSession, *, most: int, announcement_id: int | None = None
) -> Sequence[ToldAnnouncement]:
    """List announcements, the last made first, or the one with an id."""
    found = await session.execute(text(statements.ANNOUNCEMENTS), {"id": announcement_id, "most": most})
    return [ToldAnnouncement(**row._mapping) for row in found]


def _message(row: Any, addressee: Addressee) -> Message:
    """Word an announcement in the language of whom it is for."""
    words = row.words[addressee.language if addressee.language in NOTICE_LANGUAGES else FALLBACK]
    channels = own_channels(
        chosen=addressee.preferred_own.get((row.adapter, row.topic)),
        usual=tuple(Channel[one] for one in row.channels),
        is_refusable=row.is_refusable,
    )
    return Message(
        occasion=f"announcement {row.announcement_id} customer {row.customer_id}",
        topic=Topic.UTILITY,
        template=TEMPLATE,
        to=Recipient(customer_id=row.customer_id),
        values=words,
        channels=channels,
        adapter=row.adapter,
        own_topic=row.topic,
        may_refuse=row.is_refusable,
    )


def _row(
    announcement: NewAnnouncement,
    *,
    topic: NoticeTopic,
    words: Mapping[str, Mapping[str, str]],
    person_id: int,
    now: datetime,
) -> Announcement:
    to = announcement.to
    return Announcement(
        adapter=announcement.adapter,
        topic=announcement.own_topic,
        is_refusable=topic.is_refusable,
        channels=[one.name for one in usual_channels(topic)],
        words=words,
        city=to.city,
        postcode=to.postcode,
        street=to.street,
        contracts=None if to.contract_ids is None else len(to.contract_ids),
        customers=0,
        made_at=now,
        made_by_person_id=person_id,
    )


def _worded(words: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Give the words of each language without outer space; refuse what somebody would not read as it is meant."""
    kept: dict[str, dict[str, str]] = {}
    for language in NOTICE_LANGUAGES:
        kept[language] = {part: words[language][part].strip() for part in LENGTHS}
        for part, written in kept[language].items():
            where = f"{part} in {language}"
            if not 1 <= len(written) <= LENGTHS[part]:
                raise AnnouncementWordsWrong(f"{where} has {len(written)} characters: write 1 to {LENGTHS[part]}")
            lines = written.split("\n") if part == "text" else [written]
            if not all(line.isprintable() for line in lines):
                raise AnnouncementWordsWrong(f"{where} has characters that are not shown, or more than one line")
            if OPEN in written or CLOSE in written:
                raise AnnouncementWordsWrong(f"{where} has {OPEN} or {CLOSE}, which stand for secrets")
    return kept


async def _target(session: AsyncSession, *, adapter: str, to: Target, now: datetime) -> dict[str, Any]:
    """Give the values of the statements that find a target's customers, or refuse it."""
    parts = {"city": to.city, "postcode": to.postcode, "street": to.street}
    for name, part in parts.items():
        if part is not None and (not 1 <= len(part.strip()) <= AREA_CHARACTERS_MAX or not part.isprintable()):
            raise AnnouncementTargetWrong(f"{name} has 1 to {AREA_CHARACTERS_MAX} printable characters")
    if to.city is None and (to.postcode is not None or to.street is not None):
        raise AnnouncementTargetWrong("a postcode and a street need a city")
    ids = to.contract_ids
    if ids is not None and (to.city is not None or not 1 <= len(ids) <= CONTRACTS_MAX or len(set(ids)) < len(ids)):
        raise AnnouncementTargetWrong(f"name an area, or 1 to {CONTRACTS_MAX} contracts, each once")
    asked: dict[str, Any] = {"adapter": adapter, "today": home_day(now), "contracts": None if ids is None else [*ids]}
    if ids is not None:
        known = await session.scalar(text(statements.CONTRACTS_OF), asked)
        if known != len(ids):
            raise AnnouncementContractUnknown(f"{len(ids) - int(known or 0)} of the contracts are not the utility's")
    return {**asked, **{name: None if part is None else part.strip() for name, part in parts.items()}}
