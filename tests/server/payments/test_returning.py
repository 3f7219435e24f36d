"""Money that goes back opens what it had settled, once, and never more goes than came."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.books.queries import check_books
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.queries import open_invoices
from mains_server.ledger.queries import account_balances
from mains_server.payments import operations, prepaid, queries, returning, rules
from mains_server.payments.records import Allocation, PaymentMethod, PaymentRequest, PrepaidOwner, ReturnKind
from mains_server.payments.records import ReturnRequest as Asked

pytestmark = pytest.mark.asyncio


async def billed(utility, *nets, number="C-1"):
    """Bill months of a customer; each net is taxed at 21 %."""
    customer_id = await utility.customer(number)
    contract_id = await utility.contract(customer_id, f"K-{number}")
    for month, net in enumerate(nets, start=1):
        await utility.invoice(customer_id, contract_id, month=month, nets=(net,))
    return customer_id


async def paid(utility, customer_id, amount, *, key="k1", **more):
    request = PaymentRequest(
        customer_id=customer_id,
        amount=Decimal(amount),
        currency="EUR",
        method=PaymentMethod.CARD,
        received_on=date(2024, 2, 9),
        reference="",
        idempotency_key=key,
        **more,
    )
    async with unit_of_work(utility.engine) as session:
        return (await operations.receive_payment(session, request=request, now=utility.now)).id


async def reversed_(utility, payment_id, **more):
    async with unit_of_work(utility.engine) as session:
        return await returning.reverse_payment(
            session, payment_id=payment_id, reason="disputed", now=utility.now, **more
        )


async def refunded(utility, payment_id, amount, *, key="r1", engine=None):
    request = Asked(payment_id=payment_id, kind=ReturnKind.REFUND, reason="paid twice", key=key, amount=Decimal(amount))
    async with unit_of_work(engine or utility.engine) as session:
        return await returning.reserve_refund(session, request=request, now=utility.now)


async def owed(utility, customer_id):
    """Give what is open, the credit and the ledger's accounts of money, after proving the whole books."""
    async with read_session(utility.engine) as session:
        assert (await check_books(session)).findings == ()
        still_open = await open_invoices(session, customer_id=customer_id)
        credit = await queries.credit_of(session, customer_id=customer_id)
        found = await account_balances(session, customer_id=customer_id)
    accounts = {
        one.account: str(one.balance) for one in found if one.balance and not one.account.startswith(("revenue", "tax"))
    }
    return [str(invoice.open_amount) for invoice in still_open], str(credit.get("EUR", "0")), accounts


async def test_a_reversed_payment_opens_its_invoices_again(utility):
    customer_id = await billed(utility, "100.00", "200.00")
    payment_id = await paid(utility, customer_id, "150.00")

    first, again = [await reversed_(utility, payment_id) for _ in range(2)]

    assert (first.amount, first.is_new, again.id, again.is_new) == (Decimal("150.00"), True, first.id, False)
    # 121.00 + 242.00 are open as if nothing had been paid.
    assert await owed(utility, customer_id) == (["121.00", "242.00"], "0", {"receivable": "363.00"})


async def test_other_credit_settles_what_a_reversal_opened(utility):
    customer_id = await billed(utility, "100.00")
    payment_id = await paid(utility, customer_id, "121.00")
    await paid(utility, customer_id, "100.00", key="k2")

    await reversed_(utility, payment_id)

    assert await owed(utility, customer_id) == (["21.00"], "0", {"receivable": "21.00", "bank:card": "100.00"})


async def test_a_part_that_is_reversed_is_credit_first_and_then_what_was_settled_last(utility):
    customer_id = await billed(utility, "100.00", "100.00")
    payment_id = await paid(utility, customer_id, "250.00")

    await reversed_(utility, payment_id, amount=Decimal("30.00"), key="d1")

    # 250.00 - 242.00 = 8.00 was credit; 22.00 more come off the second invoice.
    accounts = {"receivable": "22.00", "bank:card": "220.00"}
    assert await owed(utility, customer_id) == (["22.00"], "0", accounts)


