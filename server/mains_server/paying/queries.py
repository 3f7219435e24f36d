"""Finding intents, refunds and events, and taking hold of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col

from mains_server.paying.records import (
    EventOutcome,
    Intent,
    IntentStatus,
    Part,
    Payout,
    PayoutState,
    Refund,
    RefundStatus,
)
from mains_server.paying.tables import PaymentEvent, PaymentIntent, PaymentIntentPart, PaymentRefund, PayoutFile

BOOKED_BY_HAND = """
select sum(p.amount) from payment_event e join payment p on p.id = e.payment_id
where e.provider = :provider and e.settlement = 'BOOKED' and e.report ->> 'reference' = :reference
"""
AS_IT_STANDS = {"populate_existing": True}


async def intent_by_id(session: AsyncSession, *, intent_id: int) -> Intent | None:
    """Find a payment through a provider as it stands."""
    row = await session.scalar(
        select(PaymentIntent).where(col(PaymentIntent.id) == intent_id), execution_options=AS_IT_STANDS
    )
    return None if row is None else await intent_of(session, row)


async def intent_of_payment(session: AsyncSession, *, payment_id: int) -> Intent | None:
    """Find through which provider a payment came; None for one that came otherwise."""
    row = await session.scalar(select(PaymentIntent).where(col(PaymentIntent.payment_id) == payment_id))
    return None if row is None else await intent_of(session, row)


async def lock_intent(
    session: AsyncSession, *, intent_id: int | None = None, reference: str | None = None
) -> PaymentIntent | None:
    """Take hold of an intent, by its number or our reference of it, for a change inside this room."""
    is_it = col(PaymentIntent.reference) == reference if intent_id is None else col(PaymentIntent.id) == intent_id
    return await session.scalar(select(PaymentIntent).where(is_it).with_for_update(), execution_options=AS_IT_STANDS)


async def lock_refund(
    session: AsyncSession, *, refund_id: int | None = None, reference: str | None = None
) -> PaymentRefund | None:
    """Take hold of a refund, by its number or our reference of it, for a change inside this room."""
    is_it = col(PaymentRefund.reference) == reference if refund_id is None else col(PaymentRefund.id) == refund_id
    return await session.scalar(select(PaymentRefund).where(is_it).with_for_update(), execution_options=AS_IT_STANDS)


async def refund_by_id(session: AsyncSession, *, refund_id: int) -> Refund | None:
    """Find a refund as it stands."""
    row = await session.scalar(
        select(PaymentRefund).where(col(PaymentRefund.id) == refund_id), execution_options=AS_IT_STANDS
    )
    return None if row is None else refund_of(row)


async def due_intents(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[PaymentIntent]:
    """Take hold of intents that a provider is to be asked about, those due longest first, and leave others' alone."""
    wanted = select(PaymentIntent).where(col(PaymentIntent.next_check_at) <= now)
    ordered = wanted.order_by(col(PaymentIntent.next_check_at), col(PaymentIntent.id)).limit(limit)
    return (await session.scalars(ordered.with_for_update(skip_locked=True))).all()


