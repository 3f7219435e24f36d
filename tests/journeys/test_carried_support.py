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
from mains_server.demo.cast import ADMIN, OPERATOR
from mains_server.demo.readings import Showing, load_showings
from mains_server.metering.installation import load_meters
from mains_server.metering.records import NewMeter, NewRegister

from tests.journeys.stories import ADAPTER, PLACE, RITA, Desk, Story

pytestmark = pytest.mark.slow
FIRSTS = [date(2022, month, 1) for month in range(5, 10)]
SHOWN = tuple(Decimal(shown) for shown in (1000, 1040, 1080, 1280, 1480))
BILLS = """query ($id: ID!) { node(id: $id) { ... on Contract { invoices(first: 20) { nodes {
  id number kind creditedBy { number } period { from } total { amount } lines { code net { amount } } } } } } }"""
VERIFY = "query ($id: ID!) { node(id: $id) { ... on Invoice { verification { outcome } } } }"
CORRECT = """mutation ($input: CorrectionsSettleInput!) { correctionsSettle(input: $input) {
  replaced stillDue { number code } userErrors { code } } }"""


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
        async with self.desk(RITA.email) as rita, self.desk(OPERATOR.email) as office:
            contract = await self.begin(rita, office)
            for first, following in pairwise(FIRSTS):
                self.bill(first, following)
            await self.look(rita, contract)
        self.told["books"] = await self.books()

    async def begin(self, rita: Desk, office: Desk) -> str:
        """Conclude a contract for a protected household."""
        customer, day = encode_id(type_name="Customer", number=self.customer), date(2022, 4, 10)
        made = await rita.step(
            "contractConclude", on=day, customerId=customer, adapter=ADAPTER, product="universalais",
            supplyPoints=["HOME"], startsOn="2022-05-01", fromOtherUtility=True,
        )  # fmt: skip
        told = {"customerId": customer, "kind": "LOW_INCOME", "startsOn": "2022-05-01", "proof": "N-5"}
        await office.step("customerProtectionGrant", on=day, **told)
        return str(made["contract"]["id"])

    async def look(self, rita: Desk, contract: str) -> None:
        bills = (await rita.ask(BILLS, on=date(2022, 10, 20), id=contract))["invoices"]["nodes"]
        for bill in bills:  # to rate a bill again costs 1,500 rows, and twenty bills at once more than one may ask
            bill |= await rita.ask(VERIFY, on=date(2022, 10, 20), id=bill["id"])
        self.told["bills"] = sorted(bills, key=lambda bill: (bill["period"]["from"], bill["number"]))


class LateTruth(Spring):
    """Nobody reads Rita's meter in the first days of July, and what it showed then comes out in September."""

    register = ""

    async def places(self, session: Any, then: datetime) -> None:
        point = NewSupplyPoint(
            commodity="electricity", scheme="EIC", identifier="HOME", address=PLACE, time_zone="Europe/Riga",
            phases=1, amperes=16,
        )  # fmt: skip
        register = NewRegister(code="T1", quantity="energy", unit="kWh", first_value=SHOWN[0])
        meter = NewMeter(
            supply_point_id=await create_supply_point(session, point=point), serial="R-1", digits=6,
            installed_on=FIRSTS[0], registers=(register,),
        )  # fmt: skip
        (fitted,) = await load_meters(session, meters=(meter,), now=then)
        self.register = encode_id(type_name="Register", number=fitted.register("T1").id)

    async def tell(self) -> None:
        await self.settle()
        async with (
            self.desk(RITA.email) as rita,
            self.desk(OPERATOR.email) as office,
            self.desk(ADMIN.email) as clerk,
        ):
            contract = await self.begin(rita, office)
            for (first, following), shown in zip(pairwise(FIRSTS), ("1040", None, "1180", "1380"), strict=True):
                if shown is not None:
                    await rita.sends(self.register, shown=shown, of=following)
                self.bill(first, following)
            await rita.sends(self.register, shown="1160", of=FIRSTS[2], told=date(2022, 9, 20))
            self.told["corrected"] = [
                await clerk.ask(CORRECT, on=date(2022, 9, 21), input={"idempotencyKey": key}) for key in ("a", "b")
            ]
            await self.look(rita, contract)
        self.told["books"] = await self.books()


@pytest.fixture(scope="module")
def told(test_databases, demo_host) -> Iterator[dict[str, Any]]:
    with test_databases.one() as address:
        story = Spring(address, demo_host)
        asyncio.run(story.tell())
        yield story.told


@pytest.fixture(scope="module")
def late(test_databases, demo_host) -> Iterator[dict[str, Any]]:
    with test_databases.one() as address:
        story = LateTruth(address, demo_host)
        asyncio.run(story.tell())
        yield story.told


def taken(bills: list[dict[str, Any]]) -> list[str]:
    """Tell what each bill takes off."""
    return [next(line["net"]["amount"] for line in bill["lines"] if line["code"] == "protected_sum") for bill in bills]


def test_what_two_months_left_is_taken_off_the_third(told):
    # 15.00 a month: 40 kWh come to 8.61 net twice, so 6.39 and then 12.78 are left; 200 kWh come to 35.92 and take
    # 15.00 + 12.78; after that it is 15.00 again.
    assert taken(told["bills"]) == ["-8.61", "-8.61", "-27.78", "-15.00"]


def test_each_bill_is_the_same_when_it_is_rated_again(told):
    assert [bill["verification"]["outcome"] for bill in told["bills"]] == ["EQUAL"] * 4
    assert told["books"] == 0


def test_a_truth_that_comes_late_moves_what_later_months_had_of_the_support(late):
    # A month costs 1.24 + 0.54 and by the kWh 0.1280 + 0.04076 + 0.00196, each rounded. May's 40 kWh are 8.61 and leave
    # 6.39. June is estimated as May, 38.71 kWh: 8.39, and 13.00 are left; July's 101.29 kWh are 19.08, 8.92 left;
    # August's 200 kWh are 35.92 and take 15.00 + 8.92.
    # In truth June had 120 kWh, 22.27, and took 15.00 + 6.39; July had 20 kWh, 5.20, which leaves 9.80; August takes
    # 15.00 + 9.80.
    gone = [bill for bill in late["bills"] if bill["creditedBy"] is not None]
    standing = [bill for bill in late["bills"] if bill["creditedBy"] is None and bill["kind"] != "CREDIT"]

    assert (months_of(gone), taken(gone)) == (["2022-06", "2022-07", "2022-08"], ["-8.39", "-19.08", "-23.92"])
    assert taken(standing) == ["-8.61", "-21.39", "-5.20", "-24.80"]
    assert months_of(standing) == ["2022-05", "2022-06", "2022-07", "2022-08"]
    assert late["corrected"] == [
        {"replaced": 3, "stillDue": [], "userErrors": []}, {"replaced": 0, "stillDue": [], "userErrors": []},
    ]  # fmt: skip
    # August: 25.60 + 8.15 + 1.24 + 0.39 + 0.54 = 35.92, VAT 7.54 on all of it, less 24.80.
    assert standing[-1]["total"]["amount"] == "18.66"


def test_the_bills_of_the_late_truth_are_the_same_when_they_are_rated_again(late):
    standing = [bill for bill in late["bills"] if bill["kind"] != "CREDIT"]

    assert {bill["verification"]["outcome"] for bill in standing} == {"EQUAL"}
    assert late["books"] == 0


def months_of(bills: list[dict[str, Any]]) -> list[str]:
    return [bill["period"]["from"][:7] for bill in bills]