async def test_money_of_a_provider_comes_from_where_it_lies(utility):
    customer_id = await billed(utility, "100.00")
    payment_id = await paid(utility, customer_id, "121.00", provider="sandbox")
    assert await owed(utility, customer_id) == ([], "0", {"clearing:sandbox": "121.00"})

    await reversed_(utility, payment_id, amount=Decimal("21.00"))

    accounts = {"receivable": "21.00", "clearing:sandbox": "100.00"}
    assert await owed(utility, customer_id) == (["21.00"], "0", accounts)


async def test_a_levelled_contract_gives_up_what_was_reversed(utility):
    customer_id = await utility.customer()
    contract_id = await utility.contract(customer_id)
    await utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=contract_id)
    payment_id = await paid(utility, customer_id, "150.00", contract_number="K-1")
    invoice = await utility.invoice(customer_id, contract_id)
    async with unit_of_work(utility.engine) as session:
        await prepaid.take_over(session, document_number=invoice.document_number, now=utility.now)

    await reversed_(utility, payment_id)

    # 121.00 were used and nothing is paid: instalments to come bring it in.
    assert await owed(utility, customer_id) == ([], "0", {"deferred": "121.00"})


async def test_a_closed_levelled_contract_owes_what_was_reversed(utility):
    customer_id = await utility.customer()
    contract_id = await utility.contract(customer_id)
    await utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=contract_id)
    payment_id = await paid(utility, customer_id, "150.00", contract_number="K-1")
    invoice = await utility.invoice(customer_id, contract_id)
    owner = PrepaidOwner(customer_id=customer_id, contract_id=contract_id, currency="EUR")
    async with unit_of_work(utility.engine) as session:
        await prepaid.take_over(session, document_number=invoice.document_number, now=utility.now)
        await prepaid.release(session, owner=owner, now=utility.now)
    await utility.run("update contract set settlement = 'INVOICE' where id = :id", id=contract_id)

    await reversed_(utility, payment_id)

    assert await owed(utility, customer_id) == (["121.00"], "0", {"receivable": "121.00"})


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"amount": Decimal("150.01")}, rules.NothingLeftToReturn),
        ({"amount": Decimal("0.00")}, rules.AmountNotPayable),
        ({"amount": Decimal("-1.00")}, rules.AmountNotPayable),
        ({"amount": Decimal("0.001")}, rules.AmountNotPayable),
        ({"key": ""}, rules.KeyNotUsable),
    ],
)
async def test_what_cannot_be_reversed_is_refused_and_changes_nothing(utility, asked, refusal):
    customer_id = await billed(utility, "100.00")
    payment_id = await paid(utility, customer_id, "150.00")
    before = await owed(utility, customer_id)

    with pytest.raises(refusal):
        await reversed_(utility, payment_id, **asked)

    assert await owed(utility, customer_id) == before


async def test_an_unknown_payment_and_one_that_is_gone_cannot_be_reversed(utility):
    payment_id = await paid(utility, await billed(utility), "10.00")
    await reversed_(utility, payment_id)

    with pytest.raises(rules.PaymentNotFound):
        await reversed_(utility, 99)
    with pytest.raises(rules.NothingLeftToReturn):
        await reversed_(utility, payment_id, key="another")
    with pytest.raises(rules.ReturnKeyReused):
        await reversed_(utility, payment_id, amount=Decimal("5.00"))


async def test_a_refund_is_on_its_way_until_it_is_said_to_have_left(utility):
    customer_id = await billed(utility, "100.00")
    payment_id = await paid(utility, customer_id, "150.00")

    returned = await refunded(utility, payment_id, "29.00")

    assert await owed(utility, customer_id) == ([], "0", {"bank:card": "150.00", "refunds": "-29.00"})
    for _ in range(2):
        async with unit_of_work(utility.engine) as session:
            await returning.confirm_refund(session, returned=returned, on=date(2024, 2, 11), now=utility.now)
    assert await owed(utility, customer_id) == ([], "0", {"bank:card": "121.00"})


async def test_a_refund_that_did_not_go_is_credit_again_and_settles_what_came_meanwhile(utility):
    customer_id = await billed(utility)
    payment_id = await paid(utility, customer_id, "30.00")
    returned = await refunded(utility, payment_id, "30.00")
    contract_id = await utility.contract(customer_id, "K-9")
    await utility.invoice(customer_id, contract_id, nets=("10.00",))

    for _ in range(2):
        async with unit_of_work(utility.engine) as session:
            await returning.undo_refund(session, returned=returned, reason="closed account", now=utility.now)

    accounts = {"bank:card": "30.00", "receivable": "-17.90"}
    assert await owed(utility, customer_id) == ([], "17.90", accounts)


