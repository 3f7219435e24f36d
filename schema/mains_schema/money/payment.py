"""Payments, and which invoices they settled."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import strawberry
from mains_server.payments.records import PaymentMethod
from mains_server.payments.tables import Payment as P
from mains_server.payments.tables import PaymentAllocation as A
from mains_server.payments.tables import PaymentReturn as R
from mains_server.payments.tables import Prepayment as H
from sqlalchemy import Numeric, cast, func, select

from mains_schema.declaring.mapping import (
    OrderBy,
    at_least,
    before,
    column,
    descending,
    embed,
    filters,
    key,
    many,
    mapped,
    one,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Money
from mains_schema.declaring.scope import allowed

if TYPE_CHECKING:
    from mains_schema.billing.invoice import Invoice
    from mains_schema.parties.customer import Customer


def _unallocated() -> Decimal:
    used: Any = select(func.coalesce(func.sum(A.amount), 0)).where(A.payment_id == P.id).scalar_subquery()  # type: ignore[arg-type]
    rest: Decimal = cast(P.amount - used - _held() - _returned(), Numeric(14, 2))  # type: ignore[assignment]
    return rest


def _held() -> Decimal:
    held: Any = select(func.coalesce(func.sum(H.amount), 0)).where(H.payment_id == P.id).scalar_subquery()  # type: ignore[arg-type]
    part: Decimal = cast(held, Numeric(14, 2))  # type: ignore[assignment]
    return part


def _returned() -> Decimal:
    back: Any = select(func.coalesce(func.sum(R.amount), 0)).where(R.payment_id == P.id).scalar_subquery()  # type: ignore[arg-type]
    part: Decimal = cast(back, Numeric(14, 2))  # type: ignore[assignment]
    return part


@orders
class PaymentOrder(OrderBy):
    """Order of payments."""

    NEWEST = descending("Last received first.", P.received_on)


@filters
class PaymentFilter:
    """Which payments; conditions add up."""

    received_from: date | None = where("Received on this day or later.", at_least(P.received_on))
    received_before: date | None = where("Received on an earlier day.", before(P.received_on))


@mapped(A, scope=allowed(A.customer_id, A.contract_id))
class PaymentAllocation:
    """The part of a payment that settles one invoice; a negative one takes an earlier one back."""

    amount: Money = embed("How much of the invoice it settles.", Money, amount=A.amount, currency=A.currency)
    allocated_at: datetime = column("When it was booked.", A.allocated_at)
    invoice: Invoice = one("The invoice.", A.invoice_id)
    payment: Payment | None = one(
        "The payment; null for a delegate who sees only some of the customer's contracts.", A.payment_id
    )


@mapped(P, scope=allowed(P.customer_id))
class Payment(Node):
    """Money received from or for a customer, or what an invoice below nothing gave (method INVOICE)."""

    id: strawberry.ID = key("Global id.", P.id)
    amount: Money = embed("How much was received, or given.", Money, amount=P.amount, currency=P.currency)
    unallocated: Money = embed(
        "What no invoice used: the customer's credit from it.", Money, amount=_unallocated(), currency=P.currency
    )
    prepaid: Money = embed(
        "What levelled contracts hold of it until they are settled.", Money, amount=_held(), currency=P.currency
    )
    returned: Money = embed(
        "What went back of it: refunded, taken back by a bank, or withdrawn with its invoice; 0.00 for most.",
        Money,
        amount=_returned(),
        currency=P.currency,
    )
    method: PaymentMethod = column("By which road it came.", P.method)
    received_on: date = column("Day on which it was received; of the method INVOICE the day of issue.", P.received_on)
    reference: str = column("Reference given by the payer; of the method INVOICE the invoice's number.", P.reference)
    payer_name: str | None = column("Who paid; null if that is not known.", P.payer_name)
    customer: Customer = one("Whose account it is on.", P.customer_id)
    invoice: Invoice | None = one(
        "The invoice below nothing that gave it; null where money came, which is nearly always.", P.invoice_id
    )
    allocations: list[PaymentAllocation] = many(
        "Which invoices it settled; a handful.", A.payment_id, order=(A.id,), about=2
    )
