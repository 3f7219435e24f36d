"""Staff say whose money is, set it aside, and take that back: once by the key, and nothing is lost on the way."""

from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio
from mains_server.access.operations import IdempotencyKeyReused
from mains_server.access.records import Refusal, StaffRole, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.payments.records import ReturnKind, ReturnRequest
from mains_server.payments.returning import reserve_refund
from mains_server.statements import desk
from mains_server.statements.records import (
    AsideReason,
    AsideRequest,
    MatchRequest,
    PartRequest,
    ReverseRequest,
    TakeBackRequest,
)

from tests.server.statements.camt_files import IBAN, Paid
from tests.server.statements.conftest import NOW

pytestmark = pytest.mark.asyncio
CLERK = Viewer(person_id=1, staff=frozenset({StaffRole.BILLING_CLERK}))
OPERATOR = Viewer(person_id=1, staff=frozenset({StaffRole.OPERATOR}))
OPEN = "select document_number, open_amount from invoice_state where open_amount <> 0 order by id"
PERSON = """
insert into person (id, email, name, language, created_at) values (1, 'clerk@example.org', 'Clerk', 'lv', now())
returning id
"""
BANK = f"bank:{IBAN.lower()}"


@pytest_asyncio.fixture
async def queue(bank):
    """Line 1 is 300.00 of nobody, line 2 a charge of 3.00; C-1 owes T-000001 (121.00), C-2 T-000002 (242.00)."""
    await bank.utility.run(PERSON)
    for number, net in (("C-1", "100.00"), ("C-2", "200.00")):
        customer = await bank.utility.customer(number)
        await bank.utility.invoice(customer, await bank.utility.contract(customer, f"K{number[1:]}"), nets=(net,))
    await bank.brings(Paid(amount="300.00", text="?"), Paid(amount="3.00", side="DBIT", text="Komisija"))
    return bank


async def does(bank, action, request, *, viewer=CLERK):
    async with unit_of_work(bank.utility.engine) as session:
        await action(session, viewer=viewer, request=request, now=NOW)


async def matched(bank, *parts, line=1, key="k1", **named):
    await does(bank, desk.match_line, MatchRequest(line_id=line, idempotency_key=key, parts=parts), **named)


async def aside(bank, *, line=2, reason=AsideReason.OTHER_BOOKS, note="charges", key="a1"):
    await does(
        bank, desk.set_line_aside, AsideRequest(line_id=line, idempotency_key=key, reason=reason, note=note)
    )  # fmt: skip


async def taken_back(bank, *, line=1, note="wrong customer", key="t1"):
    await does(bank, desk.take_back_line, TakeBackRequest(line_id=line, idempotency_key=key, note=note))


async def opened(bank):
    return [(number, str(amount)) for number, amount in await bank.asks(OPEN)]


async def refused(bank, code, work):
    before = await bank.lines(), await bank.balances(), await opened(bank)
    with pytest.raises(Refusal) as caught:
        await work
    assert caught.value.code == code
    assert (await bank.lines(), await bank.balances(), await opened(bank)) == before


def part(customer, amount=None, **named):
    return PartRequest(customer_id=customer, amount=None if amount is None else Decimal(amount), **named)


async def test_a_movement_is_received_as_a_customers_payment(queue):
    await matched(queue, part(2))
    await matched(queue, part(2))

    # 300.00 - 242.00: 58.00 credit.
    assert await opened(queue) == [("T-000001", "121.00")]
    assert (await queue.lines())[0] == ("300.00", "MATCHED", None)
    assert await queue.balances() == {
        BANK: "1297.00", "brought_forward": "-1000.00", "unmatched": "3.00",
    }  # fmt: skip
    assert await queue.is_sound() == Decimal("1297.00")


async def test_a_movement_is_divided_among_customers_and_their_invoices(queue):
    await matched(queue, part(1, "100.00", invoice_ids=(1,)), part(2, "200.00"))

    assert await opened(queue) == [("T-000001", "21.00"), ("T-000002", "42.00")]
    assert await queue.asks("select customer_id, amount, rule from statement_part order by id") == [
        (1, Decimal("100.00"), "BY_HAND"), (2, Decimal("200.00"), "BY_HAND"),
    ]  # fmt: skip
    await queue.is_sound()


