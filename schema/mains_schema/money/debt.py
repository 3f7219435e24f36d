"""Debts: what is open and for how long, what pursues it, how it is paid in parts, and what a house owes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import read_session
from mains_server.dunning import queries
from mains_server.dunning.accruing import interest_owed
from mains_server.dunning.arranging import plan_arrangement
from mains_server.dunning.queries import LateInvoice, StoredArrangement
from mains_server.dunning.records import (
    AgeBucket,
    ArrangementState,
    OverdueInvoice,
    Part,
    PartsAsked,
    Policy,
    ReminderChannel,
    SentReminder,
)
from mains_server.dunning.rules import bucket_of, days_overdue
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.common.desk import desk_of
from mains_schema.declaring.given import Given
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.payload import USER_ERRORS
from mains_schema.declaring.scalars import Money
from mains_schema.money.debt_errors import DebtUserError, debt_error

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

DEBT_ROWS = 10
HOUSE_DEBT_ROWS = 100
PREVIEW_ROWS = 20
described(
    AgeBucket,
    "How long a debt has been overdue.",
    {
        "NOT_DUE": "Its last day to pay has not passed.",
        "DAYS_1_30": "1 to 30 days.",
        "DAYS_31_60": "31 to 60 days.",
        "DAYS_61_90": "61 to 90 days.",
        "OVER_90": "91 days or more.",
    },
)
described(
    ReminderChannel,
    "How a reminder goes out.",
    {"EMAIL": "By e-mail.", "SMS": "By text message.", "LETTER": "By letter."},
)
described(
    ArrangementState,
    "How a debt that is paid in parts stands.",
    {
        "RUNNING": "Its parts are being paid; no reminders go out meanwhile.",
        "KEPT": "All of it is paid.",
        "BROKEN": "A part was missed; the rest is due at once.",
        "CANCELLED": "An employee ended it; the rest is due at once.",
    },
)


@strawberry.type(description="What is overdue for a number of days.")
class DebtAge:
    """A bucket and its sum."""

    bucket: AgeBucket = strawberry.field(description="How long.")
    amount: Money = strawberry.field(description="How much; 0.00 where there is nothing of that age.")


@strawberry.type(description="A reminder that went out for an invoice.")
class DebtReminder:
    """A reminder."""

    stage: int = strawberry.field(description="Which one, from 1.")
    channel: ReminderChannel = strawberry.field(description="How it went out.")
    day: date = strawberry.field(description="When.")
    open_amount: Money = strawberry.field(description="What was open then.")
    fee_code: str | None = strawberry.field(
        description="Code of the utility's fee for it, on the next bill; null where it cost nothing."
    )


@strawberry.type(description="An invoice that is open, and what pursues it.")
class DebtItem:
    """An open invoice."""

    invoice_id: strawberry.ID = strawberry.field(description="Global id of the invoice.")
    invoice_number: str = strawberry.field(description="Its number.")
    due_on: date = strawberry.field(description="Its last day to pay.")
    days_overdue: int = strawberry.field(description="Days since then; 0 while it has not passed.")
    bucket: AgeBucket = strawberry.field(description="Its age.")
    open_amount: Money = strawberry.field(description="Still to pay.")
    is_disputed: bool = strawberry.field(description="Whether it is held to be wrong and somebody is looking.")
    is_arranged: bool = strawberry.field(description="Whether it is being paid in parts.")
    interest_charged: Money = strawberry.field(description="Late interest that is on a bill or comes on the next one.")
    interest_accrued: Money = strawberry.field(description="Late interest until today that was not charged yet.")
    reminders: list[DebtReminder] = strawberry.field(description="Reminders that went out, by stage; a handful.")


@strawberry.type(description="What is open in one currency, by age and by invoice.")
class Debt:
    """Own debts."""

    open_amount: Money = strawberry.field(description="All that is open, due or not.")
    overdue: Money = strawberry.field(description="What of it is overdue.")
    ages: list[DebtAge] = strawberry.field(description="All that is open, by age; every bucket once.")
    items: list[DebtItem] = strawberry.field(
        description="Open invoices, first what was due first; at most a few dozen."
    )


@strawberry.type(description="What a house owes in one currency: its sum, without telling who owes it.")
class BuildingDebt:
    """The debt situation of a house."""

    overdue: Money = strawberry.field(description="What is overdue in the whole house.")
    owing_premises: int | None = strawberry.field(
        description="How many premises owe it; null where so few do that a neighbour might be recognised."
    )
    ages: list[DebtAge] | None = strawberry.field(
        description="What is overdue by age; null where so few premises owe that a neighbour might be recognised."
    )


@strawberry.type(description="A part of a debt.")
class DebtPart:
    """A part and its last day to pay."""

    number: int = strawberry.field(description="Which one, from 1.")
    due_on: date = strawberry.field(description="Its last day to pay.")
    amount: Money = strawberry.field(description="What is to be paid by then.")


@strawberry.type(description="A debt that is, or was, paid in parts.")
class DebtArrangement:
    """What was arranged and how it stands."""

    state: ArrangementState = strawberry.field(description="How it stands.")
    made_on: date = strawberry.field(description="When it was arranged.")
    ended_on: date | None = strawberry.field(description="When it was kept, broken or cancelled; null while it runs.")
    is_by_staff: bool = strawberry.field(description="Whether an employee arranged it.")
    total: Money = strawberry.field(description="The debt that was arranged.")
    paid: Money = strawberry.field(description="What of it is paid.")
    parts: list[DebtPart] = strawberry.field(description="Its parts in order; payments fill the oldest first.")
    invoice_numbers: list[str] = strawberry.field(description="The invoices in it.")


@strawberry.type(description="How a debt would be paid in parts, or why it cannot be.")
class DebtArrangementPreview:
    """What arranging would mean."""

    total: Money | None = strawberry.field(description="The overdue debt, without disputed invoices; null if refused.")
    parts: list[DebtPart] = strawberry.field(description="The parts; empty if refused.")
    user_errors: list[DebtUserError] = strawberry.field(description=USER_ERRORS)


PREVIEW_GIVEN = (
    Given("first_amount", Decimal, "The first part; at least the share of the debt that the utility asks first."),
    Given("parts", int, "How many parts in all, the first with them; 2 or more."),
    Given("first_due_on", date, "When the first part is due; the others follow a month apart."),
)


async def debts_of_customer(reads: Reads, customer_id: int) -> list[Debt]:
    """Read what is open of a customer, one entry for each currency."""

    async def run(customers: list[int]) -> list[list[Debt]]:
        async with read_session(reads.engine) as session:
            found = await queries.open_of_customers(session, customer_ids=customers)
            return await _shown(session, found, keys=customers, key=lambda one: one.customer_id, today=reads.today)

    shown: list[Debt] = await reads.load("debts of customers", customer_id, run)
    return shown


async def debts_of_contract(reads: Reads, contract_id: int) -> list[Debt]:
    """Read what is open on a contract, one entry for each currency."""

    async def run(contracts: list[int]) -> list[list[Debt]]:
        async with read_session(reads.engine) as session:
            found = await queries.open_of_contracts(session, contract_ids=contracts)
            return await _shown(session, found, keys=contracts, key=lambda one: one.contract_id, today=reads.today)

    shown: list[Debt] = await reads.load("debts of contracts", contract_id, run)
    return shown


async def debt_of_building(reads: Reads, building_id: int) -> list[BuildingDebt] | None:
    """Read what a house owes, for who lives in it today, manages it or serves it."""
    async with read_session(reads.engine) as session:
        found = await queries.debt_of_building(session, building_id=building_id, viewer=reads.viewer, today=reads.today)
    if found is None:
        return None
    return [
        BuildingDebt(
            overdue=_money(one.overdue, one.currency),
            owing_premises=one.owing_premises,
            ages=None if one.ages is None else _ages(one.ages, one.currency, due_only=True),
        )
        for one in found
    ]


async def arrangements_of_contract(reads: Reads, contract_id: int) -> list[DebtArrangement]:
    """Read the debts of a contract that are or were paid in parts."""

    async def run(contracts: list[int]) -> list[list[DebtArrangement]]:
        async with read_session(reads.engine) as session:
            stored = await queries.arrangements_of(session, contract_ids=contracts)
        return [[_arrangement(one) for one in stored if one.arrangement.contract_id == key] for key in contracts]

    shown: list[DebtArrangement] = await reads.load("debt arrangements", contract_id, run)
    return shown


async def arrangement_preview(
    reads: Reads, contract_id: int, *, first_amount: Decimal, parts: int, first_due_on: date
) -> DebtArrangementPreview:
    """Tell how a contract's debt would be paid in parts; nothing is changed by asking."""
    asked = PartsAsked(first_amount=first_amount, parts=parts, first_due_on=first_due_on)
    try:
        async with read_session(reads.engine) as session:
            planned = await plan_arrangement(session, desk=desk_of(reads), contract_id=contract_id, asked=asked)
    except Refusal as refusal:
        return DebtArrangementPreview(total=None, parts=[], user_errors=[debt_error(refusal)])
    currency = planned.policy.currency
    return DebtArrangementPreview(
        total=_money(planned.total, currency),
        parts=_parts(planned.parts, currency),
        user_errors=[],
    )


