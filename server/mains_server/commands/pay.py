"""`mains pay`: staff receive a payment for a customer."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.audit.operations import note_subject
from mains_server.audit.records import Subject
from mains_server.commands.acting import acting
from mains_server.commands.database import opened
from mains_server.customers.queries import customer_by_number
from mains_server.db.engine import make_engine
from mains_server.invoices.queries import InvoiceNotFound, document_numbers
from mains_server.invoices.rules import NotADocumentNumber
from mains_server.money.records import NotMoney
from mains_server.money.rules import format_amount, parse_amount
from mains_server.payments.operations import CustomerNotFound, receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest, Settle
from mains_server.payments.rules import PaymentRefused
from mains_server.settings import load_settings

CURRENCY = "EUR"
REFUSALS = (PaymentRefused, CustomerNotFound, InvoiceNotFound, NotADocumentNumber, NotMoney)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("pay")(pay)


def pay(  # noqa: PLR0913 - each is an option of the command
    customer: Annotated[str, typer.Option(help="The customer's number.")],
    amount: Annotated[str, typer.Option(help="The amount in euro, such as 43.10.")],
    invoice: Annotated[list[str] | None, typer.Option(help="An invoice it is for; may be repeated.")] = None,
    contract: Annotated[str | None, typer.Option(help="The levelled contract it is for, by number.")] = None,
    method: Annotated[PaymentMethod, typer.Option(help="How it came.")] = PaymentMethod.BANK_TRANSFER,
    key: Annotated[str | None, typer.Option(help="Given again, the payment is received once.")] = None,
    received: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; default today.")] = None,
    reference: Annotated[str, typer.Option(help="What the payer wrote.")] = "",
) -> None:
    """Receive a payment: it settles the named invoices or else the oldest; the rest stays credit.

    For a levelled contract, named by its number or by its payment reference, it is prepaid until it is settled.
    """
    now = datetime.now(UTC)
    try:
        request = PaymentRequest(
            customer_id=0,
            amount=parse_amount(amount),
            currency=CURRENCY,
            method=method,
            received_on=(received or now).date(),
            reference=reference,
            contract_number=contract,
            idempotency_key=key or f"staff:{uuid.uuid4()}",
            settles=tuple(Settle(document_number=number) for number in invoice or ()),
        )
        with opened(load_settings()) as address:
            lines = asyncio.run(_receive(address=address, number=customer, request=request, now=now))
    except REFUSALS as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    for line in lines:
        typer.echo(line)


async def _receive(*, address: str, number: str, request: PaymentRequest, now: datetime) -> list[str]:
    engine = make_engine(address=address, connections_max=1)
    try:
        async with acting(engine, act="pay", words=request.reference or None, now=now) as session:
            return await _receive_and_tell(session, number=number, request=request, now=now)
    finally:
        await engine.dispose()


async def _receive_and_tell(session: AsyncSession, *, number: str, request: PaymentRequest, now: datetime) -> list[str]:
    customer = await customer_by_number(session, number=number)
    if customer is None:
        raise CustomerNotFound(f"there is no customer {number}")
    payment = await receive_payment(session, request=replace(request, customer_id=customer.id), now=now)
    for subject in (Subject(type_name="Customer", number=customer.id), Subject(type_name="Payment", number=payment.id)):
        note_subject(session, subject=subject)
    names = await document_numbers(session, customer_id=customer.id, ids=[a.invoice_id for a in payment.allocations])
    was = "received" if payment.is_new else "had been received before"
    return [
        f"Payment {payment.id} of {format_amount(payment.amount)} {payment.currency} {was}.",
        *(f"{names[part.invoice_id]}: {format_amount(part.amount)}" for part in payment.allocations),
        *(f"Held for its levelled contract: {format_amount(part.amount)}" for part in payment.prepaid),
        f"Credit left of it: {format_amount(payment.credit)}",
    ]
