"""A contract's own year: at the price agreed on it, and over several places, to the cent by hand."""

from datetime import date
from decimal import Decimal as D

import pytest
from mains_server.offers.comparing import compare
from mains_server.offers.records import ComparisonProblem, ComparisonRefused, ComparisonRequest
from mains_server.offers.rules import months_before

from tests.server.billing.small_utility import Town

ON = date(2023, 3, 1)
SINCE = date(2022, 3, 1)
HOME = {"commodity": "electricity", "phases": 1, "amperes": 16}
GARAGE = {"commodity": "electricity", "phases": 3, "amperes": 20}


@pytest.fixture
def living(connection):
    """Give what concludes a contract over places, each read on every first of the year before with the same usage."""
    town = Town(connection)

    def concluded(*places, product="universalais", customer=None, **terms):
        points = tuple(town.point(**place) for place, _ in places)
        contract = town.contract(
            customer=customer or town.customer(), points=points, product=product, adapter="electricity_retail",
            starts=SINCE, signed_on=SINCE, **terms,
        )  # fmt: skip
        for point, (_, used) in zip(points, places, strict=True):
            days = [SINCE, *(month.end for month in months_before(ON))]
            readings = ((day, str(1000 + used * turn)) for turn, day in enumerate(days))
            town.read(town.meter(point, installed_on=SINCE), *readings)
        return contract

    return concluded


@pytest.fixture
def own_year(connection, host):
    """Give what compares for a contract."""

    def run(contract, **asked):
        request = ComparisonRequest(on=ON, contract_id=contract, **asked)
        return compare(connection, host=host, request=request, today=ON)

    return run


def present(found):
    (one,) = [one for one in found.products if one.is_present]
    return one


@pytest.mark.parametrize(
    ("until", "paid", "shown"),
    [
        # 250 kWh at 1 x 16 A. Agreed in March 2022: energy 250 x 0.1280 = 32.00; network 1.24 and 10.19, no cap below
        # 0.160. Net 43.43, VAT 9.1203 = 9.12, 52.55 a month. By the list of March 2023 a month is 77.66.
        (date(2025, 3, 1), 12 * D("52.55"), date(2025, 3, 1)),
        # Agreed for March and April alone: 2 x 52.55 + 10 x 77.66.
        (date(2023, 5, 1), D("881.70"), date(2023, 5, 1)),
        # A month that has begun is billed by what is agreed in it.
        (date(2023, 4, 15), D("881.70"), date(2023, 4, 15)),
        # What was agreed until today holds no more.
        (ON, 12 * D("77.66"), None),
        (None, 12 * D("77.66"), None),
    ],
)
def test_the_present_product_costs_what_was_agreed(living, own_year, until, paid, shown):
    found = present(own_year(living((HOME, 250), price_fixed_until=until)))

    assert (found.product.code, found.cost.payable, found.agreed_until) == ("universalais", paid, shown)
    assert found.difference == 0


def test_other_products_are_compared_at_the_list_and_by_the_agreed_year(living, own_year):
    agreed = own_year(living((HOME, 250), price_fixed_until=date(2025, 3, 1)))
    listed = own_year(living((HOME, 250)))

    by_list = {one.product.code: one for one in listed.products}
    for one in agreed.products:
        assert one.difference == one.cost.payable - 12 * D("52.55")
        if not one.is_present:
            assert (one.cost, one.agreed_until) == (by_list[one.product.code].cost, None)


def test_an_agreed_price_outlives_its_list(living, own_year, connection):
    """The product is withdrawn without a successor: who agreed on it keeps its price."""
    connection.execute(
        "delete from price_row using price_version v where version_id = v.id and list = 'universalais' and starts > %s",
        [SINCE],
    )
    connection.execute("delete from price_version where list = 'universalais' and starts > %s", [SINCE])

    found = present(own_year(living((HOME, 250), price_fixed_until=date(2025, 3, 1))))

    assert found.cost.payable == 12 * D("52.55")


def test_what_is_agreed_for_later_is_not_the_present_product(living, own_year, connection):
    """Universālais until May, Klasiskais agreed from May on: in March the contract has Universālais."""
    contract = living((HOME, 250), product="klasiskais", terms_since=date(2023, 5, 1))
    connection.execute(
        "insert into contract_former_terms (customer_id, contract_id, product, settlement, starts, ends)"
        " select customer_id, id, 'universalais', 'INVOICE', starts, terms_since from contract where id = %s",
        [contract],
    )

    assert present(own_year(contract)).product.code == "universalais"


