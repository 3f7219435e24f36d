"""Products are compared: by a visitor, by owners for their last twelve months, by a large family, by a smart home."""

import json
import re
from decimal import Decimal as D
from pathlib import Path

import pytest
from mains_schema.declaring.node import encode_id

PAGE = (Path(__file__).parents[2] / "docs" / "comparison.md").read_text(encoding="utf-8")
COMPARE = """query ($input: ProductComparisonInput!) { productComparison(input: $input) {
  userErrors { code message path }
  comparison {
    adapter on allowance { value unit } aboveAllowance { value unit }
    consumption { aYear { value unit } night { value } measured { from to } monthsMeasured
      months { month total { value } isEstimated } }
    products { code isPresent basis exchangePeriod { from to } isByOwnIntervals isInRecommendedRange
      difference { amount }
      cost { components { code label isSupport net { amount } tax { amount } gross { amount } }
        net { amount } tax { amount } gross { amount } }
      costAboveAllowance { gross { amount } } }
    notCompared { code reasonCode } crossings { fromAMonth { value } cheaper dearer changesCheapest }
    zones { code oneZone { amount } twoZones { amount } saving { amount } paysFrom } } } }"""
MINE = "{ viewer { contracts(first: 10) { nodes { id number adapter } } } }"
BY_CONTRACT = """query ($number: String!) { viewer { contracts(first: 1, filter: {number: $number}) { nodes {
  productComparison(on: "2023-03-01") { comparison { products { code cost { gross { amount } } } } } } } } }"""
USED = """
select sum(l.quantity) from invoice_line l join invoice i on i.id = l.invoice_id join contract c on c.id = i.contract_id
where c.number = %s and l.code = 'dso_variable' and i.kind <> 'CREDIT'
"""


async def compared(portal, **asked):
    """Compare, and insist that it was not refused."""
    answer = (await portal.ask(COMPARE, input={"on": "2023-03-01", **asked}))["productComparison"]
    assert answer["userErrors"] == []
    return answer["comparison"]


async def contract_of(portal, number):
    """Give the global id of one's own contract."""
    nodes = (await portal.ask(MINE))["viewer"]["contracts"]["nodes"]
    return next(node["id"] for node in nodes if node["number"] == number)


@pytest.mark.asyncio
async def test_the_page_shows_a_real_answer(front_end):
    query = re.search(r"```graphql\n(query Visitor.*?)```", PAGE, re.DOTALL)
    answer = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert query is not None
    assert answer is not None

    async with front_end(None) as portal:
        data = await portal.ask(query[1])

    assert data["productComparison"]["comparison"]["products"][0] == json.loads(answer[1])


@pytest.mark.asyncio
async def test_a_visitor_compares_for_250_kwh(front_end):
    async with front_end(None) as portal:
        found = await compared(
            portal,
            adapter="electricity_retail",
            consumption={"aMonth": "250"},
            connection={"phases": 1, "amperes": 16},
            also=["CROSSINGS"],
        )

    products = found["products"]
    paid = [D(one["cost"]["gross"]["amount"]) for one in products]
    assert (len(products), paid) == (6, sorted(paid))
    for one in products:
        parts = one["cost"]["components"]
        assert sum(D(part["gross"]["amount"]) for part in parts) == D(one["cost"]["gross"]["amount"])
        assert all((D(part["net"]["amount"]) < 0) == part["isSupport"] for part in parts)
        assert (one["isPresent"], one["difference"]) == (False, None)
    assert {"fromAMonth": {"value": "178"}, "cheaper": "izdevigais_200", "dearer": "universalais"}.items() <= next(
        one for one in found["crossings"] if (one["cheaper"], one["dearer"]) == ("izdevigais_200", "universalais")
    ).items()


