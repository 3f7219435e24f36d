"""Issuing invoices one by one, and taking them back by credit notes. The billing run writes the same rows by COPY."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.db.jobs import defer_job
from mains_server.invoices import queries, rules, tables
from mains_server.invoices.numbering import draw_number
from mains_server.invoices.records import (
    CreditRequest,
    InvoiceDraft,
    InvoiceKind,
    IssuedInvoice,
    IssueRequest,
    Seller,
    SellerDraft,
)
from mains_server.ledger.operations import post, reverse
from mains_server.ledger.records import BookingKind, Entry, Reversal
from mains_server.ledger.rules import booking_of, document_key


class Question(NamedTuple):
    """What an invoice was worked out by, alone or with its house."""

    inputs: Mapping[str, Any] | None
    rating_group_id: int | None


NO_QUESTION = Question(None, None)


class CreditNoteNotPossible(ValueError):
    """An invoice cannot be taken back; the message says why."""


async def register_seller(session: AsyncSession, *, draft: SellerDraft) -> Seller:
    """Register who invoices for a utility from a day on, and open the series of its numbers if it is new."""
    row = tables.Seller(
        adapter=draft.adapter,
        starts=draft.starts,
        name=draft.name,
        registration_number=draft.registration_number,
        vat_number=draft.vat_number,
        address=draft.address,
        iban=draft.iban,
        series=draft.series,
    )
    session.add(row)
    series = postgresql.insert(tables.InvoiceSeries).values(code=draft.series, last_number=0)
    await session.execute(series.on_conflict_do_nothing())
    await session.flush()
    return await queries.seller_on(session, adapter=draft.adapter, on=draft.starts)


async def issue_invoice(session: AsyncSession, *, request: IssueRequest, now: datetime) -> IssuedInvoice:
    """Number, store and book one invoice; the database refuses the same contract, period, kind and revision again.

    What it gives where it is below nothing is written by `payments.giving.issue_invoice`, which callers want.
    """
    draft = request.draft
    due_on = rules.due_on(issued_on=request.issued_on, payment_term_days=request.payment_term_days)
    question = Question(inputs=request.inputs, rating_group_id=request.rating_group_id)
    invoice = await _write(session, draft=draft, issued_on=request.issued_on, due_on=due_on, now=now, question=question)
    entries = rules.entries_of_invoice(
        total=invoice.total,
        lines=[(request.accounts[line.code], line.net, line.is_after_tax) for line in draft.lines],
        taxes=[(subtotal.code, subtotal.tax) for subtotal in draft.taxes],
    )
    booking = booking_of(
        customer_id=draft.customer_id,
        kind=BookingKind.INVOICE,
        document_id=invoice.id,
        effective_on=request.issued_on,
        entries=tuple(Entry(account, draft.currency, amount) for account, amount in entries),
    )
    await post(session, booking=booking, now=now)
    return invoice


async def credit_invoice(session: AsyncSession, *, request: CreditRequest, now: datetime) -> IssuedInvoice:
    """Take an invoice back whole by a credit note, once; asked again it returns the first credit note.

    What had been paid on the invoice is released by `payments.operations.credit_invoice`, which callers want.
    """
    invoice = await queries.invoice_by_number(session, document_number=request.document_number)
    if invoice.kind is InvoiceKind.CREDIT:
        raise CreditNoteNotPossible(f"{invoice.document_number} is itself a credit note")
    if request.issued_on < invoice.issued_on:
        raise CreditNoteNotPossible(
            f"{invoice.document_number} was issued on {invoice.issued_on}, after its credit note"
        )
    await queries.lock_customer_invoices(session, customer_id=invoice.customer_id)
    earlier = await queries.credit_note_of(session, invoice=invoice)
    if earlier is not None:
        return earlier
    original = await queries.draft_of(session, invoice=invoice)
    revision = await queries.next_credit_revision(session, draft=original)
    draft = rules.credit_of(original, invoice_id=invoice.id, revision=revision)
    note = await _write(session, draft=draft, issued_on=request.issued_on, due_on=request.issued_on, now=now)
    reversal = Reversal(
        customer_id=note.customer_id,
        of_key=document_key(kind=BookingKind.INVOICE, document_id=invoice.id),
        key=document_key(kind=BookingKind.CREDIT_NOTE, document_id=note.id),
        kind=BookingKind.CREDIT_NOTE,
        document_id=note.id,
        effective_on=request.issued_on,
    )
    await reverse(session, reversal=reversal, now=now)
    return note


async def _write(
    session: AsyncSession,
    *,
    draft: InvoiceDraft,
    issued_on: date,
    due_on: date,
    now: datetime,
    question: Question = NO_QUESTION,
) -> IssuedInvoice:
    seller = await queries.seller_on(session, adapter=draft.adapter, on=issued_on)
    row = _row(draft, seller=seller, issued_on=issued_on, due_on=due_on, now=now)
    row.inputs, row.rating_group_id = question
    row.number = await draw_number(session, series=seller.series)
    row.document_number = rules.document_number(series=seller.series, number=row.number)
    row.payment_reference = rules.payment_reference(row.document_number)
    session.add(row)
    await session.flush()
    await _write_lines(session, draft=draft, invoice_id=row.id)
    for job in rules.document_jobs([row.id]):
        await defer_job(session, task=rules.DOCUMENTS_TASK, arguments=job)
    return queries.issued_invoice(row, is_new=True)


def _row(draft: InvoiceDraft, *, seller: Seller, issued_on: date, due_on: date, now: datetime) -> tables.Invoice:
    sums = rules.sums_of(draft)
    return tables.Invoice(
        customer_id=draft.customer_id,
        contract_id=draft.contract_id,
        adapter=draft.adapter,
        seller_id=seller.id,
        series=seller.series,
        number=0,
        document_number="",
        kind=draft.kind,
        revision=draft.revision,
        period_from=draft.period_from,
        period_to=draft.period_to,
        issued_on=issued_on,
        due_on=due_on,
        currency=draft.currency,
        net=sums.net,
        tax=sums.tax,
        support=sums.support,
        total=sums.total,
        rounding=draft.rounding,
        customer_name=draft.customer_name,
        billing_address=draft.billing_address,
        supply_address=draft.supply_address,
        payment_reference="",
        corrects_invoice_id=draft.corrects_invoice_id,
        issued_at=now,
    )


async def _write_lines(session: AsyncSession, *, draft: InvoiceDraft, invoice_id: int) -> None:
    owned = {
        "customer_id": draft.customer_id,
        "invoice_id": invoice_id,
        "contract_id": draft.contract_id,
        "currency": draft.currency,
    }
    lines = [
        {
            **owned,
            "position": position,
            "adapter": draft.adapter,
            "code": line.code,
            "period_from": line.period_from,
            "period_to": line.period_to,
            "quantity": line.quantity,
            "unit": line.unit,
            "unit_price": line.unit_price,
            "price_unit": line.price_unit,
            "net": line.net,
            "tax_code": line.tax_code,
            "tax_rate": line.tax_rate,
            "is_after_tax": line.is_after_tax,
            "quality": line.quality,
            "supply_point_id": line.supply_point_id,
        }
        for position, line in enumerate(draft.lines, start=1)
    ]
    taxes = [
        {**owned, "tax_code": subtotal.code, "rate": subtotal.rate, "base": subtotal.base, "tax": subtotal.tax}
        for subtotal in draft.taxes
    ]
    for table, rows in ((tables.InvoiceLine, lines), (tables.InvoiceTax, taxes)):
        if rows:
            await session.execute(insert(table), rows)
