"""Every step of a contract's life over HTTP, and for each that cannot be taken the day on which it could."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import mains_electricity_retail.published
import pytest
from mains_schema.declaring.node import encode_id
from mains_server.adapters.loading import FoundPlugin, installed_plugins, load_adapters
from mains_server.contracts.jobs import offers_of_day
from mains_server.contracts.operations import load_supply_points
from mains_server.contracts.records import NewSupplyPoint
from mains_server.db.engine import make_engine
from mains_server.invoices.queries import billed_until
from mains_server.tariffs.operations import load_products

from tests.journeys.stories import ADAPTER, END_PREVIEW, PLACE, RITA, SWITCH_PREVIEW, Desk, Story

pytestmark = pytest.mark.slow
FALLING = "published_electricity"
CONCLUDED = date(2022, 4, 10)
OFFERS = """query ($id: ID!) { node(id: $id) { ... on Contract { offers { productCode startsOn acceptedAt lapsedAt }
  priceFixedUntil productCode termsSince } } }"""
EVENTS = """query ($id: ID!) { node(id: $id) { ... on Contract { events { step day isAutomatic }
  fees { quantity { value } } } } }"""
PRODUCTS = """{ products(first: 100, filter: {adapter: ["published_electricity", "electricity_retail"]}) { nodes {
  code exitFee exitFeeFallShare exitFeeFallMonths switchFee } } }"""


class Steps(Story):
    """Rita's places, which no meter tells of: nothing is billed here."""

    async def places(self, session: Any, then: datetime) -> None:
        point = NewSupplyPoint(
            commodity="electricity", scheme="EIC", identifier="", address=PLACE, time_zone="Europe/Riga", phases=1,
            amperes=20,
        )  # fmt: skip
        names = ("HOME", "GARAGE", "COTTAGE", "FLAT", "SAUNA")
        await load_supply_points(session, points=[replace(point, identifier=name) for name in names])
        declared = self.host.adapter(FALLING).products(on=then.date())
        await load_products(session, adapter=FALLING, products=declared)

    async def tell(self) -> None:
        await self.settle()
        async with self.desk(RITA.email) as rita:
            await self._concludes(rita)
            await self._places_change(rita)
            await self._withdraws(rita)
            await self._leaves_early(rita)
            await self._price_ends(rita)
            self.told["products"] = (await rita.ask(PRODUCTS, on=CONCLUDED))["nodes"]

    async def concluded(self, rita: Desk, *, on: date, starts: str, **given: Any) -> Any:
        customer = encode_id(type_name="Customer", number=self.customer)
        wanted = {"customerId": customer, "adapter": ADAPTER, "startsOn": starts, **given}
        return await rita.step("contractConclude", on=on, **wanted)

    async def _concludes(self, rita: Desk) -> None:
        home = {"supplyPoints": ["HOME"], "fromOtherUtility": True}
        self.told["told late"] = await self.concluded(rita, on=date(2022, 4, 16), starts="2022-05-01", **home)
        self.told["inside"] = await self.concluded(rita, on=date(2022, 4, 15), starts="2022-05-02", **home)
        self.told["past"] = await self.concluded(rita, on=CONCLUDED, starts="2022-04-09", supplyPoints=["HOME"])
        self.told["universal"] = await self.concluded(rita, on=date(2022, 4, 15), starts="2022-05-01", **home)
        self.told["taken"] = await self.concluded(rita, on=CONCLUDED, starts="2022-06-01", **home)

    async def _places_change(self, rita: Desk) -> None:
        contract, day = self.told["universal"]["contract"]["id"], date(2022, 5, 20)
        garage = {"contractId": contract, "supplyPoint": "GARAGE"}
        self.told["join late"] = await rita.step(
            "contractAddSupplyPoint", on=day, startsOn="2022-06-01", fromOtherUtility=True, **garage
        )
        self.told["joined"] = await rita.step(
            "contractAddSupplyPoint", on=day, startsOn="2022-07-01", fromOtherUtility=True, **garage
        )
        self.told["left today"] = await rita.step(
            "contractEndSupplyPoint", on=day, endsOn="2022-05-20", contractId=contract, supplyPoint="HOME"
        )
        self.told["left last"] = await rita.step(
            "contractEndSupplyPoint", on=day, endsOn="2022-06-01", contractId=contract, supplyPoint="HOME"
        )

    async def _withdraws(self, rita: Desk) -> None:
        made = await self.concluded(
            rita, on=date(2022, 5, 1), starts="2022-05-01", product="klasiskais", supplyPoints=["SAUNA"]
        )
        given = {"contractId": made["contract"]["id"]}
        self.told["too late"] = await rita.step("contractWithdraw", on=date(2022, 5, 16), **given)
        self.told["withdrawn"] = await rita.step("contractWithdraw", on=date(2022, 5, 15), **given)
        self.told["withdrawn events"] = await rita.ask(EVENTS, on=date(2022, 5, 16), id=made["contract"]["id"])

    async def _leaves_early(self, rita: Desk) -> None:
        made = await self.concluded(
            rita, on=CONCLUDED, starts="2022-05-01", adapter=FALLING, product="220", supplyPoints=["FLAT"]
        )
        contract, day = made["contract"]["id"], date(2022, 5, 20)
        self.told["falling"] = {
            ends: (await rita.ask(END_PREVIEW, on=day, id=contract, day=ends))["fee"]
            for ends in ("2022-07-31", "2022-08-01", "2022-11-01", "2023-02-01", "2023-05-01")
        }
        self.told["left"] = await rita.step("contractTerminate", on=day, contractId=contract, endsOn="2022-09-01")
        self.told["left for"] = await rita.ask(EVENTS, on=day, id=contract)
        again = {"contractId": contract}
        self.told["stays"] = await rita.step("contractTerminationWithdraw", on=date(2022, 5, 21), **again)
        self.told["stays for"] = await rita.ask(EVENTS, on=date(2022, 5, 21), id=contract)
        self.told["nothing to take back"] = await rita.step(
            "contractTerminationWithdraw", on=date(2022, 5, 22), **again
        )

    async def _price_ends(self, rita: Desk) -> None:
        """Ekonomiskais is agreed for 24 months; one contract gets an answer and the other does not."""
        cottage = await self.concluded(
            rita, on=CONCLUDED, starts="2022-05-01", product="ekonomiskais", supplyPoints=["COTTAGE"]
        )
        contract = cottage["contract"]["id"]
        self.told["switch"] = await rita.ask(
            SWITCH_PREVIEW, on=date(2022, 6, 16), id=contract, product="klasiskais", day="2022-07-01"
        )
        self.told["no offer yet"] = await rita.step("contractAcceptOffer", on=date(2024, 2, 1), contractId=contract)
        await self.morning(date(2024, 3, 2))
        self.told["offered"] = await rita.ask(OFFERS, on=date(2024, 3, 2), id=contract)
        self.told["accepted"] = await rita.step("contractAcceptOffer", on=date(2024, 4, 1), contractId=contract)
        await self.morning(date(2026, 3, 2))
        await self.morning(date(2026, 5, 1))
        self.told["lapsed"] = await rita.ask(OFFERS, on=date(2026, 5, 1), id=contract)
        self.told["story"] = await rita.ask(EVENTS, on=date(2026, 5, 1), id=contract)

    async def morning(self, today: date) -> None:
        """Do what the job of a morning does for the retailer."""
        engine, now = (
            make_engine(address=self.address, connections_max=2),
            datetime(*today.timetuple()[:3], 5, tzinfo=UTC),
        )
        adapter = self.host.adapter(ADAPTER)
        await offers_of_day(engine, adapter=adapter, today=today, now=now, billed_until=billed_until)
        await engine.dispose()