@pytest.mark.asyncio
async def test_the_owner_compares_their_own_year(front_end, demo_rows):
    ((used,),) = demo_rows(USED, "E-200001")

    async with front_end("owner@demo.example") as portal:
        contract = await contract_of(portal, "E-200001")
        found = await compared(portal, contractId=contract)
        beside = await portal.ask(BY_CONTRACT, number="E-200001")

    assert D(found["consumption"]["aYear"]["value"]) == used
    assert found["consumption"]["measured"] == {"from": "2022-03-01", "to": "2023-03-01"}
    (present,) = [one for one in found["products"] if one["isPresent"]]
    assert (present["code"], present["difference"]) == ("ekonomiskais", {"amount": "0.00"})
    for one in found["products"]:
        difference = D(one["cost"]["gross"]["amount"]) - D(present["cost"]["gross"]["amount"])
        assert D(one["difference"]["amount"]) == difference
    (again,) = beside["viewer"]["contracts"]["nodes"]
    shown = [(one["code"], one["cost"]["gross"]) for one in again["productComparison"]["comparison"]["products"]]
    assert shown == [(one["code"], one["cost"]["gross"]) for one in found["products"]]


@pytest.mark.asyncio
async def test_a_large_family_sees_its_support(front_end):
    """In March 2023 the support is 20 EUR a month and no allowance of kWh."""
    async with front_end(None) as portal:
        found = await compared(
            portal,
            adapter="electricity_retail",
            consumption={"aMonth": "365"},
            connection={"phases": 3, "amperes": 16, "protected": "large_family"},
        )

    assert found["allowance"] is None
    for one in found["products"]:
        support = {part["code"]: part for part in one["cost"]["components"]}["protected_sum"]
        assert (support["net"]["amount"], support["tax"]["amount"]) == ("-240.00", "0")


@pytest.mark.asyncio
async def test_the_smart_home_asks_about_two_zones(front_end, demo_rows):
    ((contract,),) = demo_rows("select id from contract where number = 'E-200100'")
    ((used,),) = demo_rows(
        "select sum(l.quantity) from invoice_line l join invoice i on i.id = l.invoice_id"
        " where i.contract_id = %s and l.code = 'energy_night'",
        contract,
    )
    async with front_end("operator@demo.example") as portal:
        found = await compared(portal, contractId=encode_id(type_name="Contract", number=contract), also=["ZONES"])

    assert {one["code"]: one["isByOwnIntervals"] for one in found["products"]}["dinamiskais"] is True
    night, whole = D(found["consumption"]["night"]["value"]), D(found["consumption"]["aYear"]["value"])
    assert night == used
    (own,) = [one for one in found["zones"] if one["code"] == "klasiskais"]
    assert D(own["oneZone"]["amount"]) - D(own["twoZones"]["amount"]) == D(own["saving"]["amount"])
    assert (D(own["saving"]["amount"]) > 0) == (night / whole >= D(own["paysFrom"]))


TOGETHER = """query ($input: ProductComparisonInput!) { productComparison(input: $input) {
  userErrors { code path } comparison { consumption { aYear { value } } apart { amount }
    products { code isPresent difference { amount } cost { gross { amount } } } } } }"""


@pytest.mark.asyncio
async def test_a_business_compares_two_contracts_as_one(front_end):
    """What both used is compared at once, and against what they cost apart."""
    async with front_end("business@demo.example") as portal:
        office, shop = [await contract_of(portal, number) for number in ("E-200901", "E-200902")]
        one_by_one = [await compared(portal, contractId=contract) for contract in (office, shop)]
        asked = {"contractId": office, "together": [shop], "on": "2023-03-01"}
        found = (await portal.ask(TOGETHER, input=asked))["productComparison"]["comparison"]
        twice = (await portal.ask(TOGETHER, input={**asked, "together": [office]}))["productComparison"]

    used = [D(one["consumption"]["aYear"]["value"]) for one in one_by_one]
    assert D(found["consumption"]["aYear"]["value"]) == sum(used)
    present = [next(p for p in one["products"] if p["isPresent"])["cost"]["gross"]["amount"] for one in one_by_one]
    assert D(found["apart"]["amount"]) == sum(map(D, present))
    for product in found["products"]:
        apart = D(product["cost"]["gross"]["amount"]) - D(found["apart"]["amount"])
        assert (D(product["difference"]["amount"]), product["isPresent"]) == (apart, False)
    assert twice["userErrors"] == [{"code": "CONTRACT_NOT_COMPARABLE", "path": "together"}]


