"""Questions to the delivery room: what is to be delivered, what waits, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.contracts.records import Delivery
from mains_server.customers.queries import lock_accounts
from mains_server.delivery import statements
from mains_server.delivery.records import Delivered, Envelope, PrintMailing, Receipt
from mains_server.delivery.tables import DeliveryReceipt, InvoiceDelivery
from mains_server.delivery.tables import PrintMailing as PrintMailingRow
from mains_server.documents.records import DocumentKind
from mains_server.documents.rules import language_of

MAILINGS_SHOWN = 50


class Undelivered(NamedTuple):
    """An invoice that nobody has delivered yet, and how its contract wants it."""

    invoice_id: int
    customer_id: int
    contract_id: int
    delivery: Delivery


async def undelivered(session: AsyncSession, *, since: datetime, after: int, most: int) -> tuple[Undelivered, ...]:
    """List invoices issued since a moment, whose documents are made and that nobody has delivered yet."""
    asked = {"since": since, "after": after, "most": most, "kinds": len(DocumentKind)}
    rows = await session.execute(text(statements.UNDELIVERED), asked)
    return tuple(Undelivered(row.invoice_id, row.customer_id, row.contract_id, Delivery(row.delivery)) for row in rows)


async def held_undelivered(session: AsyncSession, *, invoice_id: int) -> Undelivered | None:
    """Hold the account of an invoice's customer, and tell how its contract wants it; None without an invoice."""
    row = (await session.execute(text(statements.WANTED), {"invoice": invoice_id})).one_or_none()
    if row is None:
        return None
    await lock_accounts(session, customer_ids=[row.customer_id])
    return Undelivered(invoice_id, row.customer_id, row.contract_id, Delivery(row.delivery))


async def last_number(session: AsyncSession, *, invoice_id: int, customer_id: int) -> int:
    """Give the number of an invoice's last delivery; 0 before the first."""
    found = await session.scalar(text(statements.LAST_NUMBER), {"invoice": invoice_id, "customer": customer_id})
    return int(found or 0)


async def next_mail(session: AsyncSession, *, now: datetime, held: Sequence[int]) -> Envelope | None:
    """Take the next mail that is due and none of those that are held, until the transaction ends.

    Others take another meanwhile.
    """
    asked = {"now": now, "held": list(held)}
    row = (await session.execute(text(statements.NEXT_MAIL), asked)).one_or_none()
    return None if row is None else _envelope(row)


async def is_mail_due(session: AsyncSession, *, now: datetime) -> bool:
    """Tell whether some mail waits to be sent now."""
    return bool(await session.scalar(text(statements.IS_MAIL_DUE), {"now": now}))


async def waiting_letters(session: AsyncSession, *, most: int) -> tuple[Envelope, ...]:
    """Take letters that wait for the printer, held until the transaction ends."""
    return tuple(_envelope(row) for row in await session.execute(text(statements.LETTERS), {"most": most}))


async def waiting_for_bank(session: AsyncSession, *, most: int) -> tuple[Envelope, ...]:
    """Take invoices for banks that are in no file yet, held until the transaction ends."""
    return tuple(_envelope(row) for row in await session.execute(text(statements.FOR_BANK), {"most": most}))


async def deliveries_of(session: AsyncSession, *, invoice_ids: Sequence[int]) -> tuple[Delivered, ...]:
    """List the deliveries of invoices with their receipts, the first first."""
    wanted = select(InvoiceDelivery).where(col(InvoiceDelivery.invoice_id).in_(invoice_ids))
    rows = list(await session.scalars(wanted.order_by(col(InvoiceDelivery.invoice_id), col(InvoiceDelivery.number))))
    noted = select(DeliveryReceipt).where(col(DeliveryReceipt.delivery_id).in_([row.id for row in rows]))
    receipts: dict[int, list[Receipt]] = defaultdict(list)
    for receipt in await session.scalars(noted.order_by(col(DeliveryReceipt.id))):
        receipts[receipt.delivery_id].append(_receipt(receipt))
    return tuple(
        Delivered(
            id=row.id,
            invoice_id=row.invoice_id,
            number=row.number,
            channel=row.channel,
            state=row.state,
            created_at=row.created_at,
            next_try_at=row.next_try_at,
            receipts=tuple(receipts[row.id]),
        )
        for row in rows
    )


async def print_mailings(session: AsyncSession) -> tuple[PrintMailing, ...]:
    """List the last mailings, the newest first, without their files."""
    row = PrintMailingRow
    columns = (row.id, row.made_at, row.letters, row.sha256, row.size)
    wanted = select(*map(col, columns)).order_by(col(row.id).desc()).limit(MAILINGS_SHOWN)
    return tuple(PrintMailing(**found._mapping) for found in await session.execute(wanted))


async def print_file(session: AsyncSession, *, mailing_id: int) -> bytes | None:
    """Give the ZIP of a mailing; None where there is none."""
    return await session.scalar(select(col(PrintMailingRow.content)).where(col(PrintMailingRow.id) == mailing_id))


def _envelope(row: Any) -> Envelope:
    return Envelope(**{**row._mapping, "language": language_of(row.language)})


def _receipt(row: DeliveryReceipt) -> Receipt:
    return Receipt(
        delivery_id=row.delivery_id,
        at=row.at,
        address=row.address,
        outcome=row.outcome,
        detail=row.detail,
        files=tuple(row.files),
    )
