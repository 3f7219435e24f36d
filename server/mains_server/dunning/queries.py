"""Questions to the dunning room: policies, debts and their ages, reminders, late debts, and debts paid in parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Permission, Viewer
from mains_server.customers.queries import lock_accounts
from mains_server.dunning import statements
from mains_server.dunning.interest import LateDebt, policy_on
from mains_server.dunning.records import (
    Arrangement,
    ArrangementState,
    ArrangementTerms,
    BuildingDebt,
    InterestTerms,
    OverdueInvoice,
    Part,
    Policy,
    ReminderChannel,
    ReminderStage,
    SentReminder,
)
from mains_server.dunning.rules import INTEREST, INTEREST_BACK, building_debt
from mains_server.dunning.tables import DunningPolicy, DunningWatch, Reminder
from mains_server.payments.rules import ACCEPTED_CURRENCIES

STAGES = TypeAdapter(tuple[ReminderStage, ...])
ARRANGEMENT_TERMS = TypeAdapter(ArrangementTerms)


class ChargedReminder(NamedTuple):
    """A reminder that has a fee."""

    contract_id: int
    invoice_id: int
    stage: int


class InvoiceOwner(NamedTuple):
    """Whose an invoice is."""

    customer_id: int
    contract_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LateInvoice:
    """An invoice with what its interest is worked out from, and what was charged so far, also what was waived of it."""

    id: int
    customer_id: int
    contract_id: int
    document_number: str
    adapter: str
    currency: str
    open_amount: Decimal
    is_credited: bool
    charged: Decimal
    waived: Decimal
    debt: LateDebt


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """Interest that was charged on an invoice; `waits` while no bill has its fee."""

    id: int
    number: int
    amount: Decimal
    fee_key: str | None
    is_taken_back: bool
    waits: bool


class ChargedOnNote(NamedTuple):
    """Interest on one of the invoices that a note charges it for."""

    id: int
    invoice_id: int
    amount: Decimal
    until: date


class WaitingReminder(NamedTuple):
    """The fee of a reminder that no bill takes in, as the last one is issued: of which day, and for which invoice."""

    contract_id: int
    fee_id: int
    code: str
    day: date
    document_number: str


class WaitingInterest(NamedTuple):
    """Interest that no bill takes in, as the last one is issued: on which invoice, for which days."""

    contract_id: int
    fee_id: int
    code: str
    sign: int
    amount: Decimal
    document_number: str
    starts: date
    ends: date


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArrangement:
    """A debt paid in parts, with what was paid of it and when."""

    arrangement: Arrangement
    grace_days: int
    paid_on: tuple[tuple[date, Decimal], ...]


async def policies_of(session: AsyncSession, *, adapter: str) -> tuple[Policy, ...]:
    """List a utility's policies in the order of their days; there are few."""
    wanted = select(DunningPolicy).where(col(DunningPolicy.adapter) == adapter).order_by(col(DunningPolicy.starts))
    return tuple(_policy(row) for row in await session.scalars(wanted))


async def policy_in_force(session: AsyncSession, *, adapter: str, on: date) -> Policy | None:
    """Find a utility's policy on a day; None where it has said nothing yet."""
    return policy_on(await policies_of(session, adapter=adapter), on)


async def open_of_contracts(session: AsyncSession, *, contract_ids: Sequence[int]) -> tuple[OverdueInvoice, ...]:
    """List what is open on contracts, what was due first first; also what is not due yet."""
    rows = await session.execute(text(statements.OPEN_OF_CONTRACTS), {"contracts": list(contract_ids)})
    return tuple(OverdueInvoice(**row._mapping) for row in rows)


async def open_of_customers(session: AsyncSession, *, customer_ids: Sequence[int]) -> tuple[OverdueInvoice, ...]:
    """List what is open of customers, what was due first first; also what is not due yet."""
    rows = await session.execute(text(statements.OPEN_OF_CUSTOMERS), {"customers": list(customer_ids)})
    return tuple(OverdueInvoice(**row._mapping) for row in rows)


