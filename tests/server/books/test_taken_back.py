"""Whatever posts can be taken back: the opposite to the cent, once however often it is asked, and never by erasing."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mains_server.access.records import StaffRole, Viewer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices.records import CreditRequest
from mains_server.payments.operations import credit_invoice, receive_payment
from mains_server.payments.prepaid import take_over
from mains_server.payments.records import PaymentMethod, PaymentRequest, ReturnKind, ReturnRequest
from mains_server.payments.returning import reserve_refund, reverse_payment, undo_refund
from mains_server.statements import desk
from mains_server.statements.records import AsideReason, AsideRequest, MatchRequest, PartRequest, TakeBackRequest
from sqlalchemy.exc import DBAPIError

from tests.server.statements.camt_files import Paid
from tests.server.statements.conftest import Bank, bank

__all__ = ["bank"]
pytestmark = pytest.mark.asyncio
PERSON = """
insert into person (id, email, name, language, created_at) values (1, 'clerk@example.org', 'Clerk', 'lv', now())
returning id
"""
POSTED = """
select customer_id, account, currency, sum(amount) from ledger_entry group by 1, 2, 3 having sum(amount) <> 0
order by 1, 2, 3
"""
COUNTED = "select count(*), max(id) from ledger_entry"
CLERK = Viewer(person_id=1, staff=frozenset({StaffRole.BILLING_CLERK}))
CHANGES = ("update ledger_entry set amount = -amount", "delete from ledger_transaction", "truncate ledger_entry")


@dataclass(kw_only=True)
class Office:
    """A customer of its own for each story, with a bill, a payment in advance, and a levelled contract that owes."""

    bank: Bank
    stories: int = 0
    payments: int = 0
    on_account: Decimal = Decimal("1000.00")
    customer: int = 0
    contract: int = 0
    number: str = ""

    async def begin(self, *, billed: Decimal, paid: Decimal) -> None:
        utility, self.stories = self.bank.utility, self.stories + 1
        self.number = f"K-1000{self.stories:03d}"
        self.customer = await utility.customer(f"C-{self.stories}")
        self.contract = await utility.contract(self.customer, self.number)
        await utility.invoice(self.customer, self.contract, nets=(str(billed),))
        await self.receives(paid)

    async def levels(self) -> None:
        statement = "update contract set settlement = 'LEVELLED' where id = :id"
        await self.bank.utility.run(statement, id=self.contract)

    async def does(self, deed, **what):
        async with unit_of_work(self.bank.utility.engine) as session:
            return await deed(session, now=self.bank.utility.now, **what)

    async def receives(self, amount: Decimal, *, contract: str | None = None) -> Any:
        self.payments += 1
        request = PaymentRequest(
            customer_id=self.customer,
            amount=amount,
            currency="EUR",
            method=PaymentMethod.BANK_TRANSFER,
            received_on=date(2024, 2, 9),
            reference="",
            idempotency_key=f"p{self.payments}",
            contract_number=contract,
        )
        return (await self.does(receive_payment, request=request)).id

    async def moves(self, amount: Decimal) -> Any:
        """Have a movement on the bank's account that nobody knows, and give its id."""
        number, opening = self.stories, str(self.on_account)
        paid = Paid(amount=f"{amount:.2f}", text="?", ref=f"B{number}")
        await self.bank.brings(paid, opening=opening, message=f"M{number}", number=f"S{number}")
        self.on_account += amount
        return await self.bank.utility.run("select max(id) from statement_line")


@pytest_asyncio.fixture
async def office(bank):
    await bank.utility.run(PERSON)
    return Office(bank=bank)


# Each story stops before its document, to be looked at, and again after it, with the way to take it back.


async def an_invoice(office, amount):
    yield
    bill = await office.bank.utility.invoice(office.customer, office.contract, month=2, nets=(str(amount),))
    yield credited(office, bill)


async def an_invoice_that_a_levelled_account_took_over(office, amount):
    await office.levels()
    await office.receives(amount, contract=office.number)
    yield
    bill = await office.bank.utility.invoice(office.customer, office.contract, month=2, nets=(str(amount),))
    await office.does(take_over, document_number=bill.document_number)
    yield credited(office, bill)


async def a_payment(office, amount):
    yield
    yield reversed_(office, await office.receives(amount))


async def a_payment_held_for_a_levelled_contract(office, amount):
    await office.levels()
    yield
    yield reversed_(office, await office.receives(amount, contract=office.number))


async def a_refund(office, amount):
    payment = await office.receives(amount + Decimal("2000.00"))
    request = ReturnRequest(payment_id=payment, kind=ReturnKind.REFUND, reason="moved", key="r", amount=amount)
    yield
    returned = await office.does(reserve_refund, request=request)
    yield partial(office.does, undo_refund, returned=returned, reason="account closed")


async def a_movement_that_is_a_customers_payment(office, amount):
    line = await office.moves(amount)
    request = MatchRequest(line_id=line, idempotency_key=f"m{line}", parts=(PartRequest(customer_id=office.customer),))
    yield
    await office.does(desk.match_line, viewer=CLERK, request=request)
    yield taken_back(office, line)


async def a_movement_that_is_set_aside(office, amount):
    line = await office.moves(amount)
    request = AsideRequest(line_id=line, idempotency_key=f"a{line}", reason=AsideReason.OTHER_BOOKS, note="grant")
    yield
    await office.does(desk.set_line_aside, viewer=CLERK, request=request)
    yield taken_back(office, line)


def credited(office, bill):
    request = CreditRequest(document_number=bill.document_number, issued_on=bill.issued_on)
    return partial(office.does, credit_invoice, request=request)


def reversed_(office, payment):
    return partial(office.does, reverse_payment, payment_id=payment, reason="the bank took it back")


def taken_back(office, line):
    request = TakeBackRequest(line_id=line, idempotency_key=f"t{line}", note="wrong")
    return partial(office.does, desk.take_back_line, viewer=CLERK, request=request)


DOCUMENTS = (
    an_invoice,
    an_invoice_that_a_levelled_account_took_over,
    a_payment,
    a_payment_held_for_a_levelled_contract,
    a_refund,
    a_movement_that_is_a_customers_payment,
    a_movement_that_is_set_aside,
)
CENTS = st.integers(1, 99_999).map(lambda cents: Decimal(cents).scaleb(-2))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.__name__)
@settings(max_examples=3, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(amount=CENTS, billed=CENTS, paid=CENTS)
async def test_what_is_taken_back_leaves_nothing_of_itself(office, document, amount, billed, paid):
    await office.begin(billed=billed, paid=paid)
    story = document(office, amount)
    await anext(story)
    before = await office.bank.asks(POSTED)

    undo = await anext(story)
    done = await office.bank.asks(POSTED)
    await office.bank.is_sound()
    await undo()
    entries = await office.bank.asks(COUNTED)
    await undo()

    assert done != before
    assert await office.bank.asks(POSTED) == before
    assert await office.bank.asks(COUNTED) == entries
    await office.bank.is_sound()
    for change in CHANGES:
        with pytest.raises(DBAPIError, match="append-only"):
            await office.bank.utility.run(change)
