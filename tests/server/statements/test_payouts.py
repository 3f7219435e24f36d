"""Payouts of payment providers: what they held for us is on our account, less what they kept."""

from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio
from mains_server.db.unit_of_work import unit_of_work
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_server.statements import desk, matching
from mains_server.statements.records import AsideReason, AsideRequest, TakeBackRequest

from tests.server.statements.camt_files import Paid, bank_file
from tests.server.statements.conftest import NOW
from tests.server.statements.test_desk import PERSON, does, refused

pytestmark = pytest.mark.asyncio
PAYER = "LV51HABA0000000000001"
PAID_OUT = Paid(amount="98.50", name="Sandbox AS", iban=PAYER, text="Payout 17", structured="RF79T000001")


@pytest_asyncio.fixture
async def paid(bank):
    """C-1 paid 121.00 of T-000001 through the provider `sandbox`, which holds it."""
    await bank.utility.run(PERSON)
    customer = await bank.utility.customer("C-1")
    await bank.utility.invoice(customer, await bank.utility.contract(customer, "K-1"), nets=("100.00",))
    request = PaymentRequest(
        customer_id=customer,
        amount=Decimal("121.00"),
        currency="EUR",
        method=PaymentMethod.CARD,
        received_on=NOW.date(),
        reference="",
        idempotency_key="p",
        provider="sandbox",
    )
    async with unit_of_work(bank.utility.engine) as session:
        await receive_payment(session, request=request, now=NOW)
    return bank


async def comes(bank, line=PAID_OUT):
    await bank.takes(bank_file(line))
    await matching.match_new_lines(bank.utility.engine, now=NOW, payouts={"lv51 haba 0000 0000 0000 1": "sandbox"})


def payout(*, provider="sandbox", fee=None, key="a", reason=AsideReason.PROVIDER_PAYOUT):
    return AsideRequest(
        line_id=1,
        idempotency_key=key,
        reason=reason,
        note="report 17",
        provider=provider,
        fee=fee and Decimal(fee),
        providers=frozenset({"sandbox"}),
    )


async def test_a_payout_is_known_by_the_account_it_comes_from(paid):
    await comes(paid)

    assert await paid.lines() == [("98.50", "SET_ASIDE", None)]
    assert await paid.asks("select aside, payout_provider, payout_fee from statement_line") == [
        ("PROVIDER_PAYOUT", "sandbox", Decimal("0.00"))
    ]
    # 121.00 held less 98.50 paid out; it is no second payment of the customer, whatever it quotes.
    assert (await paid.balances())["clearing:sandbox"] == "22.50"
    assert await paid.asks("select count(*) from payment") == [(1,)]
    assert await paid.is_sound() == Decimal("1098.50")


async def test_the_desk_says_what_the_provider_kept(paid):
    await comes(paid)
    await does(paid, desk.take_back_line, TakeBackRequest(line_id=1, idempotency_key="t", note="fee of 2.50"))
    assert (await paid.balances())["clearing:sandbox"] == "121.00"

    await does(paid, desk.set_line_aside, payout(fee="2.50"))
    await does(paid, desk.set_line_aside, payout(fee="2.50"))

    # 121.00 - 98.50 - 2.50 = 20.00 are under way.
    balances = await paid.balances()
    assert (balances["clearing:sandbox"], balances["fee:sandbox"]) == ("20.00", "2.50")
    assert "unmatched" not in balances
    assert await paid.is_sound() == Decimal("1098.50")


async def test_a_payout_is_taken_back_whole(paid):
    await paid.brings(replace(PAID_OUT, structured=""))
    await does(paid, desk.set_line_aside, payout(fee="2.50"))
    await does(paid, desk.take_back_line, TakeBackRequest(line_id=1, idempotency_key="t", note="not theirs"))

    balances = await paid.balances()
    assert (balances["clearing:sandbox"], balances["unmatched"]) == ("121.00", "-98.50")
    assert "fee:sandbox" not in balances
    assert await paid.asks("select state, payout_provider, payout_fee from statement_line") == [("QUEUED", None, None)]
    await paid.is_sound()


async def test_what_a_provider_collects_waits_for_the_desk(paid):
    await comes(paid, replace(PAID_OUT, amount="5.00", side="DBIT"))
    assert await paid.lines() == [("-5.00", "QUEUED", "MONEY_OUT")]

    await does(paid, desk.set_line_aside, payout())

    assert (await paid.balances())["clearing:sandbox"] == "126.00"
    assert await paid.is_sound() == Decimal("995.00")


@pytest.mark.parametrize(
    "wrong",
    [
        payout(provider=None),
        payout(provider="other"),
        payout(fee="-0.01"),
        payout(fee="0.001"),
        payout(fee="NaN"),
        payout(fee="1000000000000000"),
        payout(reason=AsideReason.OTHER_BOOKS),
        payout(reason=AsideReason.OTHER_BOOKS, provider=None, fee="1.00"),
    ],
)
async def test_a_payout_names_its_provider_and_an_amount(paid, wrong):
    await paid.brings(replace(PAID_OUT, structured=""))

    await refused(paid, "PAYOUT_WRONG", does(paid, desk.set_line_aside, wrong))

    assert await paid.lines() == [("98.50", "QUEUED", "UNMATCHED")]
