"""Intents and refunds written down before a provider is asked, and what it tells taken in, each once."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal

from mains_spi import ProviderAct, ProviderEvent, ProviderOutcome, ProviderReport
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.db.outbox import append_event
from mains_server.delegation import spending
from mains_server.paying import booking, queries, rules
from mains_server.paying.records import (
    EventOutcome,
    Intent,
    IntentStatus,
    NewIntent,
    NewRefund,
    Refund,
    RefundStatus,
    Told,
)
from mains_server.paying.tables import PaymentEvent, PaymentIntent, PaymentIntentPart, PaymentRefund
from mains_server.payments.records import ReturnKind, ReturnRequest
from mains_server.payments.returning import reserve_refund

INTENT_CHANGED = "payment.intent_changed"
# Longer than a call may take, so that nobody asks about one that is still being made.
FIRST_CHECK_AFTER = timedelta(minutes=2)
OVER = (IntentStatus.CAPTURED, IntentStatus.FAILED, IntentStatus.VOIDED)


class UnknownIntent(LookupError):
    """There is no such payment through a provider."""


async def begin_intent(session: AsyncSession, *, new: NewIntent, now: datetime) -> Intent:
    """Write a payment down before its provider is asked, so that one that dies meanwhile is found and resolved."""
    row = PaymentIntent(
        customer_id=new.target.customer_id,
        contract_id=new.target.contract_id,
        person_id=new.person_id,
        amount=new.target.amount,
        currency=new.target.currency,
        provider=new.provider,
        pays_by=new.pays_by,
        reference=f"mains-{secrets.token_hex(12)}",
        status=IntentStatus.CREATED,
        return_url=new.return_url,
        language=new.language,
        payee=new.target.payee,
        shown_reference=new.target.shown_reference,
        created_at=now,
        changed_at=now,
        next_check_at=now + FIRST_CHECK_AFTER,
    )
    session.add(row)
    await session.flush()
    for part in new.target.parts:
        session.add(PaymentIntentPart(customer_id=row.customer_id, intent_id=row.id, **asdict(part)))
    await session.flush()
    return await queries.intent_of(session, row)


async def take_told(session: AsyncSession, *, told: Told, now: datetime) -> EventOutcome | None:
    """Take in what a provider told, and book what follows from it in the same transaction; None for what is known.

    Whoever comes second with an event waits for the first one's transaction. What comes before its time waits, what
    comes too late changes nothing, and what contradicts the books is held for a person.
    """
    row = await _noted(session, told=told, now=now)
    if row is None:
        return None
    intent = await queries.lock_intent(session, reference=told.report.reference or "")
    if intent is None or intent.provider != told.provider:
        row.outcome = EventOutcome.UNMATCHED
        return row.outcome
    row.intent_id = intent.id
    await _apply(session, row=row, intent=intent, report=told.report, now=now)
    if row.outcome is EventOutcome.APPLIED and intent.status is IntentStatus.CAPTURED:
        await _catch_up(session, intent=intent, now=now)
    await session.flush()
    return row.outcome


async def _catch_up(session: AsyncSession, *, intent: PaymentIntent, now: datetime) -> None:
    """Apply what waited for this, in any order, as long as one lets another be applied."""
    is_on = True
    while is_on:
        is_on = False
        for waiting in await queries.waiting_events(session, intent_id=intent.id):
            await _apply(session, row=waiting, intent=intent, report=rules.report_of(waiting.report), now=now)
            is_on = is_on or waiting.outcome is EventOutcome.APPLIED
        await session.flush()


async def note_unread(session: AsyncSession, *, provider: str, event: ProviderEvent, now: datetime) -> bool:
    """Keep an event that is proven and says nothing of ours, once; tell whether it is new."""
    added = await session.scalar(
        insert(PaymentEvent)
        .values(
            provider=provider,
            event_id=event.id,
            kind=event.kind[:200],
            outcome=EventOutcome.IGNORED,
            occurred_at=event.occurred_at,
            received_at=now,
        )
        .on_conflict_do_nothing(constraint="payment_event_once")
        .returning(col(PaymentEvent.id))
    )
    return added is not None


async def decide_on_reserved(session: AsyncSession, *, intent_id: int, now: datetime) -> ProviderAct | None:
    """Decide what becomes of money that a payer let be reserved, and write it down before the provider is asked.

    It is captured, unless all that it was to settle has been settled or taken back meanwhile: then it is let go of.
    """
    row = await queries.lock_intent(session, intent_id=intent_id)
    if row is None or row.status is not IntentStatus.AUTHORIZED:
        return None
    is_wanted = await booking.is_still_wanted(session, intent=await queries.intent_of(session, row))
    row.status = IntentStatus.CAPTURING if is_wanted else IntentStatus.VOIDING
    row.changed_at, row.next_check_at = now, now + FIRST_CHECK_AFTER
    _tell_changed(session, intent=row, now=now)
    await session.flush()
    return ProviderAct.CAPTURE if is_wanted else ProviderAct.VOID


async def start_capture(session: AsyncSession, *, intent_id: int, now: datetime) -> Intent:
    """Write down that reserved money is being captured; refused by name where it is over, or was never reserved."""
    row = await _held(session, intent_id=intent_id)
    rules.require_capturable(row.status)
    return await _moved(session, row, IntentStatus.CAPTURING, now=now)


async def start_void(session: AsyncSession, *, intent_id: int, now: datetime) -> Intent:
    """Write down that reserved money is being let go of; refused by name where it was captured or is over."""
    row = await _held(session, intent_id=intent_id)
    rules.require_voidable(row.status)
    return await _moved(session, row, IntentStatus.VOIDING, now=now)


async def request_refund(session: AsyncSession, *, new: NewRefund, intent: Intent, now: datetime) -> Refund:
    """Set credit aside and write a refund down before its provider is asked; two at once take turns at the payment."""
    asked = ReturnRequest(
        payment_id=new.payment_id, kind=ReturnKind.REFUND, reason=new.reason, key=new.key, amount=new.amount
    )
    returned = await reserve_refund(session, request=asked, now=now)
    row = PaymentRefund(
        customer_id=intent.customer_id,
        payment_id=new.payment_id,
        intent_id=intent.id,
        return_id=returned.id,
        amount=returned.amount,
        currency=returned.currency,
        reason=new.reason,
        reference=f"mains-refund-{secrets.token_hex(12)}",
        status=RefundStatus.REQUESTED,
        requested_by_person_id=new.person_id,
        requested_at=now,
        changed_at=now,
        next_check_at=now + FIRST_CHECK_AFTER,
    )
    session.add(row)
    await session.flush()
    return queries.refund_of(row)


async def claim_due(session: AsyncSession, *, now: datetime, limit: int) -> tuple[list[Intent], list[Refund]]:
    """Take on what the provider is to be asked about, so that no other worker asks as well before its next turn."""
    intents = await queries.due_intents(session, now=now, limit=limit)
    refunds = await queries.due_refunds(session, now=now, limit=limit)
    rows: list[PaymentIntent | PaymentRefund] = [*intents, *refunds]
    for row in rows:
        row.next_check_at = now + max(rules.again_after(row.checks), FIRST_CHECK_AFTER)
        row.checks += 1
    await session.flush()
    found = [await queries.intent_of(session, intent) for intent in intents]
    return found, [queries.refund_of(refund) for refund in refunds]


async def _held(session: AsyncSession, *, intent_id: int) -> PaymentIntent:
    row = await queries.lock_intent(session, intent_id=intent_id)
    if row is None:
        raise UnknownIntent(f"there is no payment {intent_id}")
    return row


async def _moved(session: AsyncSession, row: PaymentIntent, status: IntentStatus, *, now: datetime) -> Intent:
    row.status, row.changed_at, row.next_check_at = status, now, now + FIRST_CHECK_AFTER
    _tell_changed(session, intent=row, now=now)
    await session.flush()
    return await queries.intent_of(session, row)


async def _noted(session: AsyncSession, *, told: Told, now: datetime) -> PaymentEvent | None:
    added = await session.scalar(
        insert(PaymentEvent)
        .values(
            provider=told.provider,
            event_id=told.event_id,
            kind=told.kind[:200],
            outcome=EventOutcome.STALE,
            report=rules.document_of(told.report),
            occurred_at=told.occurred_at,
            received_at=now,
        )
        .on_conflict_do_nothing(constraint="payment_event_once")
        .returning(col(PaymentEvent.id))
    )
    return None if added is None else await session.get_one(PaymentEvent, added)


async def _apply(
    session: AsyncSession, *, row: PaymentEvent, intent: PaymentIntent, report: ProviderReport, now: datetime
) -> None:
    if report.refund_reference is not None:
        row.outcome, row.note = await booking.refund_told(session, intent=intent, report=report, now=now)
    elif report.outcome in (ProviderOutcome.REVERSED, ProviderOutcome.REFUNDED):
        key = f"event:{row.provider}:{row.event_id}"
        row.outcome, row.note = await booking.taken_back(session, intent=intent, report=report, key=key, now=now)
    elif report.outcome is ProviderOutcome.RESTORED:
        key = f"event:{row.provider}:{row.event_id}"
        row.outcome, row.note = await booking.came_again(session, intent=intent, report=report, key=key, now=now)
    else:
        row.outcome, row.note = await _lead(session, intent=intent, report=report, row=row, now=now)


async def _lead(
    session: AsyncSession, *, intent: PaymentIntent, report: ProviderReport, row: PaymentEvent, now: datetime
) -> tuple[EventOutcome, str | None]:
    was_reached = intent.provider_id is not None
    status = rules.next_status(intent.status, report.outcome, was_reached=was_reached)
    if intent.status is IntentStatus.CAPTURED and report.outcome is ProviderOutcome.CAPTURED:
        return booking.captured_again(intent, report=report)
    _keep_names(intent, report)
    if status is None:
        return EventOutcome.STALE, None
    if status is IntentStatus.CAPTURED:
        held = await booking.capture(session, intent=intent, report=report, occurred_at=row.occurred_at, now=now)
        if held is not None:
            return EventOutcome.HELD, held
        await spending.note_captured(session, intent_id=intent.id, amount=_captured(intent), now=now)
    else:
        intent.status, intent.reason = status, report.reason
        if status in OVER:
            await spending.note_ended(session, intent_id=intent.id, now=now)
    intent.changed_at = now
    intent.next_check_at = None if intent.status in OVER else now + FIRST_CHECK_AFTER
    _tell_changed(session, intent=intent, now=now)
    await session.flush()
    return EventOutcome.APPLIED, None


def _tell_changed(session: AsyncSession, *, intent: PaymentIntent, now: datetime) -> None:
    """Let who began the payment know that it came further."""
    payload = {"intent_id": intent.id, "status": intent.status.name, "person_id": intent.person_id}
    append_event(session, kind=INTENT_CHANGED, payload=payload, customer_id=intent.customer_id, now=now)


def _captured(intent: PaymentIntent) -> Decimal:
    return intent.amount if intent.captured_amount is None else intent.captured_amount


def _keep_names(intent: PaymentIntent, report: ProviderReport) -> None:
    intent.provider_id = intent.provider_id or report.provider_id
    intent.page_url = intent.page_url or report.page_url
