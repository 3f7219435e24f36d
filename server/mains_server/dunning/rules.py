"""Ages of debts, which reminder is due, and the parts of an arranged debt. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from mains_server.access.records import Refusal
from mains_server.dunning.records import (
    AgeBucket,
    ArrangementTerms,
    BuildingDebt,
    OverdueInvoice,
    Part,
    PartsAsked,
    Policy,
    ReminderStage,
    SentReminder,
)
from mains_server.money.records import NotMoney, require_amount
from mains_server.money.rules import allocate, round_half_up

INTEREST, INTEREST_BACK = "late_interest", "late_interest_back"
"""The fees by which an adapter charges late interest, and takes it off again."""
PARTS_MIN = 2
LAST_DAY_EVERYWHERE = 28
_BOUNDS = (
    (0, AgeBucket.NOT_DUE),
    (30, AgeBucket.DAYS_1_30),
    (60, AgeBucket.DAYS_31_60),
    (90, AgeBucket.DAYS_61_90),
)


class DunningRefusal(Refusal):
    """Something about a debt that cannot be done."""


class FirstPartTooSmall(DunningRefusal):
    """The first part is below the share of the debt that has to be paid first, or no amount of money."""

    code = "FIRST_PART_TOO_SMALL"
    path = "firstAmount"


class FirstPartTooLarge(DunningRefusal):
    """The first part leaves nothing, or too little for a cent in each of the others."""

    code = "FIRST_PART_TOO_LARGE"
    path = "firstAmount"


class PartsNotPossible(DunningRefusal):
    """A debt is paid in two parts or more, up to as many as the utility allows."""

    code = "PARTS_NOT_POSSIBLE"
    path = "parts"


class FirstDayNotPossible(DunningRefusal):
    """The first part is due today or later, within the days that the utility allows."""

    code = "FIRST_DAY_NOT_POSSIBLE"
    path = "firstDueOn"


def fee_key(*, invoice_id: int, stage: int) -> str:
    """Name the fee of a stage, so that it is noted once."""
    return f"reminder {invoice_id} {stage}"


def days_overdue(due_on: date, *, today: date) -> int:
    """Count the days since the last day to pay; 0 while it has not passed."""
    return max((today - due_on).days, 0)


def bucket_of(days: int) -> AgeBucket:
    """Tell in which bucket a debt so many days overdue is."""
    return next((bucket for bound, bucket in _BOUNDS if days <= bound), AgeBucket.OVER_90)


def ages_of(debts: Iterable[tuple[date, Decimal]], *, today: date) -> dict[AgeBucket, Decimal]:
    """Sum debts, given as last day to pay and amount, by their age; every bucket is there."""
    found = dict.fromkeys(AgeBucket, Decimal("0.00"))
    for due_on, amount in debts:
        found[bucket_of(days_overdue(due_on, today=today))] += amount
    return found


def building_debt(
    debts: Sequence[tuple[int, date, Decimal]], *, currency: str, today: date, premises_min: int | None
) -> BuildingDebt:
    """Sum what a house owes, given as premise, last day to pay and amount.

    How old it is and how many owe it is told only where enough premises owe that nobody is recognised; `premises_min`
    is None where the utility has not said how many that are.
    """
    late = [(point, due_on, amount) for point, due_on, amount in debts if due_on < today and amount > 0]
    owing = len({point for point, _, _ in late})
    is_told = premises_min is not None and owing >= premises_min
    return BuildingDebt(
        currency=currency,
        overdue=sum((amount for _, _, amount in late), Decimal("0.00")),
        owing_premises=owing if is_told else None,
        ages=ages_of([(due_on, amount) for _, due_on, amount in late], today=today) if is_told else None,
    )


def stage_due(
    policy: Policy, *, invoice: OverdueInvoice, sent: Sequence[SentReminder], today: date
) -> ReminderStage | None:
    """Tell which reminder is due for an invoice on a day, or None.

    Stages follow each other: after a stage as many days pass to the next as lie between them, also where one was late.
    """
    if invoice.is_disputed or invoice.is_arranged or invoice.open_amount < policy.reminder_min:
        return None
    done = {reminder.stage: reminder.day for reminder in sent}
    earlier: ReminderStage | None = None
    for stage in policy.stages:
        if stage.number in done:
            earlier = stage
            continue
        since_due = days_overdue(invoice.due_on, today=today) >= stage.days_after_due
        gap = 0 if earlier is None else stage.days_after_due - earlier.days_after_due
        is_gap_over = earlier is None or today >= done[earlier.number] + timedelta(days=gap)
        return stage if since_due and is_gap_over else None
    return None


def first_part_min(total: Decimal, *, share: Decimal) -> Decimal:
    """Give the smallest first part of a debt: its share, rounded up to the cent."""
    exact = Fraction(total) * Fraction(share)
    rounded = round_half_up(exact)
    return rounded if Fraction(rounded) >= exact else rounded + Decimal("0.01")


def parts_of(
    total: Decimal, *, asked: PartsAsked, terms: ArrangementTerms, today: date, parts_max: int
) -> tuple[Part, ...]:
    """Divide a debt into its parts, a month from each to the next; they sum to it to the cent."""
    _require_possible(total, asked=asked, terms=terms, today=today, parts_max=parts_max)
    others = allocate(total - asked.first_amount, [1] * (asked.parts - 1))
    return tuple(
        Part(number=number, due_on=_months_after(asked.first_due_on, number - 1), amount=amount)
        for number, amount in enumerate((asked.first_amount, *others), start=1)
    )


def _require_possible(
    total: Decimal, *, asked: PartsAsked, terms: ArrangementTerms, today: date, parts_max: int
) -> None:
    if not PARTS_MIN <= asked.parts <= parts_max:
        raise PartsNotPossible(f"choose {PARTS_MIN} to {parts_max} parts")
    smallest = first_part_min(total, share=terms.first_share_min)
    try:
        is_enough = require_amount(asked.first_amount) >= smallest
    except NotMoney as refusal:
        raise FirstPartTooSmall(str(refusal)) from refusal
    if not is_enough:
        raise FirstPartTooSmall(f"pay at least {smallest} first")
    rest = total - asked.first_amount
    if rest < Decimal("0.01") * (asked.parts - 1):
        raise FirstPartTooLarge(f"{asked.first_amount} of {total} leaves nothing for the other parts")
    last = today + timedelta(days=terms.first_within_days)
    if not today <= asked.first_due_on <= last:
        raise FirstDayNotPossible(f"choose a day from {today} to {last}")


def first_missed(
    parts: Sequence[Part], *, paid_on: Sequence[tuple[date, Decimal]], grace_days: int, today: date
) -> date | None:
    """Find the first day on which a part was not paid with all days of grace over; None where all is kept.

    `paid_on` is what was paid of the arranged debts and when; parts are filled in their order.
    """
    asked = Decimal(0)
    for part in parts:
        asked += part.amount
        last = part.due_on + timedelta(days=grace_days)
        paid = sum((amount for on, amount in paid_on if on <= last), Decimal(0))
        if last < today and paid < asked:
            return last + timedelta(days=1)
    return None


def _months_after(day: date, months: int) -> date:
    """Give the same day so many months later, the 28th where a month might not have it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, day.day if months == 0 else min(day.day, LAST_DAY_EVERYWHERE))
