"""Corrections: a wrong bill is rated again, and replaced by a credit note and a new bill or settled on the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.billing import correcting, lookups, withdrawing
from mains_server.billing.comparing import Charged, differences, is_same, own_nets
from mains_server.billing.differences import hold_elsewhere
from mains_server.billing.keeping import keep_figures_in, note_resting_in
from mains_server.billing.records import (
    OF_NEIGHBOURS,
    Corrected,
    CorrectionReason,
    Difference,
    Elsewhere,
    Hold,
    NewCorrection,
    SettledRow,
    WrongBill,
)
from mains_server.billing.replacing import replace_bill
from mains_server.billing.rerating import RatedAnew, Rerated, RerateRequest, rerate
from mains_server.billing.rules import day_that_holds
from mains_server.billing.settling import written_in
from mains_server.contracts.charging import HOME_ZONE
from mains_server.contracts.queries import lock_building, lock_contract
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.queries import draft_of, invoice_by_number, lock_customer_invoices
from mains_server.invoices.records import InvoiceKind
from mains_server.metering.rules import civil_day

NOTE_CHARACTERS_MAX = 1000
READ = "a true reading came for a day that was billed on an estimate"
RESTS = "another bill that this one goes on from, or that shares its house, came out otherwise"
STRANDED = "the contract has no next bill, for which a difference of this one was waiting"
BY_ITSELF = frozenset({READ, RESTS, STRANDED})


class InvoiceUnknown(Refusal):
    """There is no such invoice."""

    code = "INVOICE_UNKNOWN"
    path = "invoiceId"


class CreditNoteStands(Refusal):
    """A credit note is not corrected: what it took back can be billed again."""

    code = "CREDIT_NOTE_STANDS"
    path = "invoiceId"


class InvoiceCredited(Refusal):
    """An invoice that was taken back is not corrected; its replacement is what can be."""

    code = "INVOICE_CREDITED"
    path = "invoiceId"


class InvoiceDatedLater(Refusal):
    """A credit note does not bear an earlier date than the invoice that it takes back."""

    code = "INVOICE_DATED_LATER"
    path = "invoiceId"
    is_retryable = True


class InvoiceNotRated(Refusal):
    """An invoice that no billing run worked out cannot be rated again."""

    code = "INVOICE_NOT_RATED"
    path = "invoiceId"


class CorrectionHeld(Refusal):
    """The period cannot be rated again as things are; the message says what is missing."""

    code = "CORRECTION_HELD"
    is_retryable = True


class HouseBilledInPart(Refusal):
    """A house is corrected whole, so that each of its premises must have its bill first."""

    code = "HOUSE_BILLED_IN_PART"
    is_retryable = True


class NoteWrong(Refusal):
    """A correction says why, in at most 1,000 characters."""

    code = "CORRECTION_NOTE_WRONG"
    path = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRequest:
    """Which invoice to look at again, why, on which date, and who asks; nobody does where it was due by itself."""

    document_number: str
    reason: CorrectionReason
    note: str
    issued_on: date
    now: datetime
    person_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedOff:
    """How corrections that were due went: what came of each, and why others are still due."""

    corrected: tuple[Corrected, ...] = ()
    refused: tuple[tuple[str, Refusal], ...] = ()


async def correct_invoice(engine: AsyncEngine, *, host: AdapterHost, request: CorrectionRequest) -> Corrected:
    """Rate an invoice's days again, and put right what comes out otherwise, in one transaction.

    The prices are those that the bill was priced, or put right, by; for reason PRICE those known now. What is known of
    readings, contract and place is what is known now. A bill that comes out the same stays. By the utility's policy a
    wrong one is replaced (credit note and new invoice, which the money paid follows), or its difference goes on the
    next bill; a house is always corrected whole, and a contract without a next bill always by documents. A difference
    on another bill is counted, and taken back off where the bill is replaced. Settles what was due. Raises the
    refusals of this file, and then leaves nothing behind.
    """
    async with unit_of_work(engine) as session:
        return await correct_within(session, engine=engine, host=host, request=request)


async def correct_within(
    session: AsyncSession, *, engine: AsyncEngine, host: AdapterHost, request: CorrectionRequest
) -> Corrected:
    """Correct as `correct_invoice` does, inside the caller's transaction."""
    wrong = await _wrong(session, request=request)
    adapter = host.adapter(wrong.adapter)
    if wrong.building_id is not None:
        return await _correct_house(session, engine=engine, adapter=adapter, request=request, wrong=wrong)
    asked = RerateRequest(
        bills=(wrong,),
        period=wrong.period,
        priced_at=_priced_at(request, wrong=wrong, bills=(wrong,)),
        today=day_that_holds(request.now),
    )
    found = await _rated(engine, adapter=adapter, request=asked)
    elsewhere = (await hold_elsewhere(session, bills=[wrong]))[wrong.invoice_id]
    anew = found.bills[wrong.contract_id]
    compared = await _compared(session, bill=wrong, anew=anew, elsewhere=elsewhere)
    corrected = await _put_right(session, adapter=adapter, request=request, compared=compared)
    await _keep(session, request=request, found=found)
    return corrected


