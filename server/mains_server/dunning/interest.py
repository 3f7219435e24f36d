"""Late interest: simple, by the day, on what was open that day, up to a share of the principal. Pure and exact.

An invoice is late from the day after its last day to pay. A day is charged on what was open when it began, so money
that comes ten days late pays for ten days. Nothing is rounded before the sum (docs/decisions/0025).
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from itertools import pairwise

from mains_server.dunning.records import DayCount, Policy
from mains_server.money.rules import round_half_up

_EXACT = Context(prec=60)
_CENT = Decimal("0.01")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateDebt:
    """What interest is worked out from: what was asked, and what was paid of it when; pauses are days without interest.

    `asked` leaves out interest on the invoice itself: there is no interest on interest.
    """

    asked: Decimal
    due_on: date
    is_business: bool
    paid: tuple[tuple[date, Decimal], ...] = ()
    pauses: tuple[tuple[date, date], ...] = ()

    def open_at_start_of(self, day: date) -> Decimal:
        """Give what was open when a day began; never less than nothing."""
        return max(self.asked - sum((amount for on, amount in self.paid if on < day), Decimal(0)), Decimal(0))


def interest_until(debt: LateDebt, *, policies: Sequence[Policy], until: date) -> Decimal:
    """Sum the interest on a debt for the days before `until`, to the cent; policies are in the order of their days.

    The principal is the most that was open so far, since what was paid may be open again.
    """
    total = principal = Fraction(0)
    bound: Decimal | None = None
    for starts, ends in _stretches(debt, policies=policies, first=debt.due_on + _DAY, until=until):
        left = Fraction(debt.open_at_start_of(starts))
        principal = max(principal, left)
        policy = policy_on(policies, starts)
        rate = None if policy is None or _is_paused(debt, starts) else rate_of(policy, is_business=debt.is_business)
        if policy is None or rate is None:
            continue
        year = 366 if policy.interest.day_count is DayCount.ACTUAL and isleap(starts.year) else 365
        more = left * Fraction(rate) * (ends - starts).days / year
        share = policy.interest.cap_share
        limit = None if share is None else principal * Fraction(share)
        grown = total + more if limit is None else max(total, min(total + more, limit))
        if grown != total:
            bound = None if limit is None else _down_to_cents(max(total, limit))
        total = grown
    rounded = round_half_up(total)
    return rounded if bound is None else min(rounded, bound)


def policy_on(policies: Sequence[Policy], day: date) -> Policy | None:
    """Find the policy in force on a day; None before the first."""
    begun = [policy for policy in policies if policy.starts <= day]
    return max(begun, key=lambda policy: policy.starts) if begun else None


def rate_of(policy: Policy, *, is_business: bool) -> Decimal | None:
    """Give the yearly rate for a kind of customer; None where no interest is charged."""
    return policy.interest.business_rate if is_business else policy.interest.household_rate


def charged_until(policy: Policy, *, today: date) -> date:
    """Give the last day of charging that has come, up to which open debts are charged."""
    this_month = today.replace(day=policy.interest.charge_day)
    if this_month <= today:
        return this_month
    return (today.replace(day=1) - _DAY).replace(day=policy.interest.charge_day)


def _stretches(debt: LateDebt, *, policies: Sequence[Policy], first: date, until: date) -> list[tuple[date, date]]:
    """Cut the late days wherever something changes: money came, a policy, a pause or a year began or ended."""
    cuts = {first, until}
    cuts |= {on + _DAY for on, _ in debt.paid}
    cuts |= {policy.starts for policy in policies}
    cuts |= {day for pause in debt.pauses for day in pause}
    cuts |= {date(year, 1, 1) for year in range(first.year + 1, until.year + 1)}
    days = sorted(day for day in cuts if first <= day <= until)
    return list(pairwise(days))


def _is_paused(debt: LateDebt, day: date) -> bool:
    return any(starts <= day < ends for starts, ends in debt.pauses)


def _down_to_cents(amount: Fraction) -> Decimal:
    """Cut a bound of the law down, so that rounding never passes it."""
    exact = _EXACT.divide(Decimal(amount.numerator), Decimal(amount.denominator))
    return exact.quantize(_CENT, rounding=ROUND_DOWN)