async def owner_of_invoice(session: AsyncSession, *, invoice_id: int) -> InvoiceOwner | None:
    """Tell whose an invoice is; None where there is none."""
    row = (await session.execute(text(statements.OWNER), {"invoice": invoice_id})).one_or_none()
    return None if row is None else InvoiceOwner(row.customer_id, row.contract_id)


async def held_invoice(session: AsyncSession, *, invoice_id: int, customer_id: int) -> OverdueInvoice | None:
    """Hold the account of an invoice's customer until the transaction ends, and give the invoice as it then stands."""
    asked = {"invoice": invoice_id, "customer": customer_id}
    await lock_accounts(session, customer_ids=[customer_id])
    row = (await session.execute(text(statements.HELD_INVOICE), asked)).one_or_none()
    return None if row is None else OverdueInvoice(**row._mapping)


async def overdue_invoices(session: AsyncSession, *, invoice_ids: Sequence[int]) -> tuple[OverdueInvoice, ...]:
    """Read invoices with what keeps reminders off, in the order of their ids; nobody holds them."""
    rows = await session.execute(text(statements.OVERDUE_INVOICES), {"invoices": list(invoice_ids)})
    return tuple(OverdueInvoice(**row._mapping) for row in rows)


async def reminders_of(session: AsyncSession, *, invoice_ids: Sequence[int]) -> tuple[SentReminder, ...]:
    """List the reminders of invoices, by stage; a fee that was taken back is none."""
    found = await session.execute(text(statements.REMINDERS), {"invoices": list(invoice_ids)})
    return tuple(
        SentReminder(
            invoice_id=row.invoice_id,
            stage=row.stage,
            channel=ReminderChannel[row.channel],
            day=row.day,
            open_amount=row.open_amount,
            fee_code=row.fee_code,
        )
        for row in found
    )


async def reminder_with_fee(session: AsyncSession, *, reminder_id: int, customer_id: int) -> ChargedReminder | None:
    """Give whose fee a reminder has; None where it has none, or the customer no such reminder."""
    wanted = (col(Reminder.id) == reminder_id, col(Reminder.customer_id) == customer_id)
    row = await session.scalar(select(Reminder).where(*wanted, col(Reminder.fee_code).is_not(None)))
    return None if row is None else ChargedReminder(row.contract_id, row.invoice_id, row.stage)


async def remindable(
    session: AsyncSession, *, policy: Policy, due_upto: date, after: int, most: int
) -> tuple[tuple[int, int], ...]:
    """List invoices that may be due for a reminder, as invoice and customer, after one by id."""
    asked = {
        "adapter": policy.adapter,
        "due_upto": due_upto,
        "least": policy.reminder_min,
        "last_stage": policy.stages[-1].number,
        "after": after,
        "most": most,
    }
    return tuple((row.id, row.customer_id) for row in await session.execute(text(statements.REMINDABLE), asked))


async def seen_until(session: AsyncSession, *, adapter: str) -> datetime | None:
    """Tell up to which moment a utility's payments were looked at for interest; None before the first time."""
    return await session.scalar(select(col(DunningWatch.seen_until)).where(col(DunningWatch.adapter) == adapter))


async def chargeable(
    session: AsyncSession, *, adapter: str, today: date, since: datetime, after: int, most: int
) -> tuple[tuple[int, int], ...]:
    """List late invoices whose interest may have changed, as invoice and customer, after one by id."""
    asked = {"adapter": adapter, "today": today, "since": since, "after": after, "most": most}
    return tuple((row.id, row.customer_id) for row in await session.execute(text(statements.CHARGEABLE), asked))


async def late_invoices(session: AsyncSession, *, invoice_ids: Sequence[int]) -> tuple[LateInvoice, ...]:
    """Read invoices with what was paid on them and when, and the days on which interest paused."""
    asked = {"invoices": list(invoice_ids), "interest_codes": [INTEREST, INTEREST_BACK]}
    return tuple(_late(row) for row in await session.execute(text(statements.LATE), asked))


