"""A house votes in December to share circulation by area, and its manager tells the utility: January is billed so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from mains_schema.served import graphql_app
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import unit_of_work
from mains_server.demo.cast import MANAGER, NEIGHBOUR, OPERATOR, OWNER, PASSWORD
from mains_spi import Period

from tests.journeys.small_house import bill_month, settle_small_house

DECEMBER = Period(date(2023, 12, 1), date(2024, 1, 1))
JANUARY = Period(date(2024, 1, 1), date(2024, 2, 1))
SIGN_IN = "mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }"
FORM = """{ utilityAdapters { code attributes { name label scope unit default isVoted values { value label } } } }"""
CONTRACT = (
    "{ viewer { contracts(first: 5, filter: {billing: [BY_MEMBERS]}) { nodes { id number attributes { name } } } } }"
)
ANNOUNCE = """mutation ($input: AllocationMethodAnnounceInput!) { allocationMethodAnnounce(input: $input) {
  allocationMethod { id validFrom decidedOn decisionReference announcedAs announcedBy cancelledAt
    values { name label value valueLabel period { from to } } building { name } contract { number } }
  userErrors { code message path retryable allowedFrom } } }"""
CANCEL = """mutation ($input: AllocationMethodCancelInput!) { allocationMethodCancel(input: $input) {
  allocationMethod { cancelledAt } userErrors { code message } } }"""
APPLICATION = "application { id state result { number } } userErrors { code path }"
APPLY = f"mutation ($input: ApplicationSubmitInput!) {{ applicationSubmit(input: $input) {{ {APPLICATION} }} }}"
COMPLETE = f"mutation ($input: ApplicationCompleteInput!) {{ applicationComplete(input: $input) {{ {APPLICATION} }} }}"
METHODS = """{ viewer { contracts(first: 5) { nodes { number supplies { supplyPoint { building {
  allocationMethods { validFrom decisionReference announcedBy cancelledAt contract { number }
    values { label valueLabel } } } } } } } } }"""
TOTAL = """{ viewer { contracts(first: 5) { nodes { number supplies { supplyPoint { building {
  consumption(granularity: MONTH, period: {from: "2023-12-01", to: "2024-02-01"}) {
    series { quantity unit buckets { period { from } value } } } } } } } } } }"""
QUALITIES = """{ viewer { contracts(first: 5) { nodes { number invoices(first: 9) { nodes {
  lines { code quality quantity { value } net { amount } } } } } } } }"""
BILLS = """{ viewer { contracts(first: 5) { nodes { number invoices(first: 9) { nodes { period { from }
  netTotal: net { amount } total { amount }
  lines { code net { amount } explanation { text conditions { name value decision } } } } } } } } }"""


class House:
    """The house over HTTP, on whatever day it is."""

    def __init__(self, address: str, host: Any) -> None:
        self.address, self.host = address, host
        self.now = datetime(2023, 12, 20, 9, tzinfo=UTC)

    @asynccontextmanager
    async def front_end(self, email: str):
        engine = make_engine(address=self.address, connections_max=3)
        app = graphql_app(engine=engine, host=self.host, session_lifetime=timedelta(days=400), clock=lambda: self.now)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mains") as client:
            given = {"input": {"email": email, "password": PASSWORD}}
            answer = (await client.post("/", json={"query": SIGN_IN, "variables": given})).json()
            client.headers["authorization"] = f"Bearer {answer['data']['sessionCreate']['token']}"
            yield client
        await engine.dispose()

    def ask(self, email: str, query: str, **given: Any) -> Any:
        """Ask as somebody; there must be no error."""

        async def asked() -> Any:
            async with self.front_end(email) as client:
                body = {"query": query, "variables": {"input": given} if given else {}}
                return (await client.post("/", json=body)).json()

        answer = asyncio.run(asked())
        assert "errors" not in answer, answer
        return answer["data"]

    def contract(self, email: str = MANAGER.email) -> str:
        (found,) = self.ask(email, CONTRACT)["viewer"]["contracts"]["nodes"]
        contract: str = found["id"]
        return contract

    def announce(self, email: str = MANAGER.email, **changed: Any) -> Any:
        given = {
            "contractId": changed.pop("contract", None) or self.contract(),
            "choices": [{"name": "circulation_sharing", "value": "area"}],
            "validFrom": "2024-01-01",
            "decisionReference": "Minutes 4/2023, item 2",
            "decidedOn": "2023-12-15",
            "idempotencyKey": "vote",
            **changed,
        }
        return self.ask(email, ANNOUNCE, **given)["allocationMethodAnnounce"]


async def settled(address: str, host: Any, **shape: Any) -> None:
    engine = make_engine(address=address, connections_max=2)
    async with unit_of_work(engine) as session:
        await settle_small_house(session, host=host, **shape)
    await engine.dispose()


@pytest.fixture
def house(test_databases, demo_host) -> Iterator[House]:
    with test_databases.one() as address:
        asyncio.run(settled(address, demo_host))
        yield House(address, demo_host)


@pytest.fixture
def house_with_a_flat_without_meter(test_databases, demo_host) -> Iterator[House]:
    with test_databases.one() as address:
        asyncio.run(settled(address, demo_host, without_meter=frozenset({"flat 3"})))
        yield House(address, demo_host)


def bills(house: House, email: str, month: date) -> dict[str, dict[str, Any]]:
    """Give a person's bills of a month, by contract."""
    nodes = house.ask(email, BILLS)["viewer"]["contracts"]["nodes"]
    found = {(node["number"], bill["period"]["from"]): bill for node in nodes for bill in node["invoices"]["nodes"]}
    return {number: bill for (number, start), bill in found.items() if start == month.isoformat()}


