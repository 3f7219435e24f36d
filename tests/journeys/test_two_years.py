"""A household from first offer to moving out: an estimate and its correction, a switch, a levelled year, the end."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from mains_schema.declaring.node import encode_id
from mains_server.books.queries import check_books
from mains_server.contracts.operations import create_supply_point
from mains_server.contracts.records import NewSupplyPoint
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.demo.cast import ADMIN
from mains_server.levelling.settling import Clerk
from mains_server.levelling.watching import watch
from mains_server.metering.installation import install_meter
from mains_server.metering.records import NewMeter, NewRegister
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest

from tests.journeys.stories import ADAPTER, PLACE, RITA, Desk, Story

pytestmark = pytest.mark.slow
COMPARE = """query ($input: ProductComparisonInput!) { productComparison(input: $input) {
  comparison { products { code cost { gross { amount } } } } userErrors { code } } }"""
CORRECT = """mutation ($input: CorrectionsSettleInput!) { correctionsSettle(input: $input) {
  replaced stillDue { number code } userErrors { code } } }"""
LEVEL = """mutation ($input: LevelledPlanStartInput!) { levelledPlanStart(input: $input) {
  contract { settlement } userErrors { code message } } }"""
SETTLE = """mutation ($input: LevelledPlanSettleInput!) { levelledPlanSettle(input: $input) {
  contract { settlement } userErrors { code message } } }"""
PLAN = """query ($id: ID!) { node(id: $id) { ... on Contract { levelledPlan { paymentReference prepaid { amount }
  deferred { amount } current { reason amount { amount } difference { amount } } } } } }"""
PAPERS = """query ($id: ID!) { node(id: $id) { ... on Contract { invoices(first: 40) { nodes {
  number kind status period { from to } total { amount } openAmount { amount } levelled { amount }
  creditedBy { number } replacedBy { number } lines { code quantity { value } quality } } } } } }"""
OWED = "{ viewer { customers(first: 1) { nodes { balances { owed { amount } } } } } }"


class TwoYears(Story):
    """Rita's home, with one meter that she reads herself."""

    register = ""
    paid = Decimal(0)

    async def places(self, session: Any, then: datetime) -> None:
        point = NewSupplyPoint(
            commodity="electricity", scheme="EIC", identifier="HOME", address=PLACE, time_zone="Europe/Riga",
            phases=1, amperes=20,
        )  # fmt: skip
        point_id = await create_supply_point(session, point=point)
        register = NewRegister(code="T1", quantity="energy", unit="kWh", first_value=Decimal(1000))
        meter = NewMeter(
            supply_point_id=point_id, serial="R-1", digits=6, installed_on=date(2022, 5, 1), registers=(register,)
        )
        fitted = await install_meter(session, meter=meter, now=then)
        self.register = encode_id(type_name="Register", number=fitted.register("T1").id)

    async def sends(self, rita: Desk, *, shown: str, of: date, told: date | None = None) -> None:
        """Send in what the meter showed in the morning of a day."""
        await rita.sends(self.register, shown=shown, of=of, told=told)

    async def pay(self, engine: Any, *, amount: Decimal, on: date, reference: str = "") -> None:
        """Pay into the bank."""
        request = PaymentRequest(
            customer_id=self.customer, amount=amount, currency="EUR", method=PaymentMethod.BANK_TRANSFER,
            received_on=on, reference=reference, idempotency_key=f"bank {on}",
        )  # fmt: skip
        async with unit_of_work(engine) as session:
            await receive_payment(session, request=request, now=datetime.combine(on, time(12), tzinfo=UTC))
        self.paid += amount

    async def tell(self) -> None:
        await self.settle()
        engine = make_engine(address=self.address, connections_max=3)
        async with self.desk(RITA.email) as rita, self.desk(ADMIN.email) as office:
            first = await self._from_offer_to_correction(rita, office)
            second = await self._changes_product(rita, first)
            await self._levels(rita, office, engine, second)
            await self._moves_out(rita, engine, second)
            for name, contract in (("first", first), ("second", second)):
                self.told[name] = (await rita.ask(PAPERS, on=date(2024, 6, 1), id=contract))["invoices"]["nodes"]
            self.told["owed"] = await rita.ask(OWED, on=date(2024, 6, 1))
        async with read_session(engine) as session:
            self.told["books"] = await check_books(session)
        await engine.dispose()

    async def _from_offer_to_correction(self, rita: Desk, office: Desk) -> str:
        """An offer, a contract, two bills by readings, one on an estimate, and the truth."""
        day = date(2022, 4, 10)
        wanted = {"adapter": ADAPTER, "consumption": {"aMonth": "200"}, "connection": {"phases": 1, "amperes": 20}}
        self.told["offers"] = await rita.ask(COMPARE, on=day, input=wanted)
        made = await rita.step(
            "contractConclude", on=day, customerId=encode_id(type_name="Customer", number=self.customer),
            adapter=ADAPTER, product="universalais", supplyPoints=["HOME"], startsOn="2022-05-01",
            fromOtherUtility=True,
        )  # fmt: skip
        assert made["userErrors"] == []
        for month, shown in ((6, "1200"), (7, "1400")):
            await self.sends(rita, shown=shown, of=date(2022, month, 1))
            self.bill(date(2022, month - 1, 1), date(2022, month, 1))
        self.bill(date(2022, 7, 1), date(2022, 8, 1))
        await self.sends(rita, shown="1550", of=date(2022, 8, 1), told=date(2022, 8, 12))
        given = {"input": {"idempotencyKey": "august"}}
        self.told["corrected"] = await office.ask(CORRECT, on=date(2022, 8, 13), **given)
        return str(made["contract"]["id"])

    async def _changes_product(self, rita: Desk, first: str) -> str:
        """Another product from October on, under a number of its own."""
        switched = await rita.step(
            "contractSwitchProduct", on=date(2022, 9, 10), contractId=first, product="klasiskais",
            startsOn="2022-10-01",
        )  # fmt: skip
        assert switched["userErrors"] == []
        for month, shown in ((9, "1750"), (10, "1950"), (11, "2150")):
            await self.sends(rita, shown=shown, of=date(2022, month, 1))
            self.bill(date(2022, month - 1, 1), date(2022, month, 1))
        return str(switched["contract"]["id"])

    async def _levels(self, rita: Desk, office: Desk, engine: Any, second: str) -> None:
        """Twelve equal payments from November on, then what was really used."""
        started = await rita.ask(
            LEVEL,
            on=date(2022, 10, 20),
            input={"contractId": second, "forecast": [{"value": "2400"}], "idempotencyKey": "level"},
        )
        assert started == {"contract": {"settlement": "LEVELLED"}, "userErrors": []}
        plan = (await rita.ask(PLAN, on=date(2022, 11, 2), id=second))["levelledPlan"]
        monthly, reference = Decimal(plan["current"]["amount"]["amount"]), plan["paymentReference"]
        for month in range(12):
            year, turn = divmod(10 + month, 12)
            await self.pay(engine, amount=monthly, on=date(2022 + year, turn + 1, 15), reference=reference)
        self.told["before"] = (await rita.ask(PLAN, on=date(2023, 10, 20), id=second))["levelledPlan"]
        self.told["prepaid"] = monthly * 12
        await self.sends(rita, shown="4650", of=date(2023, 11, 1))
        settled = await office.ask(SETTLE, on=date(2023, 11, 3), input={"contractId": second, "day": "2023-11-01"})
        assert settled["userErrors"] == []
        self.told["after"] = (await rita.ask(PLAN, on=date(2023, 11, 4), id=second))["levelledPlan"]

    async def _moves_out(self, rita: Desk, engine: Any, second: str) -> None:
        """The end in spring: what was used since is settled, and nothing is levelled any more."""
        ended = await rita.step("contractTerminate", on=date(2024, 4, 10), contractId=second, endsOn="2024-05-01")
        assert ended["userErrors"] == []
        await self.sends(rita, shown="5850", of=date(2024, 5, 1))
        now = datetime(2024, 5, 10, 6, tzinfo=UTC)
        clerk = Clerk(engine=engine, adapter=self.host.adapter(ADAPTER), now=now, today=now.date())
        self.told["watched"] = dict(await watch(clerk))
        self.told["gone"] = (await rita.ask(PLAN, on=date(2024, 5, 11), id=second))["levelledPlan"]


