"""Interest notes: late interest and fees of reminders after a contract's last bill, by an invoice of its own.

No tariff prices a note. Its lines are sums that somebody worked out, at 1 of the currency each as on any other bill,
and fees at their printed price; taxed and posted by the utility's own charges, and explained by the invoice whose debt
they are for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import orjson
import psycopg
from mains_spi import ALWAYS, Attribute, Charge, Period, RatingRequest, bill_charges, tax_codes
from psycopg import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.adapters.live import LiveAdapter
from mains_server.billing import operations, queries
from mains_server.billing.attributes import KIND, TAX_KINDS
from mains_server.billing.book import Booking, book
from mains_server.billing.charges import tariff_of
from mains_server.billing.draft import Draft
from mains_server.billing.drafting import draft_of
from mains_server.billing.due import ContractRow, DueRow, Fee
from mains_server.billing.fees import FeeBilledMeanwhile
from mains_server.billing.pricebook import PriceBook
from mains_server.billing.records import IssuedSingle
from mains_server.billing.shapes import Shape
from mains_server.billing.single import CREDIT_TASK
from mains_server.billing.snapshot import ABOUT, PricedBy, inputs_text
from mains_server.db.addresses import psycopg_dsn
from mains_server.db.jobs import defer_jobs
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.records import InvoiceKind
from mains_server.payments.operations import apply_credit

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedSum:
    """A fee that goes onto a note: over which days it grew, and the number of the invoice that it is for.

    `sign` is -1 for what is taken off. The price of each is `unit_price` divided by `base`: one of the currency for a
    sum that was worked out; for another fee the printed price, and 1 + the rate of the tax in it.
    """

    fee_id: int
    code: str
    sign: int
    period: Period
    document_number: str
    unit_price: Decimal = Decimal(1)
    base: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestNote:
    """What to charge on a contract that has ended and was billed to its end."""

    contract_id: int
    sums: tuple[NotedSum, ...]
    issued_on: date
    now: datetime


async def issue_interest_note(engine: AsyncEngine, *, adapter: LiveAdapter, note: InterestNote) -> IssuedSingle | None:
    """Issue a note in a transaction of its own, then settle it with what the customer had paid ahead.

    None where one of its fees went onto another bill, or was forgotten, in the meantime: nothing is done then. Raises
    `NobodyInvoices`.
    """
    address = psycopg_dsn(engine.url.render_as_string(hide_password=False))
    issued = await asyncio.to_thread(_issue, address, adapter, note)
    if issued is not None:
        async with unit_of_work(engine) as session:
            await apply_credit(session, customer_ids=[issued.customer_id], now=note.now)
    return issued


def _issue(address: str, adapter: LiveAdapter, note: InterestNote) -> IssuedSingle | None:
    try:
        with psycopg.connect(address, autocommit=True) as connection, connection.transaction():
            issued = bill_interest(connection, adapter=adapter, note=note)
            if issued is not None:
                defer_jobs(connection, task=CREDIT_TASK, arguments=[{"customer": issued.customer_id}])
            return issued
    except FeeBilledMeanwhile:
        return None


def bill_interest(connection: Connection, *, adapter: LiveAdapter, note: InterestNote) -> IssuedSingle | None:
    """Book a note inside the caller's transaction; None where not all of its fees wait any more.

    Its days are the day of issue alone, so that it bills no day of the contract; each line says its own.
    """
    contract = queries.lock_contract(connection, contract_id=note.contract_id)
    assert contract is not None and contract.ends is not None, "a note follows the last bill of a contract"
    day = Period(note.issued_on, note.issued_on + _DAY)
    asked = queries.Asked(adapter=adapter.code, period=day, contracts=(note.contract_id,))
    codes = sorted({one.code for one in note.sums})
    waiting = {fee.id: fee for fee in queries.fees(connection, asked=asked, quantities=codes)}
    if any(one.fee_id not in waiting for one in note.sums):
        return None
    seller = operations.seller_on(connection, adapter=adapter.code, on=note.issued_on)
    seen = queries.last_number(connection, series=seller.series)
    booking = Booking(
        adapter=adapter.code,
        issued_on=note.issued_on,
        run_id=None,
        seller=seller,
        rules=adapter.utility.invoicing_rules,
        now=note.now,
    )
    draft = _draft(
        connection, adapter=adapter, note=note, due=_due(connection, contract=contract, day=day), fees=waiting
    )
    (invoice_id,) = book(connection, booking=booking, drafts=[draft], houses=(), seen=seen)
    return queries.issued_single(connection, invoice_id=invoice_id, is_new=True)


def _due(connection: Connection, *, contract: ContractRow, day: Period) -> DueRow:
    """Tell whom to bill: the customer as they are now, at the place that the contract had on its last day."""
    assert contract.ends is not None
    last = Period(contract.ends - _DAY, contract.ends)
    asked = queries.Asked(adapter=contract.adapter, period=last, contracts=(contract.contract_id,))
    first = queries.due_points(connection, asked=asked)[0]
    return first._replace(starts=day.start, ends=day.end, is_final=False)


def _draft(
    connection: Connection, *, adapter: LiveAdapter, note: InterestNote, due: DueRow, fees: dict[int, Fee]
) -> Draft:
    charges = tuple(_charge(one, fee=fees[one.fee_id]) for one in note.sums)
    shape = _shape(connection, adapter=adapter, due=due, charges=charges, known_at=note.issued_on)
    assert shape.tariff is not None
    contract = str(due.contract_id)
    asked = replace(shape.request, contract=contract)
    bill = bill_charges(charges=charges, tariff=shape.tariff, request=asked)
    inputs = inputs_text(shape.conditions, contract=contract, usage=())
    draft = draft_of([bill], due=due, shape=shape, inputs=_told_about(inputs, sums=note.sums))
    return draft._replace(kind=InvoiceKind.INTEREST, fees=tuple(one.fee_id for one in note.sums))


def _charge(one: NotedSum, *, fee: Fee) -> Charge:
    return Charge(
        code=fee.code,
        period=one.period,
        quantity=one.sign * fee.quantity,
        unit=fee.unit,
        unit_price=one.unit_price,
        base=one.base,
        key=f"{one.fee_id}",
    )


def _shape(
    connection: Connection, *, adapter: LiveAdapter, due: DueRow, charges: Sequence[Charge], known_at: date
) -> Shape:
    days = Period(min(one.period.start for one in charges), max(due.ends, *(one.period.end for one in charges)))
    request = RatingRequest(
        contract="",
        period=days,
        attributes=(Attribute(KIND, TAX_KINDS[due.kind], ALWAYS),),
        taxes=PriceBook(adapter=adapter, period=days, known_at=known_at).taxes(connection),
        tax_codes=tax_codes(adapter.utility),
        tz=due.time_zone,
        known_at=known_at,
    )
    priced_by = PricedBy(
        adapter_version=adapter.version,
        product=due.product,
        tariff_on=due.starts,
        price_list="",
        version_ids=(),
        series_ids=(),
    )
    return Shape(
        request=request,
        tariff=tariff_of(product=due.product),
        priced_by=priced_by,
        accounts=adapter.accounts(),
        metered_units=frozenset(),
        charges=tuple(charges),
    )


def _told_about(inputs: bytes, *, sums: Sequence[NotedSum]) -> bytes:
    """Write beside the question which invoice each charge is for, so that explanations can say so."""
    return orjson.dumps({**orjson.loads(inputs), ABOUT: [one.document_number for one in sums]})
