"""Finding sellers and invoices, and locking the ones that are to be changed around."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.customers.queries import lock_accounts
from mains_server.invoices import tables
from mains_server.invoices.records import (
    NOT_OF_DAYS,
    InvoiceDraft,
    InvoiceKind,
    IssuedInvoice,
    LineDraft,
    OpenInvoice,
    PayableInvoice,
    Seller,
)
from mains_server.invoices.rules import parse_document_number
from mains_server.invoices.tables import Invoice, InvoiceLine, InvoiceState, InvoiceTax
from mains_server.money.rules import TaxSubtotal

# A state read again after a lock must be the new one, not the one that the session remembers.
AS_IT_STANDS = {"populate_existing": True}


# Asked for a whole bank statement at a time: the state of each invoice costs four looks into an index, and no more.
OPEN_BY_NUMBER = text("""
select i.id, i.customer_id, i.contract_id, i.document_number, i.customer_name, i.kind, i.currency, i.total,
    i.open_amount
from (select distinct * from unnest(cast(:series as text[]), cast(:numbers as bigint[]))) n (series, number)
join invoice_state i on i.series = n.series and i.number = n.number
order by i.id
""")
LOCK_BY_NUMBER = text("""
select i.id from (select distinct * from unnest(cast(:series as text[]), cast(:numbers as bigint[]))) n (series, number)
join invoice i on i.series = n.series and i.number = n.number order by i.id for update of i
""")
# The last of the bills that came one in the place of the other; each names the one that was taken back before it.
IN_PLACE_OF = text("""
with recursive bill as (
  select i.id, i.customer_id from invoice i where i.id = :invoice
  union all
  select r.id, r.customer_id
  from bill b join invoice r on r.customer_id = b.customer_id and r.corrects_invoice_id = b.id and r.kind <> 'CREDIT'
)
select max(id) from bill
""")
OPEN_OF_CUSTOMERS = text("""
select i.customer_id, i.open_amount from invoice_state i
where i.customer_id = any(cast(:customer_ids as bigint[])) and i.currency = :currency and i.open_amount > 0
order by i.customer_id, i.issued_on, i.id
""")


class InvoiceNotFound(LookupError):
    """There is no invoice by that number, or not of that customer."""


class SellerNotFound(LookupError):
    """Nobody is registered to invoice for a utility on a day."""


async def seller_on(session: AsyncSession, *, adapter: str, on: date) -> Seller:
    """Find who invoices for a utility on a day."""
    found = [seller for seller in await sellers(session) if seller.adapter == adapter and seller.starts <= on]
    if not found:
        raise SellerNotFound(f"nobody is registered to invoice for {adapter} on {on}")
    return max(found, key=lambda seller: seller.starts)


async def sellers(session: AsyncSession) -> tuple[Seller, ...]:
    """List every seller as it stood from a day on; they are few."""
    rows = await session.scalars(select(tables.Seller).order_by(col(tables.Seller.adapter), col(tables.Seller.starts)))
    return tuple(
        Seller(
            id=row.id,
            adapter=row.adapter,
            starts=row.starts,
            name=row.name,
            registration_number=row.registration_number,
            vat_number=row.vat_number,
            address=row.address,
            iban=row.iban,
            series=row.series,
        )
        for row in rows
    )


async def invoice_by_number(session: AsyncSession, *, document_number: str) -> OpenInvoice:
    """Find an invoice by the number people read on it, with what is open on it."""
    series, number = parse_document_number(document_number)
    wanted = select(InvoiceState).where(col(InvoiceState.series) == series, col(InvoiceState.number) == number)
    row = await session.scalar(wanted, execution_options=AS_IT_STANDS)
    if row is None:
        raise InvoiceNotFound(f"there is no invoice {document_number}")
    return _open_invoice(row)


async def invoice_by_id(session: AsyncSession, *, invoice_id: int) -> OpenInvoice | None:
    """Find an invoice by its id, with what is open on it."""
    wanted = select(InvoiceState).where(col(InvoiceState.id) == invoice_id)
    row = await session.scalar(wanted, execution_options=AS_IT_STANDS)
    return None if row is None else _open_invoice(row)


async def invoice_in_place_of(session: AsyncSession, *, invoice_id: int) -> OpenInvoice | None:
    """Find what stands in an invoice's place, with what is open on it: the invoice itself where it was not replaced."""
    found: int | None = await session.scalar(IN_PLACE_OF, {"invoice": invoice_id})
    return None if found is None else await invoice_by_id(session, invoice_id=found)


