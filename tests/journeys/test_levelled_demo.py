"""The demo's levelled household sees its plan, what it prepaid, its settlement and the letter about the next year."""

from datetime import date
from decimal import Decimal

import pytest
from mains_schema.declaring.node import encode_id
from mains_server.demo.cast import ADMIN, LEVELLED

pytestmark = pytest.mark.asyncio
SEEN = """{ viewer { contracts { nodes { number settlement
  levelledPlan { paymentReference prepaid { amount } deferred { amount } paidSoFar { amount }
    current { number reason basis amount { amount } yearlyCost { amount } difference { amount }
      expectedUsage { quantity { value unit } source } }
    instalments { version dueOn amount { amount } paid { amount } } versions { number reason } }
  levelledLetters { totalCount nodes { version reason startsOn channel language oldAmount { amount }
    newAmount { amount } basePart { amount } differencePart { amount } contract { number } } }
  invoices { nodes { kind status total { amount } openAmount { amount } levelled { amount } period { from to }
    lines { code quantity { value } } } } } } } }"""


def amount(money):
    return Decimal(money["amount"])


async def test_everything_of_a_levelled_year_is_seen(front_end):
    async with front_end(LEVELLED.email) as portal:
        (contract,) = (await portal.ask(SEEN))["viewer"]["contracts"]["nodes"]

    (bill,) = contract["invoices"]["nodes"]
    plan, current = contract["levelledPlan"], contract["levelledPlan"]["current"]
    first = [one for one in plan["instalments"] if one["version"] == 1]
    paid = sum((amount(one["paid"]) for one in first), Decimal(0))
    assert (contract["number"], contract["settlement"]) == ("E-200200", "LEVELLED")
    assert plan["paymentReference"].startswith("RF")
    assert [(one["number"], one["reason"]) for one in plan["versions"]] == [(2, "SETTLEMENT"), (1, "START")]
    assert [one["dueOn"] for one in first] == [
        date(2022 + (2 + month) // 12, (2 + month) % 12 + 1, 20).isoformat() for month in range(12)
    ]
    assert all(one["paid"] == one["amount"] for one in first)

    used = sum(Decimal(line["quantity"]["value"]) for line in bill["lines"] if line["code"] == "energy")
    assert (bill["kind"], bill["status"], bill["period"]) == (
        "SETTLEMENT", "PAID", {"from": "2022-03-01", "to": "2023-03-01"},
    )  # fmt: skip
    assert (used, bill["levelled"], amount(bill["openAmount"])) == (2280, bill["total"], 0)

    assert amount(current["difference"]) == amount(bill["total"]) - paid
    assert current["expectedUsage"][0]["quantity"] == {"value": "2280.000", "unit": "kWh"}
    assert amount(plan["paidSoFar"]) == amount(current["amount"])
    balance = paid + amount(plan["paidSoFar"]) - amount(bill["total"])
    assert amount(plan["prepaid"]) - amount(plan["deferred"]) == balance


async def test_the_letter_tells_the_old_and_the_new_amount(front_end):
    async with front_end(LEVELLED.email) as portal:
        (contract,) = (await portal.ask(SEEN))["viewer"]["contracts"]["nodes"]

    (letter,) = contract["levelledLetters"]["nodes"]
    first = [one for one in contract["levelledPlan"]["instalments"] if one["version"] == 1]
    assert (letter["version"], letter["reason"], letter["startsOn"]) == (2, "SETTLEMENT", "2023-03-01")
    assert (letter["channel"], letter["language"], letter["contract"]) == ("EMAIL", "lv", {"number": "E-200200"})
    assert letter["newAmount"] == contract["levelledPlan"]["current"]["amount"]
    assert amount(letter["basePart"]) + amount(letter["differencePart"]) == amount(letter["newAmount"])
    assert letter["oldAmount"] == first[0]["amount"]


REFUSED = "userErrors { code path retryable } } }"
START = f"mutation ($input: LevelledPlanStartInput!) {{ levelledPlanStart(input: $input) {{ contract {{ id }} {REFUSED}"
AMOUNT = (
    "mutation ($input: LevelledPlanChangeAmountInput!) {"
    f" levelledPlanChangeAmount(input: $input) {{ contract {{ id }} {REFUSED}"
)
FORECAST = (
    "mutation ($input: LevelledPlanChangeForecastInput!) {"
    f" levelledPlanChangeForecast(input: $input) {{ contract {{ id }} {REFUSED}"
)
STOP = f"mutation ($input: LevelledPlanStopInput!) {{ levelledPlanStop(input: $input) {{ contract {{ id }} {REFUSED}"
SETTLE = (
    f"mutation ($input: LevelledPlanSettleInput!) {{ levelledPlanSettle(input: $input) {{ contract {{ id }} {REFUSED}"
)
ORDER = (
    "mutation ($input: LevelledPlansRecalculateInput!) {"
    f" levelledPlansRecalculate(input: $input) {{ run {{ id }} {REFUSED}"
)
ROWS = (
    "select (select count(*) from levelled_plan), (select count(*) from levelled_version),"
    " (select count(*) from levelled_run), (select count(*) from invoice), (select count(*) from prepaid_use),"
    " (select count(*) from contract_former_terms)"
)
OURS, PLAIN, PROTECTED = "E-200200", "E-200002", "E-200006"
KWH = [{"value": "1200"}]


@pytest.fixture
def own(demo_rows):
    """Give a contract's global id by its number, or by what it has."""

    def found(number):
        known = {
            "exchange": "select id from contract where product = 'dinamiskais' and starts = '2022-03-01' limit 1",
            "heat": "select id from contract where adapter = 'district_heating' and billing = 'DIRECT' limit 1",
        }
        ((row,),) = demo_rows(
            known.get(number, "select id from contract where number = %s"), *[number][number in known :]
        )
        return encode_id(type_name="Contract", number=row)

    return found


@pytest.mark.parametrize(
    ("document", "contract", "given", "code", "path"),
    [
        (START, OURS, {}, "LEVELLED_ALREADY", None),
        (START, PLAIN, {}, "NO_HISTORY", "forecast"),
        (START, PROTECTED, {"forecast": KWH}, "PROTECTED_SETTLES_BY_INVOICE", "settlement"),
        (START, "exchange", {"forecast": KWH}, "SETTLEMENT_NOT_ALLOWED", "settlement"),
        (START, "heat", {"forecast": KWH}, "LEVELLING_NOT_OFFERED", None),
        (AMOUNT, OURS, {"amount": "-0.01"}, "AMOUNT_NOT_POSSIBLE", "amount"),
        (AMOUNT, OURS, {"amount": "-1"}, "AMOUNT_NOT_POSSIBLE", "amount"),
        (AMOUNT, OURS, {"amount": "10.001"}, "AMOUNT_NOT_POSSIBLE", "amount"),
        (AMOUNT, OURS, {"amount": "100000.01"}, "AMOUNT_NOT_POSSIBLE", "amount"),
        (AMOUNT, PLAIN, {"amount": "10.00"}, "NOT_LEVELLED", None),
        (FORECAST, OURS, {"forecast": [{"value": "-1"}]}, "FORECAST_WRONG", "forecast"),
        (FORECAST, OURS, {"forecast": [{"value": "10000001"}]}, "FORECAST_WRONG", "forecast"),
        (FORECAST, OURS, {"forecast": [{"zone": "T2", "value": "1"}]}, "FORECAST_WRONG", "forecast"),
        (FORECAST, OURS, {"forecast": []}, "FORECAST_WRONG", "forecast"),
        (FORECAST, OURS, {"forecast": KWH * 2}, "FORECAST_WRONG", "forecast"),
        (FORECAST, PLAIN, {"forecast": KWH}, "NOT_LEVELLED", None),
        (STOP, PLAIN, {}, "NOT_LEVELLED", None),
        (STOP, OURS, {"idempotencyKey": ""}, "IDEMPOTENCY_KEY_MALFORMED", "idempotencyKey"),
    ],
)
async def test_what_is_refused_changes_nothing(front_end, demo_rows, own, document, contract, given, code, path):
    before = demo_rows(ROWS)
    asked = {"contractId": own(contract), "idempotencyKey": f"refused {code} {given}"[:200], **given}

    async with front_end(ADMIN.email) as office:
        ((_, answer),) = (await office.ask(document, input=asked)).items()

    assert [(one["code"], one["path"]) for one in answer["userErrors"]] == [(code, path)]
    assert answer["contract"] is None
    assert demo_rows(ROWS) == before


@pytest.mark.parametrize(
    ("contract", "day", "code"),
    [
        (OURS, "2023-03-01", "NOTHING_TO_SETTLE"),
        (OURS, "1970-01-01", "NOTHING_TO_SETTLE"),
        (OURS, "2100-01-01", "DAYS_TO_COME"),
        (PLAIN, "2023-03-01", "NOT_LEVELLED"),
    ],
)
async def test_a_settlement_that_cannot_be_made_makes_none(front_end, demo_rows, own, contract, day, code):
    before = demo_rows(ROWS)

    async with front_end(ADMIN.email) as office:
        answer = (await office.ask(SETTLE, input={"contractId": own(contract), "day": day}))["levelledPlanSettle"]

    assert [one["code"] for one in answer["userErrors"]] == [code]
    assert demo_rows(ROWS) == before


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"adapter": "nobody"}, "UTILITY_UNKNOWN"),
        ({"adapter": "district_heating"}, "LEVELLING_NOT_OFFERED"),
        ({"startsOn": "2100-02-02"}, "STARTS_INSIDE_MONTH"),
        ({"startsOn": "2023-02-01"}, "STARTS_TOO_EARLY"),
        ({"year": 2098}, "YEAR_NOT_POSSIBLE"),
        ({"idempotencyKey": ""}, "IDEMPOTENCY_KEY_MALFORMED"),
    ],
)
async def test_a_recalculation_that_cannot_be_ordered_is_not(front_end, demo_rows, given, code):
    before = demo_rows(ROWS)
    order = {"adapter": "electricity_retail", "year": 2100, "startsOn": "2100-02-01", "idempotencyKey": f"no {code}"}

    async with front_end(ADMIN.email) as office:
        answer = (await office.ask(ORDER, input={**order, **given}))["levelledPlansRecalculate"]

    assert ([one["code"] for one in answer["userErrors"]], answer["run"]) == ([code], None)
    assert demo_rows(ROWS) == before


