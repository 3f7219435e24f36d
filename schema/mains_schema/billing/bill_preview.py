"""The bill of any days of a contract: the code that issues it, without issuing; and issued bills verified by it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.billing.foreseeing import Foreseen, foresee
from mains_server.billing.verifying import Verification, VerificationOutcome, verify_invoice
from mains_server.contracts.tables import Contract as C
from mains_server.db.unit_of_work import read_session
from mains_spi import Period as Days
from sqlalchemy import select
from sqlmodel import col

from mains_schema.common.scopes import CONTRACTS
from mains_schema.declaring.errors import bad_input, not_found, unauthenticated
from mains_schema.declaring.given import Given
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, RETRYABLE, USER_ERROR_PATH, user_error
from mains_schema.declaring.resolve import Reads
from mains_schema.declaring.scalars import Period
from mains_schema.metering.consumption import PeriodInput
from mains_schema.metering.window import UnsentBill, bill_of

# Both rate a whole bill anew, of a house with all its flats: a quarter of a second (`bench/worst_document.py`).
BILL_PREVIEW_ROWS = 4_000
VERIFICATION_ROWS = 1_500
PREVIEW_GIVEN = (
    Given("contract_id", strawberry.ID, "Global id of the contract."),
    Given("period", PeriodInput, "Its days: at most 800, and at most two months ahead."),
)


class BillPreviewErrorCode(Enum):
    """Why a bill could not be worked out."""

    PERIOD_NOT_PREVIEWED = "PERIOD_NOT_PREVIEWED"
    PERIOD_OUTSIDE_CONTRACT = "PERIOD_OUTSIDE_CONTRACT"
    CONTRACT_NOT_BILLED = "CONTRACT_NOT_BILLED"
    BILL_HELD = "BILL_HELD"


described(
    BillPreviewErrorCode,
    "Why a bill could not be worked out.",
    {
        "PERIOD_NOT_PREVIEWED": "It has too many days, or they are too far ahead.",
        "PERIOD_OUTSIDE_CONTRACT": "The contract is not in force on all of these days.",
        "CONTRACT_NOT_BILLED": "The contract gets no bill itself.",
        "BILL_HELD": "Something is missing, such as a reading or a price; the message says what.",
    },
)


@strawberry.type(description="Why a bill could not be worked out.")
class BillPreviewError:
    """A refusal."""

    code: BillPreviewErrorCode = strawberry.field(description="What is wrong.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.type(description="A contract's bill of some days, worked out as it would be issued. Nothing is booked.")
class BillPreview:
    """A bill, or why there is none."""

    bill: UnsentBill | None = strawberry.field(description="The bill; null if it cannot be worked out.")
    forecast: Period | None = strawberry.field(
        description="Days of it that are yet to come: what is used on them is foretold from what was used before, at"
        " the prices known today, and the lines and usage that rest on it are ESTIMATED. Null if all days are over."
    )
    error: BillPreviewError | None = strawberry.field(description="Why there is no bill; null if there is one.")


async def bill_preview(reads: Reads, *, contract_id: strawberry.ID, period: PeriodInput) -> BillPreview:
    """Work out the bill of some days of a contract that the viewer sees."""
    if period.end <= period.start:
        raise bad_input("`to` is the day after the last one, later than `from`.")
    number = await _seen(reads, number_of(contract_id, type_name="Contract"))
    if reads.host is None:
        raise bad_input("No adapter is at work.")
    try:
        found = await foresee(
            reads.engine, host=reads.host, contract_id=number, period=Days(period.start, period.end), today=reads.today
        )
    except Refusal as refusal:
        error = user_error(BillPreviewError, BillPreviewErrorCode, refusal)
        return BillPreview(bill=None, forecast=None, error=error)
    return _shown(reads, found)


def _shown(reads: Reads, found: Foreseen) -> BillPreview:
    ahead = found.forecast
    days = None if ahead is None else Period(start=ahead.start, end=ahead.end)
    return BillPreview(bill=bill_of(reads, found.previewed), forecast=days, error=None)


async def _seen(reads: Reads, number: int) -> int:
    if not reads.viewer.is_signed_in:
        raise unauthenticated()
    condition = CONTRACTS.condition(reads.viewer)
    statement = select(col(C.id)).where(col(C.id) == number)
    if not await reads.rows(statement if condition is None else statement.where(condition)):
        raise not_found("There is no such contract, or it is not yours to see.")
    return number


@strawberry.type(description="A line of an invoice, or its total, that comes out otherwise than it was issued.")
class InvoiceDifference:
    """What stands and what comes out."""

    position: int | None = strawberry.field(description="Place of the line; null for the total.")
    code: str | None = strawberry.field(description="Code of the charge; null for the total.")
    stored: Decimal | None = strawberry.field(
        description="Net of the line, or the total, as issued; null if it is not there."
    )
    now: Decimal | None = strawberry.field(description="The same as it comes out now; null if none.")


@strawberry.type(description="An issued invoice rated again from what is stored with it, and compared to the cent.")
class InvoiceVerification:
    """Whether it comes out the same."""

    outcome: VerificationOutcome = strawberry.field(description="What came of it.")
    differences: list[InvoiceDifference] = strawberry.field(description="What differs; empty if nothing does.")
    reason: str | None = strawberry.field(description="Why it cannot be verified, in English; null if it can.")


async def verification(reads: Reads, invoice_id: int) -> InvoiceVerification:
    """Verify an invoice, one after the other."""

    async def run(invoices: list[int]) -> list[InvoiceVerification]:
        return [await _verified(reads, invoice) for invoice in invoices]

    found: InvoiceVerification = await reads.load("verifications", invoice_id, run)
    return found


async def _verified(reads: Reads, invoice_id: int) -> InvoiceVerification:
    if reads.host is None:
        return InvoiceVerification(
            outcome=VerificationOutcome.NOT_VERIFIABLE, differences=[], reason="no adapter is at work"
        )
    async with read_session(reads.engine) as session:
        return _told(await verify_invoice(session, host=reads.host, invoice_id=invoice_id))


def _told(found: Verification) -> InvoiceVerification:
    return InvoiceVerification(
        outcome=found.outcome,
        differences=[
            InvoiceDifference(position=one.position, code=one.code, stored=one.stored, now=one.now)
            for one in found.differences
        ],
        reason=found.reason,
    )
