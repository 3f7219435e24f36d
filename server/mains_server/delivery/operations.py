"""Deliveries begin when an invoice's documents are there, and each try leaves a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal
from mains_server.contracts.records import Delivery
from mains_server.db.outbox import append_event
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.delivery import queries
from mains_server.delivery.queries import Undelivered
from mains_server.delivery.records import (
    Answer,
    DeliveryChannel,
    DeliveryState,
    Envelope,
    HandedOver,
    ReceiptOutcome,
    SendingRules,
)
from mains_server.delivery.rules import pause
from mains_server.delivery.tables import DeliveryReceipt, InvoiceDelivery

SENT_WITHIN = timedelta(days=14)
"""Invoices issued longer ago are not sent by themselves: an archive that is taken over is no news to anybody."""
INVOICES_AT_ONCE = 500
READY = "invoice.ready"
DONE = {
    ReceiptOutcome.SHOWN: DeliveryState.DELIVERED,
    ReceiptOutcome.ACCEPTED: DeliveryState.DELIVERED,
    ReceiptOutcome.PRINTED: DeliveryState.DELIVERED,
    ReceiptOutcome.REFUSED: DeliveryState.FAILED,
    ReceiptOutcome.NO_ADDRESS: DeliveryState.NO_ADDRESS,
}


class DeliveryInvoiceUnknown(Refusal):
    """There is no such invoice."""

    code = "INVOICE_UNKNOWN"
    path = "invoiceId"


async def begin_deliveries(engine: AsyncEngine, *, now: datetime) -> int:
    """Begin to deliver every new invoice whose documents are made, once, as its contract says now; count them."""
    begun = after = 0
    while True:
        async with read_session(engine) as session:
            found = await queries.undelivered(session, since=now - SENT_WITHIN, after=after, most=INVOICES_AT_ONCE)
        for one in found:
            async with unit_of_work(engine) as session:
                begun += await _begin_first(session, invoice_id=one.invoice_id, now=now)
        if len(found) < INVOICES_AT_ONCE:
            return begun
        after = found[-1].invoice_id


async def deliver_again(
    session: AsyncSession, *, invoice_id: int, channel: DeliveryChannel, person_id: int | None, now: datetime
) -> int:
    """Deliver an invoice once more, by whichever channel, and give the invoice's id."""
    held = await queries.held_undelivered(session, invoice_id=invoice_id)
    if held is None:
        raise DeliveryInvoiceUnknown("there is no such invoice")
    await _begin(session, held, channel=channel, now=now, person_id=person_id)
    return invoice_id


async def note_try(
    session: AsyncSession,
    *,
    envelope: Envelope,
    address: str | None,
    answer: Answer,
    files: Sequence[str],
    rules: SendingRules,
    now: datetime,
) -> DeliveryState:
    """Note what came of a try: done, to be tried again later, or given up, then by post where the rules say so."""
    await _receipt(session, envelope=envelope, address=address, answer=answer, files=files, now=now)
    tries = envelope.tries + 1
    state = DONE.get(answer.outcome)
    if state is None:
        state = DeliveryState.FAILED if tries >= rules.tries_max else DeliveryState.WAITING
    waits = state is DeliveryState.WAITING
    await _set(session, envelope, state=state, tries=tries, next_try_at=now + pause(tries) if waits else None)
    has_failed = state in (DeliveryState.FAILED, DeliveryState.NO_ADDRESS)
    if has_failed and rules.falls_back_to_post:
        held = await queries.held_undelivered(session, invoice_id=envelope.invoice_id)
        assert held is not None, "what is being delivered was issued"
        await _begin(session, held, channel=DeliveryChannel.POST, now=now, person_id=None)
    return state


async def note_letter(
    session: AsyncSession,
    *,
    envelope: Envelope,
    address: str | None,
    mailing_id: int | None,
    files: Sequence[str],
    now: datetime,
) -> None:
    """Note that a letter is in a mailing, or that it has no address to go to."""
    outcome = ReceiptOutcome.NO_ADDRESS if address is None else ReceiptOutcome.PRINTED
    detail = "no street or no town" if address is None else f"mailing {mailing_id}"
    answer = Answer(outcome=outcome, detail=detail)
    await _receipt(session, envelope=envelope, address=address, answer=answer, files=files, now=now)
    await _set(session, envelope, state=DONE[outcome], tries=envelope.tries + 1, next_try_at=None)
    if mailing_id is not None:
        mine = col(InvoiceDelivery.id) == envelope.delivery_id, col(InvoiceDelivery.customer_id) == envelope.customer_id
        await session.execute(update(InvoiceDelivery).where(*mine).values(mailing_id=mailing_id))


