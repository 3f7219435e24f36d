"""Money for a levelled contract is held until it is settled, and is nobody else's meanwhile."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.books.queries import check_books
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.queries import invoice_by_number
from mains_server.invoices.records import CreditRequest, InvoiceStatus
from mains_server.ledger.queries import account_balances
from mains_server.payments import operations, prepaid, queries, rules
from mains_server.payments.records import PaymentMethod, PaymentRequest, PrepaidOwner, Settle

pytestmark = pytest.mark.asyncio
REFERENCE = rules.contract_reference("K-1") or ""


async def levelled(utility, *, number="C-1", contract="K-1"):
    customer_id = await utility.customer(number)
    contract_id = await utility.contract(customer_id, contract)
    await utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=contract_id)
    return PrepaidOwner(customer_id=customer_id, contract_id=contract_id, currency="EUR")


async def pay(utility, owner, amount, *, key="k1", **more):
    request = PaymentRequest(
        customer_id=owner.customer_id,
        amount=Decimal(amount),
        currency="EUR",
        method=PaymentMethod.CARD,
        received_on=date(2024, 2, 9),
        reference=more.pop("reference", ""),
        idempotency_key=key,
        **more,
    )
    async with unit_of_work(utility.engine) as session:
        return await operations.receive_payment(session, request=request, now=utility.now)


async def accounts(utility, owner):
    """Give the customer's accounts by the ledger, after proving that the whole books balance."""
    async with read_session(utility.engine) as session:
        assert (await check_books(session)).findings == ()
        found = await account_balances(session, customer_id=owner.customer_id)
    wanted = ("receivable", "prepaid", "deferred")
    return {one.account: str(one.balance) for one in found if one.account in wanted and one.balance}


async def settled(utility, invoice):
    async with unit_of_work(utility.engine) as session:
        return await prepaid.take_over(session, document_number=invoice.document_number, now=utility.now)


@pytest.mark.parametrize("named", [{"contract_number": "K-1"}, {"reference": REFERENCE}, {"reference": "rf40 0k1"}])
async def test_a_payment_for_a_levelled_contract_is_prepaid(utility, named):
    owner = await levelled(utility)
    if named.get("reference", "").startswith("rf"):
        named = {"reference": f"{REFERENCE[:4]} {REFERENCE[4:]}".lower()}

    payment = await pay(utility, owner, "30.00", **named)

    assert [(held.contract_id, str(held.amount)) for held in payment.prepaid] == [(owner.contract_id, "30.00")]
    assert payment.credit == 0
    assert await accounts(utility, owner) == {"prepaid": "-30.00"}


async def test_prepaid_money_is_not_put_on_other_invoices(utility):
    owner = await levelled(utility)
    other = await utility.contract(owner.customer_id, "K-2")
    await utility.invoice(owner.customer_id, other)

    await pay(utility, owner, "150.00", contract_number="K-1")
    async with unit_of_work(utility.engine) as session:
        made = await operations.apply_credit(session, customer_ids=[owner.customer_id], now=utility.now)

    assert made == 0
    assert await accounts(utility, owner) == {"receivable": "121.00", "prepaid": "-150.00"}


async def test_at_settlement_the_prepaid_pays_and_the_rest_is_deferred(utility):
    owner = await levelled(utility)
    await pay(utility, owner, "100.00", contract_number="K-1")
    invoice = await utility.invoice(owner.customer_id, owner.contract_id)

    taken = [await settled(utility, invoice) for _ in range(2)]

    # 121.00 were used and 100.00 paid: 21.00 come in by later instalments.
    assert taken == [Decimal("121.00"), Decimal(0)]
    assert await accounts(utility, owner) == {"deferred": "21.00"}
    async with read_session(utility.engine) as session:
        found = await invoice_by_number(session, document_number=invoice.document_number)
    assert (found.status, found.open_amount) == (InvoiceStatus.PAID, Decimal(0))
    await pay(utility, owner, "30.00", key="k2", contract_number="K-1")
    assert await accounts(utility, owner) == {"prepaid": "-9.00"}


async def test_what_was_paid_ahead_beyond_the_settlement_stays_prepaid(utility):
    owner = await levelled(utility)
    await pay(utility, owner, "200.00", contract_number="K-1")

    await settled(utility, await utility.invoice(owner.customer_id, owner.contract_id))

    assert await accounts(utility, owner) == {"prepaid": "-79.00"}