@pytest.fixture(scope="module")
def told(test_databases) -> Iterator[dict[str, Any]]:
    falling = FoundPlugin(name=FALLING, version="1", load=lambda: mains_electricity_retail.published)
    host = load_adapters(on=date(2022, 3, 1), plugins=[*installed_plugins(), falling])
    with test_databases.one() as address:
        story = Steps(address, host)
        asyncio.run(story.tell())
        yield story.told


def refused(told: Any, code: str, next_allowed: str | None = None) -> bool:
    return bool(told["userErrors"] == [{"code": code, "nextAllowed": next_allowed}] and told["contract"] is None)


def test_each_refusal_to_conclude_tells_the_next_day(told):
    assert refused(told["told late"], "STARTS_TOO_EARLY", "2022-06-01")
    assert refused(told["inside"], "STARTS_INSIDE_MONTH", "2022-06-01")
    assert refused(told["past"], "STARTS_TOO_EARLY", "2022-04-10")
    assert refused(told["taken"], "SUPPLY_POINT_TAKEN")


def test_who_chooses_nothing_gets_the_universal_service(told):
    made = told["universal"]

    assert made["warnings"] == ["UNIVERSAL_SERVICE"]
    assert (made["contract"]["productCode"], made["contract"]["priceFixedUntil"]) == ("universalais", "2023-05-01")


