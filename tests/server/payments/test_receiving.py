"""Many payments at once leave the same books as one by one."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.payments import operations, receiving, rules
from mains_server.payments.records import PaymentMethod, PaymentRequest, Settle
from sqlalchemy import text

pytestmark = pytest.mark.asyncio

BALANCES = (
    "select customer_id, account, sum(amount) from ledger_entry group by 1, 2 having sum(amount) <> 0 order by 1, 2"
)
OPEN = "select document_number, open_amount from invoice_state order by id"
ALLOCATED = """
select p.idempotency_key, a.invoice_id, sum(a.amount) from payment_allocation a join payment p on p.id = a.payment_id
group by 1, 2 order by 1, 2
"""
TABLES = ("payment", "payment_allocation", "prepayment", "ledger_entry", "ledger_transaction")


def asked(customer_id, amount, *, key, numbers=(), contract=None):
    return PaymentRequest(
        customer_id=customer_id,
        amount=Decimal(amount),
        currency="EUR",
        method=PaymentMethod.BANK_TRANSFER,
        received_on=date(2024, 2, 9),
        reference="",
        idempotency_key=key,
        contract_number=contract,
        settles=tuple(Settle(document_number=number) for number in numbers),
    )


async def together(utility, *requests):
    async with unit_of_work(utility.engine) as session:
        return await receiving.receive_many(session, requests=requests, now=utility.now)


async def one_by_one(utility, *requests):
    """Settle what is open of what is named, then the oldest: as `receive_many` promises."""
    for request in requests:
        async with unit_of_work(utility.engine) as session:
            rows = await session.execute(text("select document_number from invoice_state where open_amount > 0"))
            still_open = {row[0] for row in rows}
            left, settles = request.amount, []
            for settle in request.settles:
                amount = await session.scalar(
                    text("select open_amount from invoice_state where document_number = :number"),
                    {"number": settle.document_number},
                )
                if settle.document_number in still_open and left > 0:
                    settles.append(settle)
                    left -= min(left, amount)
            await operations.receive_payment(session, request=replace(request, settles=tuple(settles)), now=utility.now)
            await operations.apply_credit(session, customer_ids=[request.customer_id], now=utility.now)


async def state(utility):
    async with read_session(utility.engine) as session:
        assert (await check_books(session)).findings == ()
        return [
            [tuple(row) for row in await session.execute(text(statement))] for statement in (BALANCES, OPEN, ALLOCATED)
        ]


async def towns(utility):
    """Three customers with two invoices each (121.00 and 242.00); the third has a levelled contract K-3-L too."""
    ids = []
    for name in ("C-1", "C-2", "C-3"):
        customer = await utility.customer(name)
        contract = await utility.contract(customer, f"K{name[1:]}")
        await utility.invoice(customer, contract, month=1, nets=("100.00",))
        await utility.invoice(customer, contract, month=2, nets=("200.00",))
        ids.append(customer)
    levelled = await utility.contract(ids[2], "K-3-L")
    await utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=levelled)
    return ids


PAID = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["0.01", "100.00", "121.00", "242.00", "400.00"]),
    st.lists(st.integers(1, 6), max_size=3, unique=True),
    st.booleans(),
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(paid=st.lists(PAID, min_size=1, max_size=8))
async def test_many_at_once_leave_the_same_books_as_one_by_one(utility, paid):
    if await utility.run("select count(*) from customer") == 0:
        await towns(utility)
    requests = [_request(turn, *one) for turn, one in enumerate(paid)]
    mark = await utility.run("select coalesce(max(id), 0) from ledger_transaction where kind = 'INVOICE'")

    await together(utility, *requests)
    at_once = await state(utility)
    await utility.plant(*_undo(mark))
    await one_by_one(utility, *requests)

    assert at_once == await state(utility)
    await utility.plant(*_undo(mark))


def _request(turn, customer, amount, invoices, is_levelled):
    mine = [number for number in invoices if (number - 1) // 2 == customer]
    contract = "K-3-L" if customer == 2 and is_levelled else None
    numbers = () if contract else [f"T-00000{number}" for number in mine]
    return asked(customer + 1, amount, key=f"k{turn}", numbers=numbers, contract=contract)


def _undo(mark):
    entries = f"delete from ledger_entry where transaction_id > {mark}"
    return (entries, f"delete from ledger_transaction where id > {mark}", *(f"delete from {t}" for t in TABLES[:3]))


async def test_a_wrong_one_refuses_all(utility):
    first, *_ = await towns(utility)
    before = await state(utility)

    with pytest.raises(rules.ContractNotPayable):
        await together(utility, asked(first, "1.00", key="a"), asked(first, "1.00", key="b", contract="K-3-L"))
    with pytest.raises(rules.AmountNotPayable):
        await together(utility, asked(first, "1.00", key="a"), asked(first, "-1.00", key="b"))

    assert await state(utility) == before
