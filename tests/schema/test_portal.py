from __future__ import annotations

from typing import Any

import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.access.records import ANONYMOUS, Permission, Viewer
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import Asker, clerk, delegate, owner
from tests.schema.town import HOUSE, settle

HOME = """query Home { viewer { name
  contracts(first: 20) { nodes { number productName customerBalances { owed { amount currency } }
    supplies { supplyPoint { identifier meters { serial registers { code
      readings(first: 13) { nodes { takenAt countsFor value { value unit } status } } } } } }
    invoices(first: 12) { nodes { number status total { amount currency } openAmount { amount } dueOn
      lines { label quantity { value unit } net { amount } } } } } } } }"""

PORTAL_STATEMENTS_MAX = 12


async def town(engine: AsyncEngine, *, customers: int, **sizes: int) -> Asker:
    async with engine.begin() as connection:
        await settle(connection, customers=customers, **sizes)
    return Asker(schema(), engine)


@pytest.mark.asyncio
@pytest.mark.parametrize("customers", [4, 10])
async def test_the_home_page_takes_few_statements_whatever_there_is(engine: AsyncEngine, customers: int) -> None:
    asker = await town(engine, customers=customers)

    for mine in (1, customers):
        answer = await asker.ask(HOME, viewer=owner(*range(1, mine + 1)))
        assert answer.errors == []
        assert len(answer.data["viewer"]["contracts"]["nodes"]) == mine
        assert answer.statements == 10 <= PORTAL_STATEMENTS_MAX


@pytest.mark.asyncio
async def test_the_home_page_shows_exact_values(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=4)

    answer = await asker.ask(HOME, viewer=owner(1))

    contract = answer.data["viewer"]["contracts"]["nodes"][0]
    readings = contract["supplies"][0]["supplyPoint"]["meters"][0]["registers"][0]["readings"]["nodes"]
    assert (len(readings), len(contract["invoices"]["nodes"])) == (13, 12)
    assert readings[0] == {
        "takenAt": "2023-03-01T00:00:00.000Z",
        "countsFor": "2023-03-01",
        "value": {"value": "1014.000000", "unit": "MWh"},
        "status": "ACCEPTED",
    }
    assert contract["invoices"]["nodes"][0] == {
        "number": "H-113",
        "status": "OPEN",
        "total": {"amount": "121.00", "currency": "EUR"},
        "openAmount": {"amount": "121.00"},
        "dueOn": "2023-03-24",
        "lines": [
            {"label": "heating", "quantity": {"value": "1.600000", "unit": "MWh"}, "net": {"amount": "33.33"}},
            {"label": "heating", "quantity": {"value": "1.600000", "unit": "MWh"}, "net": {"amount": "33.33"}},
            {"label": "heating", "quantity": {"value": "1.600000", "unit": "MWh"}, "net": {"amount": "100.00"}},
        ],
    }
    assert contract["customerBalances"] == [{"owed": {"amount": "1594.00", "currency": "EUR"}}]


@pytest.mark.asyncio
@pytest.mark.parametrize("size", [1, 10, 100])
async def test_statements_do_not_grow_with_a_list(engine: AsyncEngine, size: int) -> None:
    asker = await town(engine, customers=max(size, 4), months=1, lines=1)

    answer = await asker.ask(
        "query ($n: Int) { staff { customers(first: $n) { nodes { number contracts(first: 2) { nodes {"
        " number invoices(first: 2) { nodes { number lines { net { amount } }"
        " allocations { payment { reference } } } } } } } } } }",
        viewer=clerk(),
        n=size,
    )

    assert len(answer.data["staff"]["customers"]["nodes"]) == size
    assert answer.statements == 6


def every_word(answer: Any) -> set[str]:
    if isinstance(answer, dict):
        return {word for value in answer.values() for word in every_word(value)}
    if isinstance(answer, list):
        return {word for value in answer for word in every_word(value)}
    return {str(answer)}


CONTRACT = """fragment k on Contract { number customer { number } attributes { value } supplies { contract { number }
  supplyPoint { identifier } } invoices { nodes { number supplyAddress customer { name } } } }"""
