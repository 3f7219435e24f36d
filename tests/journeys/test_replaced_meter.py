"""Households whose meters are replaced within a month: its bill counts both meters, also where the new one has zones.

One has a year with a replacement in the middle of August; the other gets a two-zone meter in the middle of May.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import psycopg
import pytest
from mains_schema.declaring.node import encode_id
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
from sqlalchemy.ext.asyncio import AsyncSession

HOME = Address(line="Meža iela 5", city="Jelgava", postcode="LV-3001", country="LV")
RIGA = ZoneInfo("Europe/Riga")
MOVED_IN = date(2022, 3, 1)
MONTHS = [following for _, following in months_billed()]
REPLACED_ON = date(2022, 8, 17)
ZONED_ON = date(2022, 5, 17)

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


HOUSEHOLDS = (
    ("290001", NewSupplyPoint(
        commodity="electricity", scheme="EIC", identifier="43Z-STO00290001A", address=HOME,
        time_zone="Europe/Riga", phases=1, amperes=25,
    ), MOVED_IN, None),
    ("290002", NewSupplyPoint(
        commodity="electricity", scheme="EIC", identifier="43Z-STO00290002A", address=HOME,
        time_zone="Europe/Riga", phases=3, amperes=16,
    ), date(2022, 5, 1), date(2022, 6, 1)),
)  # fmt: skip


async def settled(address: str, host: AdapterHost) -> list[tuple[int, int]]:
    """Settle the demo and two households more, without meters, and give their supply points and contracts."""
    engine = make_engine(address=address, connections_max=2)
    then = datetime(2022, 3, 1, 6, tzinfo=UTC)
    async with unit_of_work(engine) as session:
        await settle(session, host=host, now=then)
        homes = [await home(session, then, *household) for household in HOUSEHOLDS]
    await engine.dispose()
    return homes


async def home(
    session: AsyncSession, then: datetime, number: str, point: NewSupplyPoint, starts: date, ends: date | None
) -> tuple[int, int]:
    customer = NewCustomer(number=number, kind=CustomerKind.PRIVATE, name="Rita", language="lv", address=HOME)
    customer_id = await create_customer(session, customer=customer, now=then)
    point_id = await create_supply_point(session, point=point)
    contract = NewContract(
        customer_id=customer_id, number=f"E-{number}", adapter="electricity_retail", product="klasiskais",
        starts=starts, ends=ends, covers=(Coverage(supply_point_id=point_id),),
    )  # fmt: skip
    return point_id, await conclude_contract(session, contract=contract)


@asynccontextmanager
async def office_of(address: str, host: AdapterHost) -> AsyncIterator[Office]:
    """Open the office with its operator signed in."""
    engine = make_engine(address=address, connections_max=2)
    office = Office(client=httpx2.AsyncClient())
    app = graphql_app(engine=engine, host=host, session_lifetime=timedelta(days=800), clock=lambda: office.now)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as client:
        office.client = client
        given = {"input": {"email": OPERATOR.email, "password": PASSWORD}}
        token = (await client.post("/", json={"query": SIGN_IN, "variables": given})).json()["data"]["sessionCreate"]
        client.headers["authorization"] = f"Bearer {token['token']}"
        yield office
    await engine.dispose()


async def a_year(office: Office, *, point: int) -> None:
    """Fit a meter, read it every month, and replace it in the middle of August."""
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
        await told(office, fitted["meter"]["registers"][0]["id"], str(showed), on=day)


async def two_zones_from_may(office: Office, *, point: int) -> None:
    """Fit a meter on the first of May, and one with two zones in its place in the middle of the month."""
    fitted = await office.do(
        INSTALL,
        on=date(2022, 5, 1),
        supplyPointId=encode_id(type_name="SupplyPoint", number=point),
        installedOn="2022-05-01",
        meter=meter("C-3", shows="1000"),
    )
    registers = [
        {"code": zone, "quantity": "energy", "unit": "kWh", "zone": zone, "firstValue": shows}
        for zone, shows in (("T1", "10"), ("T2", "20"))
    ]
    fitted = await office.do(
        REPLACE,
        on=date(2022, 5, 18),
        meterId=fitted["meter"]["id"],
        replacedOn=ZONED_ON.isoformat(),
        finalValues=[{"code": "T1", "value": "1060"}],
        meter={"serial": "D-4", "digits": 5, "registers": registers},
        attributes=[{"name": "zones", "value": "2"}],
    )
    for register, value in zip(fitted["meter"]["registers"], ("34", "36.5"), strict=True):
        await told(office, register["id"], value, on=date(2022, 6, 1))


async def told(office: Office, register: str, value: str, *, on: date) -> None:
    taken_at = datetime.combine(on, time(8), tzinfo=RIGA).isoformat()
    taken = await office.do(SUBMIT, on=on, registerId=register, value=value, takenAt=taken_at, unit="kWh")
    assert taken["reading"] == {"status": "ACCEPTED", "source": "STAFF", "countsFor": on.isoformat()}


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


async def bills_of(office: Office, *, contract: int) -> list[dict[str, Any]]:
    """Give a household's bills as an operator sees them, the earliest first."""
    office.now = datetime(2023, 3, 25, tzinfo=UTC)
    asked = {"id": encode_id(type_name="Contract", number=contract)}
    answer = (await office.client.post("/", json={"query": BILLS, "variables": asked})).json()
    assert "errors" not in answer, answer
    found: list[dict[str, Any]] = answer["data"]["node"]["invoices"]["nodes"]
    return sorted(found, key=lambda bill: str(bill["period"]["from"]))


