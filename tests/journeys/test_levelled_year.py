"""A household's levelled year over HTTP: forecast, twelve payments, settlement, a change, and back to invoices."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import graphql_app
from mains_server.books.queries import check_books
from mains_server.contracts.operations import conclude_contract, create_supply_point
from mains_server.contracts.records import Coverage, NewContract, NewSupplyPoint
from mains_server.customers.operations import create_customer
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.demo.cast import ADMIN, PASSWORD
from mains_server.demo.settle import settle
from mains_server.levelling.settling import Clerk
from mains_server.levelling.watching import watch
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest

HOME = Address(line="Meža iela 6", city="Jelgava", postcode="LV-3001", country="LV")
RIGA = ZoneInfo("Europe/Riga")
SIGN_IN = "mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }"
INSTALL = """mutation ($input: MeterInstallInput!) { meterInstall(input: $input) {
  meter { registers { id } } userErrors { code message } } }"""
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
  reading { status } userErrors { code message } } }"""
DONE = "{ contract { settlement levelledPlan { current { reason } } } userErrors { code message path } } }"
START = f"mutation ($input: LevelledPlanStartInput!) {{ levelledPlanStart(input: $input) {DONE}"
AMOUNT = f"mutation ($input: LevelledPlanChangeAmountInput!) {{ levelledPlanChangeAmount(input: $input) {DONE}"
STOP = f"mutation ($input: LevelledPlanStopInput!) {{ levelledPlanStop(input: $input) {DONE}"
SETTLE = f"mutation ($input: LevelledPlanSettleInput!) {{ levelledPlanSettle(input: $input) {DONE}"
PLAN = """query ($id: ID!) { node(id: $id) { ... on Contract { levelledPlan { paymentReference nextDueOn
  nextAmount { amount } paidSoFar { amount } prepaid { amount } deferred { amount }
  current { amount { amount } basePart { amount } differencePart { amount } yearlyCost { amount } reason
    difference { amount } expectedUsage { quantity { value unit } } basis }
  instalments { version dueOn amount { amount } paid { amount } } versions { number reason } }
  levelledExplanation { isEqual cost { amount } lines { code } text } } } }"""
PREVIEW = """query ($id: ID!, $amount: Decimal, $forecast: [LevelledForecastInput!]) { node(id: $id) { ... on Contract {
  levelledPlanPreview(amount: $amount, forecast: $forecast) { preview { yearlyCost { amount }
  expectedAtSettlement { amount } months { amount { amount } } } userErrors { code path } } } } }"""
INVOICES = """query ($id: ID!) { node(id: $id) { ... on Contract { invoices(first: 5) { nodes { kind status
  total { amount } paid { amount } levelled { amount } openAmount { amount } } } } } }"""


@dataclass
class Office:
    """An administrator at work, on days of their own."""

    client: httpx2.AsyncClient
    now: datetime
    asked: int = 0

    async def ask(self, document: str, *, on: date, **variables: Any) -> dict[str, Any]:
        """Ask on a day; nothing may go wrong."""
        self.now = datetime.combine(on, time(9), tzinfo=RIGA)
        answer = (await self.client.post("/", json={"query": document, "variables": variables})).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def do(self, document: str, *, on: date, with_key: bool = True, **given: Any) -> dict[str, Any]:
        """Do something on a day, and give its payload."""
        self.asked += 1
        key = {"idempotencyKey": f"key-{self.asked}"} if with_key else {}
        (payload,) = (await self.ask(document, on=on, input={**given, **key})).values()
        return payload  # type: ignore[no-any-return]


async def household(session: Any) -> tuple[int, int, int]:
    then = datetime(2022, 3, 1, 6, tzinfo=UTC)
    customer = NewCustomer(number="290002", kind=CustomerKind.PRIVATE, name="Rita", language="lv", address=HOME)
    customer_id = await create_customer(session, customer=customer, now=then)
    point = NewSupplyPoint(
        commodity="electricity", scheme="EIC", identifier="43Z-STO00290002A", address=HOME,
        time_zone="Europe/Riga", phases=1, amperes=25,
    )  # fmt: skip
    point_id = await create_supply_point(session, point=point)
    contract = NewContract(
        customer_id=customer_id, number="E-290002", adapter="electricity_retail", product="klasiskais",
        starts=date(2022, 4, 1), covers=(Coverage(supply_point_id=point_id),),
    )  # fmt: skip
    return customer_id, point_id, await conclude_contract(session, contract=contract)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount}