async def put_in_bank_file(session: AsyncSession, *, delivery_ids: Sequence[int], file_id: int) -> None:
    """Note that deliveries which the caller holds are in a file for a bank; they wait until it is handed over."""
    these = col(InvoiceDelivery.id).in_(delivery_ids)
    await session.execute(update(InvoiceDelivery).where(these).values(bank_file_id=file_id))


async def note_handed_over(session: AsyncSession, *, entries: Sequence[HandedOver], now: datetime) -> None:
    """Note that the deliveries of a file went to the bank, each with a receipt."""
    receipts = [
        {
            "customer_id": one.customer_id,
            "delivery_id": one.delivery_id,
            "at": now,
            "address": one.address,
            "outcome": ReceiptOutcome.HANDED_OVER,
            "detail": one.detail,
            "files": list(one.files),
        }
        for one in entries
    ]
    await session.execute(insert(DeliveryReceipt), receipts)
    these = col(InvoiceDelivery.id).in_([one.delivery_id for one in entries])
    await session.execute(
        update(InvoiceDelivery).where(these).values(state=DeliveryState.DELIVERED, tries=InvoiceDelivery.tries + 1)
    )


async def _begin_first(session: AsyncSession, *, invoice_id: int, now: datetime) -> bool:
    held = await queries.held_undelivered(session, invoice_id=invoice_id)
    assert held is not None, "what was issued is not removed"
    if await queries.last_number(session, invoice_id=invoice_id, customer_id=held.customer_id):
        return False
    channel = _channel_of(held.delivery)
    await _begin(session, held, channel=channel, now=now, person_id=None)
    payload = {"invoiceId": invoice_id, "contractId": held.contract_id, "channel": channel.name}
    append_event(session, kind=READY, payload=payload, customer_id=held.customer_id, now=now)
    return True


async def _begin(
    session: AsyncSession, held: Undelivered, *, channel: DeliveryChannel, now: datetime, person_id: int | None
) -> None:
    number = await queries.last_number(session, invoice_id=held.invoice_id, customer_id=held.customer_id) + 1
    is_shown = channel is DeliveryChannel.PORTAL
    row = InvoiceDelivery(
        customer_id=held.customer_id,
        contract_id=held.contract_id,
        invoice_id=held.invoice_id,
        number=number,
        channel=channel,
        state=DeliveryState.DELIVERED if is_shown else DeliveryState.WAITING,
        tries=1 if is_shown else 0,
        next_try_at=now if channel is DeliveryChannel.EMAIL else None,
        created_at=now,
        asked_by_person_id=person_id,
    )
    session.add(row)
    await session.flush()
    if is_shown:
        shown = {
            "customer_id": held.customer_id,
            "delivery_id": row.id,
            "at": now,
            "address": None,
            "outcome": ReceiptOutcome.SHOWN,
            "detail": "in the portal",
            "files": [],
        }
        await session.execute(insert(DeliveryReceipt), [shown])


def _channel_of(delivery: Delivery) -> DeliveryChannel:
    return DeliveryChannel[delivery.name]


async def _receipt(
    session: AsyncSession,
    *,
    envelope: Envelope,
    address: str | None,
    answer: Answer,
    files: Sequence[str],
    now: datetime,
) -> None:
    row = {
        "customer_id": envelope.customer_id,
        "delivery_id": envelope.delivery_id,
        "at": now,
        "address": address,
        "outcome": answer.outcome,
        "detail": answer.detail,
        "files": list(files),
    }
    await session.execute(insert(DeliveryReceipt), [row])


async def _set(
    session: AsyncSession, envelope: Envelope, *, state: DeliveryState, tries: int, next_try_at: datetime | None
) -> None:
    await session.execute(
        update(InvoiceDelivery)
        .where(
            col(InvoiceDelivery.id) == envelope.delivery_id, col(InvoiceDelivery.customer_id) == envelope.customer_id
        )
        .values(state=state, tries=tries, next_try_at=next_try_at)
    )
