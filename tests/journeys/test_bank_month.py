"""A clerk takes in the bank's month with everything odd that comes in one, over HTTP, under the server's own role."""

from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest
import pytest_asyncio
from mains_server.app import make_app
from mains_server.db.engine import make_engine
from mains_server.db.migrate import server_role
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.demo import cast
from mains_server.money.rules import creditor_reference
from mains_server.payments.queries import balances_of
from mains_server.payments.rules import contract_reference
from mains_server.settings import Mode, Settings

from tests.journeys.conftest import FrontEnd
from tests.server.conftest import utility
from tests.server.statements.camt_files import Paid, bank_file
from tests.server.statements.conftest import Bank

__all__ = ["utility"]
pytestmark = pytest.mark.asyncio

ANNOUNCE = "mutation { bankStatementUploadCreate { uploadUrl upload { id status } } }"
REPORT = """
query ($id: ID!) { node(id: $id) { ... on BankStatementUpload { status code statements(first: 5) { nodes {
    statementId linesNew linesKnown pending isProved closing { amount } account { iban balance { amount } }
    lines(first: 50) { nodes { amount { amount } state reason parts { amount { amount } rule customer { number } } } }
} } } } }
"""
QUEUE = """
{ staff { bankQueue(first: 20, orderBy: OLDEST) { totalCount nodes { id amount { amount } reason text
    suggestions { rank rule confidence customer { id number } } } } } }
"""
CUSTOMERS = (
    "{ staff { customers(first: 20) { nodes { id number invoices(first: 5) { nodes { id number status } } } } } }"
)
DECISION = "{ bankLine { state parts { amount { amount } customer { number } } } userErrors { code path } }"
MATCH = f"mutation ($input: BankLineMatchInput!) {{ bankLineMatch(input: $input) {DECISION} }}"
SPLIT = f"mutation ($input: BankLineSplitInput!) {{ bankLineSplit(input: $input) {DECISION} }}"
ASIDE = f"mutation ($input: BankLineSetAsideInput!) {{ bankLineSetAside(input: $input) {DECISION} }}"
BACK = f"mutation ($input: BankLineTakeBackInput!) {{ bankLineTakeBack(input: $input) {DECISION} }}"
ACCOUNT = """
query ($period: PeriodInput!) { viewer { customers(first: 5) { nodes { accountStatement(period: $period) {
    opening { amount } closing { amount } items { day kind text amount { amount } balance { amount } } } } } } }
"""
DAYS = ("2024-02-09", "2024-02-09")


def reference(number):
    return creditor_reference(f"T-{number:06d}")


DAUGHTER = Paid(amount="121.00", text="vecmammas rekins T-000003", name="Līga Kalniņa", iban="LV51HABA0000000000007")
MONTH = (
    Paid(amount="242.00", structured=reference(2), ref="B1"),
    Paid(amount="60.50", structured=reference(4)),
    Paid(amount="60.50", structured=reference(4)),
    Paid(amount="200.00", text=f"par rekinu {reference(1)[:4]} {reference(1)[4:]}"),
    Paid(amount="42.00", structured=reference(5)),
    Paid(amount="10.00", text="RF53T000002", name="Nav Zināms", iban="LV51HABA0000000000008"),
    DAUGHTER,
    Paid(
        amount="130.00",
        batch=(
            Paid(amount="100.00", structured=reference(5), end_to_end="E1"),
            Paid(amount="30.00", structured=contract_reference("K-100003"), end_to_end="E2"),
        ),
    ),
    Paid(amount="17.00", text="paldies", name="Nav Zināms", iban="LV51HABA0000000000009"),
    Paid(amount="242.00", side="DBIT", is_reversal=True, ref="B1"),
    Paid(amount="0.40", side="DBIT", text="Komisija", name="Banka", iban="LV51HABA0000000000010"),
    Paid(amount="75.00", status="PDNG"),
)
# 1000.00 + 242.00 + 60.50 + 60.50 + 200.00 + 42.00 + 10.00 + 121.00 + 130.00 + 17.00 - 242.00 - 0.40
CLOSING = "1640.60"


