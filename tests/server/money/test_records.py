"""Money refuses whatever is not an exact amount in a named currency."""

from decimal import Decimal

import pytest
from mains_server.money.records import CurrenciesDiffer, Money, NotMoney, require_amount


def test_amounts_of_one_currency_add_and_compare():
    bill, paid = Money(Decimal("43.10"), "EUR"), Money(Decimal("40"), "EUR")

    assert bill - paid == Money(Decimal("3.10"), "EUR")
    assert paid + -bill == Money(Decimal("-3.10"), "EUR")
    assert paid < bill
    assert paid <= paid
    assert str(paid) == "40.00 EUR"


def test_currencies_do_not_mix():
    with pytest.raises(CurrenciesDiffer):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "LVL")
    with pytest.raises(CurrenciesDiffer):
        assert Money(Decimal(1), "EUR") < Money(Decimal(2), "LVL")


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1e5000", "1000000000000", "0.001", "1e-9"])
def test_what_is_not_an_amount_is_refused(text):
    with pytest.raises(NotMoney):
        Money(Decimal(text), "EUR")


@pytest.mark.parametrize("value", [float("1.5"), 1, "1.50", True])
def test_other_types_are_refused(value):
    with pytest.raises(NotMoney, match="Decimal"):
        require_amount(value)


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "€", "ЕUR"])
def test_what_is_not_a_currency_is_refused(currency):
    with pytest.raises(NotMoney):
        Money(Decimal(1), currency)
