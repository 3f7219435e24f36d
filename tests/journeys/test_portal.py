"""A family, a business, a manager and an employee read what is theirs, over HTTP, on the demo's billed year."""

import base64
from decimal import Decimal

import pytest

pytestmark = pytest.mark.asyncio

HOME = """
{ viewer { name contracts(first: 20) { nodes { number adapter productName permissions
    supplies { supplyPoint { address { line } meters { serial registers { code unit
        readings(first: 13) { nodes { countsFor value { value unit } status } } } } } }
    invoices(first: 12) { totalCount nodes { number status period { from to } total { amount currency }
        openAmount { amount } lines { code label quantity { value unit } unitPrice { amount unit } net { amount } } } }
  } } customers(first: 5) { nodes { number name balances { owed { amount currency } } } } } }
"""
EXPLAINED = """
{ viewer { contracts(first: 5) { nodes { number invoices(first: 1) { nodes { number lines { code net { amount }
    explanation { text inputs { name value unit source decision } steps { id operation value } result rounding }
  } } } } } } }
"""


async def contract_numbers(portal) -> list[str]:
    data = await portal.ask("{ viewer { contracts(first: 50) { nodes { number } } } }")
    return [node["number"] for node in data["viewer"]["contracts"]["nodes"]]


async def test_the_family_reads_its_year(front_end):
    async with front_end("owner@demo.example") as portal:
        viewer = (await portal.ask(HOME))["viewer"]

    contracts = {contract["number"]: contract for contract in viewer["contracts"]["nodes"]}
    assert set(contracts) == {"H-100012", "E-200001"}
    heat = contracts["H-100012"]["invoices"]
    assert heat["totalCount"] == 12
    assert heat["nodes"][0]["period"] == {"from": "2023-02-01", "to": "2023-03-01"}
    assert [line["label"] for line in heat["nodes"][0]["lines"]] == [
        "Ūdens uzsildīšana",
        "Cirkulācija",
        "Apkure",
        "Valsts atbalsts siltumenerģijai",
    ]
    meters = contracts["E-200001"]["supplies"][0]["supplyPoint"]["meters"]
    readings = meters[0]["registers"][0]["readings"]["nodes"]
    assert len(readings) == 13
    assert readings[0]["countsFor"] == "2024-07-01"


async def test_the_son_sees_the_familys_contracts_and_his_own(front_end):
    async with front_end("delegate@demo.example") as portal:
        data = await portal.ask("{ viewer { contracts(first: 9) { nodes { number permissions } } } }")

    found = {node["number"]: set(node["permissions"]) for node in data["viewer"]["contracts"]["nodes"]}
    assert found == {
        "H-100012": {"VIEW", "PAY"},
        "E-200001": {"VIEW", "PAY"},
        "E-200002": {"VIEW", "PAY", "SUBMIT_READINGS", "REQUEST_SERVICES"},
    }


async def test_the_neighbour_sees_nobody_elses(front_end):
    async with front_end("owner@demo.example") as portal:
        data = await portal.ask(
            "{ viewer { contracts(first: 1) { nodes { id number invoices(first: 1) { nodes { id } } } } } }"
        )
    contract = data["viewer"]["contracts"]["nodes"][0]

    async with front_end("neighbour@demo.example") as portal:
        assert await contract_numbers(portal) == ["H-100014"]
        for stolen in (contract["id"], contract["invoices"]["nodes"][0]["id"]):
            assert await portal.ask("query ($id: ID!) { node(id: $id) { id } }", id=stolen) == {"node": None}


async def test_the_business_has_three_contracts(front_end):
    async with front_end("business@demo.example") as portal:
        assert sorted(await contract_numbers(portal)) == ["E-200900", "E-200901", "E-200902"]


async def test_the_manager_holds_the_house_and_sees_no_flat(front_end):
    async with front_end("manager@demo.example") as portal:
        data = await portal.ask(
            "{ viewer { contracts(first: 9) { nodes { number billing invoices(first: 1) { totalCount } } } } }"
        )

    assert data["viewer"]["contracts"]["nodes"] == [
        {"number": "H-100000", "billing": "BY_MEMBERS", "invoices": {"totalCount": 0}}
    ]


async def test_an_employee_reads_every_customer(front_end):
    async with front_end("clerk@demo.example") as desk:
        data = await desk.ask(
            "{ staff { customers(first: 2) { totalCount } contracts(first: 1) { totalCount }"
            " invoices(first: 1) { totalCount } billingRuns(first: 1) { totalCount } } }"
        )

    assert data["staff"] == {
        "customers": {"totalCount": 82},
        "contracts": {"totalCount": 85},
        "invoices": {"totalCount": 997},
        "billingRuns": {"totalCount": 24},
    }


async def test_a_customer_is_no_employee_and_nobody_is_nobody(front_end):
    async with front_end("owner@demo.example") as portal:
        refused = await portal.answer("{ staff { customers(first: 1) { totalCount } } }")
    async with front_end(None) as nobody:
        unknown = await nobody.answer("{ viewer { name } }")

    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert unknown["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_every_line_of_the_newest_invoices_is_explained(front_end):
    async with front_end("owner@demo.example") as portal:
        contracts = (await portal.ask(EXPLAINED))["viewer"]["contracts"]["nodes"]

    lines = [line for contract in contracts for line in contract["invoices"]["nodes"][0]["lines"]]
    assert len(lines) >= 8
    for line in lines:
        values = {step["id"]: step["value"] for step in line["explanation"]["steps"]}
        assert Decimal(values[line["explanation"]["result"]]) == Decimal(line["net"]["amount"])
        assert line["explanation"]["rounding"] == "en16931"
        assert line["explanation"]["inputs"] != []


async def test_a_reading_is_taken_refused_and_repeated(front_end):
    registers = (
        "{ viewer { contracts(first: 5) { nodes { number supplies { supplyPoint { meters { registers { id code"
        " readings(first: 1) { nodes { value { value } } } } } } } } } } }"
    )
    submit = (
        "mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) { reading { value { value } status }"
        " userErrors { code message } } }"
    )
    async with front_end("owner@demo.example") as portal:
        contracts = (await portal.ask(registers))["viewer"]["contracts"]["nodes"]
        power = next(contract for contract in contracts if contract["number"] == "E-200001")
        register = power["supplies"][0]["supplyPoint"]["meters"][0]["registers"][0]
        last = int(register["readings"]["nodes"][0]["value"]["value"].split(".")[0])

        def reading(value: str, key: str) -> dict[str, str]:
            return {"registerId": register["id"], "value": value, "idempotencyKey": key}

        backwards = await portal.ask(submit, input=reading(str(last - 5), "k-back"))
        accepted = await portal.ask(submit, input=reading(str(last + 5), "k-good"))
        repeated = await portal.ask(submit, input=reading(str(last + 5), "k-good"))
        reused = await portal.ask(submit, input=reading(str(last + 6), "k-good"))

    assert backwards["readingSubmit"]["userErrors"][0]["code"] == "READING_RUNS_BACKWARDS"
    assert accepted["readingSubmit"]["userErrors"] == []
    assert repeated == accepted
    assert reused["readingSubmit"]["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_ids_are_opaque(front_end):
    async with front_end("owner@demo.example") as portal:
        data = await portal.ask("{ viewer { id } }")

    assert base64.urlsafe_b64decode(data["viewer"]["id"] + "==").decode().startswith("Viewer:")
