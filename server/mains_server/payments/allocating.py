"""Writing which invoices a payment settles, and taking that back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.payments import rules
from mains_server.payments.records import Allocation, ReceivedPayment
from mains_server.payments.tables import PaymentAllocation


async def insert_allocations(
    session: AsyncSession,
    *,
    allocations: Iterable[Allocation],
    payment_id: int,
    owner: tuple[int, str],
    now: datetime,
) -> None:
    """Write which invoices a payment settles, or no longer settles; whoever calls holds them and the payment."""
    rows: list[dict[str, int | str | Decimal | datetime]] = [
        {
            "customer_id": owner[0],
            "payment_id": payment_id,
            "invoice_id": allocation.invoice_id,
            "contract_id": allocation.contract_id,
            "amount": allocation.amount,
            "currency": owner[1],
            "allocated_at": now,
        }
        for allocation in allocations
    ]
    if rows:
        await session.execute(insert(PaymentAllocation), rows)


async def unsettle(session: AsyncSession, *, payment: ReceivedPayment, amount: Decimal, now: datetime) -> Decimal:
    """Free an amount of a payment: its credit first, then what it settled last; tell how much is still lacking."""
    missing = max(amount - payment.credit, Decimal(0))
    part = min(missing, sum((one.amount for one in payment.allocations), Decimal(0)))
    if part:
        back = rules.latest_first(payment.allocations, amount=part)
        owner = payment.customer_id, payment.currency
        await insert_allocations(session, allocations=back, payment_id=payment.id, owner=owner, now=now)
    return missing - part
