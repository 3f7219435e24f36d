"""Every query of the front-end guide, in its order, as the guide says it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import parse
from mains_schema.declaring.node import encode_id
from mains_schema.http.limits import Documents
from mains_schema.served import schema

from tests.schema.test_served import PASSWORD, Portal, portal, reading

__all__ = ["portal"]

GUIDE = Path(__file__).parents[2] / "docs/frontend.md"
QUERIES = {
    parse(text).definitions[0].name.value: text  # type: ignore[attr-defined]
    for text in re.findall(r"```graphql\n(.*?)```", GUIDE.read_text(), re.DOTALL)
}


def test_every_query_of_the_guide_is_valid_and_cheap_enough() -> None:
    documents = Documents(schema()._schema)

    for text in QUERIES.values():
        document = documents.read(text)
        assert document.errors == ()
        assert documents.cost(document, name=None, variables={}) <= 10_000
    assert list(QUERIES) == [
        "SignIn",
        "Refresh",
        "ToBank",
        "FromBank",
        "Devices",
        "SignOut",
        "SignOutElsewhere",
        "Prove",
        "Home",
        "Again",
        "Invoices",
        "Why",
        "Weighted",
        "Submit",
        "Window",
        "Round",
        "Used",
        "Form",
        "Announce",
        "Leaving",
        "Debts",
        "Bills",
    ]


@pytest.mark.asyncio
async def test_the_queries_of_the_guide_work_one_after_the_other(portal: Portal) -> None:
    async def ask(name: str, **variables: Any) -> Any:
        answer = await portal.ask(QUERIES[name], **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    session = (await ask("SignIn", email="person1@example.lv", password=PASSWORD))["sessionCreate"]
    portal.token = None
    session = (await ask("Refresh", refreshToken=session["refreshToken"]))["sessionRefresh"]
    portal.token = session["token"]
    (device,) = (await ask("Devices"))["viewer"]["sessions"]["nodes"]
    proved = (await ask("Prove", password=PASSWORD))["sessionProve"]
    contract = (await ask("Home"))["viewer"]["contracts"]["nodes"][0]
    again = await ask("Again", id=contract["id"])
    page = (await ask("Invoices", contract=contract["id"]))["node"]["invoices"]
    rest = (await ask("Invoices", contract=contract["id"], after=page["pageInfo"]["endCursor"]))["node"]["invoices"]
    form = (await ask("Form"))["utilityAdapters"]
    sent = (await ask("Submit", **reading("1014.5")))["readingSubmit"]
    window = (await ask("Window", contract=contract["id"]))["node"]["readingWindow"]
    (house,) = (await ask("Round"))["viewer"]["buildings"]["nodes"]
    places = (await ask("Used", **{"from": "2022-01-01", "to": "2022-03-01"}))["viewer"]["supplyPoints"]["nodes"]
    leaving = (await ask("Leaving", id=contract["id"]))["contractTerminationPreview"]
    owed = (await ask("Debts", contract=contract["id"]))["node"]
    ended = (await ask("SignOut"))["sessionRevoke"]

    assert (device["isCurrent"], proved["userErrors"]) == (True, [])
    assert all(adapter["attributes"] is not None for adapter in form)
    assert again["node"] == {"__typename": "Contract", "number": contract["number"]}
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"], len(rest["nodes"])) == (14, True, 5)
    assert (sent["userErrors"], sent["reading"]["status"]) == ([], "ACCEPTED")
    assert (window, house["readingRound"]) == (None, None)
    assert [(place["premise"], len(place["consumption"]["series"][0]["buckets"])) for place in places] == [
        ("1", 2), (None, 2),
    ]  # fmt: skip
    assert (leaving["fee"], [error["nextAllowed"] for error in leaving["userErrors"]]) == (None, [None])
    assert [debt["overdue"]["currency"] for debt in owed["debts"]] == ["EUR"]
    assert (owed["debtArrangementPreview"]["parts"], owed["debtArrangements"]) == ([], [])
    assert ended["isRevoked"] is True


@pytest.mark.asyncio
async def test_an_invoice_that_no_run_issued_has_no_explanation(portal: Portal) -> None:
    await portal.sign_in("person1@example.lv")

    answer = await portal.ask(QUERIES["Why"], id=encode_id(type_name="Invoice", number=100))

    assert [line["explanation"] for line in answer["data"]["node"]["lines"]] == [None, None, None]
