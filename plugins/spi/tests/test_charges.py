from __future__ import annotations

from decimal import Decimal

import pytest
from mains_spi import CannotRate, Charge, Rounding, Tariff, bill_charges, replay

D = Decimal
RATED = Tariff("rated", "EUR", ())


def charge(make, code="energy", quantity="100", unit="kWh", price="0.10377", base="1", days=None):
    return Charge(
        code=code,
        period=days or make.january,
        quantity=D(quantity),
        unit=unit,
        unit_price=D(price),
        base=D(base),
    )


def test_charges_are_rounded_taxed_and_explained(make):
    charges = charge(make), charge(make, "connection", "1", "month", "14.88", "12")

    bill = bill_charges(charges=charges, tariff=RATED, request=make.request())

    assert [(line.code, line.net, line.base) for line in bill.lines] == [
        ("energy", D("10.38"), D(1)),
        ("connection", D("1.24"), D(12)),
    ]
    assert (bill.net, bill.tax, bill.total) == (D("11.62"), D("2.44"), D("14.06"))
    assert [replay(line.why) for line in bill.lines] == [D("10.38"), D("1.24")]


def test_charges_follow_the_rounding_policy(make):
    tariff = Tariff("rated", "EUR", (), Rounding("units", tax="per_unit", tax_places=5))

    bill = bill_charges(charges=(charge(make, quantity="1000"),), tariff=tariff, request=make.request())

    assert bill.total == D("125.56")  # 0.10377 x 1.21 = 0.12556


def test_charge_outside_the_period_is_refused(make):
    outside = charge(make, days=make.period("2023-01-31", "2023-02-02"))

    with pytest.raises(CannotRate, match="charge_outside_period"):
        bill_charges(charges=(outside,), tariff=RATED, request=make.request())
