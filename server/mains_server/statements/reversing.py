"""Movements by which a bank takes money back that it had brought: the payments of the earlier one are taken back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.ledger.operations import post
from mains_server.payments.returning import reverse_payment
from mains_server.payments.rules import NothingLeftToReturn
from mains_server.statements import queries, rules
from mains_server.statements.records import Confidence, LineState, MatchRule, NewPart, QueueReason
from mains_server.statements.tables import StatementLine, StatementPart

REASON = "the bank took it back"


async def reverse_sure(session: AsyncSession, *, line_id: int, now: datetime) -> bool:
    """Take back the payments of the one earlier movement that a reversal names, if there is exactly one.

    Where its money is gone already (refunded, or taken back by a provider) the reversal stays in the queue.
    """
    line = await queries.lock_line(session, line_id=line_id)
    assert line is not None, "movements are never removed"
    originals = await queries.originals_of(session, line_id=line.id)
    if len(originals) != 1:
        return False
    original = await queries.lock_line(session, line_id=originals[0])
    if original is None or original.state is not LineState.MATCHED:
        return False
    try:
        async with session.begin_nested():
            await reverse_line(session, line=line, original=original, now=now)
    except NothingLeftToReturn:
        line.state, line.reason = LineState.QUEUED, QueueReason.REVERSAL
        await session.flush()
        return False
    line.state, line.reason = LineState.MATCHED, None
    await session.flush()
    return True


async def reverse_line(session: AsyncSession, *, line: StatementLine, original: StatementLine, now: datetime) -> None:
    """Take back every payment that an earlier movement became; both rows are held. NothingLeftToReturn refuses."""
    for part in await queries.parts_of(session, line_id=original.id):
        key = f"statement_line:{line.id}"
        await reverse_payment(session, payment_id=part.payment_id, reason=REASON, now=now, amount=part.amount, key=key)
        back = NewPart(
            customer_id=part.customer_id,
            payment_id=part.payment_id,
            amount=-part.amount,
            rule=MatchRule.REFERENCE,
            confidence=Confidence.SURE,
        )
        await write_part(session, line=line, part=back, now=now)
    original.state = LineState.REVERSED
    await session.flush()


async def write_part(session: AsyncSession, *, line: StatementLine, part: NewPart, now: datetime) -> None:
    """Write down that a part of a movement is a payment, or takes one back, and book it."""
    row = {
        "customer_id": part.customer_id,
        "line_id": line.id,
        "payment_id": part.payment_id,
        "amount": part.amount,
        "currency": line.currency,
        "rule": part.rule,
        "confidence": part.confidence,
        "matched_at": now,
    }
    part_id = await session.scalar(insert(StatementPart).values(row).returning(col(StatementPart.id)))
    assert part_id is not None
    booking = rules.booking_of_match(
        part_id=part_id, currency=line.currency, amount=part.amount, effective_on=line.booked_on
    )
    await post(session, booking=booking, now=now)
