"""A customer asks what to read until when, and what is billed if nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_spi import ReadingRules, hookimpl
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NO_ADAPTERS, Asker, clerk, owner
from tests.schema.test_explanation import small_utility

pytestmark = pytest.mark.asyncio
WINDOW = """query ($id: ID!) { node(id: $id) { ... on Contract { readingWindow {
  countsFor opensOn closesOn isOpen
  registers { registerId serial code unit
    previous { id value { value unit } countsFor quality status }
    plausible { lowest { value unit } highest { value unit } }
    told { value { value } status } }
  ifNothingIsSent { notTold reason bill { kind period { from to } tax { amount currency } cost { amount currency }
    usage { code zone period { from to } quantity { value unit } quality source }
    lines { code label period { from to } quantity { value unit } quality unitPrice { amount unit } net { amount } } } }
} } } }"""


@pytest.fixture
def household(psycopg_dsn: str) -> Iterator[tuple[Any, Any, int]]:
    """Have a household of 3 kWh a day that was read last on 1 March; give the small utility, its town, the contract."""
    small = small_utility()
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        town = small.Town(connection)
        town.found()
        point = town.point()
        contract = town.contract(customer=town.customer(), points=(point,))
        town.read(town.meter(point), (date(2022, 3, 1), "100"), (date(2022, 4, 1), "193"), (date(2023, 3, 1), "1195"))
        yield small, town, contract


def asker(small: Any, engine: AsyncEngine) -> Asker:
    class Guessing(small.SmallUtility):  # type: ignore[misc]
        @hookimpl
        def describe_utility(self) -> Any:
            rules = ReadingRules(from_day=20, upto_day=3, estimates=True)
            return replace(small.SmallUtility.describe_utility(self), reading_rules=rules)

    return Asker(schema(), engine, replace(NO_ADAPTERS, host=small.host_of(Guessing())))


async def test_a_window_tells_what_comes_without_a_reading(engine: AsyncEngine, household: Any) -> None:
    small, _, contract = household

    answer = await asker(small, engine).ask(
        WINDOW, viewer=owner(1), id=encode_id(type_name="Contract", number=contract)
    )

    assert answer.errors == []
    window = answer.data["node"]["readingWindow"]
    march = {"from": "2023-03-01", "to": "2023-04-01"}
    assert [window[name] for name in ("countsFor", "opensOn", "closesOn", "isOpen")] == [
        "2023-04-01", "2023-03-20", "2023-04-03", True,
    ]  # fmt: skip
    (register,) = window["registers"]
    # 1095 kWh in the year before are 3 a day; ten times 93 are the most: 1195 + 930.
    assert (register["serial"], register["code"], register["unit"], register["told"]) == ("M1", "T1", "kWh", None)
    assert register["registerId"] == encode_id(type_name="Register", number=1)
    assert register["previous"] == {
        "id": encode_id(type_name="Reading", number=3),
        "value": {"value": "1195.000000", "unit": "kWh"},
        "countsFor": "2023-03-01",
        "quality": "ACTUAL",
        "status": "ACCEPTED",
    }
    assert register["plausible"]["highest"] == {"value": "2125.000000", "unit": "kWh"}
    # March 2022: 93 kWh. 93 * 0.15 = 13.95; with fee 1.20 and network 2.00 it is 17.15, tax 3.60.
    unsent = window["ifNothingIsSent"]
    assert (unsent["notTold"], unsent["reason"]) == (None, None)
    bill = unsent["bill"]
    assert (bill["kind"], bill["period"]) == ("ESTIMATED", march)
    assert (bill["tax"]["amount"], bill["cost"]) == ("3.60", {"amount": "20.75", "currency": "EUR"})
    assert bill["usage"] == [
        {
            "code": "energy", "zone": None, "period": march, "quantity": {"value": "93", "unit": "kWh"},
            "quality": "ESTIMATED",
            "source": "meter M1: 1195 to 1288, estimated: as a year before, 93 kWh on 31 days"
            " from 2022-03-01 to 2022-04-01",
        }
    ]  # fmt: skip
    assert [line["label"] for line in bill["lines"]] == ["energy", "fee", "network", "paper"]
    assert [(line["code"], line["net"]["amount"], line["quality"]) for line in bill["lines"]] == [
        ("energy", "13.95", "ESTIMATED"),
        ("fee", "1.20", "NOT_METERED"),
        ("network", "2.00", "NOT_METERED"),
        ("paper", "0.00", "NOT_METERED"),
    ]


async def test_what_cannot_be_told_has_a_reason(engine: AsyncEngine, household: Any) -> None:
    small, town, contract = household
    town.connection.execute("update supply_point set amperes = 100")

    answer = await asker(small, engine).ask(WINDOW, viewer=clerk(), id=encode_id(type_name="Contract", number=contract))

    assert answer.data["node"]["readingWindow"]["ifNothingIsSent"] == {
        "notTold": "NOT_RATED",
        "reason": "network: price list version network/2022-01-01 has no fitting `fixed`",
        "bill": None,
    }


async def test_who_is_not_asked_has_no_window(engine: AsyncEngine, household: Any) -> None:
    small, town, contract = household
    town.connection.execute("update contract set settlement = 'LEVELLED'")
    number = encode_id(type_name="Contract", number=contract)

    answers = [
        await asker(small, engine).ask(WINDOW, viewer=owner(1), id=number),
        await Asker(schema(), engine).ask(WINDOW, viewer=owner(1), id=number),
    ]

    assert [answer.data["node"] for answer in answers] == [{"readingWindow": None}] * 2


async def test_a_stranger_sees_no_window(engine: AsyncEngine, household: Any) -> None:
    small, _, contract = household

    answer = await asker(small, engine).ask(
        WINDOW, viewer=owner(2), id=encode_id(type_name="Contract", number=contract)
    )

    assert answer.data == {"node": None}


async def test_staff_see_the_corrections_due(engine: AsyncEngine, household: Any) -> None:
    small, town, contract = household
    town.connection.execute(
        "insert into correction_due (customer_id, contract_id, invoice_id, reading_id, day, noted_at)"
        " values (1, %s, 7, 3, '2023-03-01', '2023-03-10T08:00:00Z')",
        [contract],
    )
    document = """{ staff { correctionsDue { edges { node { day notedAt settledAt contract { number }
      reading { value { value } } } } } } }"""

    answer = await asker(small, engine).ask(document, viewer=clerk())

    assert answer.errors == []
    assert answer.data["staff"]["correctionsDue"]["edges"] == [
        {
            "node": {
                "day": "2023-03-01", "notedAt": "2023-03-10T08:00:00.000Z", "settledAt": None,
                "contract": {"number": "K1"}, "reading": {"value": {"value": "1195.000000"}},
            }
        }
    ]  # fmt: skip