async def is_billed(session: AsyncSession, contract_ids: frozenset[int], day: date) -> bool:
    """Tell whether one of these contracts was billed over a civil day or up to it, and the bill was not taken back.

    The metering room asks it of whoever calls, before a reading takes the place of another.
    """
    taken_back = select(col(Invoice.corrects_invoice_id)).where(
        col(Invoice.contract_id).in_(contract_ids), col(Invoice.kind) == InvoiceKind.CREDIT
    )
    wanted = select(col(Invoice.id)).where(
        col(Invoice.contract_id).in_(contract_ids),
        col(Invoice.kind).not_in(NOT_OF_DAYS),
        col(Invoice.period_from) <= day,
        col(Invoice.period_to) >= day,
        col(Invoice.id).not_in(taken_back.where(col(Invoice.corrects_invoice_id).is_not(None))),
    )
    return await session.scalar(wanted.limit(1)) is not None


async def billed_until(session: AsyncSession, contract_id: int) -> date | None:
    """Tell the day after the last one that an invoice of a contract covers, bills taken back aside; None without any.

    The contracts room asks it of whoever calls, since what was billed is not agreed otherwise afterwards.
    """
    taken_back = select(col(Invoice.corrects_invoice_id)).where(
        col(Invoice.contract_id) == contract_id, col(Invoice.corrects_invoice_id).is_not(None)
    )
    return await session.scalar(
        select(func.max(col(Invoice.period_to))).where(
            col(Invoice.contract_id) == contract_id,
            col(Invoice.kind).not_in(NOT_OF_DAYS),
            col(Invoice.id).not_in(taken_back.where(col(Invoice.kind) == InvoiceKind.CREDIT)),
        )
    )


async def any_billed_until(session: AsyncSession, *, contract_ids: frozenset[int]) -> date | None:
    """Find the day up to which one of these contracts was billed; bills that were taken back do not count."""
    taken_back = select(col(Invoice.corrects_invoice_id)).where(
        col(Invoice.contract_id).in_(contract_ids), col(Invoice.kind) == InvoiceKind.CREDIT
    )
    return await session.scalar(
        select(func.max(col(Invoice.period_to))).where(
            col(Invoice.contract_id).in_(contract_ids),
            col(Invoice.kind).not_in(NOT_OF_DAYS),
            col(Invoice.id).not_in(taken_back.where(col(Invoice.corrects_invoice_id).is_not(None))),
        )
    )


async def document_numbers(session: AsyncSession, *, customer_id: int, ids: Sequence[int]) -> dict[int, str]:
    """Give the numbers that people read on a customer's invoices, by id."""
    wanted = select(col(Invoice.id), col(Invoice.document_number)).where(
        col(Invoice.customer_id) == customer_id, col(Invoice.id).in_(ids)
    )
    return {row.id: row.document_number for row in await session.execute(wanted)}


async def open_invoices(session: AsyncSession, *, customer_id: int) -> tuple[OpenInvoice, ...]:
    """List what a customer still has to pay, the oldest first."""
    wanted = (
        select(InvoiceState)
        .where(col(InvoiceState.customer_id) == customer_id, col(InvoiceState.open_amount) != 0)
        .order_by(col(InvoiceState.issued_on), col(InvoiceState.id))
    )
    return tuple(_open_invoice(row) for row in await session.scalars(wanted, execution_options=AS_IT_STANDS))


