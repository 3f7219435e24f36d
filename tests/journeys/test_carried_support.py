"""A low-income household that used little in spring spends in July what May and June left of the state's sum."""

import asyncio
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from mains_schema.declaring.node import encode_id
from mains_server.contracts.operations import create_supply_point
from mains_server.contracts.records import NewSupplyPoint
from mains_server.demo.cast import OPERATOR
from mains_server.demo.readings import Showing, load_showings
from mains_server.metering.installation import load_meters
from mains_server.metering.records import NewMeter, NewRegister

from tests.journeys.stories import ADAPTER, PLACE, RITA, Story

pytestmark = pytest.mark.slow
FIRSTS = [date(2022, month, 1) for month in range(5, 10)]
SHOWN = tuple(Decimal(shown) for shown in (1000, 1040, 1080, 1280, 1480))
BILLS = """query ($id: ID!) { node(id: $id) { ... on Contract { invoices(first: 20) { nodes {
  period { from } total { amount } lines { code net { amount } } verification { outcome } } } } } }"""


class Spring(Story):
    """Rita's home, with one meter."""

    async def places(self, session: Any, then: datetime) -> None:
        point = await create_supply_point(
            session,
            point=NewSupplyPoint(
                commodity="electricity", scheme="EIC", identifier="HOME", address=PLACE, time_zone="Europe/Riga",
                phases=1, amperes=16,
            ),
        )  # fmt: skip
        register = NewRegister(code="T1", quantity="energy", unit="kWh")
        meter = NewMeter(supply_point_id=point, serial="R-1", digits=6, installed_on=FIRSTS[0], registers=(register,))
        (fitted,) = await load_meters(session, meters=(meter,), now=then)
        await load_showings(session, days=FIRSTS, showings=[Showing(fitted.register("T1"), SHOWN)])

    async def tell(self) -> None:
        await self.settle()
        customer = encode_id(type_name="Customer", number=self.customer)
        async with self.desk(RITA.email) as rita, self.desk(OPERATOR.email) as office:
            day = date(2022, 4, 10)
            made = await rita.step(
                "contractConclude", on=day, customerId=customer, adapter=ADAPTER, product="universalais",
                supplyPoints=["HOME"], startsOn="2022-05-01", fromOtherUtility=True,
            )  # fmt: skip
            told = {"customerId": customer, "kind": "LOW_INCOME", "startsOn": "2022-05-01", "proof": "N-5"}
            await office.step("customerProtectionGrant", on=day, **told)
            for first, following in pairwise(FIRSTS):
                self.bill(first, following)
            bills = await rita.ask(BILLS, on=date(2022, 9, 20), id=made["contract"]["id"])
        self.told["bills"] = sorted(bills["invoices"]["nodes"], key=lambda bill: bill["period"]["from"])
        self.told["books"] = await self.books()


@pytest.fixture(scope="module")
def told(test_databases, demo_host) -> Iterator[dict[str, Any]]:
    with test_databases.one() as address:
        story = Spring(address, demo_host)
        asyncio.run(story.tell())
        yield story.told


def test_what_two_months_left_is_taken_off_the_third(told):
    # 15.00 a month: 40 kWh come to 8.61 net twice, so 6.39 and then 12.78 are left; 200 kWh come to 35.92 and take
    # 15.00 + 12.78; after that it is 15.00 again.
    taken = [
        next(line["net"]["amount"] for line in bill["lines"] if line["code"] == "protected_sum")
        for bill in told["bills"]
    ]

    assert taken == ["-8.61", "-8.61", "-27.78", "-15.00"]


def test_each_bill_is_the_same_when_it_is_rated_again(told):
    assert [bill["verification"]["outcome"] for bill in told["bills"]] == ["EQUAL"] * 4
    assert told["books"] == 0
