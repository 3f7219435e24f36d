"""What cannot be done with a contract and its bills is refused over HTTP with what can be done, and changes nothing."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from mains_schema.declaring.node import encode_id
from mains_server.demo.cast import ADMIN, CLERK, LEVELLED, OWNER

from tests.databases import copy_of

pytestmark = pytest.mark.asyncio
MINE, RITAS = "E-200001", "E-200200"
REFUSED = "userErrors { code message path nextAllowed } } }"
CONCLUDE = (
    f"mutation ($input: ContractConcludeInput!) {{ contractConclude(input: $input) {{ contract {{ id }} {REFUSED}"
)
SWITCH = (
    "mutation ($input: ContractSwitchProductInput!) {"
    f" contractSwitchProduct(input: $input) {{ contract {{ id }} {REFUSED}"
)
PLAIN = "userErrors { code message path retryable } } }"
CORRECT = (
    f"mutation ($input: InvoiceCorrectInput!) {{ invoiceCorrect(input: $input) {{ correction {{ outcome }} {PLAIN}"
)
AMOUNT = (
    "mutation ($input: LevelledPlanChangeAmountInput!) {"
    f" levelledPlanChangeAmount(input: $input) {{ contract {{ id }} {PLAIN}"
)
COMPARE = """query ($input: ProductComparisonInput!) { productComparison(input: $input) {
  comparison { adapter } userErrors { code message path } } }"""
PREVIEW = """query ($id: ID!, $period: PeriodInput!) { billPreview(contractId: $id, period: $period) {
  bill { kind } error { code message retryable } } }"""
AT_ONCE = (
    f"mutation ($input: InvoiceInstantCreateInput!) {{ invoiceInstantCreate(input: $input) {{ invoice {{ id }} {PLAIN}"
)
SUBMIT = """mutation ($input: ReadingSubmitInput!) { readingSubmit(input: $input) {
  reading { status } userErrors { code message } } }"""
TAKE_BACK = """mutation ($input: CorrectionsSettleInput!) { correctionsSettle(input: $input) {
  replaced userErrors { code } } }"""
TABLES = (
    "contract", "contract_supply_point", "contract_attribute", "contract_event", "contract_fee",
    "contract_former_terms",
    "invoice", "invoice_line", "correction", "correction_due", "settlement_line", "ledger_transaction", "ledger_entry",
    "payment_allocation", "prepaid_use", "levelled_plan", "levelled_version", "levelled_letter", "levelled_hold",
    "outbox_event",
)  # fmt: skip
COUNTS = "select " + ", ".join(f"(select count(*) from {name})" for name in TABLES)
# The network's price list has a version until the day and one from the next: nothing holds on the day itself.
HOLE = """
with before as (
    select * from price_version
    where adapter = 'electricity_retail' and list = 'dso' and starts < %(day)s and (ends is null or ends > %(day)s)
), after as (
    insert into price_version (adapter, list, code, starts, ends, known_from, decision, source)
    select adapter, list, code || ' again', cast(%(day)s as date) + 1, ends, known_from, decision, source from before
    returning id
), prices as (
    insert into price_row (version_id, position, name, value, unit, conditions, tax_included)
    select after.id, r.position, r.name, r.value, r.unit, r.conditions, r.tax_included
    from after, before join price_row r on r.version_id = before.id
)
update price_version set ends = %(day)s where id = (select id from before)
"""
OF_CONTRACT = "from invoice i join contract c on c.id = i.contract_id where c.number = %s and i.kind <> 'CREDIT'"
JUNE = f"select i.id {OF_CONTRACT} and i.period_from = '2022-06-01'"
LAST = f"select i.id {OF_CONTRACT} and i.period_to = '2023-03-01'"
REPLACEMENT = "select document_number from invoice where corrects_invoice_id = %s and kind <> 'CREDIT'"
# As a run books it where nobody has read.
ESTIMATED = """
update reading a set quality = 'ESTIMATED', source = 'ESTIMATION'
from contract c join contract_supply_point s on s.contract_id = c.id
where c.number = %s and a.supply_point_id = s.supply_point_id and a.counts_for = '2023-03-01'
returning a.register_id, a.value
"""


@pytest.fixture(scope="module")
def demo_address(test_databases, demo_template):
    """Give a demo of its own, in which a bill is taken back and prices are lost."""
    with copy_of(test_databases.server, template=demo_template) as address:
        yield address


@pytest.fixture
def contract(demo_rows):
    """Give what finds a contract's global id by its number."""

    def found(number):
        ((row,),) = demo_rows("select id from contract where number = %s", number)
        return encode_id(type_name="Contract", number=row)

    return found


async def refused(portal, rows, document, **given):
    """Ask for what cannot be done; nothing is made, and what is told is one thing."""
    before = rows(COUNTS)
    (answer,) = (await portal.ask(document, input=given)).values()
    assert rows(COUNTS) == before
    (error,) = answer["userErrors"]
    made = [value for name, value in answer.items() if name != "userErrors"]
    assert made == [None]
    return error


