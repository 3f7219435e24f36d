"""The moments of billing that do not wait for the month's run: at once on a reading, after all readings, at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from mains_spi import Capability, Period
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.operations import answered_before
from mains_server.access.records import Permission, Refusal, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.billing import lookups
from mains_server.billing.operations import NobodyInvoices
from mains_server.billing.records import DueMoment, Hold, IssuedSingle, SingleBill
from mains_server.billing.rules import next_working_day
from mains_server.billing.single import DaysBilledAlready, DaysToCome, bill_alone
from mains_server.contracts.queries import contract_by_id
from mains_server.contracts.records import Contract, Settlement
from mains_server.db.idempotency import Once
from mains_server.db.unit_of_work import read_session
from mains_server.invoices.records import InvoiceKind

OPERATION = "invoiceInstantCreate"


class ContractUnknown(Refusal):
    """There is no such contract, or none that the viewer may bill; both look alike."""

    code = "CONTRACT_UNKNOWN"
    path = "contractId"


class InstantNotOffered(Refusal):
    """The utility bills a month whole, so that nobody gets an invoice at once."""

    code = "INSTANT_NOT_OFFERED"
    path = "contractId"


class ContractIsLevelled(Refusal):
    """A contract with levelled payment is settled once a year, not invoiced on a reading."""

    code = "CONTRACT_IS_LEVELLED"
    path = "contractId"


class ReadingNotBillable(Refusal):
    """There is no such reading of the contract that counts."""

    code = "READING_NOT_BILLABLE"
    path = "readingId"


class DayNotTold(Refusal):
    """An instant invoice needs to know up to which day: by a reading, or by the day."""

    code = "DAY_NOT_TOLD"
    path = "upTo"


class BillHeld(Refusal):
    """The bill cannot be worked out as things are; the message says what is missing."""

    code = "BILL_HELD"
    is_retryable = True


class NobodyToInvoice(Refusal):
    """Nobody is registered to invoice for the utility on this day."""

    code = "NOBODY_TO_INVOICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantRequest:
    """Whose bill at once, up to the day of a reading or a day that was read; one of the two is told."""

    contract_id: int
    reading_id: int | None
    up_to: date | None
    key: str
    now: datetime
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentsReport:
    """What was issued since it had become due, and what could not be."""

    issued: tuple[IssuedSingle, ...] = ()
    held: tuple[Hold, ...] = ()


async def invoice_at_once(engine: AsyncEngine, *, host: AdapterHost, viewer: Viewer, request: InstantRequest) -> int:
    """Bill a contract from where its last bill ended up to a reading, and give the invoice's id; once by its key.

    Who may send in readings for the contract may ask, and the utility's employees. Refuses as `bill_one` does, and with
    the refusals of this file; refused, it leaves nothing behind.
    """
    assert viewer.person_id is not None
    once = Once(person_id=viewer.person_id, operation=OPERATION, key=request.key, body=_body(request), now=request.now)
    async with read_session(engine) as session:
        contract = await _permitted(session, viewer=viewer, contract_id=request.contract_id)
        before = await answered_before(session, once=once)
        if before is not None:
            return int(before["invoice_id"])
        # Bill and answer are seen together or not at all: this is one moment of the database.
        single = await _single(session, contract=contract, request=request)
    adapter = _offering(host, contract=contract, up_to=single.period.end)
    return (await _billed(engine, adapter=adapter, request=single, once=once)).invoice_id


async def issue_due(engine: AsyncEngine, *, host: AdapterHost, now: datetime, today: date) -> MomentsReport:
    """Issue the bills that have become due without a run: final ones that are read, and businesses' e-invoices.

    Doing it again issues nothing twice. A bill that cannot be worked out is left to the next time, or to the run.
    """
    issued: list[IssuedSingle] = []
    held: list[Hold] = []
    for code in host.codes():
        adapter = host.adapter(code)
        async with read_session(engine) as session:
            rules = adapter.utility.invoicing_rules
            moments = await lookups.moments_due(session, adapter=code, today=today, rules=rules)
        for moment in _due(moments, country=rules.holidays, today=today):
            request = SingleBill(
                contract_id=moment.contract_id,
                period=Period(moment.starts, moment.ends),
                kind=InvoiceKind.FINAL if moment.is_final else InvoiceKind.REGULAR,
                issued_on=today,
                now=now,
            )
            try:
                found = await bill_alone(engine, adapter=adapter, request=request)
            except (Refusal, NobodyInvoices):
                continue
            if isinstance(found, Hold):
                held.append(found)
            elif found.is_new:
                issued.append(found)
    return MomentsReport(issued=tuple(issued), held=tuple(held))


def _due(moments: Sequence[DueMoment], *, country: str, today: date) -> list[DueMoment]:
    """Choose the final bills, and of the e-invoices those whose working day has come."""

    def is_due(moment: DueMoment) -> bool:
        last = moment.ends if moment.told_on is None else max(moment.told_on, moment.ends)
        return moment.is_final or next_working_day(last, country=country) <= today

    return [moment for moment in moments if is_due(moment)]


async def _permitted(session: AsyncSession, *, viewer: Viewer, contract_id: int) -> Contract:
    contract = await contract_by_id(session, contract_id=contract_id)
    if contract is not None:
        owner = {"customer_id": contract.customer_id, "contract_id": contract.id}
        if viewer.is_staff or viewer.may(Permission.SUBMIT_READINGS, **owner):
            return contract
    raise ContractUnknown("there is no such contract that you may have billed")


def _offering(host: AdapterHost, *, contract: Contract, up_to: date) -> LiveAdapter:
    adapter = host.live.get(contract.adapter)
    if adapter is None:
        raise InstantNotOffered("the utility's adapter is not at work")
    if Capability.INSTANT_INVOICE not in adapter.utility.capabilities and up_to != contract.ends:
        raise InstantNotOffered("this utility bills whole months; wait for the month's bill")
    return adapter


async def _single(session: AsyncSession, *, contract: Contract, request: InstantRequest) -> SingleBill:
    starts = await lookups.unbilled_from(session, contract_id=contract.id) or contract.starts
    # Invoices may be agreed for later only, or not any more: what counts is the days to be billed.
    if contract.terms_on(starts).settlement is Settlement.LEVELLED:
        raise ContractIsLevelled("a contract with levelled payment is settled once a year; change the way it is paid")
    up_to = await _up_to(session, request=request)
    if up_to > request.today:
        raise DaysToCome(f"the reading counts for {up_to}; it can be billed on that day or later")
    if up_to <= starts:
        raise DaysBilledAlready(f"the contract is billed until {starts}; choose a later reading")
    return SingleBill(
        contract_id=contract.id,
        period=Period(starts, up_to),
        kind=InvoiceKind.INSTANT,
        issued_on=request.today,
        now=request.now,
    )


async def _up_to(session: AsyncSession, *, request: InstantRequest) -> date:
    if (request.reading_id is None) == (request.up_to is None):
        raise DayNotTold("give either the reading to bill up to, or the day")
    if request.up_to is not None:
        return request.up_to
    assert request.reading_id is not None
    day = await lookups.counting_reading(session, reading_id=request.reading_id, contract_id=request.contract_id)
    if day is None:
        raise ReadingNotBillable("there is no such reading of this contract that counts")
    return day


async def _billed(engine: AsyncEngine, *, adapter: LiveAdapter, request: SingleBill, once: Once) -> IssuedSingle:
    try:
        found = await bill_alone(engine, adapter=adapter, request=request, once=once)
    except NobodyInvoices as nobody:
        raise NobodyToInvoice(str(nobody)) from nobody
    if isinstance(found, Hold):
        raise BillHeld(f"{found.code}: {found.reason}")
    return found


def _body(request: InstantRequest) -> dict[str, Any]:
    day = None if request.up_to is None else request.up_to.isoformat()
    return {"contract": request.contract_id, "reading": request.reading_id, "up_to": day}
