"""The way of a payment through a provider: written down, asked, taken in. No call is made inside a transaction.

A death between any two steps is found by `resolve`: what was written down is asked about again by the same reference.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mains_spi import CallRequest, ProviderAccess, ProviderAct, ProviderEvent, ProviderOutcome, ProviderReport
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.paying import operations, queries
from mains_server.paying.calling import Terminals
from mains_server.paying.records import EventOutcome, Intent, IntentStatus, Refund, RefundStatus, Told

ASKED_AT_ONCE_MAX = 100
NOWHERE = ProviderAccess(address="")
QUERIED = {IntentStatus.CREATED, IntentStatus.PENDING, IntentStatus.UNKNOWN, IntentStatus.AUTHORIZED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """Where payments are taken: the database, the providers, and the clock of the edge."""

    engine: AsyncEngine
    terminals: Terminals
    clock: Callable[[], datetime]


async def reach(counter: Counter, *, intent: Intent) -> Intent:
    """Bring a payment that was written down to its provider, and give it with the page where its payer decides.

    Again it is the same payment there. Without an answer it is UNKNOWN, and asked about later.
    """
    if intent.page_url is not None or intent.status not in QUERIED:
        return intent
    return await _asked(counter, intent, ProviderAct.CREATE)


async def refresh(counter: Counter, *, intent: Intent) -> Intent:
    """Ask the provider how a payment stands and do what follows: reserved money is captured, or let go of."""
    if intent.status in (IntentStatus.CAPTURING, IntentStatus.VOIDING):
        act = ProviderAct.CAPTURE if intent.status is IntentStatus.CAPTURING else ProviderAct.VOID
        report = await _report(counter, intent, ProviderAct.QUERY)
        if report.outcome is not ProviderOutcome.AUTHORIZED:
            return await _taken(counter, intent, ProviderAct.QUERY, report)
        return await _asked(counter, intent, act)
    if intent.status in QUERIED:
        intent = await _asked(counter, intent, ProviderAct.QUERY)
    return await follow_up(counter, intent_id=intent.id)


async def follow_up(counter: Counter, *, intent_id: int) -> Intent:
    """Capture money that a payer let be reserved, or let go of it where nothing is left for it to settle."""
    async with unit_of_work(counter.engine) as session:
        act = await operations.decide_on_reserved(session, intent_id=intent_id, now=counter.clock())
    intent = await _intent(counter, intent_id)
    return intent if act is None else await _asked(counter, intent, act)


async def capture(counter: Counter, *, intent_id: int) -> Intent:
    """Capture reserved money; refused by name where it was captured, voided or never reserved."""
    async with unit_of_work(counter.engine) as session:
        intent = await operations.start_capture(session, intent_id=intent_id, now=counter.clock())
    return await _asked(counter, intent, ProviderAct.CAPTURE)


async def void(counter: Counter, *, intent_id: int) -> Intent:
    """Let go of reserved money; refused by name where it was captured, is being captured, or is over."""
    async with unit_of_work(counter.engine) as session:
        intent = await operations.start_void(session, intent_id=intent_id, now=counter.clock())
    return await _asked(counter, intent, ProviderAct.VOID)


async def take_event(counter: Counter, *, provider: str, event: ProviderEvent) -> EventOutcome | None:
    """Take in a proven event, once, and do what follows from it; None where it was known."""
    now = counter.clock()
    async with unit_of_work(counter.engine) as session:
        if event.report is None or event.report.reference is None:
            is_new = await operations.note_unread(session, provider=provider, event=event, now=now)
            return EventOutcome.IGNORED if is_new else None
        told = Told(
            provider=provider,
            event_id=event.id,
            kind=event.kind,
            occurred_at=event.occurred_at,
            report=event.report,
        )
        outcome = await operations.take_told(session, told=told, now=now)
        intent = await queries.lock_intent(session, reference=event.report.reference)
        reserved = intent.id if intent is not None and intent.status is IntentStatus.AUTHORIZED else None
    if reserved is not None:
        await follow_up(counter, intent_id=reserved)
    return outcome


async def send_refund(counter: Counter, *, refund: Refund) -> Refund:
    """Ask the provider for a refund that was written down, or how it stands; again it is the same refund there."""
    if refund.status not in (RefundStatus.REQUESTED, RefundStatus.UNKNOWN) or refund.intent_id is None:
        return refund
    intent = await _intent(counter, refund.intent_id)
    act = ProviderAct.REFUND if refund.checks == 0 else ProviderAct.QUERY_REFUND
    report = await _report(counter, intent, act, refund=refund)
    if report.outcome is ProviderOutcome.MISSING:
        act = ProviderAct.REFUND
        report = await _report(counter, intent, act, refund=refund)
    named = ProviderReport(
        outcome=report.outcome,
        provider_id=report.provider_id,
        reference=intent.reference,
        refund_reference=refund.reference,
        amount=report.amount,
        currency=report.currency,
        reason=report.reason,
    )
    await _taken(counter, intent, act, named)
    async with read_session(counter.engine) as session:
        found = await queries.refund_by_id(session, refund_id=refund.id)
    assert found is not None, "refunds are never removed"
    return found


async def resolve(counter: Counter, *, limit: int = ASKED_AT_ONCE_MAX) -> int:
    """Ask the providers about all that is due, and tell how much that was; unknown is asked about until it is known.

    Any number of workers may do this at a time: each takes what no other has, for a while.
    """
    async with unit_of_work(counter.engine) as session:
        intents, refunds = await operations.claim_due(session, now=counter.clock(), limit=limit)
    for intent in intents:
        await refresh(counter, intent=intent)
    for refund in refunds:
        await send_refund(counter, refund=refund)
    return len(intents) + len(refunds)


async def _asked(counter: Counter, intent: Intent, act: ProviderAct) -> Intent:
    return await _taken(counter, intent, act, await _report(counter, intent, act))


async def _report(
    counter: Counter, intent: Intent, act: ProviderAct, *, refund: Refund | None = None
) -> ProviderReport:
    request = CallRequest(
        act=act,
        access=NOWHERE,
        reference=intent.reference,
        amount=intent.amount if refund is None else refund.amount,
        currency=intent.currency,
        provider_id=intent.provider_id,
        refund_reference=None if refund is None else refund.reference,
        description=intent.description,
        language=intent.language,
        return_url=intent.return_url,
    )
    return await counter.terminals.ask(provider=intent.provider, request=request)


async def _taken(counter: Counter, intent: Intent, act: ProviderAct, report: ProviderReport) -> Intent:
    """Take an answer in as an event of our own asking; what it says of another payment is not taken for this one."""
    now = counter.clock()
    named = report if report.reference in (None, intent.reference) else ProviderReport(outcome=ProviderOutcome.UNKNOWN)
    told = Told(
        provider=intent.provider,
        event_id=f"answer:{secrets.token_hex(12)}",
        kind=f"answer.{act.name.lower()}",
        occurred_at=now,
        report=ProviderReport(
            outcome=named.outcome,
            provider_id=named.provider_id,
            reference=intent.reference,
            refund_reference=named.refund_reference,
            amount=named.amount,
            currency=named.currency,
            page_url=named.page_url,
            reason=named.reason,
        ),
    )
    async with unit_of_work(counter.engine) as session:
        await operations.take_told(session, told=told, now=now)
    return await _intent(counter, intent.id)


async def _intent(counter: Counter, intent_id: int) -> Intent:
    async with read_session(counter.engine) as session:
        found = await queries.intent_by_id(session, intent_id=intent_id)
    assert found is not None, "intents are never removed"
    return found