@pytest_asyncio.fixture
async def town(utility):
    """C-100001 owes 121.00 and 242.00, C-100002 121.00, C-100004 121.00, C-100005 242.00; C-100003 is levelled."""
    bills = {"C-100001": ("100.00", "200.00"), "C-100002": ("100.00",), "C-100003": (), "C-100004": ("100.00",),
             "C-100005": ("200.00",)}  # fmt: skip
    for number, nets in bills.items():
        customer = await utility.customer(number)
        contract = await utility.contract(customer, f"K{number[1:]}")
        for month, net in enumerate(nets, start=1):
            await utility.invoice(customer, contract, month=month, nets=(net,))
    await utility.run("update contract set settlement = 'LEVELLED' where number = 'K-100003'")
    async with unit_of_work(utility.engine) as session:
        await cast.admit_staff(session, now=utility.now)
        await cast.admit_owner(session, login=cast.OWNER, customer_id=1, now=utility.now)
    return Bank(utility=utility)


@pytest.fixture
def portal(database_url, demo_host):
    @asynccontextmanager
    async def opened(email):
        engine = make_engine(address=database_url, connections_max=5, role=server_role(address=database_url))
        app = make_app(engine=engine, settings=Settings(mode=Mode.DEMO), host=demo_host)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
            found = FrontEnd(client)
            await found.sign_in(email)
            yield found
        await engine.dispose()

    return opened


async def sends(desk, content):
    """Announce a file, send it, and give the answer and the report."""
    announced = (await desk.ask(ANNOUNCE))["bankStatementUploadCreate"]
    answer = await desk.client.put(announced["uploadUrl"], content=content.getvalue())
    report = (await desk.ask(REPORT, id=announced["upload"]["id"]))["node"]
    return answer, report


def states(report):
    (statement,) = report["statements"]["nodes"]
    return [(line["amount"]["amount"], line["state"], line["reason"]) for line in statement["lines"]["nodes"]]


async def test_a_month_of_the_bank_with_everything_odd_in_it(town, portal):
    async with portal("clerk@demo.example") as desk:
        answer, report = await sends(desk, bank_file(*MONTH, days=DAYS))

        assert answer.status_code == 200, answer.text
        assert answer.json()["lines"] == {"NEW": 0, "MATCHED": 8, "QUEUED": 3, "SET_ASIDE": 0, "REVERSED": 1}
        assert states(report) == [
            ("242.00", "REVERSED", None), ("60.50", "MATCHED", None), ("60.50", "MATCHED", None),
            ("200.00", "MATCHED", None), ("42.00", "MATCHED", None), ("10.00", "QUEUED", "UNMATCHED"),
            ("121.00", "MATCHED", None), ("100.00", "MATCHED", None), ("30.00", "MATCHED", None),
            ("17.00", "QUEUED", "UNMATCHED"), ("-242.00", "MATCHED", None), ("-0.40", "QUEUED", "MONEY_OUT"),
        ]  # fmt: skip
        assert await opened(desk) == {"T-000001": "PAID", "T-000002": "PARTLY_PAID", "T-000003": "PAID",
                                      "T-000004": "PAID", "T-000005": "PARTLY_PAID"}  # fmt: skip
        assert await town.is_sound() == Decimal(CLOSING)

        await nothing_comes_twice(desk, town)
        await the_queue_is_worked_off(desk, town)

    async with portal(cast.OWNER.email) as customer:
        await the_account_is_printed(customer, town)


async def opened(desk):
    customers = (await desk.ask(CUSTOMERS))["staff"]["customers"]["nodes"]
    return {one["number"]: one["status"] for customer in customers for one in customer["invoices"]["nodes"]}


async def nothing_comes_twice(desk, town):
    """The same file again, and one that overlaps in the other version of the format."""
    answer, report = await sends(desk, bank_file(*MONTH, days=DAYS))
    assert (answer.status_code, report["statements"]["nodes"]) == (200, [])
    later = Paid(amount="1.00", day="2024-02-10", structured=reference(5))
    overlapping = bank_file(*MONTH, later, version="08", message="M2", number="S2", days=(DAYS[0], "2024-02-10"))
    answer, report = await sends(desk, overlapping)
    (statement,) = report["statements"]["nodes"]
    assert (statement["linesNew"], statement["linesKnown"], statement["pending"]) == (1, 12, 1)
    assert statement["account"]["balance"] == {"amount": "1641.60"}
    refused, report = await sends(desk, bank_file(Paid(amount="1.00"), message="M3", closing="5.00"))
    assert (refused.status_code, refused.json()["code"], report["code"]) == (
        422, "TOTALS_DO_NOT_FIT", "TOTALS_DO_NOT_FIT",
    )  # fmt: skip
    assert await town.is_sound() == Decimal("1641.60")


