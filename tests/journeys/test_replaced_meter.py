"""A year of a household whose meter is replaced in the middle of August: that month's bill counts both meters."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import psycopg
import pytest
from mains_schema.node import encode_id
from mains_schema.served import graphql_app
from mains_server.adapters.host import AdapterHost
from mains_server.billing.records import RunRequest
from mains_server.billing.run import Shift, run_billing
from mains_server.contracts.operations import conclude_contract, create_supply_point
from mains_server.contracts.records import Coverage, NewContract, NewSupplyPoint
from mains_server.customers.operations import create_customer
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import unit_of_work
from mains_server.demo.cast import OPERATOR, PASSWORD
from mains_server.demo.settle import settle
from mains_server.demo.year import issue_day, months_billed
from mains_spi import Period

HOME = Address(line="Meža iela 5", city="Jelgava", postcode="LV-3001", country="LV")
RIGA = ZoneInfo("Europe/Riga")
MOVED_IN = date(2022, 3, 1)
MONTHS = [following for _, following in months_billed()]
REPLACED_ON = date(2022, 8, 17)

BILLS = """query ($id: ID!) { node(id: $id) { ... on Contract { invoices(first: 20) { nodes {
  period { from to } total { amount } lines { code quantity { value unit } net { amount } } } } } } }"""
SIGN_IN = "mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }"
INSTALL = """mutation ($input: MeterInstallInput!) { meterInstall(input: $input) {
  meter { id registers { id code } } userErrors { code message } } }"""
REPLACE = """mutation ($input: MeterReplaceInput!) { meterReplace(input: $input) {
  meter { id registers { id code } } userErrors { code message } } }"""
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
  reading { status source countsFor } userErrors { code message } } }"""


@dataclass
class Office:
    """An operator of the utility at work, on a day of their own."""

    client: httpx2.AsyncClient
    now: datetime = datetime(2022, 3, 2, 9, tzinfo=UTC)
    asked: int = field(default=0)

    async def do(self, mutation: str, *, on: date, **given: Any) -> dict[str, Any]:
        """Do something on a day; it must not be refused."""
        self.asked += 1
        self.now = datetime.combine(on, time(9), tzinfo=RIGA)
        body = {"query": mutation, "variables": {"input": {**given, "idempotencyKey": f"key-{self.asked}"}}}
        answer = (await self.client.post("/", json=body)).json()
        assert "errors" not in answer, answer
        payload: dict[str, Any]
        (payload,) = answer["data"].values()
        assert payload["userErrors"] == []
        return payload


def meter(serial: str, *, shows: str) -> dict[str, Any]:
    register = {"code": "T1", "quantity": "energy", "unit": "kWh", "firstValue": shows}
    return {"serial": serial, "digits": 5, "registers": [register]}


async def settled(address: str, host: AdapterHost) -> tuple[int, int]:
    """Settle the demo and one household more, without a meter, and give its supply point and contract."""
    engine = make_engine(address=address, connections_max=2)
    then = datetime(2022, 3, 1, 6, tzinfo=UTC)
    async with unit_of_work(engine) as session:
        await settle(session, host=host, now=then)
        customer = NewCustomer(number="290001", kind=CustomerKind.PRIVATE, name="Rita", language="lv", address=HOME)
        customer_id = await create_customer(session, customer=customer, now=then)
        point = NewSupplyPoint(
            commodity="electricity", scheme="EIC", identifier="43Z-STO00290001A", address=HOME,
            time_zone="Europe/Riga", phases=1, amperes=25,
        )  # fmt: skip
        point_id = await create_supply_point(session, point=point)
        contract = NewContract(
            customer_id=customer_id, number="E-290001", adapter="electricity_retail", product="klasiskais",
            starts=MOVED_IN, covers=(Coverage(supply_point_id=point_id),),
        )  # fmt: skip
        contract_id = await conclude_contract(session, contract=contract)
    await engine.dispose()
    return point_id, contract_id