async def test_a_levelled_contract_holds_it(queue):
    await queue.utility.run("update contract set settlement = 'LEVELLED' where number = 'K-1'")

    await matched(queue, part(1, contract_id=1))

    assert (await queue.balances())["prepaid"] == "-300.00"
    await queue.is_sound()


@pytest.mark.parametrize(
    ("code", "parts", "line"),
    [
        ("LINE_UNKNOWN", (part(1),), 99),
        ("LINE_NOT_MONEY_IN", (part(1),), 2),
        ("PARTS_DO_NOT_ADD_UP", (), 1),
        ("PARTS_DO_NOT_ADD_UP", (part(1, "299.99"),), 1),
        ("PARTS_DO_NOT_ADD_UP", (part(1, "300.00"), part(2, "0.00")), 1),
        ("PARTS_DO_NOT_ADD_UP", (part(1, "301.00"), part(2, "-1.00")), 1),
        ("PARTS_DO_NOT_ADD_UP", (part(1), part(2)), 1),
        ("PARTS_DO_NOT_ADD_UP", (part(1, "299.999"), part(2, "0.001")), 1),
        ("CUSTOMER_UNKNOWN", (part(99),), 1),
        ("CUSTOMER_UNKNOWN", (part(1, "121.00"), part(99, "179.00")), 1),
        ("INVOICE_NOT_PAYABLE", (part(1, invoice_ids=(2,)),), 1),
        ("INVOICE_NOT_PAYABLE", (part(1, invoice_ids=(99,)),), 1),
        ("INVOICE_NOT_PAYABLE", (part(1, "150.00", invoice_ids=(1,)), part(1, "150.00", invoice_ids=(1,))), 1),
        ("CONTRACT_UNKNOWN", (part(1, contract_id=2),), 1),
        ("CONTRACT_UNKNOWN", (part(1, contract_id=99),), 1),
        ("CONTRACT_UNKNOWN", (part(1, contract_id=1, invoice_ids=(1,)),), 1),
    ],
)
async def test_what_cannot_be_is_refused_by_name(queue, code, parts, line):
    await refused(queue, code, matched(queue, *parts, line=line))


async def test_only_who_books_decides(queue):
    await refused(queue, "NOT_ALLOWED", matched(queue, part(1), viewer=OPERATOR))


async def test_a_key_is_for_one_decision(queue):
    await matched(queue, part(2))

    with pytest.raises(IdempotencyKeyReused):
        await matched(queue, part(1))
    await refused(queue, "LINE_DECIDED", matched(queue, part(1), key="k2"))


async def test_a_charge_of_the_bank_is_set_aside(queue):
    await aside(queue)
    await aside(queue)

    assert (await queue.lines())[1] == ("-3.00", "SET_ASIDE", None)
    assert (await queue.balances())["aside:other_books"] == "3.00"
    await queue.is_sound()
    await refused(queue, "LINE_DECIDED", aside(queue, key="a2"))


async def test_what_was_entered_by_hand_is_cleared(queue):
    await aside(queue, line=1, reason=AsideReason.RECEIVED_ALREADY)

    assert (await queue.balances())["bank:bank_transfer"] == "-300.00"
    await queue.is_sound()


@pytest.mark.parametrize("note", ["", "  ", "x" * 1_001])
async def test_a_decision_says_why(queue, note):
    await refused(queue, "NOTE_WRONG", aside(queue, note=note))
    await refused(queue, "NOTE_WRONG", taken_back(queue, note=note))


async def test_a_wrong_match_is_taken_back_and_matched_anew(queue):
    await matched(queue, part(1, "100.00"), part(2, "200.00"))

    await taken_back(queue)
    await taken_back(queue)

    assert await opened(queue) == [("T-000001", "121.00"), ("T-000002", "242.00")]
    assert (await queue.lines())[0] == ("300.00", "QUEUED", "TAKEN_BACK")
    assert (await queue.balances())["unmatched"] == "-297.00"
    assert await queue.is_sound() == Decimal("1297.00")
    await matched(queue, part(2), key="k2")
    assert await opened(queue) == [("T-000001", "121.00")]
    await queue.is_sound()