async def the_queue_is_worked_off(desk, town):
    queue = (await desk.ask(QUEUE))["staff"]["bankQueue"]["nodes"]
    lines = {one["amount"]["amount"]: one["id"] for one in queue}
    ids = {one["number"]: one["id"] for one in (await desk.ask(CUSTOMERS))["staff"]["customers"]["nodes"]}

    wrong = {"lineId": lines["10.00"], "customerId": ids["C-100002"], "idempotencyKey": "a"}
    assert (await desk.ask(MATCH, input=wrong))["bankLineMatch"]["bankLine"]["state"] == "MATCHED"
    back = {"lineId": lines["10.00"], "note": "It was the other customer.", "idempotencyKey": "b"}
    assert (await desk.ask(BACK, input=back))["bankLineTakeBack"]["bankLine"]["state"] == "QUEUED"
    right = {"lineId": lines["10.00"], "customerId": ids["C-100001"], "idempotencyKey": "c"}
    for _ in range(2):
        found = (await desk.ask(MATCH, input=right))["bankLineMatch"]
        assert (found["bankLine"]["state"], found["userErrors"]) == ("MATCHED", [])

    halves = (("C-100004", "7.00"), ("C-100005", "9.00"))
    parts = [{"customerId": ids[number], "amount": amount} for number, amount in halves]
    split = {"lineId": lines["17.00"], "parts": parts, "idempotencyKey": "d"}
    assert (await desk.ask(SPLIT, input=split))["bankLineSplit"]["userErrors"] == [
        {"code": "PARTS_DO_NOT_ADD_UP", "path": "parts"}
    ]
    split |= {"parts": [parts[0], parts[1] | {"amount": "10.00"}], "idempotencyKey": "e"}
    assert (await desk.ask(SPLIT, input=split))["bankLineSplit"]["userErrors"] == []
    fee = {"lineId": lines["-0.40"], "reason": "OTHER_BOOKS", "note": "charge", "idempotencyKey": "f"}
    assert (await desk.ask(ASIDE, input=fee))["bankLineSetAside"]["bankLine"]["state"] == "SET_ASIDE"

    assert (await desk.ask(QUEUE))["staff"]["bankQueue"]["totalCount"] == 0
    assert "unmatched" not in await town.balances()
    assert await town.is_sound() == Decimal("1641.60")


async def account(customer, starts, ends):
    found = await customer.ask(ACCOUNT, period={"from": starts.isoformat(), "to": ends.isoformat()})
    ((statement,),) = (one["accountStatement"] for one in found["viewer"]["customers"]["nodes"])
    told = [(one["kind"], one["text"], one["amount"]["amount"], one["balance"]["amount"]) for one in statement["items"]]
    return statement["opening"]["amount"], told, statement["closing"]["amount"]


async def the_account_is_printed(customer, town):
    assert await account(customer, date(2024, 1, 1), date(2024, 4, 1)) == (
        "0.00",
        [
            ("INVOICE", "T-000001", "121.00", "121.00"),
            ("PAYMENT", reference(2), "-242.00", "-121.00"),
            ("PAYMENT", f"par rekinu {reference(1)[:4]} {reference(1)[4:]}", "-200.00", "-321.00"),
            ("PAYMENT", "RF53T000002", "-10.00", "-331.00"),
            ("INVOICE", "T-000002", "242.00", "-89.00"),
        ],
        "-89.00",
    )
    # The reversal counts on the day on which we heard of it, which is that of this test.
    around = datetime.now(UTC).date()
    assert await account(customer, around - timedelta(days=9), around + timedelta(days=9)) == (
        "-89.00", [("PAYMENT_BACK", "the bank took it back", "242.00", "153.00")], "153.00",
    )  # fmt: skip
    async with read_session(town.utility.engine) as session:
        (balance,) = await balances_of(session, customer_id=1)
    assert (balance.ledger, balance.documents, balance.statement) == (Decimal("153.00"),) * 3
