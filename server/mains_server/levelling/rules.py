"""How a plan's amounts follow from costs, use and payments, and when its instalments are due. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from mains_server.levelling.records import Amounts, Instalment
from mains_server.money.records import NotMoney, require_amount
from mains_server.money.rules import allocate

MONTHS = 12
EQUAL = (1,) * MONTHS
AMOUNT_MAX = Decimal("100000.00")


def amounts_by_rule(*, cost: Decimal, used: Decimal, paid: Decimal) -> Amounts:
    """Ask for a year's cost and for what was used and not paid; less than nothing asks nothing and stays prepaid.

    The rule of seed 003: new monthly amount = average usage x price + (used - paid) / 12, never below nothing.
    """
    difference = used - paid
    return Amounts(base_total=cost, difference=difference, total=max(cost + difference, Decimal("0.00")), going_on=cost)


def amounts_by_customer(*, monthly: Decimal, cost: Decimal, used: Decimal, paid: Decimal) -> Amounts:
    """Ask every month for what the customer chose, whatever it costs; what it leaves over is settled later."""
    total = monthly * MONTHS
    return Amounts(base_total=cost, difference=used - paid, total=total, going_on=total)


def amount_problem(monthly: Decimal) -> str | None:
    """Say what is wrong with a monthly amount that a customer chose; None where nothing is."""
    try:
        require_amount(monthly)
    except NotMoney as refusal:
        return str(refusal)
    if monthly < 0:
        return f"{monthly} is below nothing; nothing, 0.00, is the least"
    return None if monthly <= AMOUNT_MAX else f"{monthly} is more than {AMOUNT_MAX} a month"


def twelfth(total: Decimal, *, month: int) -> Decimal:
    """Give the share of a year's amount that falls on a month, counted from 0; the years are alike."""
    return allocate(total, EQUAL)[month % MONTHS]


def upto(total: Decimal, *, months: int) -> Decimal:
    """Sum the shares of so many months of a year's amount."""
    years, rest = divmod(months, MONTHS)
    return years * total + sum(allocate(total, EQUAL)[:rest], Decimal(0))


def twelfth_cents(total: int, *, month: int) -> int:
    """Give in cents what `twelfth` gives, for many plans at once."""
    share, rest = divmod(total, MONTHS)
    return share + (month % MONTHS < rest)


def upto_cents(total: int, *, months: int) -> int:
    """Give in cents what `upto` gives, for many plans at once."""
    years, rest = divmod(months, MONTHS)
    share, more = divmod(total, MONTHS)
    return years * total + rest * share + min(rest, more)


def instalments(amounts: Amounts, *, starts: date, due_day: int, months: int = MONTHS) -> Iterator[Instalment]:
    """Give what each month asks for."""
    for month in range(months):
        amount = twelfth(amounts.total if month < MONTHS else amounts.going_on, month=month)
        base = twelfth(amounts.base_total, month=month)
        due_on = months_after(starts, months=month).replace(day=due_day)
        yield Instalment(number=month + 1, due_on=due_on, amount=amount, base_part=base, difference_part=amount - base)


def used_upto(*, used_before: Decimal, cost: Decimal, version_starts: date, starts: date) -> Decimal:
    """Tell what counts as used when a new version starts: what was known, and the base parts of the months since."""
    return used_before + upto(cost, months=months_between(version_starts, starts))


def first_month(*, today: date, due_day: int) -> date:
    """Give the first day of the month of the next instalment that can still be changed: one due after today."""
    this = today.replace(day=1)
    return this if today.day < due_day else months_after(this, months=1)


def months_after(first: date, *, months: int) -> date:
    """Give the first day of the month so many months after one."""
    at = first.year * MONTHS + first.month - 1 + months
    return date(at // MONTHS, at % MONTHS + 1, 1)


def months_between(first: date, later: date) -> int:
    """Count the months from one first of a month to another."""
    return (later.year - first.year) * MONTHS + later.month - first.month


def is_significant(*, actual: Decimal, expected: Decimal, share: Decimal) -> bool:
    """Tell whether what was used differs from what was expected by more than a share of it; a share of 0 never does."""
    return share > 0 and abs(actual - expected) > share * expected
