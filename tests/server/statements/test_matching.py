"""Whose money it is: what is sure is received at once, the rest waits with suggestions, and nothing is lost."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import pytest_asyncio
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.payments.operations import credit_invoice
from mains_server.payments.rules import contract_reference

from tests.server.statements.camt_files import IBAN, Paid
from tests.server.statements.conftest import NOW

pytestmark = pytest.mark.asyncio
PAID = Paid(amount="121.00", name="Līga Kalniņa", iban="LV51HABA0000000000001")
PAYMENTS = "select c.number, p.amount from payment p join customer c on c.id = p.customer_id order by p.id"
OPEN = "select document_number, open_amount from invoice_state where open_amount <> 0 order by id"
SUGGESTED = """
select c.number, s.rule, s.confidence, i.document_number from statement_suggestion s
join customer c on c.id = s.customer_id left join invoice i on i.id = s.invoice_id order by s.line_id, s.rank
"""


@pytest_asyncio.fixture
async def house(bank):
    """C-100001 has T-000001 and T-000002 open (121.00, 242.00), C-100002 has T-000003 (121.00)."""
    first, second = await bank.utility.customer("C-100001"), await bank.utility.customer("C-100002")
    contract = await bank.utility.contract(first, "K-100001")
    await bank.utility.invoice(first, contract, month=1, nets=("100.00",))
    await bank.utility.invoice(first, contract, month=2, nets=("200.00",))
    await bank.utility.invoice(second, await bank.utility.contract(second, "K-100002"), month=1, nets=("100.00",))
    return bank


async def received(bank):
    return [(number, str(amount)) for number, amount in await bank.asks(PAYMENTS)]


async def opened(bank):
    return [(number, str(amount)) for number, amount in await bank.asks(OPEN)]


@pytest.mark.parametrize(
    "written",
    [
        {"structured": "RF52T000002"},
        {"structured": "rf52 t000 002"},
        {"text": "Rekins RF52T000002 paldies"},
        {"text": "rf52 t000 002"},
        {"text": "RF52 T000002, Anna"},
        {"end_to_end": "RF52T000002"},
    ],
)
async def test_a_reference_says_whose_money_it_is_and_for_which_invoice(house, written):
    await house.brings(replace(PAID, amount="242.00", **written))

    assert await received(house) == [("C-100001", "242.00")]
    assert await opened(house) == [("T-000001", "121.00"), ("T-000003", "121.00")]
    assert await house.lines() == [("242.00", "MATCHED", None)]
    assert "unmatched" not in await house.balances()
    assert await house.is_sound() == Decimal("1242.00")


async def test_a_reference_with_wrong_check_digits_is_none(house):
    await house.brings(replace(PAID, amount="5.00", structured="RF53T000002"))

    assert await house.lines() == [("5.00", "QUEUED", "UNMATCHED")]
    assert (await house.balances())["unmatched"] == "-5.00"
    assert await house.is_sound() == Decimal("1005.00")


async def test_an_overpayment_settles_what_else_is_open_and_is_then_credit(house):
    await house.brings(replace(PAID, amount="400.00", structured="RF52T000002"))

    # 242.00 the invoice named, 121.00 the older one, 37.00 credit.
    assert await opened(house) == [("T-000003", "121.00")]
    assert await house.is_sound() == Decimal("1400.00")


async def test_a_part_leaves_the_rest_open(house):
    await house.brings(replace(PAID, amount="42.00", structured="RF52T000002"))

    assert await opened(house) == [("T-000001", "121.00"), ("T-000002", "200.00"), ("T-000003", "121.00")]


async def test_two_equal_payments_of_one_invoice_are_both_the_customers(house):
    line = replace(PAID, amount="242.00", structured="RF52T000002")

    await house.brings(line, line)

    assert await received(house) == [("C-100001", "242.00"), ("C-100001", "242.00")]
    # 484.00 - 242.00 - 121.00 = 121.00 credit.
    assert await opened(house) == [("T-000003", "121.00")]
    assert await house.is_sound() == Decimal("1484.00")


async def test_money_for_an_invoice_that_was_taken_back_is_the_customers(house):
    async with unit_of_work(house.utility.engine) as session:
        request = CreditRequest(document_number="T-000002", issued_on=date(2024, 3, 1))
        await credit_invoice(session, request=request, now=NOW)

    await house.brings(replace(PAID, amount="242.00", structured="RF52T000002"))

    assert await received(house) == [("C-100001", "242.00")]
    assert await opened(house) == [("T-000003", "121.00")]


async def test_a_levelled_contracts_reference_is_held_for_it(house):
    await house.utility.run("update contract set settlement = 'LEVELLED' where number = 'K-100001'")

    await house.brings(replace(PAID, amount="30.00", structured=contract_reference("K-100001")))

    assert await house.asks("select contract_id, amount from prepayment") == [(1, Decimal("30.00"))]
    assert (await house.balances())["prepaid"] == "-30.00"
    assert await house.is_sound() == Decimal("1030.00")


async def test_an_invoice_number_counts_where_the_amount_agrees(house):
    daughter = replace(PAID, text="Vecmammas rekins Nr. t-000003")

    await house.brings(daughter)

    assert await received(house) == [("C-100002", "121.00")]
    assert await house.asks("select rule, confidence from statement_part") == [("INVOICE_NUMBER", "SURE")]


async def test_an_invoice_number_alone_waits_for_somebody(house):
    await house.brings(replace(PAID, amount="12.10", text="rekins T-000003"))

    assert await house.lines() == [("12.10", "QUEUED", "DOUBTFUL")]
    assert await house.asks(SUGGESTED) == [("C-100002", "INVOICE_NUMBER", "LIKELY", "T-000003")]
    assert await received(house) == []


async def test_a_customers_number_counts_where_the_amount_or_the_name_agrees(house):
    await house.brings(
        replace(PAID, amount="363.00", text="klients C-100001"),
        replace(PAID, amount="1.00", text="klients c100002", name="c-100002"),
        replace(PAID, amount="2.00", text="klients C 100002", iban="LV77HABA0000000000002"),
    )

    # 363.00 is all that C-100001 owes; C-100002 is also the name of that customer. The last account never paid before.
    assert await received(house) == [("C-100001", "363.00"), ("C-100002", "1.00")]
    assert await house.lines() == [
        ("363.00", "MATCHED", None), ("1.00", "MATCHED", None), ("2.00", "QUEUED", "DOUBTFUL"),
    ]  # fmt: skip


async def test_who_paid_before_is_known_by_account_and_amount(house):
    await house.brings(replace(PAID, amount="121.00", structured="RF79T000001"))

    await house.brings(
        replace(PAID, amount="242.00", text="par siltumu"),
        replace(PAID, amount="50.00", text="par siltumu"),
        opening="1121.00",
        message="M2",
    )

    assert await received(house) == [("C-100001", "121.00"), ("C-100001", "242.00")]
    assert await house.asks("select rule from statement_part order by id") == [("REFERENCE",), ("PAYER_AND_AMOUNT",)]
    assert await house.asks(SUGGESTED) == [("C-100001", "PAYER", "LIKELY", None)]


async def test_a_payer_of_two_customers_is_not_guessed_at(house):
    await house.brings(replace(PAID, structured="RF79T000001"), replace(PAID, amount="21.00", structured="RF25T000003"))

    await house.brings(replace(PAID, amount="100.00", text="siltums"), opening="1142.00", message="M2")

    assert (await house.lines())[-1] == ("100.00", "QUEUED", "DOUBTFUL")
    assert {row[0] for row in await house.asks(SUGGESTED)} == {"C-100001", "C-100002"}


async def test_references_of_two_customers_are_not_guessed_at(house):
    await house.brings(replace(PAID, amount="242.00", text="RF79T000001 un RF25T000003"))

    assert await house.lines() == [("242.00", "QUEUED", "SEVERAL_CUSTOMERS")]
    assert [row[:3] for row in await house.asks(SUGGESTED)] == [
        ("C-100001", "REFERENCE", "SURE"), ("C-100002", "REFERENCE", "SURE"),
    ]  # fmt: skip


async def test_money_out_and_reversals_wait_for_somebody(house):
    await house.brings(
        replace(PAID, side="DBIT", structured="RF79T000001"),
        replace(PAID, amount="1.00", side="DBIT", is_reversal=True),
        replace(PAID, amount="2.00", is_reversal=True, structured="RF79T000001"),
    )

    assert [reason for _, _, reason in await house.lines()] == ["MONEY_OUT", "REVERSAL", "REVERSAL"]
    assert await received(house) == []
    assert await house.is_sound() == Decimal("880.00")


async def test_a_batch_is_matched_detail_by_detail(house):
    batch = replace(
        PAID,
        amount="363.00",
        batch=(
            replace(PAID, structured="RF79T000001"),
            replace(PAID, structured="RF25T000003", end_to_end="E2"),
            replace(PAID, text="?", iban="LV51HABA0000000000009"),
        ),
    )

    await house.brings(batch)

    assert await received(house) == [("C-100001", "121.00"), ("C-100002", "121.00")]
    assert [state for _, state, _ in await house.lines()] == ["MATCHED", "MATCHED", "QUEUED"]


async def test_matching_again_does_nothing(house):
    await house.brings(replace(PAID, structured="RF79T000001"))

    assert await house.matches() == 0
    assert await received(house) == [("C-100001", "121.00")]
    assert (await house.balances())[f"bank:{IBAN.lower()}"] == "1121.00"