@pytest.mark.parametrize(("email", "code"), [(None, "UNAUTHENTICATED"), (LEVELLED.email, "FORBIDDEN")])
async def test_only_employees_settle_and_order(front_end, demo_rows, own, email, code):
    before = demo_rows(ROWS)
    order = {"adapter": "electricity_retail", "year": 2100, "startsOn": "2100-02-01", "idempotencyKey": "mine"}

    async with front_end(email) as portal:
        settled = await portal.answer(SETTLE, input={"contractId": own(OURS), "day": "2023-03-02"})
        ordered = await portal.answer(ORDER, input=order)

    assert [answer["errors"][0]["extensions"]["code"] for answer in (settled, ordered)] == [code] * 2
    assert demo_rows(ROWS) == before


async def test_a_neighbour_cannot_change_it(front_end, own):
    async with front_end("neighbour@demo.example") as portal:
        asked = {"contractId": own(OURS), "amount": "0.00", "idempotencyKey": "mine"}
        answer = (await portal.ask(AMOUNT, input=asked))["levelledPlanChangeAmount"]

    assert [one["code"] for one in answer["userErrors"]] == ["CONTRACT_UNKNOWN"]


@pytest.mark.parametrize(
    "amount", ["NaN", "1e3", "Infinity", "", "1,5", "0x10", "9" * 60, " 5", "--1", 1.5, True, None, [], {}]
)
async def test_what_is_no_amount_is_bad_input(front_end, demo_rows, own, amount):
    before = demo_rows(ROWS)

    async with front_end(ADMIN.email) as office:
        asked = {"contractId": own(OURS), "amount": amount, "idempotencyKey": "bad"}
        answer = await office.answer(AMOUNT, input=asked)

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_INPUT"]
    assert demo_rows(ROWS) == before