async def held_bill(session: AsyncSession, *, request: CorrectionRequest) -> WrongBill:
    """Find a bill that stands, and take hold of its contract and customer, so that it is put right once.

    Raises `NoteWrong`, `InvoiceUnknown`, `CreditNoteStands`, `InvoiceCredited` and `InvoiceDatedLater`.
    """
    if not 1 <= len(request.note.strip()) <= NOTE_CHARACTERS_MAX:
        raise NoteWrong(f"say why, in at most {NOTE_CHARACTERS_MAX} characters")
    seen = await lookups.wrong_bill(session, document_number=request.document_number)
    if seen is None:
        raise InvoiceUnknown(f"there is no invoice {request.document_number[:40]}")
    if seen.building_id is not None:
        await lock_building(session, building_id=seen.building_id)
    if seen.kind is InvoiceKind.CREDIT:
        raise CreditNoteStands(f"{seen.document_number} is a credit note; it is what takes an invoice back")
    await lock_contract(session, contract_id=seen.contract_id)
    await lock_customer_invoices(session, customer_id=seen.customer_id)
    wrong = await lookups.wrong_bill(session, document_number=request.document_number)
    assert wrong is not None, "an invoice is never removed"
    if wrong.is_taken_back:
        instead = wrong.replaced_by
        hint = f"replaced by {instead}; correct that" if instead else "the run bills its days again"
        raise InvoiceCredited(f"{wrong.document_number} was taken back: {hint}")
    if request.issued_on < wrong.issued_on:
        raise InvoiceDatedLater(f"{wrong.document_number} is dated {wrong.issued_on}, after {request.issued_on}")
    return wrong


async def invoice_number(session: AsyncSession, *, invoice_id: int) -> str:
    """Find an invoice's number; raises `InvoiceUnknown`."""
    number = await lookups.number_of_invoice(session, invoice_id=invoice_id)
    if number is None:
        raise InvoiceUnknown("there is no such invoice")
    return number


async def work_off(
    engine: AsyncEngine, *, host: AdapterHost, issued_on: date, now: datetime, at_most: int
) -> WorkedOff:
    """Correct the bills that are noted as due, the earliest days first, each in a transaction of its own.

    What is refused stays due. A correction may note later bills that went on from it; they are corrected as well.

    A bill that was taken back meanwhile is settled by what came in its place; where nothing did, the run bills it. One
    whose difference waits for a next bill that never comes, since its contract ended, is noted first.
    """
    async with unit_of_work(engine) as session:
        stranded = await withdrawing.note_stranded(session, now=now)
    corrected: list[Corrected] = []
    refused: dict[str, Refusal] = {}
    for _ in range(at_most):
        one = await _next_due(engine, but=refused)
        if one is None:
            break
        document_number, is_read = one
        request = CorrectionRequest(
            document_number=document_number,
            reason=CorrectionReason.READING,
            note=READ if is_read else STRANDED if document_number in stranded else RESTS,
            issued_on=issued_on,
            now=now,
        )
        try:
            async with unit_of_work(engine) as session:
                if await correcting.settle_taken_back(session, document_number=document_number, now=now):
                    continue
                corrected.append(await correct_within(session, engine=engine, host=host, request=request))
        except Refusal as refusal:
            refused[document_number] = refusal
    return WorkedOff(corrected=tuple(corrected), refused=tuple(refused.items()))