async def test_released_money_is_credit_again(utility):
    owner = await levelled(utility)
    for key, amount in (("k1", "100.00"), ("k2", "100.00")):
        await pay(utility, owner, amount, key=key, contract_number="K-1")
    await settled(utility, await utility.invoice(owner.customer_id, owner.contract_id))

    async with unit_of_work(utility.engine) as session:
        balance = await prepaid.release(session, owner=owner, now=utility.now)

    assert balance == Decimal("79.00")
    assert await accounts(utility, owner) == {"receivable": "-79.00"}
    async with read_session(utility.engine) as session:
        assert await queries.credit_of(session, customer_id=owner.customer_id) == {"EUR": Decimal("79.00")}


async def test_a_released_debt_stands_on_the_invoice(utility):
    owner = await levelled(utility)
    await pay(utility, owner, "100.00", contract_number="K-1")
    invoice = await utility.invoice(owner.customer_id, owner.contract_id)
    await settled(utility, invoice)

    async with unit_of_work(utility.engine) as session:
        balances = [await prepaid.release(session, owner=owner, now=utility.now) for _ in range(2)]

    assert balances == [Decimal("-21.00"), Decimal(0)]
    assert await accounts(utility, owner) == {"receivable": "21.00"}
    async with read_session(utility.engine) as session:
        found = await invoice_by_number(session, document_number=invoice.document_number)
    assert (found.status, str(found.open_amount)) == (InvoiceStatus.PARTLY_PAID, "21.00")


async def test_crediting_a_settled_invoice_gives_the_account_back_what_it_took(utility):
    owner = await levelled(utility)
    await pay(utility, owner, "100.00", contract_number="K-1")
    invoice = await utility.invoice(owner.customer_id, owner.contract_id)
    await settled(utility, invoice)
    request = CreditRequest(document_number=invoice.document_number, issued_on=date(2024, 3, 5))

    for _ in range(2):
        async with unit_of_work(utility.engine) as session:
            await operations.credit_invoice(session, request=request, now=utility.now)

    assert await accounts(utility, owner) == {"prepaid": "-100.00"}


async def test_a_contract_that_is_not_levelled_gets_an_ordinary_payment(utility):
    customer_id = await utility.customer()
    contract_id = await utility.contract(customer_id)
    await utility.invoice(customer_id, contract_id)
    owner = PrepaidOwner(customer_id=customer_id, contract_id=contract_id, currency="EUR")

    payment = await pay(utility, owner, "150.00", contract_number="K-1")

    assert ([str(part.amount) for part in payment.allocations], payment.credit) == (["121.00"], Decimal("29.00"))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"contract_number": "K-9"}, rules.ContractNotPayable),
        ({"contract_number": "K-2"}, rules.ContractNotPayable),
        (
            {"contract_number": "K-1", "settles": (Settle(document_number="T-000001"),)},
            rules.InvoiceAndContractNamed,
        ),
    ],
)
async def test_what_is_refused_leaves_nothing(utility, change, refusal):
    owner = await levelled(utility)
    await levelled(utility, number="C-2", contract="K-2")

    with pytest.raises(refusal):
        await pay(utility, owner, "30.00", **change)

    assert await utility.run("select count(*) from payment") == 0
    assert await accounts(utility, owner) == {}


async def test_the_same_key_is_one_payment(utility):
    owner = await levelled(utility)
    first = await pay(utility, owner, "30.00", contract_number="K-1")

    again = await pay(utility, owner, "30.00", contract_number="K-1")

    assert again == replace(first, is_new=False)
    with pytest.raises(rules.PaymentKeyReused):
        await pay(utility, owner, "30.00")
    assert await accounts(utility, owner) == {"prepaid": "-30.00"}


async def test_paying_settling_and_crediting_at_once_lose_nothing(utility, database_url):
    owner = await levelled(utility)
    invoices = [await utility.invoice(owner.customer_id, owner.contract_id, month=month) for month in (1, 2)]
    crowd = replace(utility, engine=make_engine(address=database_url, connections_max=10))
    request = CreditRequest(document_number=invoices[0].document_number, issued_on=date(2024, 3, 5))

    async def credit():
        async with unit_of_work(crowd.engine) as session:
            await operations.credit_invoice(session, request=request, now=utility.now)

    await asyncio.gather(
        *(pay(crowd, owner, "20.00", key=f"k{n}", contract_number="K-1") for n in range(5)),
        *(settled(crowd, invoice) for invoice in invoices),
        credit(),
    )
    await crowd.engine.dispose()

    # 121.00 of February stand against 100.00 paid; January was taken back, whoever came first.
    assert await accounts(utility, owner) == {"deferred": "21.00"}
