"""A bill below nothing is credit of the customer: it pays other bills, goes back by bank, and is withdrawn with it."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib import import_module

import pytest
from mains_server.books.queries import check_books
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.queries import draft_of, invoice_by_number, open_invoices
from mains_server.invoices.records import CreditRequest, InvoiceKind, InvoiceStatus, IssueRequest
from mains_server.ledger.queries import account_balances
from mains_server.money.rules import tax_subtotals
from mains_server.payments import accounts, giving, operations, prepaid, queries, returning, rules
from mains_server.payments.records import PaymentMethod, PaymentRequest, ReturnKind, ReturnRequest
from sqlalchemy import text

from tests.server.conftest import ACCOUNTS

pytestmark = pytest.mark.asyncio

LATER = date(2024, 3, 5)


async def owed(utility, customer_id):
    """Give what is open, the credit and the money accounts, after proving the books and the three balances."""
    async with read_session(utility.engine) as session:
        assert (await check_books(session)).findings == ()
        (balance,) = await queries.balances_of(session, customer_id=customer_id)
        assert balance.is_equal
        still_open = await open_invoices(session, customer_id=customer_id)
        found = await account_balances(session, customer_id=customer_id)
    money = {
        one.account: str(one.balance) for one in found if one.balance and not one.account.startswith(("revenue", "tax"))
    }
    return [str(one.open_amount) for one in still_open], str(balance.credit), money


async def below(utility, net="-50.00", *, number="C-1"):
    """Issue a bill below nothing for January; give its customer, contract and itself."""
    customer_id = await utility.customer(number)
    contract_id = await utility.contract(customer_id, f"K-{number}")
    return customer_id, contract_id, await utility.invoice(customer_id, contract_id, nets=(net,))


async def settled(utility, customer_id, *, engine=None):
    async with unit_of_work(engine or utility.engine) as session:
        return await operations.apply_credit(session, customer_ids=[customer_id], now=utility.now)


async def given(utility, invoice):
    async with unit_of_work(utility.engine) as session:
        return await queries.given_by(session, customer_id=invoice.customer_id, invoice_id=invoice.id)


async def refunded(utility, payment_id, amount, *, key="r1", engine=None):
    request = ReturnRequest(
        payment_id=payment_id, kind=ReturnKind.REFUND, reason="moved out", key=key, amount=Decimal(amount)
    )
    async with unit_of_work(engine or utility.engine) as session:
        return await returning.reserve_refund(session, request=request, now=utility.now)


async def taken_back(utility, invoice, *, engine=None, on=LATER):
    request = CreditRequest(document_number=invoice.document_number, issued_on=on)
    async with unit_of_work(engine or utility.engine) as session:
        return await operations.credit_invoice(session, request=request, now=utility.now)


async def replaced(utility, invoice, *nets, on=LATER):
    """Replace a bill by one of other nets."""
    async with unit_of_work(utility.engine) as session:
        wrong = await invoice_by_number(session, document_number=invoice.document_number)
        draft = await draft_of(session, invoice=wrong)
        request = _replacement(draft, wrong=wrong, nets=nets, on=on)
        credit = CreditRequest(document_number=invoice.document_number, issued_on=on)
        _, issued = await operations.replace_invoice(session, request=credit, replacement=request, now=utility.now)
    return issued


def _replacement(draft, *, wrong, nets, on):
    lines = tuple(replace(draft.lines[0], net=Decimal(net), unit_price=Decimal(net)) for net in nets)
    draft = replace(
        draft,
        lines=lines,
        taxes=tax_subtotals((line.tax_code, line.tax_rate, line.net) for line in lines),
        revision=draft.revision + 1,
        corrects_invoice_id=wrong.id,
    )
    return IssueRequest(draft=draft, issued_on=on, payment_term_days=20, accounts=ACCOUNTS)


async def test_a_bill_below_nothing_is_paid_and_gives_its_amount(utility):
    customer_id, _, invoice = await below(utility)

    # -50.00 and 21 % of it, -10.50, are -60.50.
    async with read_session(utility.engine) as session:
        seen = await invoice_by_number(session, document_number=invoice.document_number)
    payment = await given(utility, invoice)
    assert (seen.total, seen.open_amount, seen.status) == (Decimal("-60.50"), Decimal("0.00"), InvoiceStatus.PAID)
    assert (payment.amount, payment.credit, payment.method) == (
        Decimal("60.50"),
        Decimal("60.50"),
        PaymentMethod.INVOICE,
    )
    assert (payment.received_on, payment.reference) == (date(2024, 2, 1), "T-000001")
    assert await owed(utility, customer_id) == ([], "60.50", {"receivable": "-60.50"})


async def test_it_pays_the_next_bill_and_the_account_counts_it_once(utility):
    customer_id, contract_id, _ = await below(utility)
    await utility.invoice(customer_id, contract_id, month=2)

    assert await settled(utility, customer_id) == 1

    # 121.00 - 60.50 = 60.50 are open; of the account both documents are entries, and nothing else.
    assert await owed(utility, customer_id) == (["60.50"], "0", {"receivable": "60.50"})
    async with read_session(utility.engine) as session:
        (account,) = await accounts.account_statement(
            session, customer_id=customer_id, starts=date(2024, 1, 1), ends=date(2025, 1, 1)
        )
    assert [str(item.amount) for item in account.items] == ["-60.50", "121.00"]


async def test_the_event_of_a_payment_says_that_there_is_one(utility):
    _, _, invoice = await below(utility)

    payment = await given(utility, invoice)

    async with read_session(utility.engine) as session:
        found = await session.execute(text("select payload from outbox_event where kind = 'payment.changed'"))
        assert [row.payload for row in found] == [{"payment_id": payment.id}]


async def test_a_refund_leaves_the_bank(utility):
    customer_id, _, invoice = await below(utility)
    payment = await given(utility, invoice)
    returned = await refunded(utility, payment.id, "40.00")
    assert await owed(utility, customer_id) == ([], "20.50", {"receivable": "-20.50", "refunds": "-40.00"})

    async with unit_of_work(utility.engine) as session:
        await returning.confirm_refund(session, returned=returned, on=LATER, now=utility.now)

    money = {"receivable": "-20.50", "bank:bank_transfer": "-40.00"}
    assert await owed(utility, customer_id) == ([], "20.50", money)


async def test_taken_back_its_credit_is_withdrawn_and_what_it_paid_is_open_again(utility):
    customer_id, contract_id, invoice = await below(utility)
    await utility.invoice(customer_id, contract_id, month=2, nets=("40.00",))
    await settled(utility, customer_id)
    # 48.40 were paid of 60.50; 12.10 are credit.
    assert await owed(utility, customer_id) == ([], "12.10", {"receivable": "-12.10"})

    notes = [await taken_back(utility, invoice) for _ in range(2)]

    assert [note.total for note in notes] == [Decimal("60.50")] * 2
    assert [note.is_new for note in notes] == [True, False]
    payment = await given(utility, invoice)
    assert (payment.returned, payment.credit) == (Decimal("60.50"), Decimal("0.00"))
    assert await owed(utility, customer_id) == (["48.40"], "0", {"receivable": "48.40"})


async def test_other_credit_pays_what_a_withdrawal_opened(utility):
    customer_id, contract_id, invoice = await below(utility)
    await utility.invoice(customer_id, contract_id, month=2, nets=("40.00",))
    await settled(utility, customer_id)
    request = PaymentRequest(
        customer_id=customer_id,
        amount=Decimal("50.00"),
        currency="EUR",
        method=PaymentMethod.BANK_TRANSFER,
        received_on=date(2024, 2, 9),
        reference="",
        idempotency_key="k1",
    )
    async with unit_of_work(utility.engine) as session:
        await operations.receive_payment(session, request=request, now=utility.now)

    await taken_back(utility, invoice)

    # 50.00 - 48.40 = 1.60
    money = {"receivable": "-1.60", "bank:bank_transfer": "50.00"}
    assert await owed(utility, customer_id) == ([], "1.60", money)


async def test_it_is_not_taken_back_once_some_was_refunded_and_nothing_changes(utility):
    customer_id, _, invoice = await below(utility)
    payment = await given(utility, invoice)
    returned = await refunded(utility, payment.id, "0.01")
    before = await owed(utility, customer_id)

    with pytest.raises(giving.CreditRefunded, match=r"0\.01 EUR of what T-000001 gave was refunded"):
        await taken_back(utility, invoice)

    assert await owed(utility, customer_id) == before
    async with unit_of_work(utility.engine) as session:
        await returning.undo_refund(session, returned=returned, reason="wrong account", now=utility.now)
    await taken_back(utility, invoice)
    assert await owed(utility, customer_id) == ([], "0", {})


async def test_it_is_not_taken_back_once_all_was_refunded(utility):
    customer_id, _, invoice = await below(utility)
    await refunded(utility, (await given(utility, invoice)).id, "60.50")
    before = await owed(utility, customer_id)

    with pytest.raises(giving.CreditRefunded):
        await taken_back(utility, invoice)

    assert await owed(utility, customer_id) == before == ([], "0", {"refunds": "-60.50"})


@pytest.mark.parametrize(
    ("nets", "expected"),
    [
        # 100.00 and its tax are asked; nothing is there to pay it.
        (("100.00",), (["121.00"], "0", {"receivable": "121.00"})),
        # -80.00 and its tax give 96.80 in the place of 60.50.
        (("-80.00",), ([], "96.80", {"receivable": "-96.80"})),
        (("0.00",), ([], "0", {})),
    ],
)
async def test_a_replacement_takes_its_place(utility, nets, expected):
    customer_id, _, invoice = await below(utility)

    issued = await replaced(utility, invoice, *nets)

    assert await owed(utility, customer_id) == expected
    payment = await given(utility, issued)
    assert (None if payment is None else payment.amount) == (-issued.total if issued.total < 0 else None)


async def test_a_paid_bill_that_is_replaced_by_one_below_nothing_is_credit_twice_over(utility):
    customer_id = await utility.customer()
    contract_id = await utility.contract(customer_id)
    invoice = await utility.invoice(customer_id, contract_id)
    await _paid(utility, customer_id, "121.00")

    await replaced(utility, invoice, "-50.00")

    # The 121.00 that were paid, and the 60.50 that the bill gives.
    money = {"receivable": "-181.50", "bank:bank_transfer": "121.00"}
    assert await owed(utility, customer_id) == ([], "181.50", money)


async def test_a_levelled_contract_keeps_what_it_holds_and_the_bill_gives_credit(utility):
    customer_id = await utility.customer()
    contract_id = await utility.contract(customer_id)
    await utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=contract_id)
    await _paid(utility, customer_id, "200.00", contract_number="K-1")
    invoice = await utility.invoice(customer_id, contract_id, kind=InvoiceKind.SETTLEMENT)
    async with unit_of_work(utility.engine) as session:
        await prepaid.take_over(session, document_number=invoice.document_number, now=utility.now)
    # 200.00 - 121.00 = 79.00 are prepaid.
    money = {"bank:bank_transfer": "200.00", "prepaid": "-79.00"}
    assert await owed(utility, customer_id) == ([], "0", money)

    issued = await replaced(utility, invoice, "-50.00")

    # The contract holds its 200.00 again; 60.50 are the customer's, for this or any other bill.
    money = {"bank:bank_transfer": "200.00", "prepaid": "-200.00", "receivable": "-60.50"}
    assert await owed(utility, customer_id) == ([], "60.50", money)
    async with unit_of_work(utility.engine) as session:
        taken = await prepaid.take_over(session, document_number=issued.document_number, now=utility.now)
    assert taken == 0
    await replaced(utility, issued, "100.00")
    # The 60.50 are withdrawn, and what comes in their place is the contract's to pay.
    money = {"bank:bank_transfer": "200.00", "prepaid": "-79.00"}
    assert await owed(utility, customer_id) == ([], "0", money)


async def test_nobody_receives_or_reverses_what_a_bill_gave(utility):
    customer_id, _, invoice = await below(utility)
    payment = await given(utility, invoice)
    before = await owed(utility, customer_id)

    with pytest.raises(rules.NotReceived):
        await _paid(utility, customer_id, "1.00", method=PaymentMethod.INVOICE)
    with pytest.raises(rules.KeyNotUsable):
        await _paid(utility, customer_id, "1.00", idempotency_key="invoice:7")
    with pytest.raises(rules.NotReceived):
        async with unit_of_work(utility.engine) as session:
            await returning.reverse_payment(session, payment_id=payment.id, reason="recalled", now=utility.now)

    assert await owed(utility, customer_id) == before


async def test_bills_that_stood_before_give_what_they_did_not(utility):
    customer_id, contract_id, invoice = await below(utility)
    back = await utility.invoice(customer_id, contract_id, month=2, nets=("-10.00",))
    await taken_back(utility, back)
    await utility.plant("delete from payment_return", "delete from payment")
    migration = import_module("mains_server.db.migrations.versions.0065_bills_below_nothing")

    await utility.run(migration.GIVE)

    # The one that was taken back gives nothing; the other its 60.50.
    assert (await given(utility, invoice)).amount == Decimal("60.50")
    assert await given(utility, back) is None
    assert await owed(utility, customer_id) == ([], "60.50", {"receivable": "-60.50"})


async def test_sixteen_at_once_on_one_credit_take_turns(utility, database_url):
    customer_id, contract_id, invoice = await below(utility)
    for month in (2, 3, 4, 5):
        await utility.invoice(customer_id, contract_id, month=month, nets=("10.00",))
    payment = await given(utility, invoice)
    engine = make_engine(address=database_url, connections_max=16)

    work = [settled(utility, customer_id, engine=engine) for _ in range(4)]
    work += [refunded(utility, payment.id, "13.00", key=f"r{n}", engine=engine) for n in range(6)]
    work += [taken_back(utility, invoice, engine=engine) for _ in range(6)]
    results = await asyncio.gather(*work, return_exceptions=True)
    await engine.dispose()

    refusals = (rules.NotCredit, rules.NothingLeftToReturn, giving.CreditRefunded)
    assert all(isinstance(one, refusals) or not isinstance(one, Exception) for one in results), results
    payment = await given(utility, invoice)
    still_open, credit, money = await owed(utility, customer_id)
    # 4 * 12.10 are asked. Either the bill stands and its 60.50 pay and are refunded, or it was taken back whole.
    asked = Decimal("48.40") - (Decimal("60.50") - payment.returned)
    assert sum(map(Decimal, still_open), Decimal(0)) - Decimal(credit) == asked
    assert Decimal(money.get("receivable", "0")) == asked


async def _paid(utility, customer_id, amount, **more):
    asked = {
        "customer_id": customer_id,
        "amount": Decimal(amount),
        "currency": "EUR",
        "method": PaymentMethod.BANK_TRANSFER,
        "received_on": date(2024, 2, 9),
        "reference": "",
        "idempotency_key": "k1",
        **more,
    }
    async with unit_of_work(utility.engine) as session:
        return await operations.receive_payment(session, request=PaymentRequest(**asked), now=utility.now)