async def hold_for_interest(session: AsyncSession, *, invoices: Sequence[tuple[int, int]], today: date) -> None:
    """Hold invoices, given with their customers, until the end: the accounts, and fees of interest that no bill has.

    Contracts that have ended are held too, since their notes may have to be taken back.
    """
    asked = {"invoices": [invoice_id for invoice_id, _ in invoices]}
    await session.execute(text(statements.LOCK_ENDED), {**asked, "today": today})
    await lock_accounts(session, customer_ids=sorted({customer_id for _, customer_id in invoices}))
    await session.execute(text(statements.LOCK_FEES), asked)


async def charges_of(session: AsyncSession, *, invoice_id: int, customer_id: int) -> tuple[Charged, ...]:
    """List the interest charged on an invoice, in order."""
    rows = await session.execute(text(statements.CHARGES), {"invoice": invoice_id, "customer": customer_id})
    return tuple(Charged(**row._mapping) for row in rows)


async def notes_on(session: AsyncSession, *, invoice: LateInvoice) -> tuple[tuple[int, str], ...]:
    """List the notes that charge interest on an invoice and stand, by id and number, the latest first."""
    asked = {"invoice": invoice.id, "customer": invoice.customer_id}
    return tuple(
        (row.id, row.document_number) for row in await session.execute(text(statements.NOTES_ON_INVOICE), asked)
    )


async def charges_on(session: AsyncSession, *, note_id: int, customer_id: int) -> tuple[ChargedOnNote, ...]:
    """List what a note charges, on each of its invoices."""
    rows = await session.execute(text(statements.CHARGES_ON_NOTE), {"note": note_id, "customer": customer_id})
    return tuple(ChargedOnNote(*row) for row in rows)


async def interest_for_note(session: AsyncSession, *, adapter: str, today: date) -> tuple[WaitingInterest, ...]:
    """List a utility's interest that waits for a note of its own, contract by contract."""
    asked = {"adapter": adapter, "today": today, "interest_codes": [INTEREST, INTEREST_BACK]}
    return tuple(WaitingInterest(*row) for row in await session.execute(text(statements.INTEREST_FOR_NOTE), asked))


async def reminders_for_note(session: AsyncSession, *, adapter: str, today: date) -> tuple[WaitingReminder, ...]:
    """List the fees of a utility's reminders of earlier days that wait for a note, contract by contract."""
    asked = {"adapter": adapter, "today": today}
    return tuple(WaitingReminder(*row) for row in await session.execute(text(statements.REMINDERS_FOR_NOTE), asked))


async def debt_of_building(
    session: AsyncSession, *, building_id: int, viewer: Viewer, today: date
) -> tuple[BuildingDebt, ...] | None:
    """Sum what a house owes, by currency; None to who neither lives in it today, nor manages it, nor serves it.

    How many owing premises are enough to tell more is the strictest of the utilities that supply the house.
    """
    if not viewer.is_staff and not await _is_at_home(session, building_id=building_id, viewer=viewer, today=today):
        return None
    utilities = await session.scalars(text(statements.UTILITIES_OF_BUILDING), {"building": building_id})
    policies = [await policy_in_force(session, adapter=adapter, on=today) for adapter in utilities]
    bounds = [None if policy is None else policy.owing_premises_min for policy in policies]
    least = None if not bounds or None in bounds else max(bound for bound in bounds if bound is not None)
    rows = (await session.execute(text(statements.IN_BUILDING), {"building": building_id})).all()
    currencies = sorted(ACCEPTED_CURRENCIES | {row.currency for row in rows})
    return tuple(
        building_debt(
            [(row.point, row.due_on, row.open_amount) for row in rows if row.currency == currency],
            currency=currency,
            today=today,
            premises_min=least,
        )
        for currency in currencies
    )