def test_places_join_and_leave_when_they_can(told):
    assert refused(told["join late"], "STARTS_TOO_EARLY", "2022-07-01")
    assert told["joined"]["userErrors"] == []
    assert refused(told["left today"], "STARTS_TOO_EARLY", "2022-05-21")
    assert refused(told["left last"], "LAST_SUPPLY_POINT")


def test_a_contract_made_at_a_distance_is_withdrawn_from_for_fourteen_days(told):
    assert refused(told["too late"], "WITHDRAWN_TOO_LATE")
    assert told["withdrawn"]["contract"]["period"] == {"from": "2022-05-01", "to": "2022-05-16"}
    assert told["withdrawn events"] == {
        "events": [
            {"step": "CONCLUDED", "day": "2022-05-01", "isAutomatic": False},
            {"step": "WITHDRAWN", "day": "2022-05-16", "isAutomatic": False},
        ],
        "fees": [],
    }


def test_a_falling_fee_is_shown_before_and_noted_as_shown(told):
    # 15.00 from May 2022, a quarter of it less every three months, nothing once the agreed year is over.
    assert told["falling"] == {
        "2022-07-31": {"amount": "15.00"},
        "2022-08-01": {"amount": "11.25"},
        "2022-11-01": {"amount": "7.50"},
        "2023-02-01": {"amount": "3.75"},
        "2023-05-01": None,
    }
    assert told["left"]["contract"]["period"]["to"] == "2022-09-01"
    assert told["left for"]["fees"] == [{"quantity": {"value": "11.250000"}}]
    assert told["stays"]["contract"]["period"]["to"] is None
    assert told["stays for"]["fees"] == []
    assert refused(told["nothing to take back"], "NOT_TERMINATED")


def test_products_tell_the_rules_of_their_fees(told):
    fees = {one["code"]: one for one in told["products"]}

    assert fees["220"] == {
        "code": "220", "exitFee": "15.00000000", "exitFeeFallShare": "0.2500", "exitFeeFallMonths": 3,
        "switchFee": None,
    }  # fmt: skip
    assert (fees["izdevigais_200"]["exitFee"], fees["izdevigais_200"]["switchFee"]) == ("40.00000000", "30.00000000")
    assert fees["universalais"]["exitFee"] is None


def test_an_agreed_price_ends_with_an_offer_and_then_without_an_answer(told):
    assert told["switch"]["userErrors"] == [{"code": "STARTS_TOO_EARLY", "nextAllowed": "2022-08-01"}]
    assert refused(told["no offer yet"], "NO_OFFER")
    assert told["offered"]["offers"] == [
        {"productCode": "ekonomiskais", "startsOn": "2024-05-01", "acceptedAt": None, "lapsedAt": None}
    ]
    assert told["accepted"]["contract"]["priceFixedUntil"] == "2026-05-01"
    answers = [
        (one["startsOn"], one["acceptedAt"] is None, one["lapsedAt"] is None) for one in told["lapsed"]["offers"]
    ]
    assert answers == [("2024-05-01", False, True), ("2026-05-01", True, False)]
    assert (told["lapsed"]["productCode"], told["lapsed"]["priceFixedUntil"]) == ("universalais", "2027-05-01")
    assert told["story"]["events"] == [
        {"step": "CONCLUDED", "day": "2022-05-01", "isAutomatic": False},
        {"step": "OFFER_ACCEPTED", "day": "2024-05-01", "isAutomatic": False},
        {"step": "OFFER_LAPSED", "day": "2026-05-01", "isAutomatic": True},
    ]
