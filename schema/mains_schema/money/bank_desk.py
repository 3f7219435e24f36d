"""What employees do with bank statements: announce files, say whose movements are, and take that back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.statements import desk
from mains_server.statements.operations import create_upload
from mains_server.statements.records import (
    AsideReason,
    AsideRequest,
    MatchRequest,
    PartRequest,
    ReverseRequest,
    TakeBackRequest,
)
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.money.bank import BankLine, BankStatementUpload

UPLOAD_PATH = "/uploads/statements/{token}"
LINE = "Global id of the movement."
NOTE = "Why, for the file; 1 to 1,000 characters."


class BankLineErrorCode(Enum):
    """Why nothing was decided on a movement."""

    LINE_UNKNOWN = "LINE_UNKNOWN"
    LINE_DECIDED = "LINE_DECIDED"
    LINE_NOT_DECIDED = "LINE_NOT_DECIDED"
    LINE_NOT_MONEY_IN = "LINE_NOT_MONEY_IN"
    PARTS_DO_NOT_ADD_UP = "PARTS_DO_NOT_ADD_UP"
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    INVOICE_NOT_PAYABLE = "INVOICE_NOT_PAYABLE"
    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    NOTE_WRONG = "NOTE_WRONG"
    PAYOUT_WRONG = "PAYOUT_WRONG"
    MONEY_GONE = "MONEY_GONE"
    ORIGINAL_WRONG = "ORIGINAL_WRONG"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    BankLineErrorCode,
    "Why nothing was decided on a movement.",
    {
        "LINE_UNKNOWN": "There is no such movement.",
        "LINE_DECIDED": "It does not wait for anybody (any more); `bankLineTakeBack` puts it back into the queue.",
        "LINE_NOT_DECIDED": "Nothing was decided on it that can be taken back.",
        "LINE_NOT_MONEY_IN": "It went out, so that it is nobody's payment.",
        "PARTS_DO_NOT_ADD_UP": "The parts are not 1 to 50, not all above nothing, or do not make the movement.",
        "CUSTOMER_UNKNOWN": "There is no such customer.",
        "INVOICE_NOT_PAYABLE": "An invoice is another customer's, nothing is open on it, or nothing is left for it.",
        "CONTRACT_UNKNOWN": "The customer has no such contract, or invoices are named besides.",
        "NOTE_WRONG": "The note is missing, or longer than 1,000 characters.",
        "PAYOUT_WRONG": "A payout names a provider that is set up, and a fee of 0.00 or more; nothing else does.",
        "MONEY_GONE": "The money was refunded, or taken back by the bank, since.",
        "ORIGINAL_WRONG": "The other movement is no matched one of this account that brought the same amount.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why nothing was decided on a movement.")
class BankLineUserError:
    """A refusal."""

    code: BankLineErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.type(description="What became of a movement.")
class BankLinePayload:
    """The movement, or why nothing was done."""

    bank_line: BankLine | None = strawberry.field(description="The movement as it stands now; null if it was refused.")
    user_errors: list[BankLineUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="Whose a movement is.")
class BankLineMatchInput:
    """A movement and a customer."""

    line_id: strawberry.ID = strawberry.field(description=LINE)
    customer_id: strawberry.ID = strawberry.field(description="Global id of the customer.")
    invoice_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of the invoices that it is for, at most 50; what they leave settles the oldest. Empty"
        " for the oldest first.",
        default_factory=list,
    )
    contract_id: strawberry.ID | None = strawberry.field(
        description="Global id of the levelled contract that is to hold it, instead of invoices.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="A part of a movement that is one customer's.")
class BankLinePartInput:
    """A part and a customer."""

    customer_id: strawberry.ID = strawberry.field(description="Global id of the customer.")
    amount: Decimal = strawberry.field(description="How much, in the movement's currency; above 0, two decimals.")
    invoice_ids: list[strawberry.ID] = strawberry.field(
        description="Global ids of the invoices that it is for, at most 50; empty for the oldest first.",
        default_factory=list,
    )
    contract_id: strawberry.ID | None = strawberry.field(
        description="Global id of the levelled contract that is to hold it, instead of invoices.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="How a movement is divided among customers.")
class BankLineSplitInput:
    """A movement and its parts."""

    line_id: strawberry.ID = strawberry.field(description=LINE)
    parts: list[BankLinePartInput] = strawberry.field(description="1 to 50 parts that make all of it.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="What a movement is that is no customer's payment.")
class BankLineSetAsideInput:
    """A movement and a reason."""

    line_id: strawberry.ID = strawberry.field(description=LINE)
    reason: AsideReason = strawberry.field(description="What it is; each has an account of its own in the books.")
    note: str = strawberry.field(description=NOTE)
    provider: str | None = strawberry.field(
        description="Code of the payment provider, for PROVIDER_PAYOUT and nothing else.", default=strawberry.UNSET
    )
    fee: Decimal | None = strawberry.field(
        description="What the provider kept of its payout, in the movement's currency; 0.00 or more. Without it 0.00.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which decision on a movement is taken back.")
class BankLineTakeBackInput:
    """A movement and a reason."""

    line_id: strawberry.ID = strawberry.field(description=LINE)
    note: str = strawberry.field(description=NOTE)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which earlier movement the bank took back.")
class BankLineReverseInput:
    """Two movements."""

    line_id: strawberry.ID = strawberry.field(description="Global id of the movement that went out.")
    original_id: strawberry.ID = strawberry.field(description="Global id of the movement that it takes back.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="Where to send a file of bank statements.")
class BankStatementUploadCreatePayload:
    """The address is shown this once."""

    upload_url: str = strawberry.field(
        description="Path under the API's address to send the file to by PUT: camt.053 of at most 128 MB, once, within"
        " 15 minutes. The answer is the report as JSON."
    )
    upload: BankStatementUpload | None = strawberry.field(
        description="The upload, WAITING for its file; null only where who announced it may no longer see uploads."
    )


Decide = Callable[[AsyncSession], Awaitable[None]]


async def bank_statement_upload_create(info: Info) -> BankStatementUploadCreatePayload:
    """Give out an address for a file."""
    context = info.context
    async with unit_of_work(context.engine) as session:
        made = await create_upload(session, viewer=context.viewer, now=context.now)
    return BankStatementUploadCreatePayload(
        upload_url=UPLOAD_PATH.format(token=made.token), upload=changed(BankStatementUpload, made.id)
    )


async def bank_line_match(info: Info, given: BankLineMatchInput) -> BankLinePayload:
    """Receive a movement as a customer's payment."""
    part = _part(given.customer_id, None, given.invoice_ids, given.contract_id)
    return await _match(info, given.line_id, (part,), key=given.idempotency_key)


