"""What a provider's word books: money that came, that was taken back, and refunds that arrived or did not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from mains_spi import ProviderOutcome, ProviderReport
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.contracts.queries import contract_by_id, lock_contract
from mains_server.contracts.records import Settlement
from mains_server.db.outbox import append_event
from mains_server.delegation.spending import note_came_again, note_returned
from mains_server.invoices.queries import invoice_in_place_of, lock_open_invoices, open_invoices
from mains_server.money.records import NotMoney, require_amount
from mains_server.paying import queries
from mains_server.paying.records import EventOutcome, Intent, IntentStatus, RefundStatus
from mains_server.paying.rules import next_refund_status
from mains_server.paying.tables import PaymentIntent, PaymentRefund
from mains_server.payments.operations import apply_credit, receive_payment
from mains_server.payments.queries import return_by_id, return_by_key
from mains_server.payments.records import PaymentMethod, PaymentRequest, Settle
from mains_server.payments.returning import (
    confirm_refund,
    confirm_refund_of,
    restore_payment,
    reverse_payment,
    undo_refund,
)
from mains_server.payments.rules import NothingLeftToReturn, NothingTakenBack

Outcome = tuple[EventOutcome, str | None]


async def capture(
    session: AsyncSession, *, intent: PaymentIntent, report: ProviderReport, occurred_at: datetime, now: datetime
) -> str | None:
    """Book money that a provider took for us, once by the intent; tell why a person must look at it first, or None.

    It settles what the payer named, or what came in its place, as far as that is still open. What is left is credit,
    and pays what else is open.
    """
    amount = intent.amount if report.amount is None else report.amount
    why = _unbookable(amount, report=report, intent=intent)
    if why is not None:
        return why
    seen = await queries.intent_of(session, intent)
    number, settles = await _meant(session, intent=seen, amount=amount)
    request = PaymentRequest(
        customer_id=intent.customer_id,
        amount=amount,
        currency=intent.currency,
        method=PaymentMethod[intent.pays_by],
        received_on=min(occurred_at, now).date(),
        reference=intent.shown_reference,
        idempotency_key=f"intent:{intent.reference}",
        contract_number=number,
        settles=settles,
        provider=intent.provider,
    )
    payment = await receive_payment(session, request=request, now=now)
    await apply_credit(session, customer_ids=[intent.customer_id], now=now)
    intent.status, intent.payment_id, intent.reason = IntentStatus.CAPTURED, payment.id, None
    intent.captured_amount = amount
    return None


def captured_again(intent: PaymentIntent, *, report: ProviderReport) -> Outcome:
    """Judge a capture of what was captured: the same told again is stale, another amount is for a person to look at."""
    if report.amount is None or report.amount == intent.captured_amount:
        return EventOutcome.STALE, None
    return EventOutcome.HELD, f"captured before, and not {report.amount}"


async def is_still_wanted(session: AsyncSession, *, intent: Intent) -> bool:
    """Tell whether anything that a payment was to settle is still open; what is not for invoices always is wanted.

    An invoice that was replaced meanwhile is open as far as the one in its place is.
    """
    if not intent.parts:
        return True
    found = [await invoice_in_place_of(session, invoice_id=part.invoice_id) for part in intent.parts]
    return any(invoice is not None and invoice.open_amount > 0 for invoice in found)


async def taken_back(
    session: AsyncSession, *, intent: PaymentIntent, report: ProviderReport, key: str, now: datetime
) -> Outcome:
    """Take back a payment that a bank took back, or that was refunded past us; before its capture it waits."""
    if intent.payment_id is None:
        return EventOutcome.WAITING, "comes before the capture"
    if report.currency not in (None, intent.currency):
        return EventOutcome.HELD, f"is in {report.currency}"
    words = "taken back by the payer's bank" if report.outcome is ProviderOutcome.REVERSED else "refunded past us"
    try:
        returned = await reverse_payment(
            session, payment_id=intent.payment_id, reason=report.reason or words, now=now, amount=report.amount, key=key
        )
    except NothingLeftToReturn as refusal:
        return EventOutcome.HELD, str(refusal)
    await note_returned(session, intent_id=intent.id, amount=returned.amount, now=now)
    payload = {"payment_id": intent.payment_id, "amount": str(returned.amount)}
    append_event(session, kind="payment.reversed", payload=payload, customer_id=intent.customer_id, now=now)
    return EventOutcome.APPLIED, None


async def came_again(
    session: AsyncSession, *, intent: PaymentIntent, report: ProviderReport, key: str, now: datetime
) -> Outcome:
    """Give a payment back what a bank had taken of it, such as a dispute that we won; it waits for that to be told."""
    if report.currency not in (None, intent.currency):
        return EventOutcome.HELD, f"is in {report.currency}"
    if intent.payment_id is None:
        return EventOutcome.WAITING, "comes before the capture"
    words = report.reason or "given back by the payer's bank"
    try:
        back = await restore_payment(
            session, payment_id=intent.payment_id, reason=words, now=now, amount=report.amount, key=key
        )
    except NothingTakenBack:
        return EventOutcome.WAITING, "comes before it was taken back"
    await note_came_again(session, intent_id=intent.id, amount=-back.amount, now=now)
    payload = {"payment_id": intent.payment_id, "amount": str(-back.amount)}
    append_event(session, kind="payment.restored", payload=payload, customer_id=intent.customer_id, now=now)
    return EventOutcome.APPLIED, None


async def refund_told(
    session: AsyncSession, *, intent: PaymentIntent, report: ProviderReport, now: datetime
) -> Outcome:
    """Book what became of a refund: it left, or it did not go and is the customer's credit again."""
    row = await queries.lock_refund(session, reference=report.refund_reference or "")
    if row is None or row.intent_id != intent.id:
        return EventOutcome.HELD, "no refund of ours has this reference"
    contradiction = await _contradiction(session, row=row, report=report)
    if contradiction is not None:
        row.next_check_at = None  # Asked again it would say the same; whoever decides on the event ends the wait.
        return EventOutcome.HELD, contradiction
    status = next_refund_status(row.status, report.outcome)
    if status is None:
        return EventOutcome.STALE, None
    returned = await return_by_id(session, return_id=row.return_id)
    if status is RefundStatus.REFUNDED:
        await confirm_refund(session, returned=returned, on=now.date(), now=now)
        await note_returned(session, intent_id=intent.id, amount=returned.amount, now=now)
    elif status is RefundStatus.FAILED:
        await undo_refund(session, returned=returned, reason=report.reason or "the provider could not", now=now)
    row.status, row.failure, row.changed_at = status, report.reason, now
    if status is not RefundStatus.UNKNOWN:
        row.next_check_at = None
    payload = {"refund_id": row.id, "status": status.name}
    append_event(session, kind="payment.refund_changed", payload=payload, customer_id=row.customer_id, now=now)
    await session.flush()
    return EventOutcome.APPLIED, None


