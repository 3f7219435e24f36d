"""Comparisons over the schema: both executors say the same, everybody may ask, and what cannot be is told by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import httpx2
import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.selling import comparison_asked
from mains_schema.served import graphql_app, schema
from mains_server.access.records import Viewer
from mains_server.adapters.loading import load_adapters
from mains_server.db.unit_of_work import unit_of_work
from mains_server.offers import limiting
from mains_server.tariffs.operations import load_price_versions, load_tax_rates
from mains_server.tariffs.price_file import read_price_file
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NO_ADAPTERS, NOW, Asker, clerk, owner

pytestmark = pytest.mark.asyncio
NOBODY = Viewer(person_id=None)
COMPARE = """query ($input: ProductComparisonInput!) { productComparison(input: $input) {
  userErrors { code message path }
  comparison { adapter on consumption { aYear { value unit } night { value } months { month total { value } } }
    products { code name basis exchangePeriod { from to } recommendedFrom { value } recommendedUpto { value unit }
      isInRecommendedRange difference { amount } cost { gross { amount }
        components { code label net { amount currency } } }
      costAboveAllowance { gross { amount } } }
    notCompared { code name reasonCode reason } crossings { fromAMonth { value unit } cheaper dearer changesCheapest }
    zones { code saving { amount } paysFrom } } } }"""
ASKED = {
    "adapter": "electricity_retail",
    "on": "2023-03-01",
    "consumption": {"aMonth": "250", "nightShare": "0.4"},
    "connection": {"phases": 1, "amperes": 16},
}


@pytest.fixture(scope="module")
def host() -> Any:
    return load_adapters(on=date(2023, 3, 1))


@pytest.fixture
def asker(engine: AsyncEngine, host: Any) -> Asker:
    return Asker(schema(), engine, replace(NO_ADAPTERS, host=host))


async def refusal(asker: Asker, **changed: Any) -> tuple[str, str | None]:
    """Ask with something changed, and give the one refusal."""
    answer = await asker.ask(COMPARE, viewer=NOBODY, input={**ASKED, **changed})
    assert answer.errors == []
    assert answer.data["productComparison"]["comparison"] is None
    (error,) = answer.data["productComparison"]["userErrors"]
    return error["code"], error["path"]


async def test_everybody_may_compare(engine: AsyncEngine, asker: Asker) -> None:
    text = files("mains_electricity_retail").joinpath("data/prices.toml").read_text("utf-8")
    prices = read_price_file(text=text, name="prices.toml")
    async with unit_of_work(engine) as session:
        await load_price_versions(session, versions=prices.versions)
        await load_tax_rates(session, rates=prices.rates)

    answer = await asker.ask(COMPARE, viewer=NOBODY, input={**ASKED, "also": ["CROSSINGS", "ZONES"]})

    assert answer.errors == []
    found = answer.data["productComparison"]["comparison"]
    assert found["consumption"]["aYear"] == {"value": "3000", "unit": "kWh"}
    assert [(one["code"], one["cost"]["gross"]["amount"]) for one in found["products"]] == [
        ("izdevigais_200", "915.00"),
        ("izdevigais_600", "915.60"),
        ("ekonomiskais", "916.68"),
        ("universalais", "931.92"),
        ("klasiskais", "940.56"),
    ]
    assert [(one["code"], one["reasonCode"]) for one in found["notCompared"]] == [("dinamiskais", "no_exchange_prices")]
    assert {one["paysFrom"] for one in found["zones"]} == {"0.334", "0.340", "0.347", "0.351"}
    assert found["products"][0]["cost"]["components"][0]["net"]["currency"] == "EUR"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"adapter": None}, ("UTILITY_UNKNOWN", "adapter")),
        ({"adapter": "x" * 1000}, ("UTILITY_UNKNOWN", "adapter")),
        ({"consumption": None}, ("CONSUMPTION_MISSING", "consumption")),
        ({"consumption": {}}, ("CONSUMPTION_MISSING", None)),
        ({"consumption": {"aMonth": "1", "aYear": "1"}}, ("CONSUMPTION_TWICE", None)),
        ({"consumption": {"aMonth": "-1"}}, ("CONSUMPTION_OUT_OF_RANGE", "consumption.aMonth")),
        ({"consumption": {"aMonth": "9" * 38}}, ("CONSUMPTION_OUT_OF_RANGE", "consumption.aMonth")),
        ({"consumption": {"aYear": "12000000.001"}}, ("CONSUMPTION_OUT_OF_RANGE", "consumption.aYear")),
        ({"consumption": {"months": ["1"] * 1000}}, ("MONTHS_NOT_TWELVE", "consumption.months")),
        ({"consumption": {"aMonth": "1", "nightShare": "2"}}, ("CONSUMPTION_OUT_OF_RANGE", "consumption.nightShare")),
        ({"consumption": {"aMonth": "9", "day": "4", "night": "4"}}, ("SPLIT_DOES_NOT_ADD_UP", "consumption.day")),
        ({"connection": None}, ("CONNECTION_MISSING", "connection.phases")),
        ({"connection": {"phases": -1, "amperes": 16}}, ("CONNECTION_OUT_OF_RANGE", "connection.phases")),
        ({"connection": {"phases": 1, "amperes": 2147483647}}, ("CONNECTION_OUT_OF_RANGE", "connection.amperes")),
        ({"connection": {"phases": 1, "amperes": 16, "zones": 0}}, ("ZONES_NOT_OFFERED", "connection.zones")),
        ({"on": "0001-01-01"}, ("DAY_OUT_OF_RANGE", "on")),
        ({"on": "9999-12-31"}, ("DAY_OUT_OF_RANGE", "on")),
        ({}, ("NOTHING_COMPARABLE", None)),
    ],
)
async def test_what_cannot_be_compared_is_refused(asker: Asker, changed: Any, expected: tuple[str, str | None]) -> None:
    """The database has no prices, so that a right question is refused as well."""
    assert await refusal(asker, **changed) == expected


@pytest.mark.parametrize(
    ("viewer", "number", "code"),
    [(NOBODY, 1, "UNAUTHENTICATED"), (owner(1), 1, "NOT_FOUND"), (clerk(), 999, "NOT_FOUND")],
)
async def test_a_contract_that_is_not_there_is_not_found(asker: Asker, viewer: Viewer, number: int, code: str) -> None:
    asked = {"contractId": encode_id(type_name="Contract", number=number)}

    answer = await asker.ask(COMPARE, viewer=viewer, input=asked)

    assert answer.codes == [code]


async def test_an_id_of_something_else_is_bad_input(asker: Asker) -> None:
    asked = {"contractId": encode_id(type_name="Invoice", number=1)}

    assert (await asker.ask(COMPARE, viewer=clerk(), input=asked)).codes == ["BAD_INPUT"]


async def test_too_many_at_once_are_asked_to_wait(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison_asked, "AT_ONCE_MAX", 0)

    assert (await asker.ask(COMPARE, viewer=NOBODY, input=ASKED)).codes == ["RATE_LIMITED"]


async def test_a_visitor_who_compares_very_often_is_asked_to_wait(
    engine: AsyncEngine, host: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiting, "COMPARISONS_MAX", 2)
    app = graphql_app(engine=engine, host=host, session_lifetime=timedelta(hours=1), clock=lambda: NOW)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as client:
        body = {"query": COMPARE, "variables": {"input": ASKED}}
        answers = [(await client.post("/", json=body)).json() for _ in range(3)]

    told = [one["data"]["productComparison"]["userErrors"][0]["code"] for one in answers[:2]]
    assert told == ["NOTHING_COMPARABLE"] * 2  # no prices here
    assert [error["extensions"]["code"] for error in answers[2]["errors"]] == ["RATE_LIMITED"]
