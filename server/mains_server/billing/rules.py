"""What the run decides without asking anybody: which bills somebody should look at first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import holidays
from mains_spi import InvoicingRules, Period

from mains_server.billing.draft import CENTS_PLACES, Draft
from mains_server.billing.due import HistoryRow
from mains_server.billing.holding import Accepted
from mains_server.billing.records import Bounds, Hold

SATURDAY = 5
# Of these holds the bill is worked out, and somebody may say that it is right though unusual.
ACCEPTABLE = frozenset({"negative_total", "unusually_high", "too_many_lines"})
DAYS_OF_MONTH_MAX = 31
# By how much the clock that is furthest ahead on earth is ahead of UTC.
AHEAD_MOST = timedelta(hours=14)
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


class PeriodUnknown(ValueError):
    """A text names no period that can be billed."""


def day_that_holds(now: datetime) -> date:
    """Give a civil day that ends after now by every clock on earth, so that nothing told until now is left out."""
    return (now + AHEAD_MOST).date()


def bounds_over(period: Period) -> Bounds:
    """Give what is unusual on a bill of several months, as a levelled year's settlement is: a month's for each."""
    a_month, months = Bounds(), -((period.start - period.end).days // DAYS_OF_MONTH_MAX)
    return replace(a_month, times_mean_max=a_month.times_mean_max * months, lines_max=a_month.lines_max * months)


def within_bounds(
    drafts: Iterable[Draft], *, history: Mapping[int, HistoryRow], bounds: Bounds, accepted: Mapping[int, Accepted]
) -> tuple[list[Draft], list[Hold]]:
    """Part bills into those to be issued and those held for being unusual, unless accepted at the very sum they are."""
    kept, holds = [], []
    for draft in drafts:
        contract = draft.due.contract_id
        is_accepted = bool(accepted) and accepted.get(contract) == (_cents(draft.total), draft.currency)
        hold = None if is_accepted else out_of_bounds(draft, history=history.get(contract), bounds=bounds)
        if hold is None:
            kept.append(draft)
        else:
            holds.append(hold)
    return kept, holds


def out_of_bounds(draft: Draft, *, history: HistoryRow | None, bounds: Bounds) -> Hold | None:
    """Hold a bill that is negative, very long, or many times what this contract's bills usually are."""
    if draft.total < 0 and draft.due.contract_id not in bounds.below_nothing:
        return held(draft, code="negative_total", reason=f"the bill would be {_money(draft.total, draft)}")
    if len(draft.lines) > bounds.lines_max:
        reason = f"the bill has {len(draft.lines)} lines; more than {bounds.lines_max} is unusual"
        return held(draft, code="too_many_lines", reason=reason)
    if history is None or history.bills < bounds.bills_min or history.cents <= 0:
        return None
    if draft.total * history.bills > bounds.times_mean_max * history.cents:
        usual = _money(history.cents // history.bills, draft)
        reason = (
            f"the bill would be {_money(draft.total, draft)}, more than {bounds.times_mean_max} times the usual {usual}"
        )
        return held(draft, code="unusually_high", reason=reason)
    return None


def period_of(text: str) -> Period:
    """Read a month such as `2023-01` as its civil days; anything else is no period."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise PeriodUnknown(f"{text[:40]!r} is no period; write a month such as 2023-01")
    start = date(int(found[1]), int(found[2]), 1)
    return Period(start, (start + timedelta(days=31)).replace(day=1))


def next_working_day(day: date, *, country: str) -> date:
    """Give the working day after a day: not on a weekend, nor on a public holiday of a country (ISO 3166)."""
    free = holidays.country_holidays(country) if country else ()
    following = day + timedelta(days=1)
    while following.weekday() >= SATURDAY or following in free:
        following += timedelta(days=1)
    return following


def issue_by(period: Period, *, rules: InvoicingRules) -> date:
    """Tell by when the regular invoices of a period should be issued; counted from its end where that is no first."""
    return period.end + timedelta(days=rules.by_day - 1)


def held(draft: Draft, *, code: str, reason: str) -> Hold:
    """Hold the contract of a draft."""
    return Hold(
        customer_id=draft.due.customer_id,
        contract_id=draft.due.contract_id,
        code=code,
        reason=reason,
        total=_cents(draft.total),
        currency=draft.currency,
    )


def counts_by_year(part: object) -> bool:
    """Tell whether a tariff counts usage through a year, for which a monthly run knows too little."""
    if isinstance(part, tuple):
        return any(counts_by_year(item) for item in part)
    if not is_dataclass(part):
        return False
    values = [getattr(part, field.name) for field in fields(part)]
    return getattr(part, "window", None) == "year" or any(counts_by_year(value) for value in values)


def _money(cents: int, draft: Draft) -> str:
    return f"{_cents(cents)} {draft.currency}"


def _cents(units: int) -> Decimal:
    return Decimal(units).scaleb(-CENTS_PLACES)
