"""Values that a room is asked for with the client's arguments, by both executors."""

from __future__ import annotations

import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, clerk, owner
from tests.schema.both import compiled_text, resolved_text
from tests.schema.town import settle

LINK = "query ($token: String!) { readingLink(token: $token) { __typename state form { address } } viewer { name } }"
ROUND = """query ($id: ID!, $day: Date) { node(id: $id) { ... on Building {
  given: readingRound(countsFor: $day) { countsFor registerCount }
  fixed: readingRound(countsFor: "2022-03-01") { countsFor house { serial value { value } } missing { premise status } }
  usual: readingRound { countsFor } } } }"""


@pytest.mark.asyncio
async def test_arguments_reach_the_room_by_both(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=3, lines=1)
    asker = Asker(schema(), engine)
    house = encode_id(type_name="Building", number=1)

    for viewer in (owner(1), owner(3, person=3), owner(4, person=4)):
        for given in ({}, {"day": None}, {"day": "2022-02-01"}):
            compiled = await compiled_text(asker, ROUND, viewer, id=house, **given)
            assert isinstance(compiled, bytes)
            assert compiled == await resolved_text(asker, ROUND, viewer, id=house, **given)


@pytest.mark.asyncio
async def test_a_root_is_asked_by_both(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1, lines=1)
    asker = Asker(schema(), engine)

    compiled = await compiled_text(asker, LINK, owner(1), token="unknown")

    assert compiled == await resolved_text(asker, LINK, owner(1), token="unknown")
    assert isinstance(compiled, bytes)


@pytest.mark.asyncio
async def test_a_root_without_arguments_is_asked_too(engine: AsyncEngine) -> None:
    """The newest mailings for the printer: a root has no row that could carry the request."""
    async with engine.begin() as connection:
        await settle(connection, customers=4, months=1, lines=1)
    asker = Asker(schema(), engine)

    answer = await asker.ask("{ staff { printMailings { number } } }", viewer=clerk())

    assert (answer.data, answer.errors) == ({"staff": {"printMailings": []}}, [])
