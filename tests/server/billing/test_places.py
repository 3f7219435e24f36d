"""A contract over a home and a cottage pays for each of them what is each one's, and once what is the contract's."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.billing.explain import explain_invoice
from mains_server.db.unit_of_work import read_session
from mains_spi import hookimpl

D = Decimal


@pytest.fixture
def by_place(small):
    """Give an adapter whose network fee is charged at each place of a contract."""
    at_each = tuple(
        replace(part, each_place=True) if getattr(part, "code", "") == "network" else part
        for part in small.FIXED.components
    )

    class ByPlace(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def tariff(self, request):
            return replace(small.FIXED, components=at_each)

    return ByPlace()


@pytest.fixture
def combined(town, small):
    """Have a contract over a place with 16 A and one with 20 A that joins on the 12th, read at both ends."""
    home, cottage = town.point(amperes=16), town.point(amperes=20)
    contract = town.contract(customer=town.customer(), points=(home,))
    joins = date(2023, 1, 12)
    town.connection.execute(
        "insert into contract_supply_point (customer_id, contract_id, supply_point_id, starts)"
        " select customer_id, id, %s, %s from contract where id = %s",
        [cottage, joins, contract],
    )
    town.read(town.meter(home), (small.JANUARY.start, "1000"), (small.JANUARY.end, "1100"))
    town.read(town.meter(cottage), (joins, "0"), (small.JANUARY.end, "40"))
    return contract


def test_each_place_pays_its_own_network_fee(town, connection, small, bill, combined, by_place):
    bill(plugin=by_place)

    # 140 kWh x 0.15; the contract's fee of 1.20 once; 16 A 2.00 a month in two parts, 11/31 and 20/31: 0.71 + 1.29;
    # 20 A 3.00 for 20 of 31 days: 1.94.
    found = [(line[0], line[1], line[5]) for line in small.lines(connection, combined)]
    assert [line for line in found if line[0] != "network"] == [
        ("energy", D("140.000000"), D("21.00")),
        ("fee", D("1.000000"), D("1.20")),
        ("paper", D("0.000000"), D("0.00")),
    ]
    assert sorted(line[2] for line in found if line[0] == "network") == [D("0.71"), D("1.29"), D("1.94")]


@pytest.mark.asyncio
async def test_a_bill_over_places_is_explained(town, connection, small, bill, combined, by_place, engine):
    bill(plugin=by_place)
    (invoice,) = connection.execute("select id from invoice").fetchone()

    async with read_session(engine) as session:
        explained = await explain_invoice(session, host=small.host_of(by_place), invoice_id=invoice)

    texts = [line.text for line in explained if line.code == "network"]
    assert [text.partition(":")[0] for text in texts] == ["P00001", "P00001", "P00002"]


def test_where_the_tariff_charges_no_place_by_itself_different_ones_are_held(town, bill, combined, holds):
    state = bill()

    assert [hold.code for hold in holds(state)] == ["supply_points_differ"]