def test_a_cottage_and_a_garage_pay_the_network_each(living, own_year):
    """90 and 160 kWh a month, Universālais of March 2023.

    Energy 250 x 0.2450 = 61.25, the first 100 kWh at most 0.160: 8.50 off, once. Network: 14.88 / 12 = 1.24 and
    20 A x 2.40 / 12 = 4.00; 90 x 0.04076 = 3.67 and 160 x 0.04076 = 6.52. Net 68.18, VAT 14.32, 82.50 a month.
    """
    found = present(own_year(living((HOME, 90), (GARAGE, 160))))

    assert found.cost.payable == 12 * D("82.50")
    assert {part.code: part.net for part in found.cost.components} == {
        "energy": 12 * D("61.25"),
        "dso_fixed": 12 * D("5.24"),
        "dso_variable": 12 * D("10.19"),
        "price_cap_support": 12 * D("-8.50"),
    }


def test_two_places_alike_pay_two_network_fees(living, own_year):
    # 100 and 150 kWh at 1 x 16 A each: 1.24 twice, 4.08 and 6.11. Net 61.25 + 2.48 + 10.19 - 8.50 = 65.42, VAT 13.74.
    found = present(own_year(living((HOME, 100), (HOME, 150))))

    assert found.cost.payable == 12 * D("79.16")


@pytest.fixture
def customer(connection):
    """Give a customer."""
    return Town(connection, count={"customer": 900}).customer()


@pytest.fixture
def two(living, customer):
    """Give a cottage and a garage of one customer, each with a contract of its own: 90 and 160 kWh a month."""
    return living((HOME, 90), customer=customer), living((GARAGE, 160), customer=customer)


def test_a_cottage_and_a_garage_are_compared_as_the_contract_they_would_become(living, own_year, two):
    """As one contract they cost what such a contract costs, on every product; as they are the cap is had twice.

    The cottage: 90 x 0.2450 = 22.05, 1.24, 3.67, less 90 x 0.085 = 7.65; net 19.31, VAT 4.06, 23.37 a month. The
    garage: 160 x 0.2450 = 39.20, 4.00, 6.52, less 8.50; net 41.22, VAT 8.66, 49.88. Together 82.50, apart 73.25.
    """
    cottage, garage = two

    found = own_year(cottage, together=(garage,))
    turned = own_year(garage, together=(cottage,))
    one = own_year(living((HOME, 90), (GARAGE, 160)))

    paid = {product.product.code: product.cost.payable for product in found.products}
    assert paid["universalais"] == 12 * D("82.50")
    assert paid == {product.product.code: product.cost.payable for product in one.products}
    assert paid == {product.product.code: product.cost.payable for product in turned.products}
    assert found.use.total == one.use.total == 12 * D(250)
    assert found.apart == turned.apart == 12 * D("73.25")
    assert not any(product.is_present for product in found.products)
    assert all(product.difference == product.cost.payable - found.apart for product in found.products)


def test_the_consumption_of_all_together_decides_what_is_recommended(own_year, two):
    """90 and 160 kWh a month are each below 200; 250 are above, where Universālais is recommended up to 200."""
    cottage, garage = two

    ranges = {
        name: {one.product.code: one.is_in_recommended_range for one in found.products}
        for name, found in (
            ("cottage", own_year(cottage)),
            ("garage", own_year(garage)),
            ("both", own_year(cottage, together=(garage,))),
        )
    }

    assert [ranges[name]["universalais"] for name in ("cottage", "garage", "both")] == [True, True, False]
    assert [ranges[name]["izdevigais_200"] for name in ("cottage", "garage", "both")] == [False, False, True]


def test_what_cannot_become_one_contract_is_refused(living, own_year, two, customer, connection):
    cottage, garage = two
    strangers, heat = living((HOME, 90)), living((HOME, 1), customer=customer)
    over = living((HOME, 90), customer=customer, ends=date(2023, 2, 1))
    connection.execute("update contract set adapter = 'district_heating' where id = %s", [heat])

    for first, others in (
        (cottage, (strangers,)),
        (cottage, (heat,)),
        (cottage, (over,)),
        (cottage, (cottage,)),
        (cottage, (garage, garage)),
        (cottage, tuple(range(10**6, 10**6 + 10))),
        (None, (garage,)),
    ):
        with pytest.raises(ComparisonRefused) as refused:
            own_year(first, together=others)
        assert (refused.value.problem, refused.value.path) == (ComparisonProblem.CONTRACT_NOT_COMPARABLE, "together")


@pytest.mark.parametrize("also", ["wants_crossings", "wants_zones"])
def test_over_several_places_no_crossings_are_worked_out(living, own_year, also):
    contract = living((HOME, 90), (GARAGE, 160))

    with pytest.raises(ComparisonRefused) as refused:
        own_year(contract, **{also: True})

    assert (refused.value.problem, refused.value.path) == (ComparisonProblem.CONTRACT_NOT_COMPARABLE, "also")
