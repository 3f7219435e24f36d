"""Comparing products: each costs what twelve bills of the evaluator come to, and what cannot be compared is refused."""

from datetime import date
from decimal import Decimal as D

import pytest
from mains_server.offers.records import (
    ComparisonProblem,
    ComparisonRefused,
    Connection,
    Consumption,
    CustomerSort,
)

LARGE = Connection(phases=3, amperes=16, protected="large_family")
RICH = Connection(phases=1, amperes=16, protected="rich")


def costs(comparison):
    return {one.product.code: one.cost.payable for one in comparison.products}


def components(comparison, product):
    (found,) = [one for one in comparison.products if one.product.code == product]
    return {part.code: (part.net, part.tax) for part in found.cost.components}


def test_a_year_is_twelve_bills_worked_out_by_hand(compared):
    """Universālais, 250 kWh at 1 x 16 A, prices of 2023-03-01; each month

    energy 250 x 0.2450 = 61.25; network 14.88 / 12 = 1.24 and 250 x 0.04076 = 10.19; the first 100 kWh cost at most
    0.160, so 100 x 0.085 = 8.50 off. Net 64.18, VAT 21 % 13.4778 = 13.48, 77.66 in all; twelve times that 931.92.
    """
    found = compared()

    assert costs(found)["universalais"] == D("931.92")
    # VAT of the charges alone comes to 161.73, of twelve bills to 161.76: the largest charge bears the difference.
    assert components(found, "universalais") == {
        "energy": (D("735.00"), D("154.38")),
        "dso_fixed": (D("14.88"), D("3.12")),
        "dso_variable": (D("122.28"), D("25.68")),
        "price_cap_support": (D("-102.00"), D("-21.42")),
    }


def test_the_cheapest_comes_first_and_the_components_add_up(compared):
    found = compared()

    paid = [one.cost.payable for one in found.products]
    assert paid == sorted(paid)
    assert len(found.products) == 6
    for one in found.products:
        assert sum(part.gross for part in one.cost.components) == one.cost.payable == one.cost.net + one.cost.tax


def test_an_exchange_product_says_whose_months_it_took(compared):
    """A day weighs 25 and costs (23 x 100 + 2 x 220) / 25 = 109.60 EUR/MWh; on the days of clock changes 24 and 26.

    March (31 days, 744 - 1 hours): (23 x 31 - 1) x 100 + 31 x 440 over 25 x 31 - 1 = 109.612..., so 0.10961 for a kWh.
    """
    found = compared(consumption=Consumption(months=(D(0), D(0), D(1000), *(D(0),) * 9)))

    (exchange,) = [one for one in found.products if one.product.code == "dinamiskais"]
    assert (exchange.exchange.start, exchange.exchange.end) == (date(2022, 3, 1), date(2023, 3, 1))
    assert components(found, "dinamiskais")["energy"][0] == D("109.61")
    assert all(one.exchange is None for one in found.products if one is not exchange)


def test_prices_of_the_day_hold_for_the_whole_year(compared):
    """In May 2022 Universālais was 0.128 a kWh and nothing was capped; OIK had been taken away until autumn."""
    found = compared(on=date(2022, 5, 1), today=date(2022, 5, 1))

    assert components(found, "universalais")["energy"][0] == 12 * D("32.00")
    assert "price_cap_support" not in components(found, "universalais")


def test_recommended_ranges_are_advice(compared):
    found = {one.product.code: one.is_in_recommended_range for one in compared().products}

    assert found == {
        "universalais": False,
        "ekonomiskais": True,
        "izdevigais_200": True,
        "izdevigais_600": False,
        "dinamiskais": None,
        "klasiskais": None,
    }


def test_a_protected_customer_compares_what_lies_above_the_allowance(compared, connection):
    """365 kWh a month less the 300 of a large family are 65: in the range of Universālais, whatever the whole is."""
    connection.execute("update price_row set value = 300 where name = 'kwh' and conditions::text like '%large_family%'")

    found = compared(consumption=Consumption(a_month=D(365)), connection=LARGE)

    alone = compared(consumption=Consumption(a_month=D(65)), connection=Connection(phases=3, amperes=16))
    assert (found.allowance_a_month, found.above_a_year) == (D(300), 12 * D(65))
    assert {one.product.code: one.above.payable for one in found.products} == costs(alone)
    assert {one.product.code for one in found.products if one.is_in_recommended_range} == {
        "universalais",
        "ekonomiskais",
    }


