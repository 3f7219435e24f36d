"""Putting wrong bills right: the utility's own work, and the chain of documents that customers see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.billing.corrections import CorrectionRequest, WorkedOff, correct_within, invoice_number, work_off
from mains_server.billing.records import Corrected, CorrectionOutcome, CorrectionReason
from mains_server.billing.tables import Correction as CN
from mains_server.billing.tables import SettlementLine as SL
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.common.words import word
from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import (
    OrderBy,
    column,
    computed,
    descending,
    described,
    embed,
    key,
    many,
    mapped,
    one,
    orders,
)
from mains_schema.declaring.node import Node, number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.declaring.scalars import Money, Period
from mains_schema.declaring.scope import allowed

if TYPE_CHECKING:
    from mains_schema.billing.billing_crediting import InvoiceCreditInput
    from mains_schema.billing.invoice import Invoice
    from mains_schema.contracts.contract import Contract

AT_ONCE_MAX = 100


class CorrectionErrorCode(Enum):
    """Why an invoice was not corrected, or not taken back."""

    INVOICE_UNKNOWN = "INVOICE_UNKNOWN"
    CREDIT_NOTE_STANDS = "CREDIT_NOTE_STANDS"
    INVOICE_CREDITED = "INVOICE_CREDITED"
    INVOICE_NOT_RATED = "INVOICE_NOT_RATED"
    INVOICE_DATED_LATER = "INVOICE_DATED_LATER"
    INVOICE_SETTLED = strawberry.enum_value(
        "INVOICE_SETTLED",
        deprecation_reason="Not given since 2026-11-27: what other bills have of an invoice is taken off with it.",
    )
    CREDIT_REFUNDED = "CREDIT_REFUNDED"
    CORRECTION_HELD = "CORRECTION_HELD"
    HOUSE_BILLED_IN_PART = "HOUSE_BILLED_IN_PART"
    CORRECTION_NOTE_WRONG = "CORRECTION_NOTE_WRONG"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    CorrectionErrorCode,
    "Why an invoice was not corrected, or not taken back.",
    {
        "INVOICE_UNKNOWN": "There is no such invoice.",
        "CREDIT_NOTE_STANDS": "It is a credit note; what it took back is billed again, not the note corrected.",
        "INVOICE_CREDITED": "It was taken back; its replacement, which the message names, is what can be corrected.",
        "INVOICE_NOT_RATED": "No billing run worked it out, so that it cannot be rated again.",
        "INVOICE_DATED_LATER": "It bears a later date than today, and no credit note is dated before it.",
        "INVOICE_SETTLED": "Another bill settles what was wrong with it.",
        "CREDIT_REFUNDED": "It is below nothing, and what it gave was refunded, or is on its way to the customer.",
        "CORRECTION_HELD": "Its days cannot be rated again as things are; the message says what is missing.",
        "HOUSE_BILLED_IN_PART": "A premise of its house has no bill of the period yet.",
        "CORRECTION_NOTE_WRONG": "The note is missing, or longer than 1,000 characters.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@orders
class CorrectionOrder(OrderBy):
    """Order of corrections."""

    NEWEST = descending("Last made first.", CN.corrected_at)


@mapped(SL, scope=allowed(SL.customer_id, SL.contract_id))
class SettlementLine:
    """What a corrected bill should have charged by one code and tax, and what it did; or what takes that back off."""

    code: str = column("Code of the charge, as the utility declares it.", SL.code)
    label: str = computed("The charge in the viewer's language.", word, SL.adapter, SL.code)
    period: Period = embed("Days it is for.", Period, start=SL.period_from, end=SL.period_to)
    billed: Money = embed(
        "What was charged without tax, with what was settled since.", Money, amount=SL.billed, currency=SL.currency
    )
    due: Money = embed("What should have been charged.", Money, amount=SL.due, currency=SL.currency)
    net: Money = embed("The difference; negative if it comes back.", Money, amount=SL.net, currency=SL.currency)
    invoice: Invoice | None = one(
        "The bill that settles it; null while the next bill is to come, where nothing differs, and where it was"
        " withdrawn before. What stood on a bill that was taken back waits again.",
        SL.booked_invoice_id,
    )
    takes_back: SettlementLine | None = one(
        "The difference that it takes back off, since the invoice that this was of was taken back: nothing is due, and"
        " its net was billed by its `invoice`. Null for differences themselves.",
        SL.takes_back_id,
        to=SL.id,
    )
    withdrawn_by: Correction | None = one(
        "The correction since which it reaches no bill any more: the invoice that it is of was taken back, or has no"
        " next bill. Null for most.",
        SL.withdrawn_by_id,
    )


@mapped(CN, scope=allowed(CN.customer_id, CN.contract_id))
class Correction(Node):
    """An invoice that was looked at again, and what came of it."""

    id: strawberry.ID = key("Global id.", CN.id)
    reason: CorrectionReason = column("What had been wrong.", CN.reason)
    note: str = column("Why it was looked at, in the utility's words.", CN.note)
    outcome: CorrectionOutcome = column("What came of it.", CN.outcome)
    difference: Money = embed(
        "What is to be paid more, or less: with tax if the bill was replaced, without if the next one settles it.",
        Money,
        amount=CN.difference,
        currency=CN.currency,
    )
    corrected_on: date = column("The date on its documents.", CN.corrected_on)
    corrected_at: datetime = column("When it was made.", CN.corrected_at)
    contract: Contract = one("The contract.", CN.contract_id)
    invoice: Invoice = one("The invoice that was looked at.", CN.invoice_id)
    credit_note: Invoice | None = one("The credit note that took it back; null for most.", CN.credit_note_id)
    replacement: Invoice | None = one("The invoice in its place; null if none was needed.", CN.replacement_id)
    settlements: list[SettlementLine] = many(
        "Differences that the next bill settles, and what takes such back off; at most 60.",
        SL.correction_id,
        order=(SL.position,),
        about=4,
    )


@strawberry.type(description="Why an invoice was not corrected.")
class CorrectionUserError:
    """A refusal."""

    code: CorrectionErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="Which invoice is looked at again, and why.")
class InvoiceCorrectInput:
    """An invoice and a reason."""

    invoice_id: strawberry.ID = strawberry.field(description="Global id of the invoice.")
    reason: CorrectionReason = strawberry.field(description="What was wrong; PRICE rates at the prices known now.")
    note: str = strawberry.field(description="Why, as customers read it, also on documents; 1 to 1,000 characters.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="What came of looking at an invoice again.")
class InvoiceCorrectPayload:
    """A correction, or why there is none."""

    correction: Correction | None = strawberry.field(description="The correction; null if it was refused.")
    user_errors: list[CorrectionUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="How many of the corrections that are due are made now.")
class CorrectionsSettleInput:
    """A number."""

    at_most: int = strawberry.field(description=f"How many invoices at most: 1 to {AT_ONCE_MAX}.", default=AT_ONCE_MAX)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="An invoice that is still due for correction, and why.")
class CorrectionStillDue:
    """An invoice and a reason."""

    number: str = strawberry.field(description="Number of the invoice.")
    code: CorrectionErrorCode = strawberry.field(description="Why it was not corrected.")
    message: str = strawberry.field(description=IN_ENGLISH)


@strawberry.type(description="How the corrections that were due went.")
class CorrectionsSettlePayload:
    """Counts, and what is left."""

    replaced: int = strawberry.field(description="Invoices that were replaced.")
    on_next_bill: int = strawberry.field(description="Invoices whose difference goes on the next bill.")
    unchanged: int = strawberry.field(description="Invoices that came out the same.")
    still_due: list[CorrectionStillDue] = strawberry.field(description="Invoices that were not corrected; at most 100.")
    user_errors: list[CorrectionUserError] = strawberry.field(description=USER_ERRORS)


async def invoice_correct(info: Info, given: InvoiceCorrectInput) -> InvoiceCorrectPayload:
    """Have an invoice looked at again, once by the key, or say why not."""
    context = info.context

    async def correct(session: AsyncSession, request: CorrectionRequest) -> Corrected:
        return await correct_within(session, engine=context.engine, host=context.services.host, request=request)

    done = await once_corrected(info, given, operation="invoiceCorrect", do=correct)
    if isinstance(done, Refusal):
        return InvoiceCorrectPayload(correction=None, user_errors=[correction_error(done)])
    return InvoiceCorrectPayload(correction=changed(Correction, done), user_errors=[])


async def once_corrected(
    info: Info,
    given: InvoiceCorrectInput | InvoiceCreditInput,
    *,
    operation: str,
    do: Callable[[AsyncSession, CorrectionRequest], Awaitable[Corrected]],
) -> int | Refusal:
    """Put an invoice right in one transaction and once by the key; give its correction's id, or what refused it."""
    context, person = info.context, _biller(info)
    number = number_of(given.invoice_id, type_name="Invoice")
    body = {"invoice": number, "reason": given.reason.name, "note": given.note}
    claim: dict[str, Any] = {"person_id": person, "operation": operation, "key": given.idempotency_key}
    try:
        async with unit_of_work(context.engine) as session:
            answer = await claim_request(session, **claim, body=body, now=context.now)
            if answer is not None:
                return int(answer["correction"])
            request = CorrectionRequest(
                document_number=await invoice_number(session, invoice_id=number),
                reason=given.reason,
                note=given.note,
                issued_on=context.reads.today,
                now=context.now,
                person_id=person,
            )
            made = await do(session, request)
            await keep_answer(session, **claim, answer={"correction": made.id})
            return made.id
    except Refusal as refusal:
        return refusal