async def payable_invoices(session: AsyncSession, *, numbers: Sequence[tuple[str, int]]) -> tuple[PayableInvoice, ...]:
    """Find many invoices by series and number with what is open on each; credit notes are left out."""
    rows = await session.execute(OPEN_BY_NUMBER, _asked(numbers))
    return tuple(
        PayableInvoice(
            id=id_,
            customer_id=customer_id,
            contract_id=contract_id,
            document_number=document_number,
            customer_name=customer_name,
            currency=currency,
            total=total,
            open_amount=open_amount,
        )
        for id_, customer_id, contract_id, document_number, customer_name, kind, currency, total, open_amount in rows
        if kind != InvoiceKind.CREDIT.name
    )


async def lock_payable_invoices(
    session: AsyncSession, *, numbers: Sequence[tuple[str, int]]
) -> tuple[PayableInvoice, ...]:
    """Lock many invoices in the order of their ids, and find them as they then stand."""
    await session.execute(LOCK_BY_NUMBER, _asked(numbers))
    return await payable_invoices(session, numbers=numbers)


def _asked(numbers: Sequence[tuple[str, int]]) -> dict[str, list[str] | list[int]]:
    return {"series": [series for series, _ in numbers], "numbers": [number for _, number in numbers]}


async def open_amounts(
    session: AsyncSession, *, customer_ids: Sequence[int], currency: str
) -> dict[int, tuple[Decimal, ...]]:
    """List what each open invoice of some customers asks, the oldest first."""
    found: dict[int, tuple[Decimal, ...]] = {}
    for row in await session.execute(OPEN_OF_CUSTOMERS, {"customer_ids": list(customer_ids), "currency": currency}):
        found[row.customer_id] = (*found.get(row.customer_id, ()), row.open_amount)
    return found


async def lock_open_invoices(session: AsyncSession, *, customer_ids: Sequence[int]) -> None:
    """Lock the accounts of customers and then what they still have to pay, in the order of the invoices' ids.

    Without the accounts an invoice that was settled when this began and is opened meanwhile would not be held.
    """
    await lock_accounts(session, customer_ids=customer_ids)
    still_open = select(col(InvoiceState.id)).where(
        col(InvoiceState.customer_id).in_(customer_ids), col(InvoiceState.open_amount) > 0
    )
    wanted = select(col(Invoice.id)).where(col(Invoice.customer_id).in_(customer_ids), col(Invoice.id).in_(still_open))
    await session.execute(wanted.order_by(col(Invoice.id)).with_for_update())


async def lock_invoices(
    session: AsyncSession, *, numbers: tuple[str, ...], customer_id: int
) -> tuple[OpenInvoice, ...]:
    """Lock a customer's invoices by number in the order of their ids, and list them as asked, as they then stand."""
    seen = [await invoice_by_number(session, document_number=number) for number in numbers]
    for invoice in seen:
        if invoice.customer_id != customer_id:
            raise InvoiceNotFound(f"this customer has no invoice {invoice.document_number}")
    await lock_accounts(session, customer_ids=[customer_id])
    wanted = select(col(Invoice.id)).where(
        col(Invoice.customer_id) == customer_id, col(Invoice.id).in_([invoice.id for invoice in seen])
    )
    await session.execute(wanted.order_by(col(Invoice.id)).with_for_update())
    return tuple([await invoice_by_number(session, document_number=number) for number in numbers])


async def lock_customer_invoices(session: AsyncSession, *, customer_id: int) -> None:
    """Lock a customer's account and all its invoices by id, so that crediting and settling them take turns."""
    await lock_accounts(session, customer_ids=[customer_id])
    wanted = select(col(Invoice.id)).where(col(Invoice.customer_id) == customer_id)
    await session.execute(wanted.order_by(col(Invoice.id)).with_for_update())