CANARIES = [
    "{ viewer { contracts { nodes { ...k } } } }" + CONTRACT,
    "{ viewer { customers { nodes { number name contracts { nodes { ...k } } } } } }" + CONTRACT,
    """{ viewer { customers { nodes { invoices { nodes { number } } payments { nodes { reference
      allocations { invoice { number } } } } } } } }""",
    "query ($house: ID!) { node(id: $house) { ... on Building { supplyPoints { nodes { identifier"
    " meters { serial registers { readings { nodes { value { value } } } } } } } } } }",
]
HOUSE_ID = encode_id(type_name="Building", number=1)


async def everything_seen(asker: Asker, viewer: Viewer) -> set[str]:
    """Read all there is by every road, and give every word of the answers."""
    answers = [await asker.ask(document, viewer=viewer, house=HOUSE_ID) for document in CANARIES]
    assert [answer.errors for answer in answers] == [[], [], [], []]
    return {word for answer in answers for word in every_word(answer.data)}


def of_number(n: int) -> set[str]:
    """What in the town belongs to number n and to nobody else."""
    return {f"C-{n:06}", f"K-{n:06}", f"Customer {n}", f"EIC-{n}", f"M-{n}", f"RF{n:02}", f"H-{n}00", f"Place {n}"}


@pytest.mark.asyncio
async def test_nothing_of_somebody_else_is_ever_seen(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=6, months=2)

    seen = await everything_seen(asker, owner(2))

    assert of_number(2) <= seen
    assert "EIC-1000" in seen  # the house's own point, which whoever lives there sees
    for other in (1, 3, 4, 5, 6):
        assert not of_number(other) & seen
        assert f"{other * 1000}.000000" not in seen


@pytest.mark.asyncio
async def test_a_delegate_of_one_contract_sees_that_contract_alone(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=6, months=2)

    seen = await everything_seen(asker, delegate(4, 4))

    assert {"K-000004", "EIC-4", "H-400", "Place 4"} <= seen
    assert not {"C-000004", "Customer 4", "RF04", "EIC-1000"} & seen
    assert not of_number(1) & seen


@pytest.mark.asyncio
async def test_a_delegate_without_view_sees_nothing(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=4, months=1)

    viewer = delegate(4, 4, permissions=frozenset({Permission.PAY}))

    assert (await asker.ask("{ viewer { contracts { totalCount } } }", viewer=viewer)).data == {
        "viewer": {"contracts": {"totalCount": 0}}
    }


@pytest.mark.asyncio
async def test_a_manager_sees_the_meters_of_the_whole_building_and_no_bills(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=6, months=2)

    seen = await everything_seen(asker, owner(3))

    assert {"EIC-1000", "EIC-1", "EIC-2", "M-1", "M-2", "1001.000000", "2001.000000"} <= seen
    assert not {"K-000001", "C-000001", "H-100", "RF01", "EIC-4", "M-4", "4001.000000"} & seen


NODES = ["Customer", "Contract", "Invoice", "Payment", "SupplyPoint", "Meter", "Register", "Reading", "Building"]
MINE = {"Invoice": 200, "Reading": 200, "Building": 1}
THEIRS = {"Invoice": 400, "Reading": 400, "Building": 2}


@pytest.mark.asyncio
async def test_ids_open_what_one_may_see_and_nothing_else(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=4, months=1)

    async def opened(kind: str, number: int, viewer: Viewer) -> Any:
        given = encode_id(type_name=kind, number=number)
        answer = await asker.ask("query ($id: ID!) { node(id: $id) { __typename id } }", viewer=viewer, id=given)
        return answer.data["node"]

    for kind in NODES:
        mine, theirs = MINE.get(kind, 2), THEIRS.get(kind, 4)
        assert (await opened(kind, mine, owner(2)))["__typename"] == kind
        assert await opened(kind, theirs, owner(2)) is None
        assert await opened(kind, mine, ANONYMOUS) is None
        assert await opened(kind, mine, owner(4)) is None