@pytest.mark.asyncio
async def test_a_levelled_year(test_databases, demo_host):
    with test_databases.one() as address:
        engine = make_engine(address=address, connections_max=6)
        async with unit_of_work(engine) as session:
            await settle(session, host=demo_host, now=datetime(2022, 3, 1, 6, tzinfo=UTC))
            customer_id, point, contract = await household(session)
        office = Office(client=httpx2.AsyncClient(), now=datetime(2022, 3, 2, 9, tzinfo=UTC))
        app = graphql_app(engine=engine, host=demo_host, session_lifetime=timedelta(days=800), clock=lambda: office.now)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as client:
            office.client = client
            given = {"email": ADMIN.email, "password": PASSWORD}
            token = (await office.ask(SIGN_IN, on=date(2022, 3, 2), input=given))["sessionCreate"]["token"]
            client.headers["authorization"] = f"Bearer {token}"
            story = Story(office, engine, demo_host, customer_id=customer_id, point=point, contract=contract)
            await story.begins()
            await story.pays()
            await story.goes_back(await story.is_settled())
        async with read_session(engine) as session:
            assert (await check_books(session)).findings == ()
        await engine.dispose()


@dataclass
class Story:
    """One household and the office that serves it."""

    office: Office
    engine: Any
    host: Any
    customer_id: int
    point: int
    contract: int
    register: str = ""
    monthly: str = ""
    paid: Decimal = Decimal(0)

    @property
    def own(self) -> str:
        return encode_id(type_name="Contract", number=self.contract)

    async def plan(self, on: date) -> dict[str, Any]:
        found: dict[str, Any] = (await self.office.ask(PLAN, on=on, id=self.own))["node"]
        return found

    async def preview(self, on: date, **given: Any) -> dict[str, Any]:
        found = (await self.office.ask(PREVIEW, on=on, id=self.own, **given))["node"]["levelledPlanPreview"]
        assert found["userErrors"] == []
        preview: dict[str, Any] = found["preview"]
        return preview

    async def pay(self, amount: str, on: date, reference: str) -> None:
        request = PaymentRequest(
            customer_id=self.customer_id, amount=Decimal(amount), currency="EUR", method=PaymentMethod.BANK_TRANSFER,
            received_on=on, reference=reference, idempotency_key=f"bank {on}",
        )  # fmt: skip
        async with unit_of_work(self.engine) as session:
            await receive_payment(session, request=request, now=datetime.combine(on, time(12), tzinfo=UTC))

    async def reads(self, on: date, value: str) -> None:
        taken = await self.office.do(
            SUBMIT, on=on, registerId=self.register, value=value, unit="kWh",
            takenAt=datetime.combine(on, time(8), tzinfo=RIGA).isoformat(),
        )  # fmt: skip
        assert (taken["userErrors"], taken["reading"]["status"]) == ([], "ACCEPTED")

    async def begins(self) -> None:
        """A meter, a look at what a forecast would ask, and the beginning."""
        began = date(2022, 4, 2)
        register = {"code": "T1", "quantity": "energy", "unit": "kWh", "firstValue": "1000"}
        fitted = await self.office.do(
            INSTALL, on=date(2022, 4, 1), supplyPointId=encode_id(type_name="SupplyPoint", number=self.point),
            installedOn="2022-04-01", meter={"serial": "L-1", "digits": 5, "registers": [register]},
        )  # fmt: skip
        self.register = fitted["meter"]["registers"][0]["id"]
        shown = await self.preview(began, forecast=[{"value": "2400"}])
        started = await self.office.do(START, on=began, contractId=self.own, forecast=[{"value": "2400"}])
        assert started["contract"] == {"settlement": "LEVELLED", "levelledPlan": {"current": {"reason": "START"}}}
        first = await self.plan(began)
        assert first["levelledExplanation"]["isEqual"] is True
        assert first["levelledExplanation"]["cost"] == shown["yearlyCost"]
        assert first["levelledPlan"]["current"]["amount"] == shown["months"][0]["amount"]
        assert first["levelledPlan"]["nextDueOn"] == "2022-05-20"
        self.monthly = first["levelledPlan"]["current"]["amount"]["amount"]

    async def pays(self) -> None:
        """The last reading for an invoice, then twelve payments by the plan's reference, put on no invoice."""
        await self.reads(date(2022, 5, 1), "1200")
        reference = (await self.plan(date(2022, 4, 3)))["levelledPlan"]["paymentReference"]
        for month in range(12):
            await self.pay(self.monthly, date(2022 + (4 + month) // 12, (4 + month) % 12 + 1, 15), reference)
        self.paid = Decimal(self.monthly) * 12
        before = (await self.plan(date(2023, 4, 20)))["levelledPlan"]
        assert before["prepaid"] == before["paidSoFar"] == money(str(self.paid))

    async def settles(self, **given: str) -> dict[str, Any]:
        """Ask for the settlement in May, with or without a key."""
        return await self.office.do(SETTLE, on=date(2023, 5, 3), with_key=False, contractId=self.own, **given)

    async def is_settled(self) -> Decimal:
        """The meter is read, and the administrator settles; give what the next year asks."""
        settled_on = date(2023, 5, 3)
        await self.reads(date(2023, 5, 1), "3700")
        settled = await self.settles(day="2023-05-01", idempotencyKey="may")
        assert settled["userErrors"] == []
        assert await self.settles(day="2023-05-01", idempotencyKey="may") == settled
        for given, code in (
            ({"day": "2023-04-30", "idempotencyKey": "may"}, "IDEMPOTENCY_KEY_REUSED"),
            ({"day": "2023-05-01", "idempotencyKey": ""}, "IDEMPOTENCY_KEY_MALFORMED"),
            ({"day": "2023-05-01", "idempotencyKey": "june"}, "NOTHING_TO_SETTLE"),
            ({"day": "2023-05-01"}, "NOTHING_TO_SETTLE"),
        ):
            assert [one["code"] for one in (await self.settles(**given))["userErrors"]] == [code]
        (invoice,) = (await self.office.ask(INVOICES, on=settled_on, id=self.own))["node"]["invoices"]["nodes"]
        used = Decimal(invoice["total"]["amount"])
        assert (invoice["kind"], invoice["status"], invoice["openAmount"]) == ("SETTLEMENT", "PAID", money("0.00"))
        assert invoice["levelled"] == money(str(used))
        after = (await self.plan(settled_on))["levelledPlan"]
        current = after["current"]
        assert (current["reason"], current["difference"]) == ("SETTLEMENT", money(str(used - self.paid)))
        base, difference = Decimal(current["basePart"]["amount"]), Decimal(current["differencePart"]["amount"])
        assert base + difference == Decimal(current["amount"]["amount"])
        total = Decimal(current["yearlyCost"]["amount"]) + used - self.paid
        months = [Decimal(one["amount"]["amount"]) for one in after["instalments"] if one["version"] == 2][:12]
        assert sum(months) == total
        assert after["deferred"] == money(str(max(used - self.paid, Decimal("0.00"))))
        return total

    async def goes_back(self, total: Decimal) -> None:
        """Another amount, what it leaves over, and back to invoices with everything settled."""
        day, june = date(2023, 5, 4), date(2023, 6, 10)
        refused = await self.office.do(AMOUNT, on=day, contractId=self.own, amount="-1")
        assert [(one["code"], one["path"]) for one in refused["userErrors"]] == [("AMOUNT_NOT_POSSIBLE", "amount")]
        seen = await self.preview(day, amount="10.00")
        assert seen["expectedAtSettlement"] == money(str(total - 120))
        changed = await self.office.do(AMOUNT, on=day, contractId=self.own, amount="10.00")
        assert changed["contract"]["levelledPlan"]["current"]["reason"] == "CUSTOMER_AMOUNT"
        stopped = await self.office.do(STOP, on=day, contractId=self.own)
        assert stopped["contract"]["settlement"] == "INVOICE"
        again = await self.office.do(STOP, on=day, contractId=self.own)
        assert [one["code"] for one in again["userErrors"]] == ["ENDS_ALREADY"]
        now = datetime.combine(june, time(6), tzinfo=UTC)
        clerk = Clerk(engine=self.engine, adapter=self.host.adapter("electricity_retail"), now=now, today=june)
        assert dict(await watch(clerk)) == {"closed": 1}
        assert (await self.plan(june))["levelledPlan"] is None
        bills = (await self.office.ask(INVOICES, on=june, id=self.own))["node"]["invoices"]["nodes"]
        lacking = sum((Decimal(one["total"]["amount"]) for one in bills), Decimal(0)) - self.paid
        opened = sum((Decimal(one["openAmount"]["amount"]) for one in bills), Decimal(0))
        assert opened == max(lacking, Decimal(0))
