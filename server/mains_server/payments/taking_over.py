"""A levelled contract's bill taken over in the very transaction that issues it: over psycopg, as billing writes.

Nobody sees the bill before that transaction ends, so that it is never seen as a debt. Billing holds the contract.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from psycopg import Connection

from mains_server.ledger.operations import post_new
from mains_server.ledger.records import BookingKind
from mains_server.ledger.rules import booking_of
from mains_server.payments import queries, rules
from mains_server.payments.records import NewBill

INSERT_USE = """
insert into prepaid_use (customer_id, contract_id, invoice_id, amount, currency, booked_at)
values (%(customer)s, %(contract)s, %(invoice)s, %(amount)s, %(currency)s, %(now)s) returning id
"""


def take_over_new(connection: Connection, *, invoice_id: int, now: datetime) -> Decimal:
    """Let the account take over all of a bill that this transaction issues, as `prepaid.take_over` does; tell how much.

    What was prepaid pays it as far as it goes; what is lacking is deferred.
    """
    bill = queries.new_bill(connection, invoice_id=invoice_id)
    return _use(connection, bill=bill, amount=bill.open_amount, now=now)


def pay_new(connection: Connection, *, invoice_id: int, now: datetime) -> Decimal:
    """Pay the last bill of a levelled payment, which this transaction issues, with what is prepaid; tell how much.

    What is lacking is due: no instalment will bring it in.
    """
    bill = queries.new_bill(connection, invoice_id=invoice_id)
    return _use(connection, bill=bill, amount=min(bill.open_amount, bill.account.balance), now=now)


def _use(connection: Connection, *, bill: NewBill, amount: Decimal, now: datetime) -> Decimal:
    if amount <= 0:
        return Decimal(0)
    owner = bill.owner
    row = {
        "customer": owner.customer_id,
        "contract": owner.contract_id,
        "invoice": bill.invoice_id,
        "amount": amount,
        "currency": owner.currency,
        "now": now,
    }
    ((use_id,),) = connection.execute(INSERT_USE, row).fetchall()
    entries = rules.entries_of_move(before=bill.account.balance, change=-amount, currency=owner.currency)
    booking = booking_of(
        customer_id=owner.customer_id,
        kind=BookingKind.PREPAID_USE,
        document_id=use_id,
        effective_on=now.date(),
        entries=entries,
    )
    post_new(connection, booking=booking, now=now)
    return amount