@pytest.mark.parametrize(("amount", "refusal"), [("29.01", rules.NotCredit), ("150.01", rules.NothingLeftToReturn)])
async def test_what_is_not_credit_cannot_be_refunded(utility, amount, refusal):
    customer_id = await billed(utility, "100.00")
    payment_id = await paid(utility, customer_id, "150.00")
    before = await owed(utility, customer_id)

    with pytest.raises(refusal):
        await refunded(utility, payment_id, amount)

    assert await owed(utility, customer_id) == before


async def test_a_refund_needs_a_reason(utility):
    payment_id = await paid(utility, await billed(utility), "10.00")
    request = Asked(payment_id=payment_id, kind=ReturnKind.REFUND, reason=" ", key="r", amount=Decimal("1.00"))

    with pytest.raises(rules.ReasonMissing):
        async with unit_of_work(utility.engine) as session:
            await returning.reserve_refund(session, request=request, now=utility.now)


async def test_refunds_at_once_take_turns_and_never_exceed_the_credit(utility, database_url):
    customer_id = await billed(utility)
    payment_id = await paid(utility, customer_id, "30.00")
    engine = make_engine(address=database_url, connections_max=8)

    asked = (refunded(utility, payment_id, "20.00", key=f"r{n}", engine=engine) for n in range(6))
    results = await asyncio.gather(*asked, return_exceptions=True)
    await engine.dispose()

    # 30.00 have room for one refund of 20.00.
    refused = [one for one in results if isinstance(one, (rules.NotCredit, rules.NothingLeftToReturn))]
    assert len(refused) == 5
    assert await owed(utility, customer_id) == (
        [],
        "10.00",
        {"bank:card": "30.00", "receivable": "-10.00", "refunds": "-20.00"},
    )


async def test_reversing_while_paying_and_settling_deadlocks_nobody(utility, database_url):
    customer_id = await billed(utility, "100.00", "100.00", "100.00")
    payments = [await paid(utility, customer_id, "50.00", key=f"k{n}") for n in range(6)]
    engine = make_engine(address=database_url, connections_max=12)

    async def reverse(payment_id):
        async with unit_of_work(engine) as session:
            await returning.reverse_payment(session, payment_id=payment_id, reason="disputed", now=utility.now)

    async def pay(number):
        request = PaymentRequest(
            customer_id=customer_id,
            amount=Decimal("40.00"),
            currency="EUR",
            method=PaymentMethod.CARD,
            received_on=date(2024, 2, 9),
            reference="",
            idempotency_key=f"new{number}",
        )
        async with unit_of_work(engine) as session:
            await operations.receive_payment(session, request=request, now=utility.now)

    await asyncio.gather(*(reverse(one) for one in payments), *(pay(n) for n in range(6)))
    await engine.dispose()

    # 363.00 asked; 6 * 50.00 came and went; 6 * 40.00 = 240.00 stayed.
    still_open, credit, accounts = await owed(utility, customer_id)
    assert sum(Decimal(one) for one in still_open) == Decimal("123.00")
    assert (credit, accounts) == ("0", {"bank:card": "240.00", "receivable": "123.00"})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 900)), min_size=1, max_size=8),
    share=st.integers(0, 100),
)
async def test_what_is_taken_back_adds_up_and_comes_off_the_latest(parts, share):
    allocations = [Allocation(invoice_id=number, contract_id=1, amount=Decimal(cents)) for number, cents in parts]
    amount = Decimal(sum(cents for _, cents in parts) * share // 100)

    back = rules.latest_first(allocations, amount=amount)

    assert -sum((one.amount for one in back), Decimal(0)) == amount
    settled = {number: sum(c for n, c in parts if n == number) for number, _ in parts}
    assert all(0 < -one.amount <= settled[one.invoice_id] for one in back)
    whole = [one for one in back if -one.amount == settled[one.invoice_id]]
    assert len(back) - len(whole) <= 1