def test_support_is_negative_and_untaxed_where_the_law_says_a_sum(compared):
    """20 EUR a month off after tax: -240 in the year with no tax of its own."""
    found = components(compared(consumption=Consumption(a_month=D(365)), connection=LARGE), "universalais")

    assert found["protected_sum"] == (D("-240.00"), D(0))


def test_a_business_gets_no_cap(compared):
    found = compared(connection=Connection(sort=CustomerSort.BUSINESS, phases=1, amperes=16))

    assert "price_cap_support" not in components(found, "universalais")


def test_a_missing_price_leaves_one_product_out(compared, connection):
    """A version that ends on the day before leaves no price on the day itself."""
    connection.execute("update price_version set ends = '2023-03-01' where code = 'klasiskais-2022-09'")

    found = compared()

    assert "klasiskais" not in costs(found)
    ((product, code, reason),) = [(one.product.code, one.code, one.reason) for one in found.not_compared]
    assert (product, code) == ("klasiskais", "missing_price")
    assert reason == "energy: give a version of price list `product` for 2023-03-01"


def test_a_day_without_a_price_is_named_and_not_the_month_it_stands_for(compared, connection):
    connection.execute("update price_version set ends = '2023-03-15' where list = 'dso' and code = 'dso-2020'")

    with pytest.raises(ComparisonRefused) as refused:
        compared(on=date(2023, 3, 15))

    assert refused.value.problem is ComparisonProblem.NOTHING_COMPARABLE
    assert refused.value.message.endswith(": dso_fixed: give a version of price list `dso` for 2023-03-15")


def test_exchange_prices_that_are_not_known_leave_their_product_out(compared, connection):
    connection.execute("delete from fact_series where name = 'profile.lv'")

    found = compared()

    assert [(one.product.code, one.code) for one in found.not_compared] == [("dinamiskais", "no_exchange_prices")]


@pytest.mark.parametrize(
    ("asked", "problem", "path"),
    [
        ({"adapter": None}, "UTILITY_UNKNOWN", "adapter"),
        ({"adapter": "gas"}, "UTILITY_UNKNOWN", "adapter"),
        ({"adapter": "district_heating"}, "UTILITY_NOT_COMPARABLE", "adapter"),
        ({"consumption": None}, "CONSUMPTION_MISSING", "consumption"),
        ({"connection": None}, "CONNECTION_MISSING", "connection.phases"),
        ({"connection": Connection(phases=1)}, "CONNECTION_MISSING", "connection.amperes"),
        ({"connection": Connection(phases=2, amperes=16)}, "CONNECTION_OUT_OF_RANGE", "connection.phases"),
        ({"connection": Connection(phases=1, amperes=0)}, "CONNECTION_OUT_OF_RANGE", "connection.amperes"),
        ({"connection": Connection(phases=1, amperes=50)}, "NOTHING_COMPARABLE", None),
        ({"connection": Connection(phases=1, amperes=16, zones=3)}, "ZONES_NOT_OFFERED", "connection.zones"),
        ({"connection": Connection(phases=1, amperes=16, zones=2)}, "CONSUMPTION_MISSING", "consumption.nightShare"),
        ({"connection": RICH}, "PROTECTION_UNKNOWN", "connection.protected"),
        ({"wants_zones": True}, "CONSUMPTION_MISSING", "consumption.nightShare"),
        ({"on": date(1999, 12, 31)}, "DAY_OUT_OF_RANGE", "on"),
        ({"on": date(2024, 3, 3)}, "DAY_OUT_OF_RANGE", "on"),
        ({"on": date(2010, 1, 1)}, "NOTHING_COMPARABLE", None),
        ({"contract_id": 1}, "CONSUMPTION_TWICE", "contractId"),
        (
            {"contract_id": 1, "adapter": None, "consumption": None, "connection": None},
            "CONTRACT_NOT_COMPARABLE",
            "contractId",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(compared, asked, problem, path):
    with pytest.raises(ComparisonRefused) as refused:
        compared(**asked)

    assert (refused.value.problem, refused.value.path) == (ComparisonProblem[problem], path)