async def due_refunds(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[PaymentRefund]:
    """Take hold of refunds that the provider is to be asked about, as `due_intents` does."""
    wanted = select(PaymentRefund).where(col(PaymentRefund.next_check_at) <= now)
    ordered = wanted.order_by(col(PaymentRefund.next_check_at), col(PaymentRefund.id)).limit(limit)
    return (await session.scalars(ordered.with_for_update(skip_locked=True))).all()


async def waiting_events(session: AsyncSession, *, intent_id: int) -> Sequence[PaymentEvent]:
    """List the events of an intent that came before the one they follow, as they came."""
    mine = col(PaymentEvent.intent_id) == intent_id, col(PaymentEvent.outcome) == EventOutcome.WAITING
    return (await session.scalars(select(PaymentEvent).where(*mine).order_by(col(PaymentEvent.id)))).all()


async def waiting_payouts(session: AsyncSession, *, not_by: int, most: int) -> Sequence[PaymentRefund]:
    """Take hold of refunds by bank that wait for a file and that another person asked for, those asked for first."""
    waits = col(PaymentRefund.status) == RefundStatus.REQUESTED, col(PaymentRefund.iban).is_not(None)
    wanted = select(PaymentRefund).where(*waits, col(PaymentRefund.requested_by_person_id) != not_by)
    ordered = wanted.order_by(col(PaymentRefund.id)).limit(most)
    return (await session.scalars(ordered.with_for_update(skip_locked=True))).all()


async def refunds_in_file(session: AsyncSession, *, file_id: int) -> Sequence[PaymentRefund]:
    """Take hold of the refunds of a file that have not come to their end."""
    mine = col(PaymentRefund.file_id) == file_id, col(PaymentRefund.status) == RefundStatus.IN_FILE
    ordered = select(PaymentRefund).where(*mine).order_by(col(PaymentRefund.id)).with_for_update()
    return (await session.scalars(ordered, execution_options=AS_IT_STANDS)).all()


async def lock_payout_file(session: AsyncSession, *, file_id: int) -> PayoutFile | None:
    """Take hold of a file of refunds, for a change inside this room."""
    wanted = select(PayoutFile).where(col(PayoutFile.id) == file_id).with_for_update()
    return await session.scalar(wanted, execution_options=AS_IT_STANDS)


async def payout_file(session: AsyncSession, *, file_id: int) -> Payout:
    """Find a file of refunds as it stands."""
    return _payout((await session.scalars(select(PayoutFile).where(col(PayoutFile.id) == file_id))).one())


async def payout_files(session: AsyncSession, *, most: int) -> list[Payout]:
    """List the last files of refunds, the newest first."""
    wanted = select(PayoutFile).options(defer(PayoutFile.content)).order_by(col(PayoutFile.id).desc()).limit(most)  # type: ignore[arg-type]
    return [_payout(row) for row in await session.scalars(wanted)]


def _payout(row: PayoutFile) -> Payout:
    state = PayoutState.MADE if row.taken_at is None else PayoutState.TAKEN
    if row.cancelled_at is not None:
        state = PayoutState.CANCELLED
    elif row.confirmed_at is not None:
        state = PayoutState.CONFIRMED
    return Payout(
        id=row.id,
        state=state,
        iban=row.iban,
        refunds=row.refunds,
        total=row.total,
        currency=row.currency,
        sha256=row.sha256,
        made_at=row.made_at,
    )


async def lock_event(session: AsyncSession, *, event_id: int) -> PaymentEvent | None:
    """Take hold of an event, and of all that was told of the same payment, so that two are not booked at once."""
    seen = await session.scalar(select(PaymentEvent).where(col(PaymentEvent.id) == event_id))
    if seen is None:
        return None
    named = func.hashtextextended(f"payment event of {seen.provider} {_named(seen)}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(named)))
    mine = select(PaymentEvent).where(col(PaymentEvent.id) == event_id).with_for_update()
    return await session.scalar(mine, execution_options=AS_IT_STANDS)


def _named(row: PaymentEvent) -> str:
    return str((row.report or {}).get("reference", row.event_id))


async def booked_of(session: AsyncSession, *, provider: str, reference: str | None) -> Decimal:
    """Give how much of a payment at a provider is booked: by its capture, and by events that employees settled."""
    captured = await session.scalar(
        select(col(PaymentIntent.captured_amount)).where(
            col(PaymentIntent.provider) == provider, col(PaymentIntent.reference) == reference
        )
    )
    by_hand = await session.scalar(text(BOOKED_BY_HAND), {"provider": provider, "reference": reference})
    return (captured or Decimal(0)) + (by_hand or Decimal(0))


async def captured_by(session: AsyncSession, *, provider: str) -> dict[str, Decimal]:
    """Give what was captured through a provider by our references, to hold against what it says itself."""
    wanted = select(col(PaymentIntent.reference), col(PaymentIntent.amount)).where(
        col(PaymentIntent.provider) == provider, col(PaymentIntent.status) == IntentStatus.CAPTURED
    )
    return {row[0]: row[1] for row in await session.execute(wanted)}


async def payer_of(session: AsyncSession, *, intent_id: int) -> int | None:
    """Tell which person began a payment."""
    return await session.scalar(select(col(PaymentIntent.person_id)).where(col(PaymentIntent.id) == intent_id))


async def intent_of(session: AsyncSession, row: PaymentIntent) -> Intent:
    """Turn a stored intent into the record that leaves the room."""
    mine = (
        col(PaymentIntentPart.intent_id) == row.id,
        col(PaymentIntentPart.customer_id) == row.customer_id,
    )
    parts = await session.scalars(select(PaymentIntentPart).where(*mine).order_by(col(PaymentIntentPart.id)))
    return Intent(
        id=row.id,
        customer_id=row.customer_id,
        contract_id=row.contract_id,
        amount=row.amount,
        currency=row.currency,
        provider=row.provider,
        reference=row.reference,
        provider_id=row.provider_id,
        status=row.status,
        page_url=row.page_url,
        description=f"{row.payee} {row.shown_reference}",
        language=row.language,
        return_url=row.return_url,
        payment_id=row.payment_id,
        checks=row.checks,
        parts=tuple(
            Part(invoice_id=part.invoice_id, contract_id=part.contract_id, amount=part.amount) for part in parts
        ),
    )


def refund_of(row: PaymentRefund) -> Refund:
    """Turn a stored refund into the record that leaves the room."""
    return Refund(
        id=row.id,
        customer_id=row.customer_id,
        payment_id=row.payment_id,
        intent_id=row.intent_id,
        return_id=row.return_id,
        amount=row.amount,
        currency=row.currency,
        reference=row.reference,
        status=row.status,
        checks=row.checks,
    )