@pytest.fixture(scope="module")
def told(test_databases, demo_host) -> Iterator[dict[str, Any]]:
    with test_databases.one() as address:
        story = TwoYears(address, demo_host)
        asyncio.run(story.tell())
        yield {**story.told, "paid": story.paid}


def used(papers: list[dict[str, Any]]) -> Decimal:
    """Add up the energy of what stands."""
    standing = [paper for paper in papers if paper["kind"] != "CREDIT" and paper["creditedBy"] is None]
    lines = [line for paper in standing for line in paper["lines"] if line["code"] == "energy"]
    return sum((Decimal(line["quantity"]["value"]) for line in lines), Decimal(0))


def total(papers: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(paper["total"]["amount"]) for paper in papers), Decimal(0))


def test_the_offer_shows_what_a_year_costs_on_each_product(told):
    products = told["offers"]["comparison"]["products"]

    costs = [Decimal(product["cost"]["gross"]["amount"]) for product in products]
    assert costs == sorted(costs)
    assert {"universalais", "klasiskais"} <= {product["code"] for product in products}


def test_the_estimate_is_put_right_once(told):
    july = sorted((p for p in told["first"] if p["period"]["from"] == "2022-07-01"), key=lambda paper: paper["number"])

    assert told["corrected"] == {"replaced": 1, "stillDue": [], "userErrors": []}
    assert [paper["kind"] for paper in july] == ["ESTIMATED", "CREDIT", "REGULAR"]
    assert used([july[2]]) == Decimal(150)


def test_what_was_used_is_billed_once(told):
    assert used(told["first"]) == 1950 - 1000
    assert used(told["second"]) == 5850 - 1950
    assert [paper["kind"] for paper in told["first"] if paper["period"]["to"] == "2022-10-01"] == ["FINAL"]


def test_the_levelled_year_ends_with_what_was_really_used(told):
    (settled,) = [paper for paper in told["second"] if paper["period"]["to"] == "2023-11-01"]

    assert told["before"]["prepaid"]["amount"] == str(told["prepaid"])
    assert (settled["kind"], used([settled])) == ("SETTLEMENT", Decimal(2500))
    difference = Decimal(settled["total"]["amount"]) - told["prepaid"]
    assert Decimal(told["after"]["current"]["difference"]["amount"]) == difference
    assert Decimal(told["after"]["deferred"]["amount"]) == max(difference, Decimal(0))


def test_after_the_end_the_balance_is_what_was_billed_less_what_was_paid(told):
    assert told["watched"] == {"closed": 1}
    assert told["gone"] is None
    (balance,) = told["owed"]["customers"]["nodes"][0]["balances"]
    owed = total(told["first"]) + total(told["second"]) - told["paid"]
    assert Decimal(balance["owed"]["amount"]) == owed
    assert told["books"].findings == ()
