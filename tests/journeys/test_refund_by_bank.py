"""A clerk asks for a refund by bank and an administrator sends it, over HTTP, under the server's own role."""

import hashlib
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import httpx2
import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_server.app import make_app
from mains_server.books.queries import check_books
from mains_server.db.engine import make_engine
from mains_server.db.migrate import server_role
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.demo import cast
from mains_server.ledger.queries import account_balances
from mains_server.paying.pain import NAMESPACE
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_server.settings import Mode, Settings

from tests.journeys.conftest import FrontEnd
from tests.server.conftest import utility

__all__ = ["utility"]
pytestmark = pytest.mark.asyncio
OURS, THEIRS = "LV80BANK0000435195001", "DE89370400440532013000"
FILE = "payoutFile { number state refunds total { amount } sha256 url } userErrors { code }"
REFUND = """
mutation ($input: RefundCreateInput!) { refundCreate(input: $input) {
    refund { id status amount { amount } } userErrors { code } } }
"""
MAKE = f"mutation ($input: PayoutFileMakeInput!) {{ payoutFileMake(input: $input) {{ {FILE} }} }}"
CONFIRM = f"mutation ($input: PayoutFileConfirmInput!) {{ payoutFileConfirm(input: $input) {{ {FILE} }} }}"
CANCEL = f"mutation ($input: PayoutFileCancelInput!) {{ payoutFileCancel(input: $input) {{ {FILE} }} }}"
REJECT = """
mutation ($input: RefundRejectInput!) { refundReject(input: $input) { refund { status } userErrors { code } } }
"""
BEFORE = {"bank:bank_transfer": "150.00", "receivable": "-29.00"}
ON_ITS_WAY = {"bank:bank_transfer": "150.00", "refunds": "-29.00"}
GONE = {"bank:bank_transfer": "121.00"}


class Office:
    """A customer who paid 150.00 for a bill of 121.00 by bank, and who works there."""

    def __init__(self, utility, payment, opened):
        self.utility, self.opened = utility, opened
        self.asked = {
            "paymentId": encode_id(type_name="Payment", number=payment),
            "amount": "29.00",
            "reason": "moved away",
            "iban": THEIRS,
            "payeeName": "Ģirts Šķēle",
            "idempotencyKey": "r",
        }

    async def money(self):
        """Give the accounts of money; the whole books balance."""
        async with read_session(self.utility.engine) as session:
            assert (await check_books(session)).findings == ()
            found = await account_balances(session)
        skipped = ("revenue", "tax", "support")
        return {one.account: str(one.balance) for one in found if one.balance and not one.account.startswith(skipped)}


@pytest_asyncio.fixture
async def office(utility, database_url, demo_host):
    customer = await utility.customer()
    await utility.invoice(customer, await utility.contract(customer))
    paid = PaymentRequest(
        customer_id=customer,
        amount=Decimal("150.00"),
        currency="EUR",
        method=PaymentMethod.BANK_TRANSFER,
        received_on=date(2024, 2, 9),
        reference="RF18H1",
        idempotency_key="p",
    )
    async with unit_of_work(utility.engine) as session:
        payment = await receive_payment(session, request=paid, now=utility.now)
        await cast.admit_staff(session, now=utility.now)
        await cast.admit_owner(session, login=cast.OWNER, customer_id=customer, now=utility.now)
    engine = make_engine(address=database_url, connections_max=5, role=server_role(address=database_url))
    app = make_app(engine=engine, settings=Settings(mode=Mode.DEMO), host=demo_host)

    @asynccontextmanager
    async def opened(login):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mains.test") as client:
            found = FrontEnd(client)
            await found.sign_in(login.email)
            yield found

    yield Office(utility, payment.id, opened)
    await engine.dispose()


async def refused(front_end, query, **given):
    """Give the code of a refusal, whether the field or the whole request is refused."""
    answer = await front_end.answer(query, input=given)
    if "errors" in answer:
        return answer["errors"][0]["extensions"]["code"]
    ((payload),) = answer["data"].values()
    return [one["code"] for one in payload["userErrors"]]


async def takes(front_end, url):
    return await front_end.client.get(url, headers=front_end.headers)


async def made(front_end, *, key="f"):
    payload = (await front_end.ask(MAKE, input={"fromIban": OURS, "idempotencyKey": key}))["payoutFileMake"]
    assert payload["userErrors"] == []
    return payload["payoutFile"]


