"""What the state takes off a household's bill, each support a negative line of its own."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import add

from mains_spi import (
    Amount,
    Block,
    Component,
    Const,
    Fact,
    Figure,
    Months,
    Most,
    OrElse,
    Price,
    Qty,
    Rebate,
    Term,
    When,
)

HOUSEHOLD = When("kind", ("private",))
PROTECTED_GROUPS = ("low_income", "disability", "large_family")
PROTECTED = When("protected", PROTECTED_GROUPS)

FOR_DELIVERY = Amount("dso_variable") + Amount("dso_variable_day") + Amount("dso_variable_night")
UNSPENT = "protected_unspent"
"""What a month left of a protected customer's sum, kept with the bill and read by the next month's."""
LESS_THAN_ANY_USAGE = Const(Decimal("0.001"), "kWh")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyPart:
    """The seller's part of a bill: the codes of energy and of fees, and the one price of a kWh where there is one."""

    quantity: Qty
    energy: tuple[str, ...]
    fees: tuple[str, ...]
    price: Price | None


def household_supports(part: EnergyPart) -> tuple[Component, ...]:
    """Take off what the state pays for every household: network charges, and energy above a price."""
    return (
        Rebate(
            "network_support",
            Amount("dso_fixed") * Price("network_support.fixed_share", "1")
            + FOR_DELIVERY * Price("network_support.variable_share", "1")
            + Price("network_support.monthly", "EUR/month", ("phases", "amperes")) * Months(),
            cap=Amount("dso_fixed") + FOR_DELIVERY,
            when=(HOUSEHOLD,),
            each_place=True,
        ),
        *_first_kwh_cheaper("price_cap", part, bound=Price("price_cap.kwh", "kWh"), when=HOUSEHOLD),
    )


def protected_supports(part: EnergyPart, *, carries: bool) -> tuple[Component, ...]:
    """Take off what protected customers get besides: first kWh at the support price, or a sum a month.

    The sum is taken off after tax: VAT stays that of the whole bill, and the sum is never more than the net amount of
    energy, network and mandatory procurement. With ``carries`` what a month left of it is added to the next month's,
    as from November 2021 to the end of 2022 (source: domain facts, 2.5). Days that are not protected get no part of
    either; what the protected days of a month left adds up, whether they are all of it or not (decision 0049).
    """
    allowance = Price("protected.kwh", "kWh", ("protected",))
    monthly = Price("protected.monthly", "EUR/month", ("protected",)) * Months()
    # By days as well, so that where something changes inside a month no part of it spends all that was left.
    carried = OrElse(Fact(UNSPENT, "EUR", back=1, parts=True), Const(0, "EUR")) * Months() / Const(1, "month")
    sum_of_month = monthly + carried if carries else monthly
    left = Figure(UNSPENT, sum_of_month + Amount("protected_sum"), when=(PROTECTED,))
    return (
        *_first_kwh_cheaper("protected", part, bound=allowance, when=PROTECTED),
        Rebate("protected_sum", sum_of_month, cap=_reducible(part), after_tax=True, when=(PROTECTED,)),
        *((left,) if carries else ()),
    )


def _first_kwh_cheaper(code: str, part: EnergyPart, *, bound: Price, when: When) -> tuple[Component, ...]:
    """Take off what a month's first kWh cost above the support price.

    With one price the difference is exact. By zones or at the exchange there are several: there the first kWh cost the
    bill's average.
    """
    support, energy = Price(f"{code}.price", "EUR/kWh"), part.quantity
    first = Block(energy, upto=bound)
    above = Most((_sum_of(part.energy) - energy * support, Const(0, "EUR")))
    average = above * first / Most((energy, LESS_THAN_ANY_USAGE))
    if part.price is None:
        return (Rebate(f"{code}_support", average, when=(when,)),)
    exact = first * Most((part.price - support, Const(0, "EUR/kWh")))
    one_zone, two_zones = When("zones", ("1",)), When("zones", ("2",))
    return (
        Rebate(f"{code}_support", exact, when=(when, one_zone)),
        Rebate(f"{code}_support", average, when=(when, two_zones)),
    )


def _reducible(part: EnergyPart) -> Term:
    """Give the net amount that the support of protected customers may take off: all but the paper invoice."""
    charged = _sum_of((*part.energy, *part.fees, "dso_fixed", "oik_energy", "oik_capacity")) + FOR_DELIVERY
    return charged + _sum_of(("oik_discount", "network_support", "price_cap_support", "protected_support"))


def _sum_of(codes: tuple[str, ...]) -> Term:
    """Add up amounts; what a bill does not charge counts as zero, and what it takes off is negative."""
    return reduce(add, (Amount(code) for code in codes[1:]), Amount(codes[0]))