async def test_two_contracts_on_one_supply_point(front_end, demo_rows):
    ((customer, point),) = demo_rows(
        "select c.customer_id, p.identifier from contract c join contract_supply_point s on s.contract_id = c.id"
        " join supply_point p on p.id = s.supply_point_id where c.number = %s",
        MINE,
    )
    wanted = {
        "customerId": encode_id(type_name="Customer", number=customer),
        "adapter": "electricity_retail",
        "product": "klasiskais",
        "supplyPoints": [point],
        "startsOn": f"{datetime.now(UTC) + timedelta(days=62):%Y-%m}-01",
        "idempotencyKey": "overlap",
    }

    async with front_end(ADMIN.email) as office:
        error = await refused(office, demo_rows, CONCLUDE, **wanted)

    assert (error["code"], error["path"]) == ("SUPPLY_POINT_TAKEN", "supplyPoints")


async def test_a_switch_on_a_day_that_is_past(front_end, demo_rows, contract):
    wanted = {"contractId": contract(MINE), "product": "klasiskais", "startsOn": "2022-05-01"}

    async with front_end(OWNER.email) as portal:
        error = await refused(portal, demo_rows, SWITCH, **wanted, idempotencyKey="past")

    assert error["code"] == "STARTS_TOO_EARLY"
    assert error["nextAllowed"] is not None


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"adapter": "electricity_retail"}, "CONSUMPTION_MISSING"), ({"contractId": MINE}, "NO_USAGE")],
)
async def test_a_comparison_of_what_nobody_knows(front_end, demo_rows, contract, asked, code):
    """The demo's meters tell nothing after its year, and today is later."""
    given = {name: contract(value) if name == "contractId" else value for name, value in asked.items()}

    async with front_end(OWNER.email) as portal:
        error = await refused(portal, demo_rows, COMPARE, **given)

    assert error["code"] == code
    assert error["path"] == ("contractId" if code == "NO_USAGE" else "consumption")


async def test_a_day_without_a_price_is_named_whatever_is_asked(front_end, demo_address, demo_rows, contract):
    """No bill over the day is seen, issued or corrected, and no product is compared on it."""
    with psycopg.connect(demo_address) as connection:
        for day in ("2022-06-15", "2023-03-05"):
            connection.execute(HOLE, {"day": day})
    ((june,),) = demo_rows(JUNE, MINE)
    wrong = {"invoiceId": encode_id(type_name="Invoice", number=june), "reason": "PRICE", "note": "the hole"}
    asked = {"id": contract(MINE), "period": {"from": "2022-06-01", "to": "2022-07-01"}}

    async with front_end(CLERK.email) as office:
        before = demo_rows(COUNTS)
        seen = (await office.ask(PREVIEW, **asked))["billPreview"]
        held = await refused(office, demo_rows, CORRECT, **wrong, idempotencyKey="hole")
    async with front_end(OWNER.email) as portal:
        at_once = {"contractId": contract(MINE), "upTo": "2023-04-01", "idempotencyKey": "hole"}
        issued = await refused(portal, demo_rows, AT_ONCE, **at_once)
        compared = await refused(portal, demo_rows, COMPARE, contractId=contract(MINE), on="2022-06-15")

    assert demo_rows(COUNTS) == before
    assert (seen["bill"], seen["error"]["code"]) == (None, "BILL_HELD")
    assert (held["code"], issued["code"]) == ("CORRECTION_HELD", "BILL_HELD")
    assert compared["code"] == "NOTHING_COMPARABLE"
    for message, day in (
        (seen["error"]["message"], "2022-06-15"),
        (held["message"], "2022-06-15"),
        (issued["message"], "2023-03-05"),
        (compared["message"], "2022-06-15"),
    ):
        assert message.endswith(f"dso_fixed: give a version of price list `dso` for {day}")


async def test_a_bill_that_was_taken_back_is_not_corrected_but_its_replacement_is(front_end, demo_address, demo_rows):
    with psycopg.connect(demo_address) as connection:
        ((register, value),) = connection.execute(ESTIMATED, [MINE]).fetchall()
    ((wrong,),) = demo_rows(LAST, MINE)
    told = {"registerId": encode_id(type_name="Register", number=register), "value": str(value - 10), "unit": "kWh"}
    asked = {"invoiceId": encode_id(type_name="Invoice", number=wrong), "reason": "READING", "note": "twice"}

    async with front_end(OWNER.email) as portal:
        taken = {**told, "takenAt": "2023-02-28T10:00:00Z", "idempotencyKey": "truth"}
        assert (await portal.ask(SUBMIT, input=taken))["readingSubmit"]["userErrors"] == []
    async with front_end(CLERK.email) as office:
        settled = (await office.ask(TAKE_BACK, input={"idempotencyKey": "monday"}))["correctionsSettle"]
        error = await refused(office, demo_rows, CORRECT, **asked, idempotencyKey="again")

    ((replacement,),) = demo_rows(REPLACEMENT, wrong)
    assert settled == {"replaced": 1, "userErrors": []}
    assert (error["code"], error["path"]) == ("INVOICE_CREDITED", "invoiceId")
    assert replacement in error["message"]


async def test_an_amount_below_nothing(front_end, demo_rows, contract):
    asked = {"contractId": contract(RITAS), "amount": "-0.01", "idempotencyKey": "below"}

    async with front_end(LEVELLED.email) as portal:
        error = await refused(portal, demo_rows, AMOUNT, **asked)

    assert (error["code"], error["path"]) == ("AMOUNT_NOT_POSSIBLE", "amount")
    assert "0.00, is the least" in error["message"]
