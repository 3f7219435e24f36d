"""The rules of a contract's life: which day may be chosen, what leaving costs, and what may not go together. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from mains_spi import ContractRules, Product

from mains_server.access.records import Refusal
from mains_server.money.rules import round_half_up

CENTS = 2


class LifeRefusal(Refusal):
    """A step in a contract's life that cannot be done; `next_allowed` is the first day on which it could be, if any."""

    def __init__(self, message: str, *, next_allowed: date | None = None) -> None:
        super().__init__(message)
        self.next_allowed = next_allowed


class StartsTooEarly(LifeRefusal):
    """The day is past, or too near for those who have to be told before."""

    code = "STARTS_TOO_EARLY"
    path = "startsOn"


class StartsInsideMonth(LifeRefusal):
    """What is agreed holds for whole months, so that no bill has two products."""

    code = "STARTS_INSIDE_MONTH"
    path = "startsOn"


class DaysBilled(LifeRefusal):
    """Some of the days have been billed as they were agreed before."""

    code = "DAYS_BILLED"
    path = "startsOn"


class DayOutside(LifeRefusal):
    """The contract is not in force on the day, or the day contradicts what was agreed before."""

    code = "DAY_OUTSIDE"
    path = "startsOn"


class WithdrawnTooLate(LifeRefusal):
    """The days within which a contract may be withdrawn from have passed, or it was not concluded at a distance."""

    code = "WITHDRAWN_TOO_LATE"


def first_of_next_month(day: date) -> date:
    """Give the first of the month after a day's."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def months_later(day: date, *, months: int) -> date:
    """Give the same day some months later, or the month's last one where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = first_of_next_month(date(year, month + 1, 1)) - timedelta(days=1)
    return last.replace(day=min(day.day, last.day))


def earliest_first(*, told_on: date, rules: ContractRules) -> date:
    """Tell from which first of a month on what is told on a day can hold: told by the 15th, from the next one.

    The network operator has to be told before (source: the retailer's questions and answers; the day is the adapter's).
    """
    following = first_of_next_month(told_on)
    is_in_time = rules.told_by_day == 0 or told_on.day <= rules.told_by_day
    return following if is_in_time else first_of_next_month(following)


def check_first(day: date, *, earliest: date) -> None:
    """Refuse a day that is no first of a month, or one before the earliest."""
    if day < earliest:
        raise StartsTooEarly(f"{day} is too early; the next day it can start is {earliest}", next_allowed=earliest)
    if day.day != 1:
        following = first_of_next_month(day)
        raise StartsInsideMonth(f"it starts on the first of a month; next on {following}", next_allowed=following)


def check_unbilled(day: date, *, billed_until: date | None) -> None:
    """Refuse a change from a day on that has been billed; what was issued is never edited."""
    if billed_until is not None and day < billed_until:
        following = billed_until if billed_until.day == 1 else first_of_next_month(billed_until)
        raise DaysBilled(
            f"the days before {billed_until} are billed; choose {following} or later", next_allowed=following
        )


def exit_fee(product: Product, *, agreed_on: date, price_fixed_until: date | None, leaves_on: date) -> Decimal:
    """Tell what it costs to leave a product on a day: nothing once the agreed price has run out, or without a fee.

    A fee that falls loses its share for every whole number of months that passed; it never goes below nothing.
    """
    if product.exit_fee is None or price_fixed_until is None or leaves_on >= price_fixed_until:
        return Decimal(0)
    fall = product.exit_fee_falls
    if fall is None:
        return round_half_up(product.exit_fee, places=CENTS)
    steps = months_between(agreed_on, leaves_on) // fall.months
    left = max(Decimal(0), 1 - fall.share * steps)
    return round_half_up(product.exit_fee * left, places=CENTS)


def switch_fee(product: Product, *, price_fixed_until: date | None, leaves_on: date) -> Decimal:
    """Tell what it costs to leave a product for another one on a day, while its agreed price still runs."""
    if product.switch_fee is None or price_fixed_until is None or leaves_on >= price_fixed_until:
        return Decimal(0)
    return round_half_up(product.switch_fee, places=CENTS)


def months_between(start: date, end: date) -> int:
    """Count the whole months from one day to another; none where the second is earlier."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return max(0, months if months_later(start, months=max(0, months)) <= end else months - 1)


def fixed_until(product: Product, *, starts: date) -> date | None:
    """Tell until which day, exclusive, the price of a product agreed from a day on holds; None where it may change."""
    return None if product.price_fixed_months is None else months_later(starts, months=product.price_fixed_months)


def check_withdrawal(*, is_distance: bool, concluded_on: date, today: date, rules: ContractRules) -> None:
    """Refuse to withdraw from a contract that was not concluded at a distance, or later than the rules allow."""
    last = concluded_on + timedelta(days=rules.withdraw_days)
    if not is_distance:
        raise WithdrawnTooLate("only a contract concluded at a distance is withdrawn from; terminate it instead")
    if today > last:
        raise WithdrawnTooLate(f"it could be withdrawn from until {last}; terminate it instead")
