"""A household that does not pay, over HTTP: reminders, interest, parts that are missed, parts that are kept."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import psycopg
import pytest
from mains_schema.declaring.node import encode_id
from mains_schema.served import graphql_app
from mains_server.books.queries import check_books
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.demo.cast import DELEGATE, MANAGER, NEIGHBOUR, OPERATOR, PASSWORD
from mains_server.demo.settle import settle
from mains_server.demo.year import bill_month
from mains_server.dunning.jobs import day_of_debts
from mains_server.dunning.reminding import Dunner
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest

RIGA = ZoneInfo("Europe/Riga")
RETAIL = "electricity_retail"
SIGN_IN = "mutation ($input: SessionCreateInput!) { sessionCreate(input: $input) { token } }"
DEBTS = """query ($id: ID!) { node(id: $id) { ... on Contract { fees { code }
  debts { openAmount { amount } overdue { amount } ages { bucket amount { amount } }
    items { invoiceNumber dueOn daysOverdue bucket isArranged interestCharged { amount } interestAccrued { amount }
      reminders { stage channel day feeCode } } }
  debtArrangements { state endedOn total { amount } paid { amount } parts { dueOn amount { amount } } } } } }"""
PREVIEW = """query ($id: ID!, $first: Decimal!, $parts: Int!, $on: Date!) { node(id: $id) { ... on Contract {
  debtArrangementPreview(firstAmount: $first, parts: $parts, firstDueOn: $on) {
    total { amount } parts { dueOn amount { amount } } userErrors { code path } } } } }"""
ARRANGE = """mutation ($input: DebtArrangeInput!) { debtArrange(input: $input) {
  contract { debtArrangements { state } } userErrors { code path } } }"""
HOUSE = "{ viewer { buildings(first: 5) { nodes { debts { overdue { amount } owingPremises ages { bucket } } } } } }"


@dataclass
class Day:
    """A front end on days of its own, signed in as one after another."""

    client: httpx2.AsyncClient
    engine: Any
    host: Any
    contract: int
    customer: int
    now: datetime = datetime(2022, 4, 11, 9, tzinfo=UTC)

    @property
    def own(self) -> str:
        return encode_id(type_name="Contract", number=self.contract)

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        answer = (await self.client.post("/", json={"query": document, "variables": variables})).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def sign_in(self, email: str) -> None:
        self.client.headers.pop("authorization", None)
        token = (await self.ask(SIGN_IN, input={"email": email, "password": PASSWORD}))["sessionCreate"]["token"]
        self.client.headers["authorization"] = f"Bearer {token}"

    async def comes(self, day: date) -> dict[str, int]:
        """Let a day come, with what it brings debts."""
        self.now = datetime.combine(day, time(9), tzinfo=RIGA)
        dunner = Dunner(engine=self.engine, adapter=self.host.adapter(RETAIL), now=self.now, today=day)
        return dict(await day_of_debts(dunner))

    async def contract_now(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask(DEBTS, id=self.own))["node"]
        return found

    async def arrange(self, key: str, **given: Any) -> dict[str, Any]:
        asked = {"contractId": self.own, "firstDueOn": f"{self.now:%Y-%m-%d}", "idempotencyKey": key, **given}
        payload: dict[str, Any] = (await self.ask(ARRANGE, input=asked))["debtArrange"]
        return payload

    async def pay(self, amount: str) -> None:
        request = PaymentRequest(
            customer_id=self.customer, amount=Decimal(amount), currency="EUR", method=PaymentMethod.BANK_TRANSFER,
            received_on=self.now.date(), reference="", idempotency_key=f"bank {self.now}",
        )  # fmt: skip
        async with unit_of_work(self.engine) as session:
            await receive_payment(session, request=request, now=self.now)


@pytest.mark.asyncio
async def test_a_debtor(test_databases, demo_host):
    with test_databases.one() as address:
        engine = make_engine(address=address, connections_max=6)
        async with unit_of_work(engine) as session:
            await settle(session, host=demo_host, now=datetime(2022, 2, 20, 8, tzinfo=UTC))
        bill_month(address=address, host=demo_host, first=date(2022, 3, 1), following=date(2022, 4, 1))
        with psycopg.connect(address) as connection:
            (contract, customer) = connection.execute(
                "select i.contract_id, i.customer_id from invoice i"
                " join access_grant g on g.customer_id = i.customer_id"
                " join person p on p.id = g.person_id where p.email = %s and g.role = 'OWNER' and i.adapter = %s",
                [DELEGATE.email, RETAIL],
            ).fetchall()[0]
        story = Day(httpx2.AsyncClient(), engine, demo_host, contract, customer)
        app = graphql_app(engine=engine, host=demo_host, session_lifetime=timedelta(days=800), clock=lambda: story.now)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains") as client:
            story.client = client
            await story.sign_in(DELEGATE.email)
            await is_reminded(story)
            await misses_a_part(story)
            await keeps_the_parts(story)
            await the_house_is_told_a_sum(story)
        async with read_session(engine) as session:
            assert (await check_books(session)).findings == ()
        await engine.dispose()


async def is_reminded(story: Day) -> None:
    """Three reminders, the first for a fee; interest begins the day after the last day to pay."""
    (debt,) = (await story.contract_now())["debts"]
    (item,) = debt["items"]
    due_on = date.fromisoformat(item["dueOn"])
    assert (item["daysOverdue"], item["bucket"], debt["overdue"]["amount"]) == (0, "NOT_DUE", "0.00")
    for days in (5, 15, 30):
        assert (await story.comes(due_on + timedelta(days=days)))["reminded"] >= 1
    now = await story.contract_now()
    (item,) = now["debts"][0]["items"]
    assert [(one["stage"], one["channel"], one["feeCode"]) for one in item["reminders"]] == [
        (1, "SMS", "reminder_sms"), (2, "EMAIL", None), (3, "LETTER", None),
    ]  # fmt: skip
    assert (item["daysOverdue"], item["bucket"]) == (30, "DAYS_1_30")
    charged = Decimal(item["interestCharged"]["amount"]) + Decimal(item["interestAccrued"]["amount"])
    whole = Decimal(now["debts"][0]["openAmount"]["amount"])
    # Days one to twenty-nine are over: whole x 0.06 x 29 / 365.
    assert abs(charged - whole * 29 * 6 / 36500) <= Decimal("0.005")


async def misses_a_part(story: Day) -> None:
    """The household arranges its debt, once however often it asks, and does not pay the second part."""
    whole = Decimal((await story.contract_now())["debts"][0]["overdue"]["amount"])
    first = (whole / 4).quantize(Decimal("0.01"))
    shown = (await story.ask(PREVIEW, id=story.own, first=str(first), parts=3, on=f"{story.now:%Y-%m-%d}"))["node"]
    preview = shown["debtArrangementPreview"]
    assert preview["userErrors"] == []
    assert sum(Decimal(part["amount"]["amount"]) for part in preview["parts"]) == whole
    small = await story.arrange("a", firstAmount="0.01", parts=3)
    assert small["userErrors"] == [{"code": "FIRST_PART_TOO_SMALL", "path": "firstAmount"}]
    for _ in range(2):
        made = await story.arrange("b", firstAmount=str(first), parts=3)
        assert made == {"contract": {"debtArrangements": [{"state": "RUNNING"}]}, "userErrors": []}
    await story.pay(str(first))
    await story.comes(date.fromisoformat(preview["parts"][1]["dueOn"]) + timedelta(days=3))
    assert (await story.contract_now())["debts"][0]["items"][0]["isArranged"] is True
    assert (await story.comes(story.now.date() + timedelta(days=1)))["broken"] == 1
    again = await story.arrange("c", firstAmount="50.00", parts=3)
    assert [error["code"] for error in again["userErrors"]] == ["BROKEN_BEFORE"]


async def keeps_the_parts(story: Day) -> None:
    """An employee allows another arrangement, which is kept; the interest is on the next bill."""
    await story.sign_in(OPERATOR.email)
    left = Decimal((await story.contract_now())["debts"][0]["overdue"]["amount"])
    made = await story.arrange("d", firstAmount=str(left - 1), parts=2)
    assert made["userErrors"] == []
    await story.pay(str(left))
    assert (await story.comes(story.now.date() + timedelta(days=1)))["kept"] == 1
    now = await story.contract_now()
    assert [one["state"] for one in now["debtArrangements"]] == ["BROKEN", "KEPT"]
    assert now["debtArrangements"][1]["paid"] == now["debtArrangements"][1]["total"]
    assert now["debts"] == []
    assert {"late_interest", "reminder_sms"} <= {fee["code"] for fee in now["fees"]}


async def the_house_is_told_a_sum(story: Day) -> None:
    """Who lives in the house and who manages it see the same sum; nobody is named."""
    sums = []
    for email in (NEIGHBOUR.email, MANAGER.email):
        await story.sign_in(email)
        (house,) = (await story.ask(HOUSE))["viewer"]["buildings"]["nodes"]
        sums += house["debts"]
    assert sums[0] == sums[1] and Decimal(sums[0]["overdue"]["amount"]) > 0
    assert sums[0]["owingPremises"] > 3