def test_a_house_votes_a_new_method_in_january(house: House, demo_host: Any) -> None:
    """January is `plugins/district_heating/golden/circulation_by_area.toml`: circulation 28.96 by 273.7 m2.

    In December, at 71.44 EUR/MWh, 0.4 MWh are 28.576 = 28.58: 7.145 each, 7.15 for the first two by id and 7.14.
    """
    form = {part["name"]: part for part in house.ask(MANAGER.email, FORM)["utilityAdapters"][0]["attributes"]}
    announced = house.announce()
    again = house.announce()
    for month in (DECEMBER, JANUARY):
        bill_month(house.address, host=demo_host, month=month)
    house.now = datetime(2024, 2, 20, tzinfo=UTC)
    late = house.announce(idempotencyKey="late", decidedOn="2024-02-18")

    assert form["circulation_sharing"] == {
        "name": "circulation_sharing",
        "label": "Cirkulācijas sadale",
        "scope": "BUILDING",
        "unit": None,
        "default": "premise",
        "isVoted": True,
        "values": [
            {"value": "premise", "label": "Vienādi katrai telpai"},
            {"value": "area", "label": "Pēc platības"},
        ],
    }
    method = announced["allocationMethod"]
    assert announced["userErrors"] == [] and again["allocationMethod"]["id"] == method["id"]
    assert (method["announcedAs"], method["announcedBy"]) == ("MANAGER", "House managers")
    assert method["values"] == [
        {
            "name": "circulation_sharing",
            "label": "Cirkulācijas sadale",
            "value": "area",
            "valueLabel": "Pēc platības",
            "period": {"from": "2024-01-01", "to": None},
        }
    ]
    assert late["userErrors"] == [
        {
            "code": "VALID_FROM_BILLED",
            "message": "the house is billed until 2024-02-01; let it hold from 2024-02-01 on",
            "path": "validFrom",
            "retryable": False,
            "allowedFrom": "2024-02-01",
        }
    ]
    assert_told(house)
    assert_house_is_seen(house)


def assert_told(house: House) -> None:
    """Hold what flats are told against the golden bill."""
    owners, neighbour = OWNER.email, NEIGHBOUR.email
    circulation = {}
    for month in (DECEMBER, JANUARY):
        found = bills(house, owners, month.start) | bills(house, neighbour, month.start)
        for number, bill in found.items():
            (line,) = [line for line in bill["lines"] if line["code"] == "circulation"]
            circulation[(number, month.start.month)] = line["net"]["amount"]
            told = {c["name"]: (c["value"], c["decision"]) for c in line["explanation"]["conditions"]}
            expected = ("premise", None) if month is DECEMBER else ("area", "Minutes 4/2023, item 2")
            assert told["circulation_sharing"] == expected
            assert told["season"] == ("winter", None)

    assert circulation == {
        ("F-1", 12): "7.15", ("F-2", 12): "7.15", ("F-3", 12): "7.14",
        ("F-1", 1): "5.29", ("F-2", 1): "6.93", ("F-3", 1): "4.04",
    }  # fmt: skip
    (history,) = house.ask(owners, METHODS)["viewer"]["contracts"]["nodes"][0]["supplies"]
    assert history["supplyPoint"]["building"]["allocationMethods"] == [
        {
            "validFrom": "2024-01-01",
            "decisionReference": "Minutes 4/2023, item 2",
            "announcedBy": "House managers",
            "cancelledAt": None,
            "contract": None,
            "values": [{"label": "Cirkulācijas sadale", "valueLabel": "Pēc platības"}],
        }
    ]


def assert_house_is_seen(house: House) -> None:
    """An owner sees what the house used, 10 MWh a month, and the flat's share of it: 50 of 273.7 m2."""
    seen = house.ask(OWNER.email, TOTAL)["viewer"]["contracts"]["nodes"]
    series = seen[0]["supplies"][0]["supplyPoint"]["building"]["consumption"]["series"]
    (buckets,) = [one["buckets"] for one in series if one["quantity"] == "heat"]
    heat = [(bucket["period"]["from"], bucket["value"]) for bucket in buckets]
    assert [(start, Decimal(value)) for start, value in heat] == [
        ("2023-12-01", Decimal(10)),
        ("2024-01-01", Decimal(10)),
    ]
    (bill,) = [b for n, b in bills(house, OWNER.email, JANUARY.start).items() if n == "F-1"]
    (line,) = [line for line in bill["lines"] if line["code"] == "circulation"]
    assert line["explanation"]["text"] == "50 m2 x 28.956 EUR / 273.7"