async def _shown(
    session: AsyncSession,
    found: Sequence[OverdueInvoice],
    *,
    keys: list[int],
    key: Callable[[OverdueInvoice], int],
    today: date,
) -> list[list[Debt]]:
    ids = [one.id for one in found]
    reminders = defaultdict(list)
    for reminder in await queries.reminders_of(session, invoice_ids=ids):
        reminders[reminder.invoice_id].append(reminder)
    late = {one.id: one for one in await queries.late_invoices(session, invoice_ids=ids)}
    policies = {
        adapter: await queries.policies_of(session, adapter=adapter) for adapter in {one.adapter for one in found}
    }
    by_key: dict[int, dict[str, list[DebtItem]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        item = _item(one, late=late[one.id], policies=policies[one.adapter], sent=reminders[one.id], today=today)
        by_key[key(one)][one.currency].append(item)
    return [[_debt(items, currency) for currency, items in sorted(by_key[wanted].items())] for wanted in keys]


def _debt(items: list[DebtItem], currency: str) -> Debt:
    late = [item.open_amount.amount for item in items if item.days_overdue]
    sums = dict.fromkeys(AgeBucket, Decimal("0.00"))
    for item in items:
        sums[item.bucket] += item.open_amount.amount
    return Debt(
        open_amount=_money(sum(sums.values(), Decimal("0.00")), currency),
        overdue=_money(sum(late, Decimal("0.00")), currency),
        ages=_ages(sums, currency, due_only=False),
        items=items,
    )


def _item(
    one: OverdueInvoice, *, late: LateInvoice, policies: Sequence[Policy], sent: Sequence[SentReminder], today: date
) -> DebtItem:
    days = days_overdue(one.due_on, today=today)
    accrued = interest_owed(late, policies=policies, today=today) - late.charged if policies else Decimal("0.00")
    return DebtItem(
        invoice_id=strawberry.ID(encode_id(type_name="Invoice", number=one.id)),
        invoice_number=one.document_number,
        due_on=one.due_on,
        days_overdue=days,
        bucket=bucket_of(days),
        open_amount=_money(one.open_amount, one.currency),
        is_disputed=one.is_disputed,
        is_arranged=one.is_arranged,
        interest_charged=_money(late.charged, one.currency),
        interest_accrued=_money(max(accrued, Decimal("0.00")), one.currency),
        reminders=[
            DebtReminder(
                stage=reminder.stage,
                channel=reminder.channel,
                day=reminder.day,
                open_amount=_money(reminder.open_amount, one.currency),
                fee_code=reminder.fee_code,
            )
            for reminder in sent
        ],
    )


def _ages(sums: dict[AgeBucket, Decimal], currency: str, *, due_only: bool) -> list[DebtAge]:
    return [
        DebtAge(bucket=bucket, amount=_money(amount, currency))
        for bucket, amount in sums.items()
        if not (due_only and bucket is AgeBucket.NOT_DUE)
    ]


def _arrangement(stored: StoredArrangement) -> DebtArrangement:
    one = stored.arrangement
    return DebtArrangement(
        state=one.state,
        made_on=one.made_on,
        ended_on=one.ended_on,
        is_by_staff=one.is_by_staff,
        total=_money(one.total, one.currency),
        paid=_money(one.paid, one.currency),
        parts=_parts(one.parts, one.currency),
        invoice_numbers=list(one.document_numbers),
    )


def _parts(parts: Sequence[Part], currency: str) -> list[DebtPart]:
    return [DebtPart(number=one.number, due_on=one.due_on, amount=_money(one.amount, currency)) for one in parts]


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=currency)
