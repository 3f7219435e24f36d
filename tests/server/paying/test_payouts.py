"""Credit of bank transfers goes back by bank: asked for by one, sent by another, booked when it left, each once."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from xml.etree import ElementTree

import pytest
import pytest_asyncio
from mains_server.access.records import StaffRole, Viewer
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.paying import payouts, queries
from mains_server.paying.pain import NAMESPACE
from mains_server.paying.payouts import BankRefundAsked
from mains_server.paying.records import PayoutState
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest

pytestmark = pytest.mark.asyncio
OURS, THEIRS = "LV80BANK0000435195001", "DE89370400440532013000"
ASKED = BankRefundAsked(payment_id=0, amount=D("29.00"), reason="moved away", iban=THEIRS, payee_name="Anna", key="r")
CREDIT = ([], "29.00", {"bank:bank_transfer": "150.00", "receivable": "-29.00"})
ON_ITS_WAY = ([], "0.00", {"bank:bank_transfer": "150.00", "refunds": "-29.00"})
GONE = ([], "0.00", {"bank:bank_transfer": "121.00"})


class Office:
    """Two clerks, and a customer who paid 150.00 for an invoice of 121.00 by bank."""

    def __init__(self, desk, customer, payment, second):
        self.desk, self.customer, self.payment = desk, customer, payment
        roles = frozenset({StaffRole.BILLING_CLERK})
        self.asks = Viewer(person_id=desk.person_id, language="en", staff=roles)
        self.sends = Viewer(person_id=second, language="en", staff=roles)
        self.engine = desk.utility.engine

    async def do(self, deed, **what):
        async with unit_of_work(self.engine) as session:
            return await deed(session, now=self.desk.utility.now, **what)

    async def ask(self, viewer=None, **change):
        asked = replace(ASKED, payment_id=self.payment, **change)
        return await self.do(payouts.request_bank_refund, viewer=viewer or self.asks, asked=asked)

    async def make(self, viewer=None, key="f", iban=OURS):
        return await self.do(payouts.make_payout_file, viewer=viewer or self.sends, from_iban=iban, key=key)

    async def owed(self):
        return await self.desk.owed(self.customer)

    async def state(self, number):
        async with read_session(self.engine) as session:
            return (await queries.payout_file(session, file_id=number)).state


@pytest_asyncio.fixture
async def office(desk):
    customer, _, _ = await desk.owned("100.00")
    second = await desk.utility.run(
        "insert into person (email, name, language, created_at) values ('b@b.example', 'B', 'en', :now) returning id",
        now=desk.utility.now,
    )
    request = PaymentRequest(
        customer_id=customer,
        amount=D("150.00"),
        currency="EUR",
        method=PaymentMethod.BANK_TRANSFER,
        received_on=date(2024, 2, 9),
        reference="RF18H1",
        idempotency_key="p",
    )
    async with unit_of_work(desk.utility.engine) as session:
        payment = await receive_payment(session, request=request, now=desk.utility.now)
    return Office(desk, customer, payment.id, second)


async def test_a_refund_is_set_aside_put_into_a_file_and_booked_when_it_left(office):
    assert await office.owed() == CREDIT
    refund = await office.ask()
    assert await office.ask() == refund
    assert await office.owed() == ON_ITS_WAY

    number = await office.make()
    assert await office.make() == number
    content = await office.do(payouts.take_payout_file, viewer=office.sends, number=number)
    assert await office.owed() == ON_ITS_WAY
    await office.do(payouts.confirm_payout_file, viewer=office.sends, number=number)

    assert await office.owed() == GONE
    assert await office.state(number) is PayoutState.CONFIRMED
    found = ElementTree.fromstring(content).find(f".//{{{NAMESPACE}}}CdtTrfTxInf")
    said = [text.strip() for text in found.itertext() if text.strip()]
    assert said[1:] == ["29.00", "Anna", THEIRS, "RF18H1"]


async def test_who_asked_does_not_send(office):
    await office.ask()

    with pytest.raises(payouts.NoRefundsWait):
        await office.make(viewer=office.asks)

    assert await office.owed() == ON_ITS_WAY


async def test_a_file_is_taken_once_and_confirmed_after_that(office):
    await office.ask()
    number = await office.make()
    with pytest.raises(payouts.PayoutFileNotTaken):
        await office.do(payouts.confirm_payout_file, viewer=office.sends, number=number)

    await office.do(payouts.take_payout_file, viewer=office.sends, number=number)

    with pytest.raises(payouts.PayoutFileTaken):
        await office.do(payouts.take_payout_file, viewer=office.asks, number=number)
    await office.do(payouts.confirm_payout_file, viewer=office.sends, number=number)
    with pytest.raises(payouts.PayoutFileOver):
        await office.do(payouts.confirm_payout_file, viewer=office.sends, number=number)
    with pytest.raises(payouts.PayoutFileOver):
        await office.do(payouts.cancel_payout_file, number=number, reason="?")
    assert await office.owed() == GONE


async def test_what_the_bank_rejects_is_credit_again(office):
    refund = await office.ask(amount=D("20.00"))
    await office.ask(amount=D("9.00"), key="other")
    number = await office.make()
    await office.do(payouts.take_payout_file, viewer=office.sends, number=number)

    await office.do(payouts.reject_refund, refund_id=refund, reason="account closed")
    await office.do(payouts.confirm_payout_file, viewer=office.sends, number=number)

    # 9.00 left; 20.00 are credit again
    assert await office.owed() == ([], "20.00", {"bank:bank_transfer": "141.00", "receivable": "-20.00"})
    with pytest.raises(payouts.RefundOver):
        await office.do(payouts.reject_refund, refund_id=refund, reason="again")


async def test_the_refunds_of_a_cancelled_file_go_into_another(office):
    await office.ask()
    first = await office.make()
    with pytest.raises(payouts.ReasonWrong):
        await office.do(payouts.cancel_payout_file, number=first, reason=" ")
    await office.do(payouts.cancel_payout_file, number=first, reason="lost")
    with pytest.raises(payouts.PayoutFileOver):
        await office.do(payouts.take_payout_file, viewer=office.sends, number=first)

    second = await office.make(key="f2")
    await office.do(payouts.take_payout_file, viewer=office.sends, number=second)
    await office.do(payouts.confirm_payout_file, viewer=office.sends, number=second)

    assert await office.state(first) is PayoutState.CANCELLED
    assert await office.owed() == GONE


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"amount": D("29.01")}, payouts.NotCredit),
        ({"amount": D("0.00")}, payouts.AmountNotPayable),
        ({"amount": D("-1.00")}, payouts.AmountNotPayable),
        ({"amount": D("0.001")}, payouts.AmountNotPayable),
        ({"reason": ""}, payouts.ReasonWrong),
        ({"iban": "DE89370400440532013001"}, payouts.IbanWrong),
        ({"iban": "DE"}, payouts.IbanWrong),
        ({"iban": "<>&"}, payouts.IbanWrong),
        ({"payee_name": " "}, payouts.PayeeWrong),
        ({"payee_name": "x" * 71}, payouts.PayeeWrong),
        ({"payee_name": "a\x00b"}, payouts.PayeeWrong),
    ],
)
async def test_what_cannot_be_refunded_is_refused_and_changes_nothing(office, change, refusal):
    with pytest.raises(refusal):
        await office.ask(**change)

    assert await office.owed() == CREDIT


async def test_only_clerks_refund_by_bank_and_only_what_came_by_bank(office):
    owner = office.desk.viewer(office.customer)
    with pytest.raises(payouts.PaymentUnknown):
        await office.ask(viewer=owner)
    await office.desk.utility.plant("update payment set method = 'CASH'")
    with pytest.raises(payouts.RefundNotPossible):
        await office.ask()
    await office.desk.utility.plant("update payment set method = 'BANK_TRANSFER'")

    assert await office.owed() == CREDIT


async def test_a_file_leaves_an_account_of_ours(office):
    await office.ask()

    with pytest.raises(payouts.AccountNotOurs):
        await office.make(iban=THEIRS)
    for deed in (payouts.take_payout_file, payouts.confirm_payout_file):
        with pytest.raises(payouts.PayoutFileUnknown):
            await office.do(deed, viewer=office.sends, number=999_999)


async def test_refunds_and_files_at_once_never_send_more_than_the_credit(office, database_url):
    office.engine = make_engine(address=database_url, connections_max=6)
    asked = await asyncio.gather(*(office.ask(amount=D("20.00"), key=str(n)) for n in range(4)), return_exceptions=True)
    assert [type(one) for one in asked].count(payouts.NotCredit) == 3

    made = await asyncio.gather(*(office.make(key=f"f{n}") for n in range(3)), return_exceptions=True)
    assert [type(one) for one in made].count(payouts.NoRefundsWait) == 2
    await office.engine.dispose()

    assert await office.owed() == (
        [],
        "9.00",
        {"bank:bank_transfer": "150.00", "receivable": "-9.00", "refunds": "-20.00"},
    )
