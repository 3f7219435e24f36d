from __future__ import annotations

import pytest
from mains_spi import BadUnit, Block, Const, Least, OrElse, Price, Qty, Round, Total
from mains_spi.algebra import unit_of
from mains_spi.units import divide, multiply, parse_unit, unit_text


@pytest.mark.parametrize("text", ["kWh", "EUR/kWh", "EUR/A/month", "1", "1/month", "A*month"])
def test_units_are_read_and_written(text):
    assert unit_text(parse_unit(text)) == text


def test_units_multiply_and_divide():
    price = multiply(parse_unit("EUR/MWh"), parse_unit("MWh/m3"))

    assert price == parse_unit("EUR/m3")
    assert divide(price, price) == parse_unit("1")


@pytest.mark.parametrize("text", ["", " kWh", "EUR/", "EUR per kWh", "*"])
def test_unreadable_units_are_refused(text):
    with pytest.raises(BadUnit, match="cannot be read"):
        parse_unit(text)


kwh, mwh = Qty("kwh", "kWh"), Qty("heat", "MWh")


@pytest.mark.parametrize(
    ("term", "unit"),
    [
        (kwh * Price("p.energy", "EUR/kWh"), "EUR"),
        (Const(3) * kwh / kwh, "1"),
        (Round(kwh + kwh, 1), "kWh"),
        (Total(OrElse(kwh, Const(0, "kWh"))), "kWh"),
        (Least((kwh, Block(kwh, upto=100))), "kWh"),
        (1 - Const(2), "1"),
    ],
)
def test_units_of_terms(term, unit):
    assert unit_text(unit_of(term, "EUR")) == unit


@pytest.mark.parametrize("term", [kwh + mwh, OrElse(kwh, mwh), Least((kwh, mwh)), Least(()), Block(kwh, upto=mwh)])
def test_terms_that_do_not_go_together_are_refused(term):
    with pytest.raises(BadUnit):
        unit_of(term, "EUR")
