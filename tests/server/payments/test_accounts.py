"""What a customer owes is the same by the ledger, by the documents and by the account statement, whatever happened."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.payments import operations, prepaid, queries, returning
from mains_server.payments.accounts import account_statement
from mains_server.payments.records import PaymentMethod, PaymentRequest, ReturnKind, ReturnRequest
from mains_server.payments.rules import NotCredit, NothingLeftToReturn
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
STEPS = ("bill", "pay", "pay", "pay levelled", "take back", "settle", "reverse", "refund")
FIRST, LAST = date(2024, 1, 1), date(2026, 1, 1)


async def customer(utility, number):
    """A customer with a contract that is billed, and one that is levelled."""
    found = await utility.customer(f"C-{number}")
    billed = await utility.contract(found, f"K-{number}-1")
    levelled = await utility.contract(found, f"K-{number}-2")
    await utility.run("update contract set settlement = 'LEVELLED' where id = :id", id=levelled)
    return found, billed, levelled


def paid(customer_id, amount, *, key, contract=None):
    return PaymentRequest(
        customer_id=customer_id,
        amount=Decimal(amount),
        currency="EUR",
        method=PaymentMethod.BANK_TRANSFER,
        received_on=date(2024, 2, 9),
        reference=f"paid {key}",
        idempotency_key=key,
        contract_number=contract,
    )


class Life:
    """What happens to a customer, step by step."""

    def __init__(self, utility, number, ids):
        self.utility, self.number = utility, number
        self.customer, self.billed, self.levelled = ids
        self.turn, self.bills, self.settled, self.payments = 0, [], [], []

    async def does(self, step, amount):
        self.turn += 1
        async with unit_of_work(self.utility.engine) as session:
            await self._step(session, step, amount)

    async def _step(self, session, step, amount):
        now = self.utility.now
        if step == "bill" and len(self.bills) < 9:
            issued = await self.utility.invoice(self.customer, self.billed, month=len(self.bills) + 1, nets=(amount,))
            self.bills.append(issued.document_number)
        elif step == "settle" and len(self.settled) < 9:
            month = len(self.settled) + 1
            issued = await self.utility.invoice(self.customer, self.levelled, month=month, nets=(amount,))
            self.settled.append(issued.document_number)
            await prepaid.take_over(session, document_number=issued.document_number, now=now)
        elif step in ("pay", "pay levelled"):
            contract = f"K-{self.number}-2" if step == "pay levelled" else None
            request = paid(self.customer, amount, key=f"{self.number}-{self.turn}", contract=contract)
            self.payments.append((await operations.receive_payment(session, request=request, now=now)).id)
        elif step == "take back" and self.bills:
            request = CreditRequest(document_number=self.bills[-1], issued_on=date(2025, 1, 1))
            await operations.credit_invoice(session, request=request, now=now)
        elif step in ("reverse", "refund") and self.payments:
            await self._money_goes_back(session, step, amount)

    async def _money_goes_back(self, session, step, amount):
        payment, now = self.payments[-1], self.utility.now
        try:
            if step == "reverse":
                await returning.reverse_payment(session, payment_id=payment, reason="bank", now=now)
                return
            key, part = f"r{self.turn}", Decimal(amount)
            request = ReturnRequest(payment_id=payment, kind=ReturnKind.REFUND, reason="moved", key=key, amount=part)
            await returning.reserve_refund(session, request=request, now=now)
        except (NothingLeftToReturn, NotCredit):
            return


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS), st.sampled_from(["0.01", "50.00", "121.00"])), min_size=4, max_size=14
    ),
    cut=st.integers(0, 700),
)
async def test_three_ways_agree_whatever_happened(utility, steps, cut):
    number = 1 + await utility.run("select count(*) from customer")
    life = Life(utility, number, await customer(utility, number))

    for step, amount in steps:
        await life.does(step, amount)

    async with read_session(utility.engine) as session:
        balances = await queries.balances_of(session, customer_id=life.customer)
        (whole,) = await account_statement(session, customer_id=life.customer, starts=FIRST, ends=LAST)
        middle = FIRST + timedelta(days=cut)
        (first,) = await account_statement(session, customer_id=life.customer, starts=FIRST, ends=middle)
        (second,) = await account_statement(session, customer_id=life.customer, starts=middle, ends=LAST)
    assert all(balance.is_equal for balance in balances)
    assert whole.closing == sum((item.amount for item in whole.items), whole.opening)
    assert [balance.ledger for balance in balances] in ([whole.closing], [])
    assert (first.items + second.items, first.closing, second.closing) == (whole.items, second.opening, whole.closing)


async def test_an_account_tells_what_happened_with_the_balance_after_each(utility):
    found, billed, _ = await customer(utility, 1)
    await utility.invoice(found, billed, nets=("100.00",))
    async with unit_of_work(utility.engine) as session:
        await operations.receive_payment(session, request=paid(found, "150.00", key="k"), now=utility.now)
        await returning.reserve_refund(
            session,
            request=ReturnRequest(
                payment_id=1, kind=ReturnKind.REFUND, reason="moved", key="r", amount=Decimal("20.00")
            ),
            now=utility.now,
        )

    async with read_session(utility.engine) as session:
        (statement,) = await account_statement(session, customer_id=found, starts=FIRST, ends=LAST)

    told = [(item.kind.name, item.text, str(item.amount), str(item.balance)) for item in statement.items]
    assert told == [
        ("INVOICE", "T-000001", "121.00", "121.00"),
        ("PAYMENT", "paid k", "-150.00", "-29.00"),
        ("PAYMENT_BACK", "moved", "20.00", "-9.00"),
    ]
    assert (str(statement.opening), str(statement.closing)) == ("0.00", "-9.00")


async def test_a_damaged_ledger_is_seen(utility):
    found, billed, _ = await customer(utility, 1)
    await utility.invoice(found, billed, nets=("100.00",))
    await utility.plant("update ledger_entry set amount = 120.00 where account = 'receivable'")

    async with read_session(utility.engine) as session:
        (balance,) = await queries.balances_of(session, customer_id=found)
        assert await session.scalar(text("select count(*) from ledger_entry")) == 3

    assert (balance.ledger, balance.documents, balance.statement) == (
        Decimal("120.00"), Decimal("121.00"), Decimal("121.00"),
    )  # fmt: skip
    assert not balance.is_equal
