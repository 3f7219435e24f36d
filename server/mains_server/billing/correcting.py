"""Writes down what came of corrections, in the transaction in which they are made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import orjson
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.billing.records import Corrected, CorrectionOutcome, Difference, NewCorrection, WrongBill
from mains_server.billing.tables import Correction, RatingGroup, SettlementLine
from mains_server.invoices.records import InvoiceDraft, InvoiceKind, IssuedInvoice

SETTLE = """
update correction_due set settled_at = :now
where customer_id = :customer and invoice_id = :invoice and settled_at is null
"""
SETTLE_HOUSE = """
update correction_due set settled_at = :now where invoice_id = any(cast(:invoices as bigint[])) and settled_at is null
"""
# What was taken back is settled: its replacement was rated on what is known, and without one the run bills the days.
SETTLE_TAKEN_BACK = """
update correction_due d set settled_at = :now
from invoice i
where i.id = d.invoice_id and i.customer_id = d.customer_id and i.document_number = :number and d.settled_at is null
  and exists (
    select from invoice n
    where n.customer_id = i.customer_id and n.corrects_invoice_id = i.id and n.kind = 'CREDIT'
      and n.issued_at >= d.noted_at
  )
"""
MOVE_FEES = """
update contract_fee set invoice_id = :invoice
where customer_id = :customer and id = any(cast(:rows as bigint[]))
"""
MOVE_LINES = """
update settlement_line set booked_invoice_id = :invoice
where customer_id = :customer and id = any(cast(:rows as bigint[]))
"""


async def note_unchanged(session: AsyncSession, *, correction: NewCorrection, now: datetime) -> Corrected:
    """Write down that a bill was looked at again and is right."""
    return await _note(
        session, correction=correction, outcome=CorrectionOutcome.UNCHANGED, difference=Decimal(0), now=now
    )


async def note_differences(
    session: AsyncSession, *, correction: NewCorrection, lines: Sequence[Difference], now: datetime
) -> Corrected:
    """Write down what the next bill has to settle; charges that came out the same are kept too, as the proof."""
    net = sum((line.net for line in lines), Decimal(0))
    is_wrong = any(line.net for line in lines)
    outcome = CorrectionOutcome.NEXT_BILL if is_wrong else CorrectionOutcome.UNCHANGED
    corrected = await _note(session, correction=correction, outcome=outcome, difference=net, now=now)
    wrong = correction.wrong
    rows = [
        {
            "customer_id": wrong.customer_id,
            "contract_id": wrong.contract_id,
            "correction_id": corrected.id,
            "invoice_id": wrong.invoice_id,
            "position": position,
            "adapter": wrong.adapter,
            "code": line.code,
            "period_from": line.period.start,
            "period_to": line.period.end,
            "tax_code": line.tax_code,
            "tax_rate": line.tax_rate,
            "is_after_tax": line.is_after_tax,
            "currency": wrong.currency,
            "billed": line.billed,
            "due": line.due,
            "net": line.net,
        }
        for position, line in enumerate(lines, start=1)
    ]
    if rows:
        await session.execute(insert(SettlementLine), rows)
    return corrected


async def note_replaced(
    session: AsyncSession,
    *,
    correction: NewCorrection,
    note: IssuedInvoice,
    replacement: IssuedInvoice,
    now: datetime,
) -> Corrected:
    """Write down that a bill was taken back and another issued in its place."""
    difference = replacement.total - correction.wrong.total
    corrected = await _note(
        session,
        correction=correction,
        outcome=CorrectionOutcome.REPLACED,
        difference=difference,
        now=now,
        documents=(note.id, replacement.id),
    )
    return replace(corrected, credit_note=note.document_number, replacement=replacement.document_number)


async def note_credited(
    session: AsyncSession, *, correction: NewCorrection, note: IssuedInvoice, now: datetime
) -> Corrected:
    """Write down that a bill was taken back and that none was issued in its place."""
    corrected = await _note(
        session,
        correction=correction,
        outcome=CorrectionOutcome.CREDITED,
        difference=note.total,
        now=now,
        documents=(note.id, None),
    )
    return replace(corrected, credit_note=note.document_number)


async def mark_replaced(
    session: AsyncSession, *, replacement: IssuedInvoice, fees: Collection[int], settles: Collection[int]
) -> None:
    """Note on fees and settlements of a bill that was taken back that its replacement has them."""
    for statement, rows in ((MOVE_FEES, fees), (MOVE_LINES, settles)):
        if rows:
            asked = {"invoice": replacement.id, "customer": replacement.customer_id, "rows": list(rows)}
            await session.execute(text(statement), asked)


async def settle_taken_back(session: AsyncSession, *, document_number: str, now: datetime) -> bool:
    """Settle what was due of a bill that was taken back since it was noted; tell whether there was such."""
    settled = await session.execute(text(SETTLE_TAKEN_BACK), {"number": document_number, "now": now})
    return bool(settled.rowcount)  # type: ignore[attr-defined]


async def settle_house(session: AsyncSession, *, invoice_ids: Collection[int], now: datetime) -> None:
    """Settle what was due of a house's bills, since they all came out the same."""
    await session.execute(text(SETTLE_HOUSE), {"invoices": list(invoice_ids), "now": now})


async def add_house_question(session: AsyncSession, *, wrong: WrongBill, inputs: bytes, net: Decimal) -> int:
    """Store the question that a house was rated by once more, outside of any run."""
    assert wrong.house_period is not None and wrong.building_id is not None
    values = {
        "run_id": None,
        "adapter": wrong.adapter,
        "building_id": wrong.building_id,
        "period_from": wrong.house_period.start,
        "period_to": wrong.house_period.end,
        "inputs": orjson.loads(inputs),
        "net": net,
    }
    group: int | None = await session.scalar(insert(RatingGroup).values(**values).returning(col(RatingGroup.id)))
    assert group is not None
    return group


def in_place_of(wrong: WrongBill, *, bill: InvoiceDraft) -> InvoiceDraft:
    """Make a bill the replacement of another: of its kind, the next revision, and pointing to it."""
    kind = bill.kind if wrong.kind in (InvoiceKind.REGULAR, InvoiceKind.ESTIMATED) else wrong.kind
    return replace(bill, kind=kind, revision=wrong.revision + 1, corrects_invoice_id=wrong.invoice_id)


async def _note(
    session: AsyncSession,
    *,
    correction: NewCorrection,
    outcome: CorrectionOutcome,
    difference: Decimal,
    now: datetime,
    documents: tuple[int | None, int | None] = (None, None),
) -> Corrected:
    wrong = correction.wrong
    row = Correction(
        customer_id=wrong.customer_id,
        contract_id=wrong.contract_id,
        invoice_id=wrong.invoice_id,
        reason=correction.reason,
        note=correction.note.strip(),
        outcome=outcome,
        difference=difference,
        currency=wrong.currency,
        credit_note_id=documents[0],
        replacement_id=documents[1],
        rating_group_id=correction.rating_group_id,
        person_id=correction.person_id,
        corrected_on=correction.on,
        corrected_at=now,
    )
    session.add(row)
    await session.flush()
    await session.execute(text(SETTLE), {"customer": wrong.customer_id, "invoice": wrong.invoice_id, "now": now})
    return Corrected(
        id=row.id,
        document_number=wrong.document_number,
        outcome=outcome,
        difference=difference,
        currency=wrong.currency,
    )
