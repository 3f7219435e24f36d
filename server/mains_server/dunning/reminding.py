"""Reminders by stages: each once for an invoice, with the utility's fee where it has one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col

from mains_server.adapters.live import LiveAdapter
from mains_server.contracts.charging import NewFee, forget_fee, note_fee, price_of_fee
from mains_server.contracts.queries import contract_by_id
from mains_server.contracts.records import Contract
from mains_server.db.outbox import append_event
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.dunning import queries
from mains_server.dunning.records import OverdueInvoice, Policy, ReminderStage, SentReminder
from mains_server.dunning.rules import fee_key, stage_due
from mains_server.dunning.tables import Reminder
from mains_server.invoices.queries import billed_until

REMINDED = "dunning.reminded"
INVOICES_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Dunner:
    """What debts are pursued with: the database, the utility's adapter, the moment and the civil day."""

    engine: AsyncEngine
    adapter: LiveAdapter
    now: datetime
    today: date


async def remind(dunner: Dunner) -> int:
    """Remind of every invoice for which a stage is due today, each in its own transaction, and count them.

    Again on the same day, or beside another worker, it reminds of nothing twice: the invoice is held, and looked at
    again, before anything is written. Where no stage is due nobody is held.
    """
    async with read_session(dunner.engine) as session:
        policy = await queries.policy_in_force(session, adapter=dunner.adapter.code, on=dunner.today)
    if policy is None or not policy.stages:
        return 0
    due_upto = dunner.today - timedelta(days=policy.stages[0].days_after_due)
    made = after = 0
    while True:
        async with read_session(dunner.engine) as session:
            found = await queries.remindable(
                session, policy=policy, due_upto=due_upto, after=after, most=INVOICES_AT_ONCE
            )
            due = await _due(session, policy=policy, invoice_ids=[one for one, _ in found], today=dunner.today)
        for invoice_id, customer_id in due:
            async with unit_of_work(dunner.engine) as session:
                made += await _remind_of(
                    session, dunner=dunner, policy=policy, invoice_id=invoice_id, customer_id=customer_id
                )
        if len(found) < INVOICES_AT_ONCE:
            return made
        after = found[-1][0]


async def _due(
    session: AsyncSession, *, policy: Policy, invoice_ids: Sequence[int], today: date
) -> list[tuple[int, int]]:
    """Give the invoices for which a stage is due as they stand, each with its customer."""
    sent: defaultdict[int, list[SentReminder]] = defaultdict(list)
    for reminder in await queries.reminders_of(session, invoice_ids=invoice_ids):
        sent[reminder.invoice_id].append(reminder)
    invoices = await queries.overdue_invoices(session, invoice_ids=invoice_ids)
    return [
        (one.id, one.customer_id)
        for one in invoices
        if stage_due(policy, invoice=one, sent=sent[one.id], today=today) is not None
    ]


async def _remind_of(
    session: AsyncSession, *, dunner: Dunner, policy: Policy, invoice_id: int, customer_id: int
) -> bool:
    invoice = await queries.held_invoice(session, invoice_id=invoice_id, customer_id=customer_id)
    if invoice is None:
        return False
    sent = await queries.reminders_of(session, invoice_ids=[invoice_id])
    stage = stage_due(policy, invoice=invoice, sent=sent, today=dunner.today)
    if stage is None:
        return False
    fee_code = await _charge(session, dunner=dunner, invoice=invoice, stage=stage)
    statement = (
        postgresql.insert(Reminder)
        .values(
            customer_id=invoice.customer_id,
            contract_id=invoice.contract_id,
            invoice_id=invoice.id,
            stage=stage.number,
            channel=stage.channel,
            day=dunner.today,
            open_amount=invoice.open_amount,
            currency=invoice.currency,
            fee_code=fee_code,
            made_at=dunner.now,
        )
        .returning(col(Reminder.id))
    )
    reminder_id = await session.scalar(statement)
    payload = {
        "reminderId": reminder_id,
        "contractId": invoice.contract_id,
        "invoiceId": invoice.id,
        "stage": stage.number,
        "channel": stage.channel.name,
    }
    append_event(session, kind=REMINDED, payload=payload, customer_id=invoice.customer_id, now=dunner.now)
    return True


async def _charge(
    session: AsyncSession, *, dunner: Dunner, invoice: OverdueInvoice, stage: ReminderStage
) -> str | None:
    """Note the stage's fee on the contract, and give its code; None where none is charged.

    None is charged for a note, which charges for being late itself, and after the last bill none that has no price.
    """
    if stage.fee_code is None or invoice.is_note:
        return None
    contract = await contract_by_id(session, contract_id=invoice.contract_id)
    assert contract is not None, "who was invoiced has a contract"
    asked = FeeAsked(adapter=dunner.adapter, code=stage.fee_code, today=dunner.today, now=dunner.now)
    day = await charged_day(session, contract=contract, asked=asked)
    if day is None:
        return None
    fee = NewFee(
        code=stage.fee_code,
        quantity=Decimal(1),
        day=day,
        reason=f"reminder {stage.number} of {invoice.document_number}",
        source="dunning",
        key=fee_key(invoice_id=invoice.id, stage=stage.number),
    )
    await note_fee(session, contract=contract, fee=fee, adapter=dunner.adapter, now=dunner.now)
    return stage.fee_code


async def take_back_fee(session: AsyncSession, *, reminder_id: int, customer_id: int) -> bool:
    """Take back the fee of a reminder that did not go out as it should have, and say whether there was one.

    A fee that a bill has taken in stays, since what was issued is never edited.
    """
    found = await queries.reminder_with_fee(session, reminder_id=reminder_id, customer_id=customer_id)
    if found is None:
        return False
    contract = await contract_by_id(session, contract_id=found.contract_id)
    assert contract is not None, "who was reminded has a contract"
    key = fee_key(invoice_id=found.invoice_id, stage=found.stage)
    return await forget_fee(session, contract=contract, key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeAsked:
    """Which fee of which utility is to be charged, and when."""

    adapter: LiveAdapter
    code: str
    today: date
    now: datetime


async def charged_day(session: AsyncSession, *, contract: Contract, asked: FeeAsked) -> date | None:
    """Give the day for which a reminder's fee is noted, so that the next bill has it, or a note after the last one.

    None where neither would: a note takes the price of the day of the reminder from the price list.
    """
    day = await fee_day(session, contract=contract, today=asked.today)
    if day is not None:
        return day
    day = last_day(contract)
    if day is None or asked.code not in asked.adapter.fee_codes(on=day):
        return None
    price = await price_of_fee(session, adapter=asked.adapter, code=asked.code, on=asked.today, now=asked.now)
    return None if price is None else day


async def fee_day(session: AsyncSession, *, contract: Contract, today: date) -> date | None:
    """Give the day for which a fee is noted: today, or an ended contract's last while its last bill is to come.

    None where no bill would ever take it in; a note of the day after may (`last_day`).
    """
    if contract.ends is None or today < contract.ends:
        return today
    billed = await billed_until(session, contract.id)
    is_last_to_come = billed is None or billed < contract.ends
    return contract.ends - timedelta(days=1) if is_last_to_come and contract.ends > contract.starts else None


def last_day(contract: Contract) -> date | None:
    """Give the day for which fees are noted once no bill of a contract comes any more; None where it never ran."""
    is_over = contract.ends is not None and contract.ends > contract.starts
    return contract.ends - timedelta(days=1) if is_over and contract.ends is not None else None