async def lived(address: str, host: AdapterHost) -> list[list[dict[str, Any]]]:
    """Let both households live through their months, bill everybody, and give the bills of each."""
    (first, first_contract), (second, second_contract) = await settled(address, host)
    async with office_of(address, host) as office:
        await a_year(office, point=first)
        await two_zones_from_may(office, point=second)
        await asyncio.to_thread(billed, address, host)
        return [await bills_of(office, contract=contract) for contract in (first_contract, second_contract)]


@pytest.fixture(scope="module")
def households(test_databases, demo_host) -> Iterator[list[list[dict[str, Any]]]]:
    with test_databases.one() as address:
        yield asyncio.run(lived(address, demo_host))


@pytest.fixture
def bills(households) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = households[0]
    return found


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


def test_the_month_in_which_two_zones_begin_is_billed_in_one_until_the_day_and_in_two_from_it(households):
    """The old meter counted 60 kWh, of the new one T1 24 and T2 16.5 kWh; a connection of 3 phases and 16 A.

    60 x 0.131 = 7.86, 24 x 0.141 = 3.384 and 16.5 x 0.111 = 1.8315 for energy. The network's 38.40 a year / 12 = 3.20
    is divided as the support for it is, which asks for zones: 16 of 31 days 1.6516, 15 of them 1.5484; 60 x 0.04076 =
    2.4456, 24 x 0.05138 = 1.23312 and 16.5 x 0.0265 = 0.43725. So is OIK: 60 x 0.00196 = 0.1176 and 40.5 x 0.00196 =
    0.07938, 16.58 a year / 12 = 1.3817 of which 0.7131 and 0.6685. Net 21.97, and with 21 % VAT (4.6137) 26.58.
    """
    (may,) = households[1]

    assert [(line["code"], line["net"]["amount"]) for line in may["lines"]] == [
        ("energy", "7.86"),
        ("energy_day", "3.38"),
        ("energy_night", "1.83"),
        ("dso_fixed", "1.65"),
        ("dso_fixed", "1.55"),
        ("dso_variable", "2.45"),
        ("dso_variable_day", "1.23"),
        ("dso_variable_night", "0.44"),
        ("oik_energy", "0.12"),
        ("oik_energy", "0.08"),
        ("oik_capacity", "0.71"),
        ("oik_capacity", "0.67"),
    ]
    assert may["total"]["amount"] == "26.58"