def correction_error(refusal: Refusal) -> CorrectionUserError:
    """Tell a refusal as data."""
    return user_error(CorrectionUserError, CorrectionErrorCode, refusal)


async def corrections_settle(info: Info, given: CorrectionsSettleInput) -> CorrectionsSettlePayload:
    """Work off corrections that are due, once by the key; another key goes on with what is left."""
    context = info.context
    claim: dict[str, Any] = {"person_id": _biller(info), "operation": "correctionsSettle", "key": given.idempotency_key}
    at_most = max(1, min(given.at_most, AT_ONCE_MAX))
    try:
        async with unit_of_work(context.engine) as session:
            answer = await claim_request(session, **claim, body={"at_most": at_most}, now=context.now)
            if answer is None:
                report = await work_off(
                    context.engine,
                    host=context.services.host,
                    issued_on=context.reads.today,
                    now=context.now,
                    at_most=at_most,
                )
                answer = _told(report)
                await keep_answer(session, **claim, answer=answer)
    except Refusal as refusal:
        error = user_error(CorrectionUserError, CorrectionErrorCode, refusal)
        return CorrectionsSettlePayload(replaced=0, on_next_bill=0, unchanged=0, still_due=[], user_errors=[error])
    return _settled(answer)


def _told(report: WorkedOff) -> dict[str, Any]:
    outcomes = [found.outcome for found in report.corrected]
    return {
        **{outcome.name: outcomes.count(outcome) for outcome in CorrectionOutcome},
        "refused": [[number, refusal.code, refusal.message] for number, refusal in report.refused],
    }


def _settled(answer: Mapping[str, Any]) -> CorrectionsSettlePayload:
    return CorrectionsSettlePayload(
        replaced=answer["REPLACED"],
        on_next_bill=answer["NEXT_BILL"],
        unchanged=answer["UNCHANGED"],
        still_due=[
            CorrectionStillDue(number=number, code=CorrectionErrorCode[code], message=message)
            for number, code, message in answer["refused"]
        ],
        user_errors=[],
    )


def _biller(info: Info) -> int:
    person_id = info.context.viewer.person_id
    assert person_id is not None, "a billing clerk is signed in"
    return person_id
