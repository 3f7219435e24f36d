from __future__ import annotations

import pytest
from mains_schema.served import schema
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.town import settle

LOAN = "id title at day status amount { amount currency } paid { amount } loud"
PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
LINES = "lines { __typename position ... on BookLine { pages } loan { id reader { name } } }"
CHEAP = 'status: [OPEN], amountFrom: "0.5"'


def of_readers(selection: str) -> str:
    return "{ me { readers { nodes { name " + selection + " } } } }"


DOCUMENTS = [
    "{ me { id name } }",
    of_readers(f"loans(first: 3) {{ nodes {{ {LOAN} }} }}"),
    f"{{ me {{ readers(last: 2) {{ edges {{ cursor node {{ name }} }} totalCount {PAGE} }} }} }}",
    of_readers(f"loans(first: 5, orderBy: LATEST) {{ edges {{ cursor }} {PAGE} nodes {{ {LINES} }} }}"),
    "{ loans(first: 2) { nodes { weight lines { position } } } }",
    "{ __typename loans { totalCount } }",
    of_readers(f"loans(filter: {{{CHEAP}}}) {{ totalCount nodes {{ status amount {{ __typename }} }} }}"),
]


@pytest.mark.asyncio
@pytest.mark.parametrize("document", DOCUMENTS)
async def test_a_document_compiles_to_what_resolvers_answer(asker: Asker, document: str) -> None:
    viewer = owner(1, 2)

    assert await compiled_text(asker, document, viewer) == await resolved_text(asker, document, viewer)


@pytest.mark.asyncio
async def test_a_null_where_none_may_be_is_left_to_the_resolvers(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1, lines=1)
        await connection.exec_driver_sql("set session_replication_role = replica")
        await connection.exec_driver_sql("delete from seller")
        await connection.exec_driver_sql("reset session_replication_role")
    asker = Asker(schema(), engine)
    document = "{ viewer { contracts { nodes { invoices { nodes { seller { name } } } } } } }"

    fallen = {"executor": "fallback", "reason": "fallback"}
    before = REGISTRY.get_sample_value("mains_graphql_answers_total", fallen) or 0.0

    assert await compiled_text(asker, document, owner(1)) == "fallback"
    assert REGISTRY.get_sample_value("mains_graphql_answers_total", fallen) == before + 1
    assert [error.path[-1] for error in await resolved_text(asker, document, owner(1))] == ["seller"]