async def a_year(address: str, host: AdapterHost, *, point: int) -> None:
    """Fit a meter, read it every month, and replace it in the middle of August."""
    engine = make_engine(address=address, connections_max=2)
    office = Office(client=httpx2.AsyncClient())
    app = graphql_app(engine=engine, host=host, session_lifetime=timedelta(days=800), clock=lambda: office.now)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as client:
        office.client = client
        given = {"input": {"email": OPERATOR.email, "password": PASSWORD}}
        token = (await client.post("/", json={"query": SIGN_IN, "variables": given})).json()["data"]["sessionCreate"]
        client.headers["authorization"] = f"Bearer {token['token']}"
        place = encode_id(type_name="SupplyPoint", number=point)
        fitted = await office.do(
            INSTALL,
            on=date(2022, 3, 1),
            supplyPointId=place,
            installedOn="2022-03-01",
            meter=meter("A-1", shows="99800"),
        )
        showed = Decimal(99_800)
        for day in MONTHS:
            if day == date(2022, 9, 1):
                fitted = await office.do(
                    REPLACE,
                    on=date(2022, 8, 18),
                    meterId=fitted["meter"]["id"],
                    replacedOn=REPLACED_ON.isoformat(),
                    finalValues=[{"code": "T1", "value": "360.5"}],
                    meter=meter("B-2", shows="7.25"),
                )
                showed = Decimal("7.25") - Decimal("54.5")
            showed = (showed + 100) % 100_000
            taken_at = datetime.combine(day, time(8), tzinfo=RIGA).isoformat()
            register = fitted["meter"]["registers"][0]["id"]
            taken = await office.do(
                SUBMIT, on=day, registerId=register, value=str(showed), takenAt=taken_at, unit="kWh"
            )
            assert taken["reading"] == {"status": "ACCEPTED", "source": "STAFF", "countsFor": day.isoformat()}
    await engine.dispose()


def billed(address: str, host: AdapterHost) -> None:
    """Bill the year's electricity, month by month."""
    with psycopg.connect(address, autocommit=True) as connection:
        for first, following in months_billed():
            issued_on = issue_day(following)
            now = datetime.combine(issued_on, time(7), tzinfo=UTC)
            request = RunRequest(
                adapter="electricity_retail", period=Period(first, following), issued_on=issued_on, now=now
            )
            run_billing(connection, request=request, shift=Shift(adapter=host.adapter("electricity_retail"), now=now))


async def bills_of(address: str, host: AdapterHost, *, contract: int) -> list[dict[str, Any]]:
    """Give the household's bills as an operator sees them, the earliest first."""
    engine = make_engine(address=address, connections_max=2)
    now = datetime(2023, 3, 25, tzinfo=UTC)
    app = graphql_app(engine=engine, host=host, session_lifetime=timedelta(days=1), clock=lambda: now)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as client:
        given = {"input": {"email": OPERATOR.email, "password": PASSWORD}}
        token = (await client.post("/", json={"query": SIGN_IN, "variables": given})).json()["data"]["sessionCreate"]
        client.headers["authorization"] = f"Bearer {token['token']}"
        asked = {"id": encode_id(type_name="Contract", number=contract)}
        answer = (await client.post("/", json={"query": BILLS, "variables": asked})).json()
    await engine.dispose()
    assert "errors" not in answer, answer
    found: list[dict[str, Any]] = answer["data"]["node"]["invoices"]["nodes"]
    return sorted(found, key=lambda bill: str(bill["period"]["from"]))


@pytest.fixture(scope="module")
def bills(test_databases, demo_host) -> Iterator[list[dict[str, Any]]]:
    with test_databases.one() as address:
        point, contract = asyncio.run(settled(address, demo_host))
        asyncio.run(a_year(address, demo_host, point=point))
        billed(address, demo_host)
        yield asyncio.run(bills_of(address, demo_host, contract=contract))


def energy(bill):
    return [line for line in bill["lines"] if line["code"] == "energy"]


def test_every_month_counts_what_was_used(bills):
    used = {bill["period"]["from"]: sum(Decimal(line["quantity"]["value"]) for line in energy(bill)) for bill in bills}

    assert len(used) == 12
    assert used.pop("2022-08-01") == Decimal("106")
    assert set(used.values()) == {Decimal(100)}


def test_the_month_of_the_replacement_is_billed_old_and_new(bills):
    """The old meter went from 300 to 360.5 (60.5 kWh), the new one from 7.25 to 52.75 (45.5 kWh): 106 kWh.

    Net 20.20 with 106 x 0.131 = 13.89 for energy, 106 x 0.04076 = 4.32 and 106 x 0.00196 = 0.21; with 21 % VAT 24.44.
    """
    (august,) = [bill for bill in bills if bill["period"]["from"] == "2022-08-01"]

    assert {line["code"]: line["net"]["amount"] for line in august["lines"]} == {
        "energy": "13.89",
        "dso_fixed": "1.24",
        "dso_variable": "4.32",
        "oik_energy": "0.21",
        "oik_capacity": "0.54",
    }
    assert august["total"]["amount"] == "24.44"
