"""One zone against two: what two save, and from which share of night and weekend they pay."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.offers.records import Connection, Consumption
from mains_server.offers.rules import typed_use
from mains_server.offers.zones import pays_from

YEAR = typed_use(Consumption(a_year=D(12_000)))


def night_of(use):
    return use.night / use.total


@given(st.integers(0, 999))
def test_the_share_is_the_first_at_which_two_zones_cost_no_more(edge):
    bound = D(edge).scaleb(-3)

    assert pays_from(YEAR, dearer_by=lambda use: bound - night_of(use)) == bound


@pytest.mark.parametrize("difference", ["0.01", "0"])
def test_two_zones_that_never_pay_have_no_share(difference):
    assert pays_from(YEAR, dearer_by=lambda _use: D(difference)) is None


def test_at_the_exchange_on_one_phase_zones_make_no_difference(compared):
    found = compared(consumption=Consumption(a_month=D(300), night_share=D("0.5")), wants_zones=True)

    (exchange,) = [one for one in found.zones if one.product.code == "dinamiskais"]
    assert exchange.pays_from is None


def test_the_share_is_where_the_price_of_the_zones_says(compared):
    """Universālais in March 2023: 0.2640 by day and 0.2080 at night against 0.2450; a cap takes the average down.

    Above the cap two zones cost 0.2640 - 0.0560 s for a kWh: the same as 0.2450 at s = 0.339.., so they pay from 0.340
    on. By the cap the first 100 kWh cost 0.16 either way, and the share stays.
    """
    found = compared(consumption=Consumption(a_month=D(300), night_share=D("0.5")), wants_zones=True)

    (universal,) = [one for one in found.zones if one.product.code == "universalais"]
    assert universal.pays_from == D("0.340")
    assert universal.saving == universal.one_zone.payable - universal.two_zones.payable > 0


def test_counted_in_two_zones_the_year_costs_what_the_calculator_says(compared):
    asked = {"consumption": Consumption(a_month=D(300), night_share=D("0.6"))}

    told = {one.product.code: one.two_zones.payable for one in compared(**asked, wants_zones=True).zones}
    billed = compared(**asked, connection=Connection(phases=1, amperes=16, zones=2))

    assert told == {one.product.code: one.cost.payable for one in billed.products}


def test_on_three_phases_delivery_is_cheaper_at_night_as_well(compared):
    asked = {"consumption": Consumption(a_month=D(300), night_share=D("0.5")), "wants_zones": True}

    one_phase, three = (
        next(one for one in found.zones if one.product.code == "universalais")
        for found in (compared(**asked), compared(**asked, connection=Connection(phases=3, amperes=16)))
    )

    # 150 kWh by day at 0.05138 are 7.71, 150 at 0.0265 are 3.98, 300 in one zone at 0.04076 are 12.23: 0.54 a month.
    # On one phase twice 150 at 0.04076 are 6.11 each, a cent less than 12.23.
    by_three = three.one_zone.net - three.two_zones.net
    assert by_three - (one_phase.one_zone.net - one_phase.two_zones.net) == 12 * D("0.53")
