from __future__ import annotations

import asyncio

import pytest
from mains_schema.declaring.node import encode_id
from mains_server.access.records import ANONYMOUS
from sqlalchemy import delete
from sqlmodel import col

from tests.schema.asking import Asker, clerk, delegate, owner
from tests.schema.library import ReaderRow

HOME = """query ($loans: Int) { me { name readers(first: 100) { nodes { name loans(first: $loans) { totalCount nodes {
  day at title loud amount { amount currency } paid { amount } reader { name } lines { __typename position
  ... on BookLine { pages } loan { title } } } } } } } }"""


@pytest.mark.asyncio
async def test_values_come_out_exactly(asker: Asker) -> None:
    answer = await asker.ask(HOME, viewer=owner(2), loans=1)

    assert answer.errors == []
    assert answer.data == {
        "me": {
            "name": "Anna",
            "readers": {
                "nodes": [
                    {
                        "name": "Reader 2",
                        "loans": {
                            "totalCount": 12,
                            "nodes": [
                                {
                                    "day": "2023-01-04",
                                    "at": "2023-01-01T17:00:00.123Z",
                                    "title": "cc",
                                    "loud": "CC (lv)",
                                    "amount": {"amount": "0.50", "currency": "EUR"},
                                    "paid": None,
                                    "reader": {"name": "Reader 2"},
                                    "lines": [
                                        {
                                            "__typename": "BookLine",
                                            "position": 1,
                                            "pages": 167,
                                            "loan": {"title": "cc"},
                                        },
                                        {"__typename": "FeeLine", "position": 2, "loan": {"title": "cc"}},
                                    ],
                                }
                            ],
                        },
                    }
                ]
            },
        }
    }


@pytest.mark.asyncio
@pytest.mark.parametrize("loans", [1, 3, 12])
@pytest.mark.parametrize("customers", [1, 6])
async def test_statements_do_not_grow_with_rows(asker: Asker, loans: int, customers: int) -> None:
    answer = await asker.ask(HOME, viewer=owner(*range(1, customers + 1)), loans=loans)

    assert len(answer.data["me"]["readers"]["nodes"]) == customers
    assert answer.statements == 7  # me, readers, loans, their count, the reader, the lines, the lines' loan


@pytest.mark.asyncio
async def test_one_statement_for_each_set_of_arguments(asker: Asker) -> None:
    answer = await asker.ask(
        "{ me { readers { nodes { a: loans(first: 2) { nodes { id } } b: loans(first: 2) { edges { cursor } }"
        " c: loans(first: 3) { nodes { id } } } } } }",
        viewer=owner(1, 2, 3),
    )

    assert answer.statements == 4
    node = answer.data["me"]["readers"]["nodes"][0]
    assert [len(node["a"]["nodes"]), len(node["b"]["edges"]), len(node["c"]["nodes"])] == [2, 2, 3]


@pytest.mark.asyncio
async def test_only_the_count_is_asked_when_only_it_is_wanted(asker: Asker) -> None:
    answer = await asker.ask("{ loans { totalCount } }", viewer=owner(1, 2))

    assert (answer.data, answer.statements) == ({"loans": {"totalCount": 24}}, 1)


@pytest.mark.asyncio
async def test_an_empty_scope_sees_nothing(asker: Asker) -> None:
    answer = await asker.ask("{ me { readers { totalCount nodes { id } } } loans { totalCount } }", viewer=owner())

    assert answer.data == {"me": {"readers": {"totalCount": 0, "nodes": []}}, "loans": {"totalCount": 0}}


@pytest.mark.asyncio
async def test_staff_see_every_row(asker: Asker) -> None:
    answer = await asker.ask("{ loans { totalCount } }", viewer=clerk())

    assert answer.data == {"loans": {"totalCount": 72}}


@pytest.mark.asyncio
async def test_a_grant_on_single_contracts_opens_no_customer(asker: Asker) -> None:
    answer = await asker.ask("{ loans { totalCount } }", viewer=delegate(1, 5, 6))

    assert answer.data == {"loans": {"totalCount": 0}}


@pytest.mark.asyncio
async def test_nodes_are_found_by_id_unless_out_of_scope(asker: Asker) -> None:
    document = "query ($id: ID!) { node(id: $id) { __typename id ... on Loan { title } } loan(id: $id) { title } }"
    mine, theirs = encode_id(type_name="Loan", number=2), encode_id(type_name="Loan", number=3)

    seen = await asker.ask(document, viewer=owner(2), id=mine)
    hidden = await asker.ask(document, viewer=owner(2), id=theirs)

    assert seen.data == {"node": {"__typename": "Loan", "id": mine, "title": "āā"}, "loan": {"title": "āā"}}
    assert (hidden.data, hidden.errors) == ({"node": None, "loan": None}, [])


@pytest.mark.asyncio
async def test_an_id_of_another_type_is_bad_input(asker: Asker) -> None:
    reader = encode_id(type_name="Reader", number=1)

    answer = await asker.ask("query ($id: ID!) { loan(id: $id) { title } }", viewer=owner(1), id=reader)

    assert answer.codes == ["BAD_INPUT"]
    assert answer.errors[0].message == "This is the id of a Reader; a Loan was expected."


@pytest.mark.asyncio
async def test_who_is_not_signed_in_has_no_own_row(asker: Asker) -> None:
    answer = await asker.ask("{ me { name } }", viewer=ANONYMOUS)

    assert (answer.data, answer.codes) == (None, ["UNAUTHENTICATED"])


@pytest.mark.asyncio
async def test_a_row_that_is_gone_is_not_found(asker: Asker) -> None:
    answer = await asker.ask("{ me { name } }", viewer=owner(1, person=99))

    assert answer.codes == ["NOT_FOUND"]


@pytest.mark.asyncio
async def test_a_relation_to_a_missing_row_is_null(asker: Asker) -> None:
    async with asker.engine.begin() as connection:
        await connection.execute(delete(ReaderRow).where(col(ReaderRow.id) == 1))

    answer = await asker.ask("{ loans(first: 1) { nodes { reader { name } } } }", viewer=owner(1))

    assert answer.data == {"loans": {"nodes": [{"reader": None}]}}


@pytest.mark.asyncio
async def test_an_error_beside_a_batch_cancels_nobody_elses_rows(asker: Asker) -> None:
    document = (
        "{ me { readers { nodes { name loans(first: 500) { nodes { id } } } } }"
        " loans { nodes { lines { position } } } }"
    )

    answers = await asyncio.gather(*(asker.ask(document, viewer=owner(1, 2)) for _ in range(20)))

    assert {tuple(answer.codes) for answer in answers} == {("BAD_INPUT",)}


@pytest.mark.asyncio
async def test_an_asked_value_comes_from_its_room(asker: Asker) -> None:
    answer = await asker.ask("{ loans(first: 2) { nodes { weight } } }", viewer=owner(1))

    assert answer.data == {"loans": {"nodes": [{"weight": "67 g"}, {"weight": "61 g"}]}}
    assert answer.extensions["cost"] == {"rows": 22, "rowsMax": 10_000}