def test_a_vote_for_the_middle_of_a_month_is_billed_in_two_parts(house: House, demo_host: Any) -> None:
    """10.000 MWh x 72.39 = 723.90 for the house, as 4.516 MWh = 326.91 until the 15th and 5.484 MWh = 396.99 after."""
    house.announce(validFrom="2024-01-15")
    for month in (DECEMBER, JANUARY):
        bill_month(house.address, host=demo_host, month=month)

    (bill,) = [b for n, b in bills(house, OWNER.email, JANUARY.start).items() if n == "F-1"]
    lines = [(line["code"], line["explanation"]["conditions"]) for line in bill["lines"]]
    parts = [{c["name"]: c["value"] for c in told}["circulation_sharing"] for _, told in lines]
    assert [code for code, _ in lines] == ["hot_water", "circulation", "heating"] * 2
    assert parts == ["premise"] * 3 + ["area"] * 3


def test_a_cancelled_vote_changes_no_bill(house: House, demo_host: Any) -> None:
    method = house.announce()["allocationMethod"]
    cancelled = house.ask(MANAGER.email, CANCEL, methodId=method["id"], idempotencyKey="cancel")
    for month in (DECEMBER, JANUARY):
        bill_month(house.address, host=demo_host, month=month)

    (bill,) = [b for n, b in bills(house, OWNER.email, JANUARY.start).items() if n == "F-1"]
    (line,) = [line for line in bill["lines"] if line["code"] == "circulation"]
    assert cancelled["allocationMethodCancel"]["userErrors"] == []
    assert cancelled["allocationMethodCancel"]["allocationMethod"]["cancelledAt"] is not None
    assert Decimal(line["net"]["amount"]) == Decimal("7.24")


def test_a_norm_for_a_flat_without_a_meter_marks_only_its_line(
    house_with_a_flat_without_meter: House, demo_host: Any
) -> None:
    """`plugins/district_heating/golden/unmetered_norm.toml`: two residents x 3.0 m3, 6 m3 x 5.0557 = 30.33."""
    house = house_with_a_flat_without_meter
    chosen = [{"name": "unmetered_water", "value": "norm"}, {"name": "hot_water_norm", "value": "3.0"}]
    incomplete = house.announce(choices=chosen[:1])
    announced = house.announce(choices=chosen)
    bill_month(house.address, host=demo_host, month=JANUARY)

    assert [(e["code"], e["path"]) for e in incomplete["userErrors"]] == [("METHOD_INCOMPLETE", "choices")]
    assert announced["userErrors"] == []
    found = house.ask(OWNER.email, QUALITIES)["viewer"]["contracts"]["nodes"]
    lines = {
        (node["number"], line["code"]): (line["quality"], Decimal(line["quantity"]["value"]), line["net"]["amount"])
        for node in found
        for bill in node["invoices"]["nodes"]
        for line in bill["lines"]
    }
    assert lines[("F-3", "hot_water")] == ("ESTIMATED", Decimal(6), "30.33")
    assert lines[("F-1", "hot_water")][:2] == ("ACTUAL", Decimal(8))


def test_an_application_for_another_method_ends_in_the_method(house: House) -> None:
    """The manager applies with the owners' decision; the office announces it, and says that it is done."""
    contract = house.contract()
    answers = {"decision": "Minutes 4/2023, item 2", "day": "2024-01-01", "text": "Circulation by area, please."}
    sent = {
        "adapter": "district_heating", "type": "allocation_method", "contractId": contract, "idempotencyKey": "a",
        "answers": [{"field": name, "value": value} for name, value in answers.items()],
    }  # fmt: skip

    applied = house.ask(MANAGER.email, APPLY, **sent)["applicationSubmit"]["application"]
    refused = house.ask(OWNER.email, APPLY, **sent)["applicationSubmit"]["userErrors"]
    announced = house.announce(OPERATOR.email, contract=contract)
    done = house.ask(OPERATOR.email, COMPLETE, applicationId=applied["id"], contractId=contract, idempotencyKey="done")

    assert applied["state"] == "SUBMITTED"
    assert [error["code"] for error in refused] == ["CONTRACT_UNKNOWN"]
    assert announced["allocationMethod"]["decisionReference"] == answers["decision"]
    assert done["applicationComplete"] == {
        "application": {"id": applied["id"], "state": "DONE", "result": {"number": "M-1"}},
        "userErrors": [],
    }


def test_who_only_lives_there_announces_nothing(house: House) -> None:
    refused = house.announce(OWNER.email, contract=house.contract())

    assert [error["code"] for error in refused["userErrors"]] == ["CONTRACT_NOT_MANAGED"]
    assert refused["allocationMethod"] is None
