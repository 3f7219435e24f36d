"""Values on the edges of what scalars can say, as both executors write them; the fuzz runs on the same rows."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, clerk
from tests.schema.both import compiled_text, resolved_text
from tests.schema.edges import edgy_town

INVOICE = """query ($id: ID!) { node(id: $id) { ... on Invoice {
  issuedAt net { amount } total { amount } lines { quantity { value } unitPrice { amount } } } } }"""
READING = "query ($id: ID!) { node(id: $id) { ... on Reading { takenAt value { value } } } }"
CUSTOMER = "query ($id: ID!) { node(id: $id) { ... on Customer { name phone } } }"
CONTRACT = "query ($id: ID!) { node(id: $id) { ... on Contract { number } } }"


@pytest_asyncio.fixture
async def town(engine: AsyncEngine) -> Asker:
    return await edgy_town(engine)


async def both(asker: Asker, document: str, type_name: str, number: int) -> Any:
    """Give the node that both executors write in the same bytes."""
    given = encode_id(type_name=type_name, number=number)
    compiled = await compiled_text(asker, document, clerk(), id=given)
    assert compiled == await resolved_text(asker, document, clerk(), id=given)
    return orjson.loads(compiled)["node"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (102, "2022-04-01T00:00:00.999Z"),
        (100, "2022-02-01T00:00:01.499Z"),
        (103, "2022-05-01T00:00:00.500Z"),
        (201, "2022-03-01T00:00:00.000Z"),
    ],
)
async def test_instants_with_and_without_a_fraction(town: Asker, number: int, moment: str) -> None:
    assert (await both(town, INVOICE, "Invoice", number))["issuedAt"] == moment


@pytest.mark.asyncio
async def test_amounts_are_large_negative_and_zero_with_all_their_places(town: Asker) -> None:
    invoice = await both(town, INVOICE, "Invoice", 100)

    assert (invoice["net"]["amount"], invoice["total"]["amount"]) == ("-999999999999.99", "999999999999.99")
    assert [line["quantity"]["value"] for line in invoice["lines"]] == ["1.600000", "-0.000001"]
    assert [line["unitPrice"]["amount"] for line in invoice["lines"]] == ["62.50000000", "0.00000000"]


@pytest.mark.asyncio
async def test_readings_are_nought_and_very_large(town: Asker) -> None:
    nought, large = await both(town, READING, "Reading", 102), await both(town, READING, "Reading", 203)

    assert nought["value"]["value"] == "0.000000"
    assert large == {"takenAt": "2022-04-01T00:00:00.123Z", "value": {"value": "123456789012.000001"}}


@pytest.mark.asyncio
async def test_words_with_quotes_controls_and_none(town: Asker) -> None:
    assert (await both(town, CUSTOMER, "Customer", 2))["name"] == 'A "quoted" \\ name\n\t\x1f\x7f ā 💡'
    assert (await both(town, CUSTOMER, "Customer", 1))["phone"] == ""
    assert (await both(town, CUSTOMER, "Customer", 2))["phone"] is None
    assert (await both(town, CONTRACT, "Contract", 4))["number"] == "K-'1'"
