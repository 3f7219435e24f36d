"""Announcements: operators write to customers of a utility about one of its own topics."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.notifications import announcing
from mains_server.notifications.announcing import CONTRACTS_MAX, NewAnnouncement, Target, ToldAnnouncement
from mains_server.notifications.topics import Utilities
from mains_spi import NOTICE_LANGUAGES, SMS_CHARACTERS_MAX, SUBJECT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import bad_input
from mains_schema.declaring.given import Given
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import encode_id, number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

ANNOUNCEMENTS_MAX = 50
ID_TYPE = "Announcement"


class AnnouncementErrorCode(Enum):
    """Why nothing was announced."""

    TOPIC_UNKNOWN = "TOPIC_UNKNOWN"
    WORDS_WRONG = "WORDS_WRONG"
    TARGET_WRONG = "TARGET_WRONG"
    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    NOBODY_TO_TELL = "NOBODY_TO_TELL"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    AnnouncementErrorCode,
    "Why nothing was announced.",
    {
        "TOPIC_UNKNOWN": "There is no such utility, or it has no such topic: see `UtilityAdapter.noticeTopics`.",
        "WORDS_WRONG": "A language lacks words, or they are too long, or on more than one line where that may not be.",
        "TARGET_WRONG": "The area cannot be read, both an area and contracts are named, or too many are.",
        "CONTRACT_UNKNOWN": "Some of the contracts are not the utility's, or have ended.",
        "NOBODY_TO_TELL": "No customer of the utility is in the target.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.input(description="An announcement in one language; the salutation is put before `text`.")
class AnnouncementWordsInput:
    """Words."""

    subject: str = strawberry.field(description=f"Of mails and letters; one line, at most {SUBJECT_CHARACTERS_MAX}.")
    text: str = strawberry.field(description=f"Of mails and letters; at most {TEXT_CHARACTERS_MAX} characters.")
    sms: str = strawberry.field(description=f"Of text messages; one line, at most {SMS_CHARACTERS_MAX} characters.")


@strawberry.input(description="An announcement in each language that customers read.")
class AnnouncementLanguagesInput:
    """All languages; who reads a fourth gets Latvian."""

    lv: AnnouncementWordsInput = strawberry.field(description="In Latvian.")
    en: AnnouncementWordsInput = strawberry.field(description="In English.")
    ru: AnnouncementWordsInput = strawberry.field(description="In Russian.")


@strawberry.input(description="Supply addresses; capital letters do not matter.")
class AnnouncementAreaInput:
    """An area."""

    city: str = strawberry.field(description="The town, whole.")
    postcode: str | None = strawberry.field(default=None, description="The postcode, whole; null for all.")
    street: str | None = strawberry.field(
        default=None, description="How the address line begins, up to the end of a word, such as `Lielā iela`."
    )


@strawberry.input(
    description="Whom it is for: all customers of the utility with a contract that runs or begins later, or of these"
    " who are supplied in an area or have one of some contracts. An area and contracts exclude each other."
)
class AnnouncementTargetInput:
    """A target; without both everybody."""

    area: AnnouncementAreaInput | None = strawberry.field(default=None, description="Where they are supplied.")
    contract_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description=f"Global ids of contracts of the utility; 1 to {CONTRACTS_MAX}."
    )


@strawberry.input(description="What is told to whom.")
class AnnouncementSendInput:
    """An announcement."""

    adapter: str = strawberry.field(description="Code of the utility.")
    own_topic: str = strawberry.field(description="Code of one of its topics: `UtilityAdapter.noticeTopics`.")
    words: AnnouncementLanguagesInput = strawberry.field(description="What is told.")
    to: AnnouncementTargetInput = strawberry.field(description="Whom it is for.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="An announcement, and how many of its notices are made.")
class Announcement:
    """An announcement."""

    id: strawberry.ID = strawberry.field(description="Global id; `Notice.occasion` has its number.")
    adapter: str = strawberry.field(description="Code of the utility.")
    own_topic: str = strawberry.field(description="Code of the utility's topic.")
    subject: str = strawberry.field(description="Its subject in the viewer's language.")
    city: str | None = strawberry.field(description="The area's town; null if it is for no area.")
    postcode: str | None = strawberry.field(description="The area's postcode; null for all.")
    street: str | None = strawberry.field(description="How the area's address lines begin; null for all.")
    contracts: int | None = strawberry.field(description="How many contracts were named; null if none were.")
    customers: int = strawberry.field(description="For how many customers it is, counted when it was sent.")
    told: int = strawberry.field(description="For how many of these the notice is made; within a few minutes all.")
    made_at: datetime = strawberry.field(description="When it was sent.")


@strawberry.type(description="How many customers read a language.")
class AnnouncementReach:
    """A language and customers."""

    language: str = strawberry.field(description="Such as `lv`.")
    customers: int = strawberry.field(description="How many.")


@strawberry.type(description="Whom an announcement would reach if it were sent now.")
class AnnouncementPreview:
    """Counts."""

    customers: int = strawberry.field(description="How many customers; each is told once.")
    by_language: list[AnnouncementReach] = strawberry.field(description="The same by language; a few.")


@strawberry.type(description="Why nothing was announced.")
class AnnouncementUserError:
    """A refusal."""

    code: AnnouncementErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.type(description="The announcement, or why there is none.")
class AnnouncementSendPayload:
    """An announcement, or a refusal."""

    announcement: Announcement | None = strawberry.field(description="The announcement; null if it was refused.")
    user_errors: list[AnnouncementUserError] = strawberry.field(description=USER_ERRORS)


PREVIEW_GIVEN = (
    Given("adapter", str, "Code of the utility."),
    Given("to", AnnouncementTargetInput | None, "Whom it would be for; everybody if left out."),
)


async def announcement_preview(
    reads: Reads, *, adapter: str, to: AnnouncementTargetInput | None = None
) -> AnnouncementPreview:
    """Count whom an announcement would reach; a target that cannot be is BAD_INPUT."""
    target = Target() if to is None else _target(to)
    try:
        async with read_session(reads.engine) as session:
            found = await announcing.count_announced(session, adapter=adapter, to=target, now=reads.now)
    except Refusal as refusal:
        raise bad_input(f"{refusal.code}: {refusal.message}.") from refusal
    reach = [AnnouncementReach(language=language, customers=count) for language, count in found.items()]
    return AnnouncementPreview(customers=sum(found.values()), by_language=reach)


async def sent_announcements(reads: Reads) -> list[Announcement]:
    """Read the last announcements."""
    async with read_session(reads.engine) as session:
        found = await announcing.announcements(session, most=ANNOUNCEMENTS_MAX)
    return [_shown(one, language=reads.language) for one in found]


async def announcement_send(info: Info, given: AnnouncementSendInput) -> AnnouncementSendPayload:
    """Write an announcement down for everybody whom it is for, or say why not."""
    context = info.context
    person_id = context.viewer.person_id
    assert person_id is not None, "an employee is signed in"
    to = _target(given.to)
    words = {language: vars(getattr(given.words, language)) for language in NOTICE_LANGUAGES}
    new = NewAnnouncement(adapter=given.adapter, own_topic=given.own_topic, words=words, to=to)
    area = [to.city, to.postcode, to.street]
    body = {"adapter": new.adapter, "topic": new.own_topic, "words": words, "area": area, "contracts": to.contract_ids}
    asked = {"operation": "announcement_send", "key": given.idempotency_key}
    utilities = _utilities(context.services.host)

    async def do(session: AsyncSession) -> int:
        return await announcing.send_announcement(
            session, announcement=new, utilities=utilities, person_id=person_id, now=context.now
        )

    try:
        async with unit_of_work(context.engine) as session:
            known = await claim_request(session, person_id=person_id, body=body, now=context.now, **asked)
            number = int(known["number"]) if known is not None else await do(session)
            if known is None:
                await keep_answer(session, person_id=person_id, answer={"number": number}, **asked)
    except Refusal as refusal:
        error = user_error(AnnouncementUserError, AnnouncementErrorCode, refusal)
        return AnnouncementSendPayload(announcement=None, user_errors=[error])
    async with read_session(context.engine) as session:
        (found,) = await announcing.announcements(session, most=1, announcement_id=number)
    return AnnouncementSendPayload(announcement=_shown(found, language=context.reads.language), user_errors=[])


def _target(given: AnnouncementTargetInput) -> Target:
    ids = given.contract_ids
    contracts = None if ids is None else tuple(number_of(one, type_name="Contract") for one in ids)
    if given.area is None:
        return Target(contract_ids=contracts)
    return Target(city=given.area.city, postcode=given.area.postcode, street=given.area.street, contract_ids=contracts)


def _shown(one: ToldAnnouncement, *, language: str) -> Announcement:
    words = one.words.get(language) or one.words["lv"]
    return Announcement(
        id=encode_id(type_name=ID_TYPE, number=one.id),
        adapter=one.adapter,
        own_topic=one.topic,
        subject=words["subject"],
        city=one.city,
        postcode=one.postcode,
        street=one.street,
        contracts=one.contracts,
        customers=one.customers,
        told=one.told,
        made_at=one.made_at,
    )


def _utilities(host: AdapterHost | None) -> Utilities:
    return {} if host is None else host.live
