"""The compiler and the resolvers give the same bytes for 300 documents made of the served schema, seed by seed."""

from __future__ import annotations

import gc
import os

import pytest
import pytest_asyncio
from mains_schema.node import encode_id
from mains_schema.served import schema
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker
from tests.schema.fuzz import compare, viewers
from tests.schema.town import settle

CUSTOMERS = 4
DOCUMENTS = int(os.environ.get("MAINS_FUZZ_DOCUMENTS", "300"))
FIRST = int(os.environ.get("MAINS_FUZZ_FIRST", "0"))
DECLINED_SHARE_MAX = 0.02
WORDS = ("heat_co", "heat", "K-000001", "C-000002", "", "ā")
NUMBERS = {
    "Invoice": (100, 205, 999),
    "Contract": (1, 3),
    "Customer": (2, 4),
    "Reading": (100, 100_000),
    "Product": (1,),
}
IDS = [encode_id(type_name=name, number=number) for name, numbers in NUMBERS.items() for number in numbers]
EDGES = (
    "set session_replication_role = replica",  # invoices are never changed, but here
    "update invoice set issued_at = issued_at + interval '0.5 second' * (id % 3)",
    "update invoice set issued_at = issued_at + interval '0.999999 second' where id % 2 = 0",
    "update invoice set net = -999999999999.99, total = 999999999999.99 where id % 5 = 0",
    "update invoice set issued_on = date '2022-03-10' where id % 4 = 0",
    "update reading set value = 0 where id % 3 = 0",
    "update reading set value = 123456789012.000001, taken_at = taken_at + interval '0.1234 second' where id % 7 = 0",
    "update invoice_line set quantity = -0.000001, unit_price = 0 where id % 2 = 0",
    "update customer set name = E'A \"quoted\" \\\\ name\\n\\t\\x1f\\x7f ā 💡' where id = 2",
    "update contract set number = E'K-\\'1\\'' where id = 4",
    "update customer set phone = '' where id = 1",
)


@pytest_asyncio.fixture
async def town(engine: AsyncEngine) -> Asker:
    """A small town whose values lie on the edges of what the scalars can say, with ties in every order."""
    async with engine.begin() as connection:
        await settle(connection, customers=CUSTOMERS, months=5, lines=2)
        for statement in (*EDGES, "reset session_replication_role"):
            await connection.exec_driver_sql(statement)
    return Asker(schema(), engine)


@pytest.mark.asyncio
async def test_both_executors_answer_alike(town: Asker) -> None:
    outcome = await compare(
        town,
        seeds=range(FIRST, FIRST + DOCUMENTS),
        ids=[*IDS, "bm9uc2Vuc2U", "x"],
        words=WORDS,
        people=viewers(CUSTOMERS),
    )

    gc.collect()
    print(f"equal {outcome.equal}, refused by both {outcome.refused}, declined {dict(outcome.declined)}")
    assert not outcome.different, "\n\n".join(outcome.different[:5])
    assert outcome.declined_share < DECLINED_SHARE_MAX, outcome.declined
    assert outcome.equal > DOCUMENTS
