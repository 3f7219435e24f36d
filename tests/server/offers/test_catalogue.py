"""The price table of a product on a day: without and with tax, whoever printed it how."""

from datetime import date
from decimal import Decimal as D

import pytest
from mains_server.offers.catalogue import Asked, offered_prices
from mains_server.offers.records import CustomerSort

PRIVATE = Asked(on=date(2023, 3, 1), sort=CustomerSort.PRIVATE)


def table(priced, host, product, asked=PRIVATE):
    (found,) = offered_prices(priced, host=host, products=[("electricity_retail", product)], asked=asked)
    return {price.name: (price.charge, price.net, price.gross, price.unit) for price in found}


def test_a_net_price_gets_its_tax(priced, host):
    """0.2450 x 1.21 = 0.29645."""
    assert table(priced, host, "universalais") == {
        "energy": ("energy", D("0.24500000"), D("0.29645000"), "EUR/kWh"),
        "energy_day": ("energy_day", D("0.26400000"), D("0.31944000"), "EUR/kWh"),
        "energy_night": ("energy_night", D("0.20800000"), D("0.25168000"), "EUR/kWh"),
    }


def test_a_price_that_was_published_with_tax_is_taken_apart(priced, host):
    """3.00 with 21 % is 3.00 / 1.21 = 2.47933884 without."""
    assert table(priced, host, "izdevigais_600")["monthly_fee"] == (
        "monthly_fee",
        D("2.47933884"),
        D("3.00000000"),
        "EUR/month",
    )


@pytest.mark.parametrize(("product", "on"), [("universalais", date(2010, 1, 1)), ("nothing", date(2023, 3, 1))])
def test_what_has_no_price_on_the_day_has_no_table(priced, host, product, on):
    assert table(priced, host, product, Asked(on=on, sort=CustomerSort.PRIVATE)) == {}


def test_a_utility_that_is_not_there_has_no_table(priced, host):
    assert offered_prices(priced, host=host, products=[("gas", "any")], asked=PRIVATE) == [()]


def test_many_products_are_asked_for_at_once(priced, host):
    products = [("electricity_retail", code) for code in ("dinamiskais", "universalais", "dinamiskais")]

    first, second, third = offered_prices(priced, host=host, products=products, asked=PRIVATE)

    assert [price.name for price in first] == ["trading_fee"]
    assert (first, len(second)) == (third, 3)
