"""Credit that a bill below nothing gives: what it owes the customer pays other bills, or goes to their account.

It is a row among the payments received, so that all that is done with credit is done with it too. It posts nothing, as
the bill has posted it already and no money came.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from psycopg import Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.db.outbox import NewsEvent, append_news
from mains_server.invoices import operations as invoicing
from mains_server.invoices.records import IssuedInvoice, IssueRequest, OpenInvoice
from mains_server.payments import queries, rules
from mains_server.payments.allocating import unsettle
from mains_server.payments.records import ReturnKind
from mains_server.payments.tables import PaymentReturn

GIVE = f"""
insert into payment (
    customer_id, amount, currency, method, received_on, reference, idempotency_key, invoice_id, booked_at
)
select i.customer_id, -i.total, i.currency, 'INVOICE', i.issued_on, i.document_number, '{rules.GIVEN_KEY}' || i.id,
    i.id, {{now}}
from invoice i where i.id = any(cast({{ids}} as bigint[])) and i.total < 0 and i.kind <> 'CREDIT' order by i.id
"""
TELL = f"""
insert into outbox_event (kind, customer_id, payload, occurred_at, delivered_at)
select '{rules.PAYMENT_CHANGED}', p.customer_id, jsonb_build_object('payment_id', p.id), {{now}}, {{now}}
from invoice i join payment p on p.customer_id = i.customer_id and p.invoice_id = i.id
where i.id = any(cast({{ids}} as bigint[])) order by p.id
"""
STEPS = (GIVE, TELL)


class CreditRefunded(Refusal):
    """A bill below nothing cannot be taken back once what it gave has gone, or is going, to the customer's account."""

    code = "CREDIT_REFUNDED"
    path = "invoiceId"


def give_new(connection: Connection, *, invoice_ids: Collection[int], now: datetime) -> None:
    """Give the credit of bills below nothing in the transaction that issues them; others among them give none."""
    for step in STEPS:
        connection.execute(step.format(ids="%(ids)s", now="%(now)s"), {"ids": list(invoice_ids), "now": now})


async def issue_invoice(session: AsyncSession, *, request: IssueRequest, now: datetime) -> IssuedInvoice:
    """Issue one invoice, as `invoices.operations.issue_invoice` does; one below nothing gives its customer credit."""
    issued = await invoicing.issue_invoice(session, request=request, now=now)
    if issued.total < 0:
        for step in STEPS:
            await session.execute(text(step.format(ids=":ids", now=":now")), {"ids": [issued.id], "now": now})
    return issued


async def withdraw(session: AsyncSession, *, invoice: OpenInvoice, note: IssuedInvoice, now: datetime) -> None:
    """Take back what a bill below nothing gave, once the credit note has taken back the bill; others gave nothing.

    What is credit goes first, then what it settled last: those invoices are open again. Whoever calls holds the
    customer's invoices. CreditRefunded refuses, and the credit note is not to be kept then.
    """
    given = await queries.given_by(session, customer_id=invoice.customer_id, invoice_id=invoice.id)
    key = f"credit_note:{note.id}"
    if given is None or await queries.return_by_key(session, payment_id=given.id, key=key) is not None:
        return
    if given.returned:
        raise CreditRefunded(
            f"{given.returned} {given.currency} of what {invoice.document_number} gave was refunded; reject the refund"
            " if it has not left yet, otherwise leave the bill and charge what is missing on the contract as a fee"
        )
    await unsettle(session, payment=given, amount=given.amount, now=now)
    row = PaymentReturn(
        customer_id=given.customer_id,
        payment_id=given.id,
        kind=ReturnKind.WITHDRAWAL,
        amount=given.amount,
        currency=given.currency,
        reason=note.document_number,
        idempotency_key=key,
        returned_on=now.date(),
        booked_at=now,
    )
    session.add(row)
    await session.flush()
    news = NewsEvent(kind=rules.PAYMENT_CHANGED, customer_id=given.customer_id, payload={"payment_id": given.id})
    await append_news(session, news=[news], now=now)