async def _next_due(engine: AsyncEngine, *, but: Collection[str]) -> tuple[str, bool] | None:
    """Find the bill to be corrected next: a correction may note others, whose turn comes at once."""
    async with read_session(engine) as session:
        due = await lookups.corrections_due(session, at_most=1, but=but)
    return due[0] if due else None


async def _wrong(session: AsyncSession, *, request: CorrectionRequest) -> WrongBill:
    """Find the bill to correct and take hold of it."""
    wrong = await held_bill(session, request=request)
    if wrong.kind is InvoiceKind.INTEREST:
        raise InvoiceNotRated(f"{wrong.document_number} charges interest, which follows the debt it is for by itself")
    if wrong.priced_at is None:
        raise InvoiceNotRated(f"{wrong.document_number} was not worked out by a billing run; credit it and bill again")
    return wrong


def _priced_at(request: CorrectionRequest, *, wrong: WrongBill, bills: Iterable[WrongBill]) -> date:
    """Choose the prices known now, or those that a bill was priced by; its house's `bills` are put right at once."""
    assert wrong.priced_at is not None
    repriced = (bill.repriced_at for bill in bills if bill.repriced_at is not None)
    if request.reason is CorrectionReason.PRICE:
        return civil_day(request.now, time_zone=HOME_ZONE)
    return max((wrong.priced_at, *repriced))


async def _rated(engine: AsyncEngine, *, adapter: LiveAdapter, request: RerateRequest) -> Rerated:
    address = psycopg_dsn(engine.url.render_as_string(hide_password=False))
    found = await asyncio.to_thread(rerate, address, adapter=adapter, request=request)
    if isinstance(found, Hold):
        raise CorrectionHeld(f"contract {found.contract_id} is held, {found.code}: {found.reason}")
    missing = [contract for contract in request.contracts if contract not in found.bills]
    if missing:
        raise CorrectionHeld(f"contract {missing[0]} has no days in the period any more; its end has changed")
    return found


async def _put_right(
    session: AsyncSession, *, adapter: LiveAdapter, request: CorrectionRequest, compared: _Compared
) -> Corrected:
    """Do with one bill what its policy says."""
    new = _correction(request, wrong=compared.bill)
    if compared.is_same and not compared.elsewhere.is_some:
        return await correcting.note_unchanged(session, correction=new, now=request.now)
    if adapter.utility.correction == "next_bill" and compared.bill.goes_on:
        return await correcting.note_differences(session, correction=new, lines=compared.lines, now=request.now)
    return await _by_documents(session, adapter=adapter, correction=new, compared=compared, now=request.now)


class _Compared(NamedTuple):
    """A bill that stands and the one that comes out now; by how much they differ with what others have of it."""

    bill: WrongBill
    anew: RatedAnew
    elsewhere: Elsewhere
    is_same: bool
    lines: tuple[Difference, ...]

    @property
    def is_wrong(self) -> bool:
        """Tell whether any charge is to be put right."""
        return any(line.net for line in self.lines)

    @property
    def strands(self) -> tuple[SettledRow, ...]:
        """Give what waits for a bill that never comes."""
        return () if self.bill.goes_on else self.elsewhere.waiting


async def _compared(session: AsyncSession, *, bill: WrongBill, anew: RatedAnew, elsewhere: Elsewhere) -> _Compared:
    stands = await draft_of(session, invoice=await invoice_by_number(session, document_number=bill.document_number))
    lines = differences(
        Charged(stands, bill.written),
        Charged(anew.bill, written_in(anew.inputs)),
        settled=elsewhere.counted(goes_on=bill.goes_on),
    )
    return _Compared(bill, anew, elsewhere, is_same(stands, anew.bill), lines)