async def arrangements_of(session: AsyncSession, *, contract_ids: Sequence[int]) -> tuple[StoredArrangement, ...]:
    """List the debts of contracts that are or were paid in parts, the first first."""
    rows = await session.execute(text(statements.ARRANGEMENTS_OF_CONTRACTS), {"contracts": list(contract_ids)})
    return tuple(_arrangement(row) for row in rows)


async def running_arrangements(
    session: AsyncSession, *, adapter: str, after: int, most: int
) -> tuple[StoredArrangement, ...]:
    """List a utility's debts that are being paid in parts, after one by id."""
    asked = {"adapter": adapter, "after": after, "most": most}
    return tuple(_arrangement(row) for row in await session.execute(text(statements.RUNNING_OF_UTILITY), asked))


async def _is_at_home(session: AsyncSession, *, building_id: int, viewer: Viewer, today: date) -> bool:
    asked = {
        "building": building_id,
        "today": today,
        "customers": sorted(viewer.customers_with(Permission.VIEW)),
        "contracts": sorted(viewer.contracts_with(Permission.VIEW)),
    }
    return bool(await session.scalar(text(statements.IS_AT_HOME), asked))


def _policy(row: DunningPolicy) -> Policy:
    return Policy(
        adapter=row.adapter,
        starts=row.starts,
        source=row.source,
        currency=row.currency,
        reminder_min=row.reminder_min,
        stages=STAGES.validate_python(row.stages),
        interest=InterestTerms(
            household_rate=row.household_rate,
            business_rate=row.business_rate,
            cap_share=row.cap_share,
            day_count=row.day_count,
            charge_day=row.charge_day,
        ),
        arrangement=ARRANGEMENT_TERMS.validate_python(row.arrangement),
        owing_premises_min=row.owing_premises_min,
    )


def _late(row: Any) -> LateInvoice:
    return LateInvoice(
        id=row.id,
        customer_id=row.customer_id,
        contract_id=row.contract_id,
        document_number=row.document_number,
        adapter=row.adapter,
        currency=row.currency,
        open_amount=row.open_amount,
        is_credited=row.is_credited,
        charged=row.charged,
        waived=row.waived,
        debt=LateDebt(
            asked=row.asked,
            due_on=row.due_on,
            is_business=row.is_business,
            paid=tuple((date.fromisoformat(on), Decimal(amount)) for on, amount in row.paid),
            pauses=tuple((date.fromisoformat(starts), date.fromisoformat(ends)) for starts, ends in row.pauses),
        ),
    )


def _arrangement(row: Any) -> StoredArrangement:
    paid_on = [one for invoice in row.invoices for one in _paid_of(invoice)]
    return StoredArrangement(
        arrangement=Arrangement(
            id=row.id,
            customer_id=row.customer_id,
            contract_id=row.contract_id,
            made_on=row.made_on,
            is_by_staff=row.is_by_staff,
            currency=row.currency,
            total=row.total,
            paid=sum((amount for _, amount in paid_on), Decimal("0.00")),
            state=ArrangementState(row.state),
            ended_on=row.ended_on,
            parts=tuple(
                Part(number=number, due_on=date.fromisoformat(due_on), amount=Decimal(amount))
                for number, due_on, amount in row.parts
            ),
            document_numbers=tuple(invoice[1] for invoice in row.invoices),
        ),
        grace_days=row.grace_days,
        paid_on=tuple(sorted(paid_on)),
    )


def _paid_of(invoice: Sequence[Any]) -> list[tuple[date, Decimal]]:
    """Tell what of an arranged invoice was paid and when; what a credit note took off counts from the beginning."""
    _, _, arranged, asked, allocations = invoice
    whole, left = Decimal(arranged), Decimal(asked)
    paid = Decimal(0)
    found = []
    for on, amount in sorted(
        [(date.min, Decimal(0)), *((date.fromisoformat(on), Decimal(a)) for on, a in allocations)]
    ):
        left -= amount
        now = whole - min(max(left, Decimal(0)), whole)
        if now != paid:
            found.append((on, now - paid))
        paid = now
    return found
