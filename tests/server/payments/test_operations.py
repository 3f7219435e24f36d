"""Money that arrives is booked once, settles invoices, and is never lost, however many arrive at once."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.queries import InvoiceNotFound, invoice_by_number, open_invoices
from mains_server.invoices.records import CreditRequest, InvoiceStatus
from mains_server.payments import operations, queries, rules
from mains_server.payments.records import PaymentMethod, PaymentRequest, Settle
from sqlalchemy import text

pytestmark = pytest.mark.asyncio


def asked(customer_id: int, amount: str, *, key: str = "k1", settles: tuple[Settle, ...] = ()) -> PaymentRequest:
    return PaymentRequest(
        customer_id=customer_id,
        amount=Decimal(amount),
        currency="EUR",
        method=PaymentMethod.BANK_TRANSFER,
        received_on=date(2024, 2, 9),
        reference="RF79T000001",
        idempotency_key=key,
        settles=settles,
    )


async def received(utility, request):
    async with unit_of_work(utility.engine) as session:
        return await operations.receive_payment(session, request=request, now=utility.now)


async def billed(utility, *nets, number="C-1"):
    customer_id = await utility.customer(number)
    contract_id = await utility.contract(customer_id, f"K-{number}")
    return customer_id, [
        await utility.invoice(customer_id, contract_id, month=month, nets=(net,))
        for month, net in enumerate(nets, start=1)
    ]


async def owed(utility, customer_id):
    async with read_session(utility.engine) as session:
        (balance,) = await queries.balances_of(session, customer_id=customer_id)
        still_open = await open_invoices(session, customer_id=customer_id)
    assert balance.is_equal
    return [str(invoice.open_amount) for invoice in still_open], str(balance.credit), str(balance.ledger)


async def test_a_payment_settles_the_oldest_first(utility):
    customer_id, invoices = await billed(utility, "100.00", "200.00")

    payment = await received(utility, asked(customer_id, "150.00"))

    # 121.00 + 242.00 - 150.00 = 213.00
    assert [(a.invoice_id, str(a.amount)) for a in payment.allocations] == [
        (invoices[0].id, "121.00"),
        (invoices[1].id, "29.00"),
    ]
    assert await owed(utility, customer_id) == (["213.00"], "0", "213.00")
    async with read_session(utility.engine) as session:
        states = [await invoice_by_number(session, document_number=invoice.document_number) for invoice in invoices]
    assert [state.status for state in states] == [InvoiceStatus.PAID, InvoiceStatus.PARTLY_PAID]


async def test_an_overpayment_stays_visible_and_settles_the_next_invoice(utility):
    customer_id, _ = await billed(utility, "100.00")

    payment = await received(utility, asked(customer_id, "200.00"))
    before = await owed(utility, customer_id)
    await utility.invoice(customer_id, await utility.contract(customer_id, "K-2"), month=2)
    async with unit_of_work(utility.engine) as session:
        made = await operations.apply_credit(session, customer_ids=[customer_id, 999], now=utility.now)

    assert payment.credit == Decimal("79.00")
    assert before == ([], "79.00", "-79.00")
    assert made == 1
    assert await owed(utility, customer_id) == (["42.00"], "0", "42.00")


async def test_applying_credit_again_changes_nothing(utility):
    customer_id, _ = await billed(utility, "100.00")
    await received(utility, asked(customer_id, "200.00"))

    async with unit_of_work(utility.engine) as session:
        assert await operations.apply_credit(session, customer_ids=[customer_id], now=utility.now) == 0

    assert await owed(utility, customer_id) == ([], "79.00", "-79.00")


async def test_a_payment_may_name_its_invoices(utility):
    customer_id, (first, second) = await billed(utility, "100.00", "200.00")
    names = (
        Settle(document_number=second.document_number, amount=Decimal("42.00")),
        Settle(document_number=first.document_number),
    )

    payment = await received(utility, asked(customer_id, "200.00", settles=names))

    assert [(a.invoice_id, str(a.amount)) for a in payment.allocations] == [
        (second.id, "42.00"),
        (first.id, "121.00"),
    ]
    assert payment.credit == Decimal("37.00")
    assert await owed(utility, customer_id) == (["200.00"], "37.00", "163.00")


async def test_the_same_key_is_one_payment(utility):
    customer_id, (first,) = await billed(utility, "100.00")
    request = asked(customer_id, "50.00", settles=(Settle(document_number=first.document_number),))
    payment = await received(utility, request)

    again = await received(utility, request)

    assert again == replace(payment, is_new=False)
    with pytest.raises(rules.PaymentKeyReused):
        await received(utility, replace(request, amount=Decimal("50.01")))
    assert await owed(utility, customer_id) == (["71.00"], "0", "71.00")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"customer_id": 999}, operations.CustomerNotFound),
        ({"amount": Decimal(0)}, rules.AmountNotPayable),
        ({"amount": Decimal("NaN")}, rules.AmountNotPayable),
        ({"currency": "SEK"}, rules.CurrencyNotAccepted),
        ({"settles": (Settle(document_number="T-000001", amount=Decimal("121.01")),)}, rules.MoreThanPaid),
        ({"settles": (Settle(document_number="T-000009"),)}, InvoiceNotFound),
        ({"settles": (Settle(document_number="T-000002"),)}, InvoiceNotFound),
        (
            {"amount": Decimal(900), "settles": (Settle(document_number="T-000001", amount=Decimal("121.01")),)},
            rules.MoreThanOpen,
        ),
    ],
)
async def test_what_is_refused_leaves_nothing(utility, change, refusal):
    customer_id, _ = await billed(utility, "100.00")
    await billed(utility, "100.00", number="C-2")

    with pytest.raises(refusal):
        await received(utility, replace(asked(customer_id, "50.00"), **change))

    assert await utility.run("select count(*) from payment") == 0
    assert await utility.run("select count(*) from ledger_transaction where kind = 'PAYMENT'") == 0
    assert await owed(utility, customer_id) == (["121.00"], "0", "121.00")


async def test_crediting_an_invoice_frees_what_was_paid_on_it(utility):
    customer_id, (first, _) = await billed(utility, "100.00", "200.00")
    await received(utility, asked(customer_id, "150.00"))
    request = CreditRequest(document_number=first.document_number, issued_on=date(2024, 3, 5))

    notes = []
    for _ in range(2):
        async with unit_of_work(utility.engine) as session:
            notes.append(await operations.credit_invoice(session, request=request, now=utility.now))

    # 242.00 - 29.00 already paid - 121.00 freed = 92.00
    assert [note.document_number for note in notes] == ["T-000003", "T-000003"]
    assert await owed(utility, customer_id) == (["92.00"], "0", "92.00")
    assert await utility.run("select count(*) from payment_allocation") == 4


async def test_many_payments_at_once_lose_nothing_and_never_exceed(utility, database_url):
    customer_id, _ = await billed(utility, "100.00", "100.00", "100.00")
    engine = make_engine(address=database_url, connections_max=8)

    async def pay(number):
        async with unit_of_work(engine) as session:
            request = asked(customer_id, "20.00", key=f"k{number}")
            await operations.receive_payment(session, request=request, now=utility.now)

    await asyncio.gather(*(pay(number) for number in range(24)))
    await engine.dispose()

    # 24 * 20.00 = 480.00; 3 * 121.00 = 363.00; 117.00 is left
    assert await owed(utility, customer_id) == ([], "117.00", "-117.00")
    assert await utility.run("select count(*) from payment") == 24
    over = "select count(*) from (select 1 from payment_allocation group by payment_id having sum(amount) > 20) o"
    assert await utility.run(over) == 0


async def test_one_key_at_once_has_one_effect(utility, database_url):
    customer_id, _ = await billed(utility, "100.00")
    engine = make_engine(address=database_url, connections_max=8)

    async def pay():
        async with unit_of_work(engine) as session:
            return await operations.receive_payment(session, request=asked(customer_id, "20.00"), now=utility.now)

    payments = await asyncio.gather(*(pay() for _ in range(8)))
    await engine.dispose()

    assert sorted(payment.is_new for payment in payments) == [False] * 7 + [True]
    assert await owed(utility, customer_id) == (["101.00"], "0", "101.00")


async def test_paying_while_the_invoice_is_credited_loses_nothing(utility, database_url):
    customer_id, (first, _) = await billed(utility, "100.00", "10.00")
    engine = make_engine(address=database_url, connections_max=8)

    async def pay(number):
        names = (Settle(document_number=first.document_number),)
        async with unit_of_work(engine) as session:
            request = asked(customer_id, "5.00", key=f"k{number}", settles=names)
            await operations.receive_payment(session, request=request, now=utility.now)

    async def credit():
        request = CreditRequest(document_number=first.document_number, issued_on=date(2024, 3, 5))
        async with unit_of_work(engine) as session:
            await operations.credit_invoice(session, request=request, now=utility.now)

    results = await asyncio.gather(*(pay(n) for n in range(6)), credit(), return_exceptions=True)
    await engine.dispose()

    refused = [result for result in results if result is not None]
    assert all(isinstance(result, rules.MoreThanOpen) for result in refused)
    paid = Decimal(5) * (6 - len(refused))
    _, _, ledger = await owed(utility, customer_id)
    assert Decimal(ledger) == Decimal("12.10") - paid


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    credits=st.lists(st.integers(1, 50_000), min_size=1, max_size=6),
    dues=st.lists(st.integers(0, 50_000), min_size=1, max_size=6),
)
async def test_credit_is_used_oldest_with_oldest(utility, credits, dues):
    number = str(await utility.run("select count(*) from customer"))
    customer_id = await utility.customer(number)
    for position, cents in enumerate(credits):
        await received(utility, asked(customer_id, str(Decimal(cents).scaleb(-2)), key=f"k{position}"))
    contract_id = await utility.contract(customer_id, number)
    totals = [
        int(
            (await utility.invoice(customer_id, contract_id, month=month, nets=(str(Decimal(net).scaleb(-2)),))).total
            * 100
        )
        for month, net in enumerate(dues, start=1)
    ]

    async with unit_of_work(utility.engine) as session:
        await operations.apply_credit(session, customer_ids=[customer_id], now=utility.now)

    async with read_session(utility.engine) as session:
        rows = await session.execute(
            text(
                "select (amount * 100)::int from payment_allocation where customer_id = :customer_id"
                " order by payment_id, invoice_id"
            ),
            {"customer_id": customer_id},
        )
    assert [row[0] for row in rows] == oldest_with_oldest(credits, totals)
    await owed(utility, customer_id)


def oldest_with_oldest(credits, totals):
    """Walk both lists by hand, as the SQL must have done at once."""
    rests, parts = list(totals), []
    for credit in credits:
        for position, rest in enumerate(rests):
            part = min(credit, rest)
            if part:
                parts.append(part)
                rests[position] -= part
                credit -= part
    return parts
