"""Bills one contract by itself: the run's own way from gathering to booking, for whatever days somebody asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

import psycopg
from mains_spi import Period
from psycopg import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.access.operations import claim_alone
from mains_server.access.records import Refusal
from mains_server.adapters.live import LiveAdapter
from mains_server.billing import operations, queries
from mains_server.billing.book import BilledMeanwhile, Booking, book, book_estimates
from mains_server.billing.draft import Draft
from mains_server.billing.due import BilledPart, ContractRow
from mains_server.billing.estimates import Estimator
from mains_server.billing.gather import Gathered, Question, gather
from mains_server.billing.keeping import keep_figures, note_resting
from mains_server.billing.pricebook import PriceBook
from mains_server.billing.rate import Rated, Rater
from mains_server.billing.records import Hold, IssuedSingle, RunSeller, SingleBill
from mains_server.billing.resting import later_bills_of
from mains_server.billing.rules import day_that_holds
from mains_server.billing.run import following
from mains_server.billing.settling import SettledMeanwhile
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.idempotency import Once, keep_alone
from mains_server.db.jobs import defer_jobs
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.records import InvoiceKind
from mains_server.payments.operations import apply_credit

CREDIT_TASK = "settle_with_credit"
BY_TRUE_READING = frozenset({InvoiceKind.INSTANT, InvoiceKind.FINAL})
# What a bill may have become that was asked for as one of these; no other kind is asked for.
SAME_AS = {
    InvoiceKind.REGULAR: ("REGULAR", "ESTIMATED", "FINAL"),
    InvoiceKind.INSTANT: ("INSTANT", "FINAL"),
    InvoiceKind.FINAL: ("FINAL",),
    InvoiceKind.SETTLEMENT: ("SETTLEMENT",),
}


class ContractNotBilled(Refusal):
    """There is no such contract of this utility that gets invoices itself."""

    code = "CONTRACT_NOT_BILLED"
    path = "contractId"


class ContractInBuilding(Refusal):
    """A contract whose premise is billed with its whole house cannot be billed by itself."""

    code = "CONTRACT_IN_BUILDING"
    path = "contractId"


class PeriodOutsideContract(Refusal):
    """Days on which a contract is not in force cannot be billed to it."""

    code = "PERIOD_OUTSIDE_CONTRACT"
    path = "period"


class DaysToCome(Refusal):
    """Days are billed once they are over."""

    code = "DAYS_TO_COME"
    path = "period"
    is_retryable = True


class DaysBilledAlready(Refusal):
    """A day is billed once; to bill it otherwise its invoice is corrected."""

    code = "DAYS_BILLED_ALREADY"
    path = "period"


class ContractGoesOn(Refusal):
    """A final bill is the one that a contract ends with."""

    code = "CONTRACT_GOES_ON"
    path = "period"


class KindNotPossible(ValueError):
    """A bill of one contract is regular, instant, final or a settlement; the others come about by themselves."""


def bill_one(connection: Connection, *, adapter: LiveAdapter, request: SingleBill) -> IssuedSingle | Hold:
    """Bill one contract's days inside the caller's transaction, once; asked again it returns the same invoice.

    What cannot be billed comes back held, and nothing is written. Instant and final bills rest on true readings, so
    that they are held where one is missing; the others estimate as the run does. Raises `ContractNotBilled`,
    `ContractInBuilding`, `PeriodOutsideContract`, `DaysToCome`, `DaysBilledAlready`, and `NobodyInvoices`.
    """
    if request.kind not in SAME_AS:
        raise KindNotPossible(f"a contract is not billed by itself as {request.kind.name}")
    contract = queries.lock_contract(connection, contract_id=request.contract_id)
    asked = queries.Asked(adapter=adapter.code, period=request.period, contracts=(request.contract_id,))
    _require_billable(contract, adapter=adapter, request=request)
    if queries.house_contracts(connection, asked=asked):
        raise ContractInBuilding("this premise is billed with its whole house, by the month's run")
    earlier = _earlier(queries.billed_parts(connection, asked=asked), request=request)
    if earlier is not None:
        return queries.issued_single(connection, invoice_id=earlier, is_new=False)
    seller = operations.seller_on(connection, adapter=adapter.code, on=request.issued_on)
    seen = queries.last_number(connection, series=seller.series)
    gathered, rated = _rated(connection, adapter=adapter, request=request)
    if not rated.drafts:
        return rated.holds[0]
    with connection.transaction():
        invoice_id = _booked(connection, seller=seller, request=request, gathered=gathered, rated=rated, seen=seen)
        _note_resting(connection, adapter=adapter, request=request, rated=rated)
    return queries.issued_single(connection, invoice_id=invoice_id, is_new=True)


async def bill_alone(
    engine: AsyncEngine, *, adapter: LiveAdapter, request: SingleBill, once: Once | None = None
) -> IssuedSingle | Hold:
    """Bill one contract's days in a transaction of their own, then settle them with what the customer had paid ahead.

    The transaction that issues the bill also keeps it as the answer to the key of `once`: whoever asks again by that
    key gets the same invoice, whatever stopped in between. It also queues a job that settles the bill, should this stop
    before it does: invoices are locked before a series, never after. Refuses as `bill_one` does.
    """
    address = psycopg_dsn(engine.url.render_as_string(hide_password=False))
    try:
        found = await asyncio.to_thread(_bill, address, adapter, request, once)
    except SettledMeanwhile:
        found = await asyncio.to_thread(_bill, address, adapter, request, once)
    if isinstance(found, IssuedSingle):
        async with unit_of_work(engine) as session:
            await apply_credit(session, customer_ids=[found.customer_id], now=request.now)
    return found


def _bill(address: str, adapter: LiveAdapter, request: SingleBill, once: Once | None) -> IssuedSingle | Hold:
    with psycopg.connect(address, autocommit=True) as connection, connection.transaction() as whole:
        before = None if once is None else claim_alone(connection, once=once)
        if before is not None:
            return queries.issued_single(connection, invoice_id=int(before["invoice_id"]), is_new=False)
        found = bill_one(connection, adapter=adapter, request=request)
        if isinstance(found, Hold):
            # Nothing was done, so that the key is free for the next try.
            raise psycopg.Rollback(whole)
        if found.is_new:
            defer_jobs(connection, task=CREDIT_TASK, arguments=[{"customer": found.customer_id}])
        if once is not None:
            keep_alone(connection, once=once, answer={"invoice_id": found.invoice_id})
    return found


def _require_billable(contract: ContractRow | None, *, adapter: LiveAdapter, request: SingleBill) -> None:
    period = request.period
    if contract is None or contract.adapter != adapter.code or contract.billing != "DIRECT":
        raise ContractNotBilled(f"{adapter.code} has no contract {request.contract_id} that gets invoices itself")
    if period.start < contract.starts or (contract.ends is not None and period.end > contract.ends):
        ends = "without end" if contract.ends is None else f"until {contract.ends}"
        raise PeriodOutsideContract(f"the contract is in force from {contract.starts}, {ends}; choose days within")
    if request.kind is InvoiceKind.FINAL and period.end != contract.ends:
        raise ContractGoesOn("the contract does not end with these days, so this is not its last bill")
    if period.end > request.issued_on:
        raise DaysToCome(f"days up to {period.end} can be billed on that day or later")


def _earlier(parts: Sequence[BilledPart], *, request: SingleBill) -> int | None:
    """Find the invoice that this request issued before; refuse where another has one of its days."""
    standing = [p for p in parts if not p.is_taken_back and request.period.meets(Period(p.starts, p.ends))]
    for part in standing:
        is_same = Period(part.starts, part.ends) == request.period and part.kind in SAME_AS[request.kind]
        if not is_same:
            raise DaysBilledAlready(
                f"{part.document_number} bills {part.starts} to {part.ends} already; choose other days, or correct it"
            )
        return part.invoice_id
    return None


def _rated(connection: Connection, *, adapter: LiveAdapter, request: SingleBill) -> tuple[Gathered, Rated]:
    known_at = request.known_at or request.issued_on
    today = max(request.issued_on, request.now.date())
    book = PriceBook(adapter=adapter, period=request.period, known_at=known_at, kept_at=today)
    rater = Rater(
        adapter=adapter,
        period=request.period,
        known_at=known_at,
        counted_at=max(request.issued_on, day_that_holds(request.now)),
        bounds=request.bounds,
        book=book,
    )
    on = date.min if request.kind in BY_TRUE_READING else today
    gathered = gather(
        connection,
        question=Question(utility=adapter.utility, period=request.period, contracts=(request.contract_id,)),
        teller=rater.teller,
        estimator=Estimator(adapter=adapter, on=on, take_hold=queries.lock_registers),
        counter=rater.counter,
    )
    return gathered, rater.rate(connection, gathered=gathered)


def _booked(
    connection: Connection, *, seller: RunSeller, request: SingleBill, gathered: Gathered, rated: Rated, seen: int
) -> int:
    utility = gathered.question.utility
    booking = Booking(
        adapter=utility.code,
        issued_on=request.issued_on,
        run_id=None,
        seller=seller,
        rules=utility.invoicing_rules,
        now=request.now,
    )
    drafts = [_as_asked(draft, kind=request.kind) for draft in following(rated.drafts, gathered=gathered)]
    try:
        (invoice_id,) = book(connection, booking=booking, drafts=drafts, houses=(), seen=seen)
    except BilledMeanwhile as meanwhile:
        raise DaysBilledAlready("the month's run billed some of these days a moment ago") from meanwhile
    book_estimates(connection, readings=gathered.estimates_of(drafts), now=request.now)
    source = f"bill of {request.period.start} to {request.period.end}"
    keep_figures(connection, figures=rated.figures, known_at=request.issued_on, source=source)
    return invoice_id


def _note_resting(connection: Connection, *, adapter: LiveAdapter, request: SingleBill, rated: Rated) -> None:
    bills = later_bills_of(connection, adapter=adapter, figures=rated.figures, drafts=rated.drafts)
    note_resting(connection, bills=bills, now=request.now)


def _as_asked(draft: Draft, *, kind: InvoiceKind) -> Draft:
    """Name a bill as it was asked for; a contract's last bill is final, unless it is a settlement."""
    if kind is InvoiceKind.REGULAR or (draft.due.is_final and kind is InvoiceKind.INSTANT):
        return draft
    return draft._replace(kind=kind)