@pytest.mark.asyncio
async def test_readings_are_seen_for_the_days_of_ones_contract(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=4, months=4)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("update contract_supply_point set ends = '2022-03-01' where contract_id = 1")
    document = "query ($id: ID!) { node(id: $id) { ... on Register { readings(first: 9) { nodes { countsFor } } } } }"

    async def days(register: int) -> list[str]:
        answer = await asker.ask(document, viewer=owner(1), id=encode_id(type_name="Register", number=register))
        return [node["countsFor"] for node in answer.data["node"]["readings"]["nodes"]]

    assert await days(1) == ["2022-03-01", "2022-02-01", "2022-01-01"]
    assert await days(HOUSE) == ["2022-03-01", "2022-02-01", "2022-01-01"]


@pytest.mark.asyncio
async def test_staff_is_forbidden_to_customers(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=4, months=1)

    assert (await asker.ask("{ staff { invoices { totalCount } } }", viewer=owner(1))).codes == ["FORBIDDEN"]
    assert (await asker.ask("{ staff { invoices { totalCount } } }", viewer=ANONYMOUS)).codes == ["UNAUTHENTICATED"]


@pytest.mark.asyncio
async def test_staff_see_what_is_held_and_why(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=4, months=1)

    answer = await asker.ask(
        "{ staff { billingRuns { nodes { adapter status period { from to } heldContracts { totalCount nodes { code"
        ' reason contract { number } releasedAt } } } } customers(filter: {number: "C-000002"}) { nodes { name } }'
        " payments { totalCount } invoices(filter: {status: [PARTLY_PAID]}) { totalCount }"
        ' contracts(filter: {billing: [BY_MEMBERS], adapter: ["heat_co"]}) { nodes { number } } } }',
        viewer=clerk(),
    )

    assert answer.errors == []
    assert answer.data["staff"] == {
        "billingRuns": {
            "nodes": [
                {
                    "adapter": "heat_co",
                    "status": "DONE",
                    "period": {"from": "2022-01-01", "to": "2022-02-01"},
                    "heldContracts": {
                        "totalCount": 1,
                        "nodes": [
                            {
                                "code": "MISSING_READING",
                                "reason": "register heat was not read",
                                "contract": {"number": "K-000004"},
                                "releasedAt": None,
                            }
                        ],
                    },
                }
            ]
        },
        "customers": {"nodes": [{"name": "Customer 2"}]},
        "payments": {"totalCount": 4},
        "invoices": {"totalCount": 4},
        "contracts": {"nodes": [{"number": "K-000003"}]},
    }


@pytest.mark.asyncio
async def test_everybody_sees_what_is_sold_and_at_which_price(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=4, months=1)

    answer = await asker.ask(
        '{ products(filter: {adapter: ["heat_co"]}) { nodes { code name isOffered } }'
        ' priceVersions(filter: {listName: ["heat"]}) { nodes { decision period { from to } rows {'
        " name price { amount unit } } } } }",
        viewer=ANONYMOUS,
    )

    assert answer.data == {
        "products": {"nodes": [{"code": "heat", "name": "Siltums", "isOffered": True}]},
        "priceVersions": {
            "nodes": [
                {
                    "decision": "No. 1",
                    "period": {"from": "2022-01-01", "to": None},
                    "rows": [{"name": "tariff", "price": {"amount": "62.50000000", "unit": "EUR/MWh"}}],
                }
            ]
        },
    }


@pytest.mark.asyncio
async def test_payments_show_what_they_settled_and_what_is_left(engine: AsyncEngine) -> None:
    asker = await town(engine, customers=4, months=1)

    answer = await asker.ask(
        "{ viewer { customers { nodes { protections { kind } payments { nodes { amount { amount } unallocated {"
        " amount currency } allocations { amount { amount } invoice { number paid { amount } openAmount { amount }"
        " status } } } } } } } }",
        viewer=owner(1),
    )

    assert answer.data["viewer"]["customers"]["nodes"][0] == {
        "protections": [{"kind": "LARGE_FAMILY"}],
        "payments": {
            "nodes": [
                {
                    "amount": {"amount": "100.00"},
                    "unallocated": {"amount": "40.00", "currency": "EUR"},
                    "allocations": [
                        {
                            "amount": {"amount": "60.00"},
                            "invoice": {
                                "number": "H-100",
                                "paid": {"amount": "60.00"},
                                "openAmount": {"amount": "61.00"},
                                "status": "PARTLY_PAID",
                            },
                        }
                    ],
                }
            ]
        },
    }
