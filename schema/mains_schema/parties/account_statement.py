"""A customer's account statement: what was billed and paid in some days, with the balance after each."""

from __future__ import annotations

from datetime import date, timedelta

import strawberry
from mains_server.db.unit_of_work import read_session
from mains_server.payments.accounts import AccountTooLong, account_statement
from mains_server.payments.records import AccountItem, AccountItemKind, AccountStatement

from mains_schema.declaring.errors import bad_input
from mains_schema.declaring.given import Given
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import encode_id
from mains_schema.declaring.resolve import Reads
from mains_schema.declaring.scalars import Money, Period
from mains_schema.metering.consumption import PeriodInput

ROWS_ABOUT = 60
DAYS_MAX = 1_100
GIVEN = (Given("period", PeriodInput, "Which days, at most 1,100 (three years)."),)

described(
    AccountItemKind,
    "What an entry of an account statement is.",
    {
        "INVOICE": "An invoice was issued.",
        "CREDIT_NOTE": "An invoice was taken back.",
        "PAYMENT": "Money was received.",
        "PAYMENT_BACK": "Money went back: refunded, or taken back by a bank.",
        "LEVELLED_HELD": "A payment is held for a levelled contract; below nothing it was given back.",
        "LEVELLED_SETTLED": "A levelled contract took over its invoice; above nothing the invoice was given back.",
    },
)


@strawberry.type(name="AccountStatementItem", description="An entry of an account statement.")
class AccountStatementItem:
    """One thing that changed what is owed."""

    day: date = strawberry.field(description="The day on which it counts.")
    kind: AccountItemKind = strawberry.field(description="What it is.")
    text: str = strawberry.field(
        description="Number of the invoice, credit note or contract, reference of the payment, or why money went back."
    )
    amount: Money = strawberry.field(description="By how much more is owed since; below nothing by how much less.")
    balance: Money = strawberry.field(description="What was owed after it; below nothing it was credit.")
    invoice_id: strawberry.ID | None = strawberry.field(
        description="Global id of the invoice or credit note; null where it is none."
    )
    payment_id: strawberry.ID | None = strawberry.field(
        description="Global id of the payment; null where it is about none."
    )


@strawberry.type(
    name="AccountStatement", description="What a customer was billed and paid in some days, in one currency."
)
class AccountStatementOf:
    """Balances, and what lies between."""

    period: Period = strawberry.field(description="The days.")
    opening: Money = strawberry.field(description="What was owed before the first day; below nothing it was credit.")
    items: list[AccountStatementItem] = strawberry.field(
        description="What changed it, in order; of a day invoices first. Of more than 5,000 the period is refused."
    )
    closing: Money = strawberry.field(description="What was owed after the last day: opening and items make it.")


async def statements_of_customer(reads: Reads, customer: int, *, period: PeriodInput) -> list[AccountStatementOf]:
    """Write a customer's account statement, one for each currency."""
    if not timedelta() < period.end - period.start <= timedelta(days=DAYS_MAX):
        raise bad_input(f"`period` must end after it starts, and have at most {DAYS_MAX} days.")

    async def run(customers: list[int]) -> list[list[AccountStatementOf]]:
        async with read_session(reads.engine) as session:
            found = [
                await account_statement(session, customer_id=one, starts=period.start, ends=period.end)
                for one in customers
            ]
        return [[_statement(one) for one in statements] for statements in found]

    try:
        found: list[AccountStatementOf] = await reads.load(("account", period.start, period.end), customer, run)
    except AccountTooLong as error:
        raise bad_input(f"`period` holds {error}.") from error
    return found


def _statement(one: AccountStatement) -> AccountStatementOf:
    return AccountStatementOf(
        period=Period(start=one.starts, end=one.ends),
        opening=Money(amount=one.opening, currency=one.currency),
        items=[_item(item, currency=one.currency) for item in one.items],
        closing=Money(amount=one.closing, currency=one.currency),
    )


def _item(item: AccountItem, *, currency: str) -> AccountStatementItem:
    return AccountStatementItem(
        day=item.day,
        kind=item.kind,
        text=item.text,
        amount=Money(amount=item.amount, currency=currency),
        balance=Money(amount=item.balance, currency=currency),
        invoice_id=None if item.invoice_id is None else encode_id(type_name="Invoice", number=item.invoice_id),
        payment_id=None if item.payment_id is None else encode_id(type_name="Payment", number=item.payment_id),
    )
