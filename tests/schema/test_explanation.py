from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.billing.explain import NotExplained, explain_invoices
from mains_server.billing.records import LineExplanation
from mains_server.billing.run import Shift, run_billing
from mains_server.db.unit_of_work import read_session
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NO_ADAPTERS, Asker, clerk, owner
from tests.schema.town import invoice_id, settle

SMALL = Path(__file__).parents[1] / "server/billing/small_utility.py"
WHY = """query ($id: ID!) { node(id: $id) { ... on Invoice { lines { position net { amount } explanation {
  text tariff result rounding inputs { id name value series unit source quality decision }
  steps { id operation arguments places value } } } } } }"""


def small_utility() -> ModuleType:
    spec = importlib.util.spec_from_file_location("small_utility", SMALL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_utility"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.asyncio
async def test_a_billed_line_tells_how_it_came_about(psycopg_dsn: str, engine: AsyncEngine) -> None:
    small = small_utility()
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        town = small.Town(connection)
        town.found()
        town.household(used="100", before="1000")
        run_billing(
            connection, request=small.request(), shift=Shift(adapter=small.host_of().adapter("small"), now=small.NOW)
        )
        [(number,)] = connection.execute("select id from invoice").fetchall()

    async def explain(ids: Sequence[int]) -> Mapping[int, Sequence[LineExplanation]]:
        async with read_session(engine) as session:
            return await explain_invoices(session, host=small.host_of(), invoice_ids=ids)

    asker = Asker(schema(), engine, replace(NO_ADAPTERS, explain=explain))
    answer = await asker.ask(WHY, viewer=clerk(), id=encode_id(type_name="Invoice", number=number))

    assert answer.errors == []
    line = answer.data["node"]["lines"][0]
    told = line["explanation"]
    assert (told["text"], line["net"]["amount"]) == ("100 kWh x 0.15 EUR/kWh", "15.00")
    assert {given["name"]: given["value"] for given in told["inputs"]}["energy"] == "100"
    step = next(step for step in told["steps"] if step["id"] == told["result"])
    assert Decimal(step["value"]) == Decimal("15.00")


def line(invoice: int, position: int) -> LineExplanation:
    why: dict[str, Any] = {
        "tariff": "heat",
        "inputs": [
            {"id": "i1", "name": "heat", "value": "8/5", "unit": "MWh", "source": "meter", "quality": "ACTUAL"},
            {
                "id": "i2",
                "name": "spot",
                "value": ["1", "2"],
                "unit": "",
                "source": "s",
                "quality": "",
                "decision": "D",
            },
        ],
        "steps": [{"id": "s1", "op": "round", "args": ["i1"], "places": 2, "value": "1.6"}],
        "result": "s1",
        "rounding": {"name": "per_rate"},
    }
    return LineExplanation(
        invoice_id=invoice, position=position, code="heating", net=Decimal("1.60"), text=f"line {position}", why=why
    )


@pytest.mark.asyncio
async def test_all_lines_of_a_request_are_explained_at_once(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=3)
    asked: list[list[int]] = []

    async def explain(ids: Sequence[int]) -> Mapping[int, Sequence[LineExplanation]]:
        asked.append(list(ids))
        return {number: [line(number, position) for position in (1, 2, 3)] for number in ids}

    asker = Asker(schema(), engine, replace(NO_ADAPTERS, explain=explain))
    answer = await asker.ask(
        "{ viewer { contracts { nodes { invoices(first: 3) { nodes { lines { explanation { text result"
        " inputs { value series decision } steps { operation places } } } } } } } } }",
        viewer=owner(1),
    )

    assert asked == [[invoice_id(1, 2), invoice_id(1, 1), invoice_id(1, 0)]] * 2  # once by each executor
    invoices = answer.data["viewer"]["contracts"]["nodes"][0]["invoices"]["nodes"]
    assert invoices[2]["lines"][1]["explanation"] == {
        "text": "line 2",
        "result": "s1",
        "inputs": [
            {"value": "8/5", "series": None, "decision": None},
            {"value": None, "series": ["1", "2"], "decision": "D"},
        ],
        "steps": [{"operation": "round", "places": 2}],
    }


@pytest.mark.asyncio
async def test_an_invoice_that_cannot_be_explained_spoils_no_other(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=2, lines=1)

    async def explain(ids: Sequence[int]) -> Mapping[int, Sequence[LineExplanation]]:
        if invoice_id(1, 0) in ids:
            raise NotExplained("it was written by hand")
        return {number: [line(number, 1)] for number in ids}

    asker = Asker(schema(), engine, replace(NO_ADAPTERS, explain=explain))
    document = "query ($a: ID!, $b: ID!) { a: node(id: $a) { ...i } b: node(id: $b) { ...i } }"
    document += " fragment i on Invoice { lines { explanation { text } } }"
    ids = {name: encode_id(type_name="Invoice", number=invoice_id(1, turn)) for name, turn in (("a", 0), ("b", 1))}
    answer = await asker.ask(document, viewer=owner(1), **ids)

    assert answer.errors == []
    assert answer.data == {
        "a": {"lines": [{"explanation": None}]},
        "b": {"lines": [{"explanation": {"text": "line 1"}}]},
    }