async def refund_differs(
    session: AsyncSession, *, row: PaymentRefund, report: ProviderReport, reason: str, now: datetime
) -> None:
    """Book a refund as its provider told it, another amount than was asked for, or against what was told before.

    What did not leave is credit again, what left beyond it is taken back from the payment. NothingLeftToReturn and
    AmountNotPayable refuse.
    """
    left = _left(row, report=report)
    more = left - _known_to_have_left(row)
    returned = await return_by_id(session, return_id=row.return_id)
    key = differs_key(row)
    if row.status is RefundStatus.FAILED:
        await reverse_payment(session, payment_id=row.payment_id, reason=reason, now=now, amount=left, key=key)
    else:
        await confirm_refund_of(session, returned=returned, amount=left, reason=reason, key=key, now=now)
        row.status = RefundStatus.REFUNDED
    if row.intent_id is not None and more > 0:
        await note_returned(session, intent_id=row.intent_id, amount=more, now=now)
    elif row.intent_id is not None and more < 0:
        await note_came_again(session, intent_id=row.intent_id, amount=-more, now=now)
    row.failure = f"{left} left, not {row.amount}: {reason}"
    row.changed_at, row.next_check_at = now, None
    payload = {"refund_id": row.id, "status": row.status.name}
    append_event(session, kind="payment.refund_changed", payload=payload, customer_id=row.customer_id, now=now)


