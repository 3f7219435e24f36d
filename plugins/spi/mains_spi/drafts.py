"""Lines before tax: a quantity, a price and the net they come to."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from mains_spi.here import Here
from mains_spi.record import Period
from mains_spi.requests import Attribute
from mains_spi.trace import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A line whose net is fixed and whose tax is not.

    ``is_priced``: the net is quantity x price / base, but for rounding. ``conditions`` are the attributes by which this
    way of charging was chosen.
    """

    code: str
    period: Period
    quantity: Value
    unit: str
    price: Value
    price_unit: str
    base: Value | None
    net: Value
    is_priced: bool = True
    after_tax: bool = False
    conditions: tuple[Attribute, ...] = ()
    place: str = ""


def drafted(
    here: Here,
    code: str,
    quantity: Value,
    price: Value,
    *,
    units: tuple[str, str],
    base: Value | None = None,
    after_tax: bool = False,
) -> Draft:
    """Draft a line of these days, net = quantity x price / base rounded by the policy, and add it to the amounts."""
    exact = here.trace.step("mul", quantity, price)
    if base is not None:
        exact = here.trace.step("div", exact, base)
    places = here.tariff.rounding.line
    net = exact if places is None else here.trace.step("round", exact, places=places)
    here.amounts.add(code, here.segment, net, here.trace)
    unit, price_unit = units
    return Draft(
        code=code,
        period=here.segment,
        quantity=quantity,
        unit=unit,
        price=price,
        price_unit=price_unit,
        base=base,
        net=net,
        after_tax=after_tax,
        place=here.place,
    )


def part_of(draft: Draft, here: Here, days: Period, whole: Period) -> Draft:
    """Give the part of a line that falls to some of its days; the parts of all days add up to the line."""
    total = here.number(whole.days, "days of the line", "day")
    passed = (days.start - whole.start).days
    net = _cumulated(draft, here, passed + days.days, total)
    if passed:
        net = here.trace.step("sub", net, _cumulated(draft, here, passed, total))
    share = here.number(Fraction(days.days, whole.days), "part of the days")
    return Draft(
        code=draft.code,
        period=days,
        quantity=here.trace.step("mul", draft.quantity, share),
        unit=draft.unit,
        price=draft.price,
        price_unit=draft.price_unit,
        base=draft.base,
        net=net,
        is_priced=False,
        after_tax=draft.after_tax,
        conditions=draft.conditions,
    )


def _cumulated(draft: Draft, here: Here, days: int, total: Value) -> Value:
    passed = here.number(days, "days until then", "day")
    share = here.trace.step("div", here.trace.step("mul", draft.net, passed), total)
    places = here.tariff.rounding.line
    return share if places is None else here.trace.step("round", share, places=places)