async def _by_documents(
    session: AsyncSession, *, adapter: LiveAdapter, correction: NewCorrection, compared: _Compared, now: datetime
) -> Corrected:
    """Replace a bill, but not where it would charge the same; what waits for a bill that never comes is withdrawn."""
    bill, anew, elsewhere, is_same_bill, lines = compared
    if compared.is_wrong or not (is_same_bill or elsewhere.is_some):
        return await replace_bill(
            session, adapter=adapter, correction=correction, anew=anew, elsewhere=elsewhere, now=now
        )
    corrected = await correcting.note_differences(session, correction=correction, lines=lines, now=now)
    await withdrawing.withdraw(session, wrong=bill, rows=compared.strands, correction_id=corrected.id)
    return corrected


def _correction(request: CorrectionRequest, *, wrong: WrongBill, group: int | None = None) -> NewCorrection:
    return NewCorrection(
        wrong=wrong,
        reason=request.reason,
        note=request.note,
        person_id=request.person_id,
        on=request.issued_on,
        rating_group_id=group,
    )


async def _correct_house(
    session: AsyncSession, *, engine: AsyncEngine, adapter: LiveAdapter, request: CorrectionRequest, wrong: WrongBill
) -> Corrected:
    """Rate a house again whole, and settle every difference; the bills of who has no next one are replaced."""
    assert wrong.priced_at is not None and wrong.house_period is not None
    bills = await lookups.bills_of_house(session, wrong=wrong)
    for customer in sorted({bill.customer_id for bill in bills}):
        await lock_customer_invoices(session, customer_id=customer)
    asked = RerateRequest(
        bills=tuple(bills),
        period=wrong.house_period,
        priced_at=_priced_at(request, wrong=wrong, bills=bills),
        today=day_that_holds(request.now),
    )
    if await lookups.unbilled_premises(session, wrong=wrong, contracts=asked.contracts):
        raise HouseBilledInPart("a premise of the house has no bill of this period; let the run bill it first")
    found = await _rated(engine, adapter=adapter, request=asked)
    elsewhere = await hold_elsewhere(session, bills=bills)
    compared = [
        await _compared(session, bill=bill, anew=found.bills[bill.contract_id], elsewhere=elsewhere[bill.invoice_id])
        for bill in bills
    ]
    await _keep(session, request=request, found=found)
    if not any(one.is_wrong or one.strands for one in compared):
        await correcting.settle_house(session, invoice_ids=[bill.invoice_id for bill in bills], now=request.now)
        return await correcting.note_unchanged(session, correction=_correction(request, wrong=wrong), now=request.now)
    assert found.house is not None
    group = await correcting.add_house_question(session, wrong=wrong, inputs=found.house, net=_net(found))
    answers = [
        await _put_right_in_house(session, adapter=adapter, request=request, compared=one, group=group)
        for one in compared
    ]
    return next(answer for answer in answers if answer.document_number == wrong.document_number)


async def _keep(session: AsyncSession, *, request: CorrectionRequest, found: Rerated) -> None:
    """Keep what later bills go on from, also where this one charges the same, and note those that went on already."""
    source = f"correction of {request.document_number}"
    await keep_figures_in(session, figures=found.figures, known_at=request.issued_on, source=source)
    await note_resting_in(session, bills=found.resting, now=request.now)


def _net(found: Rerated) -> Decimal:
    """Add up what the premises of a house come to without tax; lines that are of other bills aside."""
    own = (own_nets(Charged(anew.bill, written_in(anew.inputs))) for anew in found.bills.values())
    return sum((net for nets in own for (*_, is_after_tax), net in nets.items() if not is_after_tax), Decimal(0))


async def _put_right_in_house(
    session: AsyncSession, *, adapter: LiveAdapter, request: CorrectionRequest, compared: _Compared, group: int
) -> Corrected:
    is_of_all = request.note in BY_ITSELF or compared.bill.document_number == request.document_number
    # What an employee wrote of one premise is none of its neighbours' business.
    own = request if is_of_all else replace(request, note=OF_NEIGHBOURS)
    correction = _correction(own, wrong=compared.bill, group=group)
    if compared.bill.goes_on:
        lines = compared.lines
        return await correcting.note_differences(session, correction=correction, lines=lines, now=request.now)
    return await _by_documents(session, adapter=adapter, correction=correction, compared=compared, now=request.now)
