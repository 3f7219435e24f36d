"""What a year on a product costs an asker: twelve bills, to the cent as they would be issued, or nearly exactly."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from mains_server.offers.asking import Asker
from mains_server.offers.pricing import PricedYear, add_to
from mains_server.offers.records import YearCost, YearUse
from mains_server.offers.rules import component_costs, labels_of, year_cost


def cost_of(year: PricedYear, *, use: YearUse, asker: Asker, zones: int) -> YearCost:
    """Bill the twelve months, each to the cent, and add them up charge by charge."""
    nets: dict[tuple[str, str, Decimal], Decimal] = {}
    taxes: dict[tuple[str, Decimal], Decimal] = {}
    after_tax: dict[str, Decimal] = {}
    payable = Decimal(0)
    for month in use.months:
        cost = year.months[month.month].cost(asker.counted(total=month.total, night=month.night, zones=zones))
        for total, part in ((nets, cost.nets), (taxes, cost.taxes), (after_tax, cost.after_tax)):
            for key, value in part.items():
                add_to(total, key, value)
        payable += cost.payable
    labels = labels_of(asker.adapter.utility)
    return year_cost(component_costs(nets=nets, taxes=taxes, after_tax=after_tax, labels=labels), payable=payable)


def exact_cost(year: PricedYear, *, use: YearUse, asker: Asker, zones: int) -> Decimal:
    """Cost the twelve months with eight decimals."""
    alike = Counter((year.months[month.month], month.total, month.night) for month in use.months)
    return sum(
        (
            times * month.exact_payable(asker.counted(total=total, night=night, zones=zones))
            for (month, total, night), times in alike.items()
        ),
        Decimal(0),
    )