async def test_a_refund_goes_by_bank_through_two_employees_once(office):
    async with office.opened(cast.CLERK) as clerk, office.opened(cast.ADMIN) as admin:
        first = (await clerk.ask(REFUND, input=office.asked))["refundCreate"]
        assert (first["userErrors"], first["refund"]["amount"]) == ([], {"amount": "29.00"})
        assert (await clerk.ask(REFUND, input=office.asked))["refundCreate"] == first
        assert await refused(clerk, REFUND, **office.asked | {"idempotencyKey": "again"}) == ["NOT_CREDIT"]
        assert await office.money() == ON_ITS_WAY

        assert await refused(clerk, MAKE, fromIban=OURS, idempotencyKey="own") == ["NO_REFUNDS"]
        assert await refused(admin, MAKE, fromIban=THEIRS, idempotencyKey="x") == ["ACCOUNT_NOT_OURS"]
        file = await made(admin)
        assert (file["state"], file["refunds"], file["total"]) == ("MADE", 1, {"amount": "29.00"})
        assert await made(admin) == file
        assert await refused(admin, CONFIRM, number=file["number"]) == ["PAYOUT_FILE_NOT_TAKEN"]

        await nobody_else_takes_it(office, file)
        await it_is_taken_once(admin, clerk, file)
        assert await office.money() == ON_ITS_WAY
        payload = (await admin.ask(CONFIRM, input={"number": file["number"]}))["payoutFileConfirm"]
        assert (payload["payoutFile"]["state"], payload["userErrors"]) == ("CONFIRMED", [])
        assert await office.money() == GONE

        assert await refused(admin, CONFIRM, number=file["number"]) == ["PAYOUT_FILE_OVER"]
        assert await refused(clerk, CANCEL, number=file["number"], reason="?") == ["PAYOUT_FILE_OVER"]
        assert await refused(clerk, REJECT, refundId=first["refund"]["id"], reason="?") == ["REFUND_OVER"]
        assert await refused(clerk, REFUND, **office.asked | {"idempotencyKey": "late"}) == ["NOT_CREDIT"]
        assert await office.money() == GONE


async def nobody_else_takes_it(office, file):
    """Employees of another role, customers and strangers are told that there is nothing, and can do nothing."""
    for login in (cast.OPERATOR, cast.OWNER):
        async with office.opened(login) as other:
            assert (await takes(other, file["url"])).status_code == 404
            assert await refused(other, MAKE, fromIban=OURS, idempotencyKey="z") == "FORBIDDEN"
            assert await refused(other, CONFIRM, number=file["number"]) == "FORBIDDEN"
            assert await refused(other, CANCEL, number=file["number"], reason="?") == "FORBIDDEN"
            assert (await other.client.get(file["url"])).status_code == 404


async def it_is_taken_once(admin, clerk, file):
    answer = await takes(admin, file["url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    assert answer.headers["cache-control"] == "private, no-store"
    assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]
    found = ElementTree.fromstring(answer.content).find(f".//{{{NAMESPACE}}}CdtTrfTxInf")
    assert [text.strip() for text in found.itertext() if text.strip()][1:] == [
        "29.00", "Ģirts Šķēle", THEIRS, "RF18H1",
    ]  # fmt: skip
    for again in (admin, clerk):
        answer = await takes(again, file["url"])
        assert (answer.status_code, answer.json()["code"]) == (410, "PAYOUT_FILE_TAKEN")


async def test_what_does_not_go_is_credit_again(office):
    async with office.opened(cast.CLERK) as clerk, office.opened(cast.ADMIN) as admin:
        refund = (await clerk.ask(REFUND, input=office.asked))["refundCreate"]["refund"]
        lost = await made(admin)
        assert await refused(clerk, CANCEL, number=lost["number"], reason=" ") == ["REASON_WRONG"]
        payload = (await clerk.ask(CANCEL, input={"number": lost["number"], "reason": "lost"}))["payoutFileCancel"]
        assert payload["payoutFile"]["state"] == "CANCELLED"
        assert (await takes(admin, lost["url"])).json()["code"] == "PAYOUT_FILE_OVER"

        file = await made(admin, key="f2")
        assert (await takes(admin, file["url"])).status_code == 200
        rejected = (await clerk.ask(REJECT, input={"refundId": refund["id"], "reason": "closed"}))["refundReject"]
        assert rejected["userErrors"] == []
        assert (await admin.ask(CONFIRM, input={"number": file["number"]}))["payoutFileConfirm"]["userErrors"] == []

    assert await office.money() == BEFORE