async def credit_note_of(session: AsyncSession, *, invoice: OpenInvoice) -> IssuedInvoice | None:
    """Find the credit note that took an invoice back, if there is one."""
    wanted = select(Invoice).where(
        col(Invoice.customer_id) == invoice.customer_id,
        col(Invoice.corrects_invoice_id) == invoice.id,
        col(Invoice.kind) == InvoiceKind.CREDIT,
    )
    row = await session.scalar(wanted)
    return None if row is None else issued_invoice(row, is_new=False)


async def next_credit_revision(session: AsyncSession, *, draft: InvoiceDraft) -> int:
    """Count the credit notes that a contract's period already has."""
    wanted = select(func.count()).where(
        col(Invoice.customer_id) == draft.customer_id,
        col(Invoice.contract_id) == draft.contract_id,
        col(Invoice.period_from) == draft.period_from,
        col(Invoice.kind) == InvoiceKind.CREDIT,
    )
    return await session.scalar(wanted) or 0


async def draft_of(session: AsyncSession, *, invoice: OpenInvoice) -> InvoiceDraft:
    """Read an issued invoice back as the draft that would make the same again."""
    wanted = select(Invoice).where(col(Invoice.id) == invoice.id, col(Invoice.customer_id) == invoice.customer_id)
    row = (await session.scalars(wanted)).one()
    lines = select(InvoiceLine).where(
        col(InvoiceLine.invoice_id) == invoice.id, col(InvoiceLine.customer_id) == invoice.customer_id
    )
    taxes = select(InvoiceTax).where(
        col(InvoiceTax.invoice_id) == invoice.id, col(InvoiceTax.customer_id) == invoice.customer_id
    )
    return InvoiceDraft(
        customer_id=row.customer_id,
        contract_id=row.contract_id,
        adapter=row.adapter,
        kind=row.kind,
        revision=row.revision,
        period_from=row.period_from,
        period_to=row.period_to,
        currency=row.currency,
        rounding=row.rounding,
        customer_name=row.customer_name,
        billing_address=row.billing_address,
        supply_address=row.supply_address,
        corrects_invoice_id=row.corrects_invoice_id,
        lines=tuple(_line(line) for line in await session.scalars(lines.order_by(col(InvoiceLine.position)))),
        taxes=tuple(
            TaxSubtotal(code=tax.tax_code, rate=tax.rate, base=tax.base, tax=tax.tax)
            for tax in await session.scalars(taxes.order_by(col(InvoiceTax.id)))
        ),
    )


def issued_invoice(row: Invoice, *, is_new: bool) -> IssuedInvoice:
    """Turn a stored invoice into the record that leaves the room."""
    return IssuedInvoice(
        id=row.id,
        customer_id=row.customer_id,
        contract_id=row.contract_id,
        document_number=row.document_number,
        kind=row.kind,
        issued_on=row.issued_on,
        due_on=row.due_on,
        currency=row.currency,
        total=row.total,
        payment_reference=row.payment_reference,
        corrects_invoice_id=row.corrects_invoice_id,
        is_new=is_new,
    )


def _open_invoice(row: InvoiceState) -> OpenInvoice:
    return OpenInvoice(
        id=row.id,
        customer_id=row.customer_id,
        contract_id=row.contract_id,
        document_number=row.document_number,
        kind=row.kind,
        adapter=row.adapter,
        issued_on=row.issued_on,
        due_on=row.due_on,
        currency=row.currency,
        total=row.total,
        open_amount=row.open_amount,
        status=row.status,
    )


def _line(row: InvoiceLine) -> LineDraft:
    return LineDraft(
        code=row.code,
        period_from=row.period_from,
        period_to=row.period_to,
        quantity=row.quantity,
        unit=row.unit,
        unit_price=row.unit_price,
        price_unit=row.price_unit,
        net=row.net,
        tax_code=row.tax_code,
        tax_rate=row.tax_rate,
        is_after_tax=row.is_after_tax,
        quality=row.quality,
        supply_point_id=row.supply_point_id,
    )
