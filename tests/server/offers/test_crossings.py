"""Where the order of products changes: found by halving, and the same as by trying every consumption."""

from decimal import Decimal as D
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mains_server.offers.crossings import NOISE, crossings_of
from mains_server.offers.records import Consumption
from mains_server.offers.rules import scaled, typed_use
from mains_spi import Labels, Product

FLAT = typed_use(Consumption(a_month=D(100)))


def product(code):
    return Product(code=code, labels=Labels(code, code, code), tariff=code, price_list=code)


def by_force(costs, *, upto):
    """Compare all pairs at every whole consumption."""

    def dearer(at, one, other):
        first, second = sorted((one, other))
        is_first_dearer = costs[first](D(at)) - costs[second](D(at)) > NOISE
        return is_first_dearer if one == first else not is_first_dearer

    return {
        (after, cheaper, other)
        for before, after in pairwise(range(1, upto + 1))
        for cheaper, other in permutations(sorted(costs), 2)
        if dearer(before, cheaper, other) and not dearer(after, cheaper, other)
    }


def found(costs, *, upto=2000):
    crossings = crossings_of(
        products=[product(code) for code in costs],
        use=FLAT,
        cost=lambda code, use: 12 * costs[code](use.total / 12),
        a_month_max=upto,
    )
    return {(one.from_a_month, one.cheaper.code, one.dearer.code) for one in crossings}


def test_a_fee_pays_from_where_a_cheaper_kwh_has_earned_it():
    """3 EUR are earned by 0.0212 a kWh in 141.51 kWh: from 142 on."""
    costs = {"fee": lambda kwh: D(3) + kwh * D("0.1388"), "plain": lambda kwh: kwh * D("0.16")}

    assert found(costs) == {(142, "fee", "plain")}


def test_what_always_costs_the_same_never_changes_places():
    assert found({"one": lambda kwh: kwh * D("0.2"), "two": lambda kwh: kwh * D("0.2")}) == set()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.integers(100, 300), st.integers(1, 200), st.integers(100, 300)),
        min_size=2,
        max_size=4,
    )
)
def test_bent_costs_cross_where_trying_every_consumption_finds_it(bends):
    """Each product has a fee, a price of a kWh up to a bound, and another above it."""

    def cost(fee, first, bound, then):
        low, high, edge = D(first) / 1000, D(then) / 1000, D(bound)
        return lambda kwh: D(fee) / 100 + min(kwh, edge) * low + max(kwh - edge, D(0)) * high

    costs = {f"p{number}": cost(*bend) for number, bend in enumerate(bends)}

    missing = by_force(costs, upto=150) ^ found(costs, upto=150)
    assert missing == set()


def test_the_adapters_products_cross_where_every_kwh_says(compared):
    """All six products of the adapter from 1 to 2,000 kWh a month, by the engine, one whole kWh after the other."""
    comparison = compared(wants_crossings=True)

    assert comparison.crossings
    costs = {}
    for at in sorted({edge for one in comparison.crossings for edge in (one.from_a_month - 1, one.from_a_month)}):
        told = compared(consumption=Consumption(a_month=D(at)))
        costs[at] = {one.product.code: one.cost.payable for one in told.products}
    for one in comparison.crossings:
        before, after = costs[one.from_a_month - 1], costs[one.from_a_month]
        cheaper, dearer = one.cheaper.code, one.dearer.code
        # Bills are rounded to the cent twelve times over; without that the order changes exactly here.
        assert before[cheaper] >= before[dearer] - D("0.24")
        assert after[cheaper] <= after[dearer] + D("0.24")


@pytest.mark.slow
def test_the_adapters_products_cross_nowhere_else(connection, host):
    from mains_server.offers.asking import asker_of
    from mains_server.offers.comparing import _priced
    from mains_server.offers.costing import exact_cost
    from mains_server.offers.pricing import YearPricer
    from mains_server.offers.records import ComparisonRequest, Connection

    from tests.server.offers.conftest import ADAPTER, ON

    request = ComparisonRequest(
        on=ON,
        adapter=ADAPTER,
        consumption=Consumption(a_month=D(100)),
        connection=Connection(phases=1, amperes=16),
    )
    asker = asker_of(connection, host=host, request=request)
    pricer = YearPricer(connection, adapter=asker.adapter, on=ON, time_zone="Europe/Riga")
    years, _ = _priced(pricer, asker=asker, on=ON)
    kept = {
        code: {at: exact_cost(year, use=scaled(FLAT, a_month=at), asker=asker, zones=1) for at in range(1, 2001)}
        for code, year in years.items()
    }

    tried = by_force({code: (lambda at, code=code: kept[code][int(at)]) for code in kept}, upto=2000)
    crossings = crossings_of(
        products=[year.product for year in years.values()],
        use=FLAT,
        cost=lambda code, use: exact_cost(years[code], use=use, asker=asker, zones=1),
    )
    assert {(one.from_a_month, one.cheaper.code, one.dearer.code) for one in crossings} == tried