def differs_key(row: PaymentRefund) -> str:
    """Name what is booked where a refund went otherwise than it was asked for; it is booked once."""
    return f"refund-differs:{row.return_id}"


def _left(row: PaymentRefund, *, report: ProviderReport) -> Decimal:
    """Tell how much of a refund left as a report tells it: the whole where it names no amount."""
    if report.outcome is ProviderOutcome.FAILED:
        return Decimal("0.00")
    return row.amount if report.amount is None else report.amount


def _known_to_have_left(row: PaymentRefund) -> Decimal:
    """Tell how much of a refund was booked as gone before: what is still on its way was not."""
    return row.amount if row.status is RefundStatus.REFUNDED else Decimal("0.00")


async def _contradiction(session: AsyncSession, *, row: PaymentRefund, report: ProviderReport) -> str | None:
    """Tell what a person must look at: another amount or currency, or the opposite of what was told before."""
    if report.outcome not in (ProviderOutcome.REFUNDED, ProviderOutcome.FAILED):
        return None
    if report.currency not in (None, row.currency):
        return f"REFUND_CURRENCY_DIFFERS: {row.currency} was to be refunded, {report.currency} was"
    differs = await return_by_key(session, payment_id=row.payment_id, key=differs_key(row))
    has_left = report.outcome is ProviderOutcome.REFUNDED
    left = _left(row, report=report)
    known = {RefundStatus.REFUNDED: row.amount, RefundStatus.FAILED: Decimal("0.00")}.get(row.status)
    if known is None:
        is_same = not has_left or left == row.amount
        return None if is_same else f"REFUND_AMOUNT_DIFFERS: {row.amount} was to be refunded, {left} was"
    known += Decimal(0) if differs is None else differs.amount
    return None if left == known else f"REFUND_TOLD_OTHERWISE: {known} was refunded before, now {left}"


def _unbookable(amount: Decimal, *, report: ProviderReport, intent: PaymentIntent) -> str | None:
    try:
        require_amount(amount)
    except NotMoney as refusal:
        return str(refusal)
    if amount <= 0:
        return f"{amount} was captured"
    return None if report.currency in (None, intent.currency) else f"was captured in {report.currency}"


async def _meant(session: AsyncSession, *, intent: Intent, amount: Decimal) -> tuple[str | None, tuple[Settle, ...]]:
    """Tell which levelled contract holds the money, or which invoices it settles with how much, as they now stand."""
    contract = None if intent.contract_id is None else await contract_by_id(session, contract_id=intent.contract_id)
    if contract is not None:
        await lock_contract(session, contract_id=contract.id)
        if contract.settlement is Settlement.LEVELLED:
            return contract.number, ()
    await lock_open_invoices(session, customer_ids=[intent.customer_id])
    wanted: Sequence[tuple[int, Decimal]] = [(part.invoice_id, part.amount) for part in intent.parts]
    if contract is not None:
        still_open = await open_invoices(session, customer_id=intent.customer_id)
        wanted = [(one.id, one.open_amount) for one in still_open if one.contract_id == contract.id]
    settles = []
    for invoice_id, asked in wanted:
        invoice = await invoice_in_place_of(session, invoice_id=invoice_id)
        part = Decimal(0) if invoice is None else min(asked, invoice.open_amount, amount)
        if invoice is not None and part > 0:
            amount -= part
            settles.append(Settle(document_number=invoice.document_number, amount=part))
    return None, tuple(settles)