async def bank_line_split(info: Info, given: BankLineSplitInput) -> BankLinePayload:
    """Divide a movement among customers."""
    parts = [_part(one.customer_id, one.amount, one.invoice_ids, one.contract_id) for one in given.parts]
    return await _match(info, given.line_id, tuple(parts), key=given.idempotency_key)


async def bank_line_set_aside(info: Info, given: BankLineSetAsideInput) -> BankLinePayload:
    """Book a movement as no customer's payment."""
    context, number = info.context, number_of(given.line_id, type_name="BankLine")
    request = AsideRequest(
        line_id=number,
        reason=given.reason,
        note=given.note,
        provider=given.provider or None,
        fee=None if given.fee is None or given.fee is strawberry.UNSET else given.fee,
        providers=frozenset(context.services.terminals.codes),
        idempotency_key=given.idempotency_key,
    )
    return await _decided(
        info,
        number,
        lambda session: desk.set_line_aside(session, viewer=context.viewer, request=request, now=context.now),
    )


async def bank_line_take_back(info: Info, given: BankLineTakeBackInput) -> BankLinePayload:
    """Take back what was decided on a movement."""
    context, number = info.context, number_of(given.line_id, type_name="BankLine")
    request = TakeBackRequest(line_id=number, note=given.note, idempotency_key=given.idempotency_key)
    return await _decided(
        info,
        number,
        lambda session: desk.take_back_line(session, viewer=context.viewer, request=request, now=context.now),
    )


async def bank_line_reverse(info: Info, given: BankLineReverseInput) -> BankLinePayload:
    """Take back the payments whose money the bank took back."""
    context, number = info.context, number_of(given.line_id, type_name="BankLine")
    request = ReverseRequest(
        line_id=number,
        original_id=number_of(given.original_id, type_name="BankLine"),
        idempotency_key=given.idempotency_key,
    )
    return await _decided(
        info,
        number,
        lambda session: desk.reverse_by_line(session, viewer=context.viewer, request=request, now=context.now),
    )


async def _match(info: Info, line_id: str, parts: tuple[PartRequest, ...], *, key: str) -> BankLinePayload:
    context, number = info.context, number_of(line_id, type_name="BankLine")
    request = MatchRequest(line_id=number, idempotency_key=key, parts=parts)
    return await _decided(
        info,
        number,
        lambda session: desk.match_line(session, viewer=context.viewer, request=request, now=context.now),
    )


async def _decided(info: Info, number: int, decide: Decide) -> BankLinePayload:
    try:
        async with unit_of_work(info.context.engine) as session:
            await decide(session)
    except Refusal as refusal:
        error = user_error(BankLineUserError, BankLineErrorCode, refusal)
        return BankLinePayload(bank_line=None, user_errors=[error])
    return BankLinePayload(bank_line=changed(BankLine, number), user_errors=[])


def _part(customer_id: str, amount: Decimal | None, invoice_ids: list[Any], contract_id: str | None) -> PartRequest:
    return PartRequest(
        customer_id=number_of(customer_id, type_name="Customer"),
        amount=amount,
        invoice_ids=tuple(number_of(one, type_name="Invoice") for one in invoice_ids[:51]),
        contract_id=number_of(contract_id, type_name="Contract") if contract_id else None,
    )
