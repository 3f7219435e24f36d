"""Bills that somebody asks for over GraphQL: looked at before, issued at once, verified and corrected; and refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from mains_kit.stored import replay_document
from mains_schema.declaring.node import encode_id
from mains_schema.served import schema
from mains_server.access.records import StaffRole, Viewer
from mains_spi import Capability, hookimpl
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.schema.asking import NO_ADAPTERS, NOW, Asker, delegate, owner
from tests.schema.test_explanation import small_utility

pytestmark = pytest.mark.asyncio
TWELFTH, FEBRUARY = date(2023, 1, 12), date(2023, 2, 1)
NOBODY = Viewer(person_id=None)
BILLER = Viewer(person_id=1, staff=frozenset({StaffRole.BILLING_CLERK}))
PREVIEW = """query ($contract: ID!, $from: Date!, $to: Date!) {
  billPreview(contractId: $contract, period: {from: $from, to: $to}) {
    forecast { from to } error { code message path retryable }
    bill { kind period { from to } tax { amount } cost { amount currency }
      lines { code label net { amount } taxCode taxRate isAfterTax supplyPointId
        explanation { text document } } } } }"""
INSTANT = """mutation ($input: InvoiceInstantCreateInput!) { invoiceInstantCreate(input: $input) {
  invoice { id number kind total { amount } period { from to } verification { outcome } }
  userErrors { code path } } }"""
CORRECT = """mutation ($input: InvoiceCorrectInput!) { invoiceCorrect(input: $input) {
  correction { outcome difference { amount } invoice { number } creditNote { number corrects { number } }
    replacement { id number replaces { number } } } userErrors { code message } } }"""

CREDIT = """mutation ($input: InvoiceCreditInput!) { invoiceCredit(input: $input) {
  correction { outcome reason note difference { amount } replacement { number }
    invoice { number status openAmount { amount } creditedBy { number } corrections { outcome } }
    creditNote { number kind total { amount } corrects { number } } } userErrors { code path } } }"""


@pytest.fixture
def town(psycopg_dsn: str) -> Iterator[Any]:
    """Have a household that used 40 kWh until the twelfth of January and 60 more until its end, and its owner."""
    small = small_utility()
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        found = small.Town(connection)
        found.found()
        point = found.point()
        found.contract(customer=found.customer(), points=(point,), starts=date(2023, 1, 1))
        found.read(found.meter(point), (date(2023, 1, 1), "1000"), (TWELFTH, "1040"), (FEBRUARY, "1100"))
        found.insert("person", name="Owner", language="en", email="o@example.org", created_at=NOW)
        yield found


@pytest.fixture
def asker(engine: AsyncEngine) -> Asker:
    """Ask with a utility that bills at once."""
    small = small_utility()

    class Prompt(small.SmallUtility):  # type: ignore[misc, name-defined]
        @hookimpl
        def describe_utility(self) -> Any:
            return replace(small.SmallUtility.describe_utility(self), capabilities=(Capability.INSTANT_INVOICE,))

    return Asker(schema(), engine, replace(NO_ADAPTERS, host=small.host_of(Prompt())))


def contract_id(number: int = 1) -> str:
    return encode_id(type_name="Contract", number=number)


async def preview(asker: Asker, starts: str, ends: str, *, viewer: Viewer | None = None, contract: str = "") -> Any:
    given = {"contract": contract or contract_id(), "from": starts, "to": ends}
    answer = await asker.resolve(PREVIEW, viewer=viewer or owner(1), **given)
    return answer.codes if answer.errors else answer.data["billPreview"]


async def instant(asker: Asker, *, viewer: Viewer | None = None, key: str = "k", **given: Any) -> Any:
    asked = {"contractId": contract_id(), "upTo": "2023-01-12", "idempotencyKey": key, **given}
    answer = await asker.resolve(INSTANT, viewer=viewer or owner(1), input=asked)
    return answer.codes if answer.errors else answer.data["invoiceInstantCreate"]


async def correct(asker: Asker, invoice: str, *, viewer: Viewer = BILLER, key: str = "c", **given: Any) -> Any:
    asked = {"invoiceId": invoice, "reason": "ATTRIBUTE", "note": "wrong fuse", "idempotencyKey": key, **given}
    answer = await asker.resolve(CORRECT, viewer=viewer, input=asked)
    return answer.codes if answer.errors else answer.data["invoiceCorrect"]


async def credit(asker: Asker, invoice: str, *, viewer: Viewer = BILLER, key: str = "c", **given: Any) -> Any:
    asked = {"invoiceId": invoice, "note": "not theirs", "idempotencyKey": key, **given}
    answer = await asker.resolve(CREDIT, viewer=viewer, input=asked)
    return answer.codes if answer.errors else answer.data["invoiceCredit"]


def documents(town: Any) -> list[tuple[Any, ...]]:
    found = town.connection.execute(
        "select i.document_number, i.total, (select count(*) from ledger_entry) from invoice i order by i.id"
    )
    return list(found.fetchall())


async def test_a_bill_is_looked_at_with_its_explanations(asker: Asker, town: Any, tmp_path: Path) -> None:
    """100 kWh x 0.15 = 15.00, 1.20 and 2.00: 18.20, with 3.82 tax 22.02; the kit replays every line to its cents."""
    found = await preview(asker, "2023-01-01", "2023-02-01")

    assert (found["error"], found["forecast"]) == (None, None)
    bill = found["bill"]
    assert (bill["kind"], bill["tax"]["amount"], bill["cost"]["amount"]) == ("REGULAR", "3.82", "22.02")
    nets = {line["code"]: line["net"]["amount"] for line in bill["lines"]}
    assert nets == {"energy": "15.00", "fee": "1.20", "network": "2.00", "paper": "0.00"}
    energy = bill["lines"][0]
    assert (energy["taxCode"], energy["taxRate"], energy["isAfterTax"]) == ("standard", "0.21", False)
    assert (energy["supplyPointId"], energy["explanation"]["text"]) == (None, "100 kWh x 0.15 EUR/kWh")
    file = tmp_path / "bill.json"
    file.write_text(json.dumps(bill["lines"]))
    replayed = replay_document(path=file, adapter=None, product=None)
    assert [(str(one.net), one.is_equal) for one in replayed] == [(net, True) for net in nets.values()]
    assert documents(town) == []


@pytest.mark.parametrize(
    ("starts", "ends", "code"),
    [
        ("2020-01-01", "2023-02-01", "PERIOD_NOT_PREVIEWED"),
        ("2023-03-01", "2023-07-01", "PERIOD_NOT_PREVIEWED"),
        ("2021-12-01", "2022-02-01", "PERIOD_OUTSIDE_CONTRACT"),
        ("2023-01-05", "2023-02-01", "BILL_HELD"),
    ],
)
async def test_a_bill_that_cannot_be_worked_out_says_why(
    asker: Asker, town: Any, starts: str, ends: str, code: str
) -> None:
    found = await preview(asker, starts, ends)

    assert (found["bill"], found["error"]["code"]) == (None, code)
    assert documents(town) == []


async def test_who_may_not_see_a_contract_sees_no_bill_of_it(asker: Asker, town: Any) -> None:
    days = ("2023-01-01", "2023-02-01")

    assert await preview(asker, *days, viewer=NOBODY) == ["UNAUTHENTICATED"]
    assert await preview(asker, *days, viewer=owner(2)) == ["NOT_FOUND"]
    assert await preview(asker, *days, contract=contract_id(99)) == ["NOT_FOUND"]
    assert await preview(asker, *reversed(days)) == ["BAD_INPUT"]


async def test_a_price_missing_for_one_day_holds_and_leaves_nothing(asker: Asker, town: Any) -> None:
    town.connection.execute("set session_replication_role = replica")
    town.connection.execute("update price_version set ends = '2023-01-11' where list = 'fixed'")
    town.price("fixed", starts=date(2023, 1, 12), energy=("0.15", "EUR/kWh"), fee=("1.20", "EUR/month"))

    looked_at = await preview(asker, "2023-01-01", "2023-02-01")
    issued = await instant(asker)

    assert looked_at["error"]["code"] == "BILL_HELD"
    assert "2023-01-11" in looked_at["error"]["message"]
    assert (issued["invoice"], [error["code"] for error in issued["userErrors"]]) == (None, ["BILL_HELD"])
    assert documents(town) == []


async def test_a_bill_at_once_is_issued_once_by_its_key(asker: Asker, town: Any) -> None:
    """40 kWh x 0.15 = 6.00; 11 of 31 days of 1.20 and 2.00 are 0.43 and 0.71; 21 % of 7.14 is 1.50: 8.64."""
    first = await instant(asker)
    before = documents(town)
    again = await instant(asker)
    other = await instant(asker, upTo="2023-02-01")

    invoice = first["invoice"]
    assert (invoice["kind"], invoice["total"]["amount"]) == ("INSTANT", "8.64")
    assert (invoice["period"], invoice["verification"]) == (
        {"from": "2023-01-01", "to": "2023-01-12"},
        {"outcome": "EQUAL"},
    )
    assert again == first
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert documents(town) == before


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"readingId": encode_id(type_name="Reading", number=2)}, "DAY_NOT_TOLD"),
        ({"upTo": None}, "DAY_NOT_TOLD"),
        ({"upTo": None, "readingId": encode_id(type_name="Reading", number=99)}, "READING_NOT_BILLABLE"),
        ({"upTo": "2023-01-05"}, "BILL_HELD"),
        ({"upTo": "2023-04-01"}, "DAYS_TO_COME"),
        ({"upTo": "2022-01-01"}, "DAYS_BILLED_ALREADY"),
        ({"contractId": contract_id(99)}, "CONTRACT_UNKNOWN"),
        ({"viewer": owner(2)}, "CONTRACT_UNKNOWN"),
        ({"viewer": delegate(1, 1, permissions=frozenset())}, "CONTRACT_UNKNOWN"),
        ({"key": ""}, "IDEMPOTENCY_KEY_MALFORMED"),
    ],
)
async def test_what_cannot_be_billed_at_once_is_refused_and_changes_nothing(
    asker: Asker, town: Any, given: dict[str, Any], code: str
) -> None:
    found = await instant(asker, **given)

    assert (found["invoice"], [error["code"] for error in found["userErrors"]]) == (None, [code])
    assert documents(town) == []


async def test_nobody_bills_without_a_session(asker: Asker, town: Any) -> None:
    assert await instant(asker, viewer=NOBODY) == ["UNAUTHENTICATED"]


async def test_a_correction_links_both_ways_and_its_replacement_is_what_can_be_corrected(
    asker: Asker, town: Any
) -> None:
    """At 25 A the network costs 3.00: 11 of 31 days are 1.06 instead of 0.71; 7.49 and 1.57 tax are 9.06."""
    wrong = (await instant(asker))["invoice"]
    town.connection.execute("update supply_point set amperes = 25")

    first = await correct(asker, wrong["id"])
    before = documents(town)
    again = await correct(asker, wrong["id"])
    credited = await correct(asker, wrong["id"], key="other")
    replacement = first["correction"]["replacement"]
    right = await correct(asker, replacement["id"], key="third")

    made = first["correction"]
    assert (made["outcome"], made["difference"]["amount"]) == ("REPLACED", "0.42")
    assert made["creditNote"]["corrects"] == replacement["replaces"] == made["invoice"] == {"number": wrong["number"]}
    assert again == first
    (refusal,) = credited["userErrors"]
    assert (credited["correction"], refusal["code"]) == (None, "INVOICE_CREDITED")
    assert replacement["number"] in refusal["message"]
    assert right["correction"]["outcome"] == "UNCHANGED"
    assert documents(town) == before


async def test_bad_corrections_are_refused_and_change_nothing(asker: Asker, town: Any) -> None:
    wrong = (await instant(asker))["invoice"]["id"]
    before = documents(town)

    assert await correct(asker, wrong, viewer=owner(1)) == ["FORBIDDEN"]
    assert await correct(asker, wrong, viewer=NOBODY) == ["UNAUTHENTICATED"]
    for invoice, given, code in (
        (wrong, {"note": " "}, "CORRECTION_NOTE_WRONG"),
        (wrong, {"note": "x" * 1001}, "CORRECTION_NOTE_WRONG"),
        (wrong, {"key": ""}, "IDEMPOTENCY_KEY_MALFORMED"),
        (encode_id(type_name="Invoice", number=99), {}, "INVOICE_UNKNOWN"),
    ):
        found = await correct(asker, invoice, **given)
        assert [error["code"] for error in found["userErrors"]] == [code]
    town.connection.execute("update supply_point set amperes = 100")
    held = await correct(asker, wrong)
    assert [error["code"] for error in held["userErrors"]] == ["CORRECTION_HELD"]
    assert documents(town) == before


async def test_an_invoice_is_taken_back_once_by_the_key_and_both_documents_tell(asker: Asker, town: Any) -> None:
    """The bill at once came to 8.64; the credit note is -8.64, and nothing stands in its place."""
    wrong = (await instant(asker))["invoice"]

    first = await credit(asker, wrong["id"])
    before = documents(town)
    again = await credit(asker, wrong["id"])
    other = await credit(asker, wrong["id"], key="other")
    reused = await credit(asker, wrong["id"], note="another")

    made = first["correction"]
    assert (made["outcome"], made["reason"], made["note"]) == ("CREDITED", "MISTAKE", "not theirs")
    assert (made["difference"], made["replacement"]) == ({"amount": "-8.64"}, None)
    assert (made["creditNote"]["total"], made["creditNote"]["corrects"]) == (
        {"amount": "-8.64"},
        {"number": wrong["number"]},
    )
    assert made["invoice"]["creditedBy"] == {"number": made["creditNote"]["number"]}
    assert (made["invoice"]["status"], made["invoice"]["openAmount"]) == ("CREDITED", {"amount": "0.00"})
    assert made["invoice"]["corrections"] == [{"outcome": "CREDITED"}]
    assert again == first
    assert [one["userErrors"][0]["code"] for one in (other, reused)] == ["INVOICE_CREDITED", "IDEMPOTENCY_KEY_REUSED"]
    assert documents(town) == before


async def test_bad_wishes_to_take_back_are_refused_and_change_nothing(asker: Asker, town: Any) -> None:
    wrong = (await instant(asker))["invoice"]["id"]
    before = documents(town)

    assert await credit(asker, wrong, viewer=owner(1)) == ["FORBIDDEN"]
    assert await credit(asker, wrong, viewer=NOBODY) == ["UNAUTHENTICATED"]
    for invoice, given, code in (
        (wrong, {"note": " "}, "CORRECTION_NOTE_WRONG"),
        (wrong, {"note": "x" * 1001}, "CORRECTION_NOTE_WRONG"),
        (wrong, {"key": ""}, "IDEMPOTENCY_KEY_MALFORMED"),
        (encode_id(type_name="Invoice", number=99), {}, "INVOICE_UNKNOWN"),
    ):
        found = await credit(asker, invoice, **given)
        assert (found["correction"], [error["code"] for error in found["userErrors"]]) == (None, [code])
    assert await credit(asker, contract_id(), key="contract") == ["BAD_INPUT"]
    assert documents(town) == before