async def test_who_was_matched_wrongly_is_not_known_as_payer_any_more(queue):
    """A payer quotes an invoice of C-1 and means C-2. Once that was put right the same words are not sure any more."""
    await matched(queue, part(1))
    await taken_back(queue)
    await matched(queue, part(2), key="k2")

    await queue.brings(
        Paid(amount="55.00", text="T-000001", name="J. Kalns"), opening="1297.00", message="M2", number="S2"
    )

    assert (await queue.lines())[2] == ("55.00", "QUEUED", "DOUBTFUL")
    assert await opened(queue) == [("T-000001", "121.00")]
    assert await queue.is_sound() == Decimal("1352.00")


async def test_setting_aside_is_taken_back_too_and_again(queue):
    await aside(queue)

    await taken_back(queue, line=2)

    assert (await queue.lines())[1] == ("-3.00", "QUEUED", "TAKEN_BACK")
    await queue.is_sound()
    await aside(queue, key="a2")
    assert (await queue.balances())["aside:other_books"] == "3.00"
    await queue.is_sound()


async def test_what_was_not_decided_cannot_be_taken_back(queue):
    await refused(queue, "LINE_NOT_DECIDED", taken_back(queue))
    await refused(queue, "LINE_UNKNOWN", taken_back(queue, line=99))


async def test_money_that_was_refunded_cannot_be_another_customers(queue):
    await matched(queue, part(2))
    async with unit_of_work(queue.utility.engine) as session:
        request = ReturnRequest(payment_id=1, kind=ReturnKind.REFUND, reason="moved", key="r", amount=Decimal("58.00"))
        await reserve_refund(session, request=request, now=NOW)

    await refused(queue, "MONEY_GONE", taken_back(queue))


BACK = Paid(amount="121.00", side="DBIT", is_reversal=True, ref="R1")
CAME = Paid(amount="121.00", structured="RF79T000001", ref="R1")
NEXT = {"opening": "1297.00", "message": "M2"}


async def test_a_reversal_that_names_its_movement_takes_its_payment_back(queue):
    await queue.brings(CAME, BACK, **NEXT)

    assert [line[:2] for line in (await queue.lines())[2:]] == [("121.00", "REVERSED"), ("-121.00", "MATCHED")]
    assert await opened(queue) == [("T-000001", "121.00"), ("T-000002", "242.00")]
    assert await queue.is_sound() == Decimal("1297.00")


async def test_a_reversal_that_names_none_waits_and_is_told_by_hand(queue):
    await queue.brings(CAME, replace(BACK, ref="R2"), **NEXT)
    assert (await queue.lines())[3] == ("-121.00", "QUEUED", "REVERSAL")

    for _ in range(2):
        await does(queue, desk.reverse_by_line, ReverseRequest(line_id=4, original_id=3, idempotency_key="r"))

    assert [line[:2] for line in (await queue.lines())[2:]] == [("121.00", "REVERSED"), ("-121.00", "MATCHED")]
    assert await opened(queue) == [("T-000001", "121.00"), ("T-000002", "242.00")]
    await queue.is_sound()


@pytest.mark.parametrize(("line", "original", "code"), [
    (2, 3, "ORIGINAL_WRONG"), (4, 1, "ORIGINAL_WRONG"), (4, 99, "ORIGINAL_WRONG"), (99, 3, "LINE_UNKNOWN"),
    (3, 4, "LINE_DECIDED"),
])  # fmt: skip
async def test_a_reversal_of_something_else_is_refused(queue, line, original, code):
    await queue.brings(CAME, replace(BACK, ref="R2"), **NEXT)

    request = ReverseRequest(line_id=line, original_id=original, idempotency_key="r")
    await refused(queue, code, does(queue, desk.reverse_by_line, request))


async def test_a_reversal_of_money_that_was_refunded_waits(queue):
    await queue.brings(replace(CAME, amount="400.00"), **NEXT)
    async with unit_of_work(queue.utility.engine) as session:
        request = ReturnRequest(payment_id=1, kind=ReturnKind.REFUND, reason="moved", key="r", amount=Decimal("279.00"))
        await reserve_refund(session, request=request, now=NOW)

    await queue.brings(replace(BACK, amount="400.00"), opening="1697.00", message="M3")

    assert [line[:2] for line in (await queue.lines())[2:]] == [("400.00", "MATCHED"), ("-400.00", "QUEUED")]
    await queue.is_sound()
