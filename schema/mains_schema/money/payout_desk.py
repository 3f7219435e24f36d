"""Refunds by bank: asked for, put into files for the bank, and what became of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.paying import payouts, queries
from mains_server.paying.records import Payout, PayoutState
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.scalars import Money
from mains_schema.money.paying import PaymentRefund

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

PAYOUT_FILES_SHOWN = 50
NUMBER = "The file's number."
BECAUSE = "Why, for the file; 1 to 1,000 characters."
Do = Callable[[AsyncSession], Awaitable[int]]


class PayoutErrorCode(Enum):
    """Why nothing was done with refunds by bank."""

    NO_REFUNDS = "NO_REFUNDS"
    ACCOUNT_NOT_OURS = "ACCOUNT_NOT_OURS"
    PAYOUT_FILE_UNKNOWN = "PAYOUT_FILE_UNKNOWN"
    PAYOUT_FILE_OVER = "PAYOUT_FILE_OVER"
    PAYOUT_FILE_NOT_TAKEN = "PAYOUT_FILE_NOT_TAKEN"
    REFUND_UNKNOWN = "REFUND_UNKNOWN"
    REFUND_OVER = "REFUND_OVER"
    REASON_WRONG = "REASON_WRONG"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    PayoutErrorCode,
    "Why nothing was done with refunds by bank.",
    {
        "NO_REFUNDS": "No refund waits that another employee asked for.",
        "ACCOUNT_NOT_OURS": "No seller has this account.",
        "PAYOUT_FILE_UNKNOWN": "There is no such file.",
        "PAYOUT_FILE_OVER": "The file was confirmed or cancelled before.",
        "PAYOUT_FILE_NOT_TAKEN": "Nobody has taken the file yet.",
        "REFUND_UNKNOWN": "There is no such refund by bank.",
        "REFUND_OVER": "The refund has come to its end.",
        "REASON_WRONG": "The reason is missing, or longer than 1,000 characters.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)
described(
    PayoutState,
    "How far a file of refunds is.",
    {
        "MADE": "It waits to be taken, once, from its `url`.",
        "TAKEN": "An employee took it to the bank; confirm it when the bank has sent it.",
        "CONFIRMED": "Its refunds left, but those that were rejected.",
        "CANCELLED": "It does not go to the bank; its refunds wait for another file.",
    },
)


@strawberry.type(description="Why nothing was done with refunds by bank.")
class PayoutUserError:
    """A refusal."""

    code: PayoutErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.type(description="Refunds that a bank is to send, as one file (ISO 20022 pain.001.001.09).")
class PayoutFile:
    """A file."""

    number: int = strawberry.field(description="Its number.")
    state: PayoutState = strawberry.field(description="How far it is.")
    from_iban: str = strawberry.field(description="The seller's account that they leave.")
    refunds: int = strawberry.field(description="How many it has.")
    total: Money = strawberry.field(description="What they add up to.")
    sha256: str = strawberry.field(description="Hash of the file.")
    made_at: datetime = strawberry.field(description="When it was made.")
    url: str = strawberry.field(
        description="Path under the API's address to take it from, with the session's token, once; by billing clerks."
    )


@strawberry.input(description="From which account refunds leave.")
class PayoutFileMakeInput:
    """An account."""

    from_iban: str = strawberry.field(description="IBAN of a seller.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which file the bank has sent.")
class PayoutFileConfirmInput:
    """A file."""

    number: int = strawberry.field(description=NUMBER)


@strawberry.input(description="Which file does not go to the bank.")
class PayoutFileCancelInput:
    """A file and a reason."""

    number: int = strawberry.field(description=NUMBER)
    reason: str = strawberry.field(description=BECAUSE)


@strawberry.input(description="Which refund by bank does not go.")
class RefundRejectInput:
    """A refund and a reason."""

    refund_id: strawberry.ID = strawberry.field(description="Global id of the refund.")
    reason: str = strawberry.field(description=BECAUSE)


@strawberry.type(description="A file of refunds, or why nothing was done.")
class PayoutFilePayload:
    """The file, or a refusal."""

    payout_file: PayoutFile | None = strawberry.field(description="The file as it stands; null if it was refused.")
    user_errors: list[PayoutUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="A refund by bank, or why nothing was done.")
class RefundRejectPayload:
    """The refund, or a refusal."""

    refund: PaymentRefund | None = strawberry.field(description="The refund as it stands; null if it was refused.")
    user_errors: list[PayoutUserError] = strawberry.field(description=USER_ERRORS)


async def payout_files(reads: Reads) -> list[PayoutFile]:
    """Read the last files."""
    async with read_session(reads.engine) as session:
        return [_shown(one) for one in await queries.payout_files(session, most=PAYOUT_FILES_SHOWN)]


async def payout_file_make(info: Info, given: PayoutFileMakeInput) -> PayoutFilePayload:
    """Make a file of the refunds that wait."""
    context = info.context

    async def do(session: AsyncSession) -> int:
        return await payouts.make_payout_file(
            session,
            viewer=context.viewer,
            from_iban=given.from_iban[:50],
            key=given.idempotency_key,
            now=context.now,
        )

    return await _filed(info, do)


async def payout_file_confirm(info: Info, given: PayoutFileConfirmInput) -> PayoutFilePayload:
    """Book that the bank has sent a file."""
    context = info.context

    async def do(session: AsyncSession) -> int:
        await payouts.confirm_payout_file(session, viewer=context.viewer, number=given.number, now=context.now)
        return given.number

    return await _filed(info, do)


async def payout_file_cancel(info: Info, given: PayoutFileCancelInput) -> PayoutFilePayload:
    """Let a file's refunds wait again."""

    async def do(session: AsyncSession) -> int:
        await payouts.cancel_payout_file(session, number=given.number, reason=given.reason, now=info.context.now)
        return given.number

    return await _filed(info, do)


async def refund_reject(info: Info, given: RefundRejectInput) -> RefundRejectPayload:
    """Give a refund that does not go back to the customer's credit."""
    context, number = info.context, number_of(given.refund_id, type_name="PaymentRefund")
    try:
        async with unit_of_work(context.engine) as session:
            await payouts.reject_refund(session, refund_id=number, reason=given.reason, now=context.now)
    except Refusal as refusal:
        return RefundRejectPayload(refund=None, user_errors=[_error(refusal)])
    return RefundRejectPayload(refund=changed(PaymentRefund, number), user_errors=[])


async def _filed(info: Info, do: Do) -> PayoutFilePayload:
    try:
        async with unit_of_work(info.context.engine) as session:
            number = await do(session)
            made = await queries.payout_file(session, file_id=number)
    except Refusal as refusal:
        return PayoutFilePayload(payout_file=None, user_errors=[_error(refusal)])
    return PayoutFilePayload(payout_file=_shown(made), user_errors=[])


def _error(refusal: Refusal) -> PayoutUserError:
    return user_error(PayoutUserError, PayoutErrorCode, refusal)


def _shown(one: Payout) -> PayoutFile:
    return PayoutFile(
        number=one.id,
        state=one.state,
        from_iban=one.iban,
        refunds=one.refunds,
        total=Money(amount=one.total, currency=one.currency),
        sha256=one.sha256,
        made_at=one.made_at,
        url=f"/payouts/{one.id}",
    )