@pytest.mark.asyncio
async def test_contracts_of_others_are_not_compared_together(front_end):
    async with front_end("owner@demo.example") as portal:
        mine = await contract_of(portal, "E-200001")
    async with front_end("business@demo.example") as portal:
        office = await contract_of(portal, "E-200901")
        answer = await portal.answer(TOGETHER, input={"contractId": office, "together": [mine]})

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_FOUND"]


@pytest.mark.asyncio
async def test_a_neighbours_contract_is_not_there(front_end):
    async with front_end("owner@demo.example") as portal:
        contract = await contract_of(portal, "E-200001")
    async with front_end("neighbour@demo.example") as portal:
        answer = await portal.answer(COMPARE, input={"contractId": contract})
    async with front_end(None) as portal:
        nobody = await portal.answer(COMPARE, input={"contractId": contract})

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_FOUND"]
    assert [error["extensions"]["code"] for error in nobody["errors"]] == ["UNAUTHENTICATED"]


@pytest.mark.asyncio
async def test_a_year_without_use_is_refused_with_what_to_do(front_end):
    async with front_end("owner@demo.example") as portal:
        contract = await contract_of(portal, "E-200001")
        answer = await portal.ask(COMPARE, input={"contractId": contract, "on": "2026-06-01"})

    (error,) = answer["productComparison"]["userErrors"]
    assert (error["code"], error["path"]) == ("NO_USAGE", "contractId")
    assert "choose another day with `on`" in error["message"]


@pytest.mark.asyncio
async def test_both_a_contract_and_a_consumption_are_refused(front_end):
    async with front_end("owner@demo.example") as portal:
        contract = await contract_of(portal, "E-200001")
        answer = await portal.ask(COMPARE, input={"contractId": contract, "consumption": {"aMonth": "1"}})

    assert [error["code"] for error in answer["productComparison"]["userErrors"]] == ["CONSUMPTION_TWICE"]


PRICES = """query { products(first: 10, filter: {adapter: ["electricity_retail"]}) { nodes { code
  prices(on: "2023-03-01") { name label price { amount unit } priceWithTax { amount } taxRate version } } } }"""
EXCHANGE = """query ($number: String!) { viewer { contracts(first: 1, filter: {number: $number}) { nodes {
  invoices(first: 1) { nodes { lines { code unitPrice { amount }
    weightedPrice { weightedBy series intervals price { amount } points { startsAt weight price } } } } } } } } }"""


@pytest.mark.asyncio
async def test_a_visitor_sees_the_price_table(front_end):
    async with front_end(None) as portal:
        nodes = (await portal.ask(PRICES))["products"]["nodes"]

    (universal,) = [one for one in nodes if one["code"] == "universalais"]
    assert universal["prices"][0] == {
        "name": "energy",
        "label": "Elektroenerģija",
        "price": {"amount": "0.24500000", "unit": "EUR/kWh"},
        "priceWithTax": {"amount": "0.29645000"},
        "taxRate": "0.2100",
        "version": "universalais/universalais-2022-09",
    }


@pytest.mark.asyncio
async def test_a_business_sees_the_days_behind_its_exchange_price(front_end, demo_rows):
    ((number,),) = demo_rows(
        "select c.number from contract c join customer k on k.id = c.customer_id"
        " where c.product = 'dinamiskais' and k.kind = 'BUSINESS'"
    )
    async with front_end("business@demo.example") as portal:
        nodes = (await portal.ask(EXCHANGE, number=number))["viewer"]["contracts"]["nodes"]

    (line,) = [line for line in nodes[0]["invoices"]["nodes"][0]["lines"] if line["weightedPrice"] is not None]
    found = line["weightedPrice"]
    assert (line["code"], found["weightedBy"], found["series"]) == ("energy", "PROFILE", "nordpool.lv")
    assert (found["intervals"], len(found["points"])) == (28 * 24, 28)
    assert found["price"] == line["unitPrice"]
    whole = sum(D(point["weight"]) for point in found["points"])
    mean = sum(D(point["weight"]) * D(point["price"]) for point in found["points"]) / whole / 1000
    assert abs(mean - D(found["price"]["amount"])) < D("0.000006")
