"""Notices by letter: files for the printer, and that they were posted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.notifications import queries
from mains_server.notifications.posting import LETTERS_MAX, make_notice_mailing, mark_posted, set_aside_unprintable
from mains_server.notifications.records import Mailing
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads


class NoticeMailingErrorCode(Enum):
    """Why no mailing was made or marked."""

    NO_LETTERS = "NO_LETTERS"
    MAILING_UNKNOWN = "MAILING_UNKNOWN"
    MAILING_POSTED = "MAILING_POSTED"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    NoticeMailingErrorCode,
    "Why no mailing was made or marked.",
    {
        "NO_LETTERS": "No notice waits for the printer.",
        "MAILING_UNKNOWN": "There is no such mailing of notices.",
        "MAILING_POSTED": "It was posted already.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Notices that are printed and posted together.")
class NoticeMailing:
    """A mailing."""

    number: int = strawberry.field(description="Its number.")
    made_at: datetime = strawberry.field(description="When it was made, and closed.")
    letters: int = strawberry.field(description=f"How many letters are in it, at most {LETTERS_MAX}.")
    sha256: str = strawberry.field(description="SHA-256 of its ZIP.")
    size: int = strawberry.field(description="Bytes of its ZIP.")
    posted_at: datetime | None = strawberry.field(description="When an employee said that it was posted; else null.")
    url: str = strawberry.field(
        description="Path of its ZIP on this server, to GET with the header Authorization of an employee. The ZIP is"
        " kept for 30 days (`MAINS_FILES_KEPT`), since it holds addresses; then the path is 404."
    )


@strawberry.type(description="Why no mailing was made or marked.")
class NoticeMailingUserError:
    """A refusal."""

    code: NoticeMailingErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="That the notices which wait for the printer are put into one mailing.")
class NoticeMailingMakeInput:
    """A key."""

    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which mailing was posted.")
class NoticeMailingPostInput:
    """A mailing."""

    number: int = strawberry.field(description="Its number, above 0.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The mailing, or why nothing was done.")
class NoticeMailingPayload:
    """A mailing, or a refusal."""

    mailing: NoticeMailing | None = strawberry.field(description="The mailing; null if it was refused.")
    user_errors: list[NoticeMailingUserError] = strawberry.field(description=USER_ERRORS)


async def notice_mailings(reads: Reads) -> list[NoticeMailing]:
    """Read the last mailings."""
    async with read_session(reads.engine) as session:
        return [_shown(one) for one in await queries.mailings(session)]


async def notice_mailing_make(info: Info, given: NoticeMailingMakeInput) -> NoticeMailingPayload:
    """Put the notices that wait for the printer into one mailing, or say why not."""
    person_id, now = _staff(info), info.context.now

    async def do(session: AsyncSession) -> int:
        heads = info.context.services.letter_heads
        return await make_notice_mailing(session, person_id=person_id, now=now, heads=heads)

    async with unit_of_work(info.context.engine) as session:
        await set_aside_unprintable(session, now=now)
    return await _answered(info, "notice_mailing_make", key=given.idempotency_key, body={}, do=do)


async def notice_mailing_post(info: Info, given: NoticeMailingPostInput) -> NoticeMailingPayload:
    """Note that a mailing was posted, or say why not."""
    person_id = _staff(info)

    async def do(session: AsyncSession) -> int:
        return await mark_posted(session, mailing_id=given.number, person_id=person_id, now=info.context.now)

    body: dict[str, object] = {"number": given.number}
    return await _answered(info, "notice_mailing_post", key=given.idempotency_key, body=body, do=do)


async def _answered(
    info: Info, operation: str, *, key: str, body: dict[str, object], do: Callable[[AsyncSession], Awaitable[int]]
) -> NoticeMailingPayload:
    context, person_id = info.context, _staff(info)
    asked = {"operation": operation, "key": key}
    try:
        async with unit_of_work(context.engine) as session:
            known = await claim_request(session, person_id=person_id, body=body, now=context.now, **asked)
            number = int(known["number"]) if known is not None else await do(session)
            if known is None:
                await keep_answer(session, person_id=person_id, answer={"number": number}, **asked)
    except Refusal as refusal:
        error = user_error(NoticeMailingUserError, NoticeMailingErrorCode, refusal)
        return NoticeMailingPayload(mailing=None, user_errors=[error])
    async with read_session(context.engine) as session:
        found = await queries.mailing_of(session, mailing_id=number)
    return NoticeMailingPayload(mailing=_shown(found), user_errors=[])


def _staff(info: Info) -> int:
    person_id = info.context.viewer.person_id
    assert person_id is not None, "an employee is signed in"
    return person_id


def _shown(one: Mailing) -> NoticeMailing:
    return NoticeMailing(
        number=one.id,
        made_at=one.made_at,
        letters=one.letters,
        sha256=one.sha256,
        size=one.size,
        posted_at=one.posted_at,
        url=f"/notice-mailings/{one.id}",
    )
