"""What was paid, what it settled, and what is left as credit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from psycopg import Connection
from sqlalchemy import ColumnElement, ScalarSelect, Subquery, func, select, text
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from mains_server.invoices.queries import open_invoices
from mains_server.ledger.queries import receivable_of
from mains_server.payments.records import (
    AccountItem,
    AccountItemKind,
    Allocation,
    Balance,
    Held,
    LevelledAccount,
    NewBill,
    PrepaidOwner,
    ReceivedPayment,
    ReturnedPayment,
    ReturnKind,
)
from mains_server.payments.tables import Payment, PaymentAllocation, PaymentReturn, PrepaidUse, Prepayment

NEW_BILL = """
select i.customer_id, i.contract_id, i.currency, i.open_amount, coalesce((
    select sum(h.amount) from prepayment h
    where h.contract_id = i.contract_id and h.customer_id = i.customer_id and h.currency = i.currency
), 0), coalesce((
    select sum(u.amount) from prepaid_use u
    where u.contract_id = i.contract_id and u.customer_id = i.customer_id and u.currency = i.currency
), 0)
from invoice_state i where i.id = %(invoice)s
"""

# What a customer owes as documents say it, without ledger and allocations: what each adds to it. A bill below nothing
# is in it by itself, and so is its credit note; what it gave and what is withdrawn of that would count it twice.
ITEMS = """
select issued_on as day, 1 as turn, case kind when 'CREDIT' then 'CREDIT_NOTE' else 'INVOICE' end as kind, id, currency,
    document_number as words, total as amount, id as invoice_id, cast(null as bigint) as payment_id
from invoice where customer_id = :customer
union all
select received_on, 2, 'PAYMENT', id, currency, reference, -amount, null, id
from payment where customer_id = :customer and method <> 'INVOICE'
union all
select returned_on, 3, 'PAYMENT_BACK', id, currency, reason, amount, null, payment_id
from payment_return where customer_id = :customer and kind <> 'WITHDRAWAL'
union all
select cast(h.booked_at at time zone 'UTC' as date), 4, 'LEVELLED_HELD', h.id, h.currency, c.number, h.amount, null,
    h.payment_id
from prepayment h join contract c on c.id = h.contract_id and c.customer_id = h.customer_id
where h.customer_id = :customer
union all
select cast(u.booked_at at time zone 'UTC' as date), 5, 'LEVELLED_SETTLED', u.id, u.currency, c.number, -u.amount,
    u.invoice_id, null
from prepaid_use u join contract c on c.id = u.contract_id and c.customer_id = u.customer_id
where u.customer_id = :customer
"""
ACCOUNT = text(f"""
select i.*, sum(i.amount) over (partition by i.currency order by i.day, i.turn, i.id) as balance
from ({ITEMS}) i where i.day < :ends order by i.currency, i.day, i.turn, i.id
""")
OWED = text(f"select i.currency, sum(i.amount) as owed from ({ITEMS}) i group by i.currency")


async def payment_by_key(session: AsyncSession, *, customer_id: int, key: str) -> ReceivedPayment | None:
    """Find a customer's payment by its idempotency key."""
    wanted = select(Payment).where(col(Payment.customer_id) == customer_id, col(Payment.idempotency_key) == key)
    row = await session.scalar(wanted)
    return None if row is None else await _received(session, row)


async def payment_by_id(session: AsyncSession, *, customer_id: int, payment_id: int) -> ReceivedPayment:
    """Find a customer's payment as it stands."""
    wanted = select(Payment).where(col(Payment.id) == payment_id, col(Payment.customer_id) == customer_id)
    return await _received(session, (await session.scalars(wanted)).one())


async def lock_payment(session: AsyncSession, *, payment_id: int) -> ReceivedPayment | None:
    """Take hold of a payment until the transaction ends, and give it as it then stands; None where there is none.

    Whoever will also change invoices locks those first.
    """
    row = await session.scalar(select(Payment).where(col(Payment.id) == payment_id).with_for_update())
    return None if row is None else await _received(session, row)


async def given_by(session: AsyncSession, *, customer_id: int, invoice_id: int) -> ReceivedPayment | None:
    """Take hold of what a bill below nothing gave, as it stands; None where it gave nothing."""
    wanted = select(Payment).where(col(Payment.customer_id) == customer_id, col(Payment.invoice_id) == invoice_id)
    row = await session.scalar(wanted.with_for_update())
    return None if row is None else await _received(session, row)


async def customer_of_payment(session: AsyncSession, *, payment_id: int) -> int | None:
    """Tell whose payment it is."""
    return await session.scalar(select(col(Payment.customer_id)).where(col(Payment.id) == payment_id))


async def return_by_key(session: AsyncSession, *, payment_id: int, key: str) -> ReturnedPayment | None:
    """Find what went back of a payment by the key under which it did."""
    wanted = select(PaymentReturn).where(
        col(PaymentReturn.payment_id) == payment_id, col(PaymentReturn.idempotency_key) == key
    )
    row = await session.scalar(wanted)
    return None if row is None else returned_payment(row, is_new=False)


async def provider_of_payment(session: AsyncSession, *, payment_id: int) -> str | None:
    """Tell through which provider a payment came; None for one that came otherwise, or is not there."""
    return await session.scalar(select(col(Payment.provider)).where(col(Payment.id) == payment_id))


async def taken_back_of(session: AsyncSession, *, payment_id: int) -> Decimal:
    """Tell how much of a payment banks have taken back and not given again."""
    mine = col(PaymentReturn.payment_id) == payment_id, col(PaymentReturn.kind) == ReturnKind.REVERSAL
    taken = await session.scalar(select(func.sum(col(PaymentReturn.amount))).where(*mine))
    return taken or Decimal(0)


async def contracts_that_held(session: AsyncSession, *, payment_id: int) -> list[int]:
    """List the levelled contracts that hold or have held money of a payment, by their ids."""
    contract = col(Prepayment.contract_id)
    wanted = select(contract).where(col(Prepayment.payment_id) == payment_id).distinct().order_by(contract)
    return list(await session.scalars(wanted))


async def taken_from_contracts(session: AsyncSession, *, payment_id: int) -> list[Held]:
    """List what banks have taken of a payment from levelled contracts and not given them again, by the contracts.

    What a contract let go of otherwise, as when its plan was closed, is not among it: what a bank takes or gives again
    is written at the very moment at which the contract gives it up or holds it. The first row is the payment's arrival.
    """
    given_up, back, own = aliased(Prepayment), aliased(PaymentReturn), aliased(Prepayment)
    contract, taken = col(given_up.contract_id), -func.sum(col(given_up.amount))
    first = select(func.min(col(own.id))).where(col(own.payment_id) == payment_id).scalar_subquery()
    by_a_bank = (
        col(back.customer_id) == col(given_up.customer_id),
        col(back.payment_id) == col(given_up.payment_id),
        col(back.kind) == ReturnKind.REVERSAL,
        col(back.booked_at) == col(given_up.booked_at),
        func.sign(col(back.amount)) == -func.sign(col(given_up.amount)),
    )
    wanted = select(contract, taken).where(
        col(given_up.payment_id) == payment_id,
        col(given_up.id) > first,
        select(col(back.id)).where(*by_a_bank).exists(),
    )
    rows = await session.execute(wanted.group_by(contract).having(taken > 0).order_by(contract))
    return [Held(document_id=payment_id, contract_id=row[0], amount=row[1]) for row in rows]


async def return_by_id(session: AsyncSession, *, return_id: int) -> ReturnedPayment:
    """Find what went back of a payment."""
    row = (await session.scalars(select(PaymentReturn).where(col(PaymentReturn.id) == return_id))).one()
    return returned_payment(row, is_new=False)


def returned_payment(row: PaymentReturn, *, is_new: bool) -> ReturnedPayment:
    """Turn a stored return into the record that leaves the room."""
    return ReturnedPayment(
        id=row.id,
        payment_id=row.payment_id,
        customer_id=row.customer_id,
        kind=row.kind,
        amount=row.amount,
        currency=row.currency,
        reason=row.reason,
        returned_on=row.returned_on,
        is_new=is_new,
    )


async def customers_with_credit(session: AsyncSession, *, customer_ids: Sequence[int]) -> list[int]:
    """List which of the customers have a payment that is not used up."""
    rests = rests_of(customer_ids)
    return list(await session.scalars(select(rests.c.customer_id).distinct().order_by(rests.c.customer_id)))


async def lock_credit(session: AsyncSession, *, customer_ids: Sequence[int]) -> None:
    """Lock the customers' payments that are not used up, in the order of their ids."""
    rests = rests_of(customer_ids)
    wanted = select(col(Payment.id)).where(
        col(Payment.customer_id).in_(customer_ids), col(Payment.id).in_(select(rests.c.id))
    )
    await session.execute(wanted.order_by(col(Payment.id)).with_for_update())


async def credit_of(session: AsyncSession, *, customer_id: int) -> dict[str, Decimal]:
    """Sum a customer's credit, what no allocation uses, per currency."""
    rests = rests_of([customer_id])
    rows = await session.execute(
        select(rests.c.currency, func.sum(rests.c.rest).label("credit")).group_by(rests.c.currency)
    )
    return {row.currency: row.credit for row in rows}


async def allocations_on(session: AsyncSession, *, customer_id: int, invoice_id: int) -> dict[int, Decimal]:
    """Sum what each payment has settled of an invoice, by the payment's id."""
    payment_id, settled = col(PaymentAllocation.payment_id), func.sum(col(PaymentAllocation.amount))
    wanted = (
        select(payment_id, settled.label("settled"))
        .where(
            col(PaymentAllocation.customer_id) == customer_id,
            col(PaymentAllocation.invoice_id) == invoice_id,
        )
        .group_by(payment_id)
        .having(settled != 0)
        .order_by(payment_id)
    )
    return {row.payment_id: row.settled for row in await session.execute(wanted)}


async def account_items(
    session: AsyncSession, *, customer_id: int, ends: date, listed_from: date
) -> dict[str, tuple[Decimal, tuple[AccountItem, ...]]]:
    """List what changed what a customer owes until a day, per currency: the balance before a day, and what came since.

    A customer of whom nothing is known owes 0.00 EUR.
    """
    found: dict[str, tuple[Decimal, tuple[AccountItem, ...]]] = {}
    for row in await session.execute(ACCOUNT, {"customer": customer_id, "ends": ends}):
        opening, items = found.get(row.currency, (Decimal("0.00"), ()))
        if row.day < listed_from:
            found[row.currency] = (row.balance, ())
            continue
        item = AccountItem(
            day=row.day,
            kind=AccountItemKind[row.kind],
            text=row.words,
            amount=row.amount,
            balance=row.balance,
            invoice_id=row.invoice_id,
            payment_id=row.payment_id,
        )
        found[row.currency] = (opening, (*items, item))
    return found or {"EUR": (Decimal("0.00"), ())}


async def balances_of(session: AsyncSession, *, customer_id: int) -> tuple[Balance, ...]:
    """Work out what a customer owes three ways: from the ledger, the documents, and the account statement."""
    ledger = await receivable_of(session, customer_id=customer_id)
    credit = await credit_of(session, customer_id=customer_id)
    opened: dict[str, Decimal] = {}
    for invoice in await open_invoices(session, customer_id=customer_id):
        opened[invoice.currency] = opened.get(invoice.currency, Decimal(0)) + invoice.open_amount
    statement = {row.currency: row.owed for row in await session.execute(OWED, {"customer": customer_id})}
    return tuple(
        Balance(
            currency=currency,
            ledger=ledger.get(currency, Decimal(0)),
            open_invoices=opened.get(currency, Decimal(0)),
            credit=credit.get(currency, Decimal(0)),
            statement=statement.get(currency, Decimal(0)),
        )
        for currency in sorted(ledger.keys() | credit.keys() | opened.keys() | statement.keys())
    )


def rests_of(customer_ids: Sequence[int]) -> Subquery:
    """Select the payments of customers that are not used up, each with the rest that is."""
    rest = (
        col(Payment.amount) - _parts_in(PaymentAllocation) - _parts_in(Prepayment) - _parts_in(PaymentReturn)
    ).label("rest")
    columns = col(Payment.customer_id), col(Payment.currency), col(Payment.id), col(Payment.received_on)
    wanted = select(*columns, rest).where(col(Payment.customer_id).in_(customer_ids), rest > 0)
    return wanted.subquery("rests")


async def levelled_account(session: AsyncSession, *, owner: PrepaidOwner) -> LevelledAccount:
    """Sum what a levelled contract was paid, and what of its invoices it took over."""
    paid = await session.scalar(select(func.sum(col(Prepayment.amount))).where(*_of(owner, Prepayment)))
    used = await session.scalar(select(func.sum(col(PrepaidUse.amount))).where(*_of(owner, PrepaidUse)))
    return LevelledAccount(paid=paid or Decimal(0), used=used or Decimal(0))


def new_bill(connection: Connection, *, invoice_id: int) -> NewBill:
    """Read a bill of a levelled contract in the transaction that issues it, with the contract's account."""
    ((customer, contract, currency, open_amount, paid, used),) = connection.execute(
        NEW_BILL, {"invoice": invoice_id}
    ).fetchall()
    return NewBill(
        invoice_id=invoice_id,
        owner=PrepaidOwner(customer_id=customer, contract_id=contract, currency=currency),
        open_amount=open_amount,
        account=LevelledAccount(paid=paid, used=used),
    )


async def levelled_accounts(
    session: AsyncSession, *, owners: Sequence[PrepaidOwner]
) -> dict[PrepaidOwner, LevelledAccount]:
    """Sum the same for many levelled contracts."""
    contracts = [owner.contract_id for owner in owners]
    sums: list[dict[tuple[int, int, str], Decimal]] = []
    for table in (Prepayment, PrepaidUse):
        of = col(table.customer_id), col(table.contract_id), col(table.currency)
        wanted = select(*of, func.sum(col(table.amount))).where(col(table.contract_id).in_(contracts)).group_by(*of)
        sums.append({(row[0], row[1], row[2]): row[3] for row in await session.execute(wanted)})
    places = {owner: (owner.customer_id, owner.contract_id, owner.currency) for owner in owners}
    paid, used = sums
    return {
        owner: LevelledAccount(paid=paid.get(place, Decimal(0)), used=used.get(place, Decimal(0)))
        for owner, place in places.items()
    }


async def held_by_payment(session: AsyncSession, *, owner: PrepaidOwner) -> tuple[Held, ...]:
    """List what a levelled contract holds of payments, the latest first."""
    document, amount = col(Prepayment.payment_id), func.sum(col(Prepayment.amount))
    wanted = select(document, amount).where(*_of(owner, Prepayment)).group_by(document).having(amount != 0)
    rows = await session.execute(wanted.order_by(document.desc()))
    return tuple(Held(document_id=row[0], contract_id=owner.contract_id, amount=row[1]) for row in rows)


async def used_by_invoice(session: AsyncSession, *, owner: PrepaidOwner) -> tuple[Held, ...]:
    """List what a levelled contract took over of its invoices, the latest first."""
    document, amount = col(PrepaidUse.invoice_id), func.sum(col(PrepaidUse.amount))
    wanted = select(document, amount).where(*_of(owner, PrepaidUse)).group_by(document).having(amount != 0)
    rows = await session.execute(wanted.order_by(document.desc()))
    return tuple(Held(document_id=row[0], contract_id=owner.contract_id, amount=row[1]) for row in rows)


def _of(owner: PrepaidOwner, table: type[Prepayment] | type[PrepaidUse]) -> tuple[ColumnElement[bool], ...]:
    return (
        col(table.customer_id) == owner.customer_id,
        col(table.contract_id) == owner.contract_id,
        col(table.currency) == owner.currency,
    )


def _parts_in(table: type[PaymentAllocation] | type[Prepayment] | type[PaymentReturn]) -> ScalarSelect[Decimal]:
    parts = sa_inspect(table).local_table.c
    of_payment = parts.payment_id == col(Payment.id), parts.customer_id == col(Payment.customer_id)
    return select(func.coalesce(func.sum(parts.amount), 0)).where(*of_payment).scalar_subquery()


async def _received(session: AsyncSession, row: Payment) -> ReceivedPayment:
    wanted = (
        select(PaymentAllocation)
        .where(
            col(PaymentAllocation.payment_id) == row.id,
            col(PaymentAllocation.customer_id) == row.customer_id,
        )
        .order_by(col(PaymentAllocation.id))
    )
    allocations = tuple(
        Allocation(invoice_id=found.invoice_id, contract_id=found.contract_id, amount=found.amount)
        for found in await session.scalars(wanted)
    )
    prepaid = await _prepaid_of(session, row)
    returned = await _returned_of(session, row)
    used = sum((part.amount for part in allocations), returned) + sum((held.amount for held in prepaid), Decimal(0))
    return ReceivedPayment(
        id=row.id,
        customer_id=row.customer_id,
        amount=row.amount,
        currency=row.currency,
        method=row.method,
        received_on=row.received_on,
        reference=row.reference,
        payer_name=row.payer_name,
        allocations=allocations,
        prepaid=prepaid,
        credit=row.amount - used,
        is_new=False,
        provider=row.provider,
        returned=returned,
        invoice_id=row.invoice_id,
    )


async def _returned_of(session: AsyncSession, row: Payment) -> Decimal:
    mine = col(PaymentReturn.payment_id) == row.id, col(PaymentReturn.customer_id) == row.customer_id
    return await session.scalar(select(func.sum(col(PaymentReturn.amount))).where(*mine)) or Decimal(0)


async def _prepaid_of(session: AsyncSession, row: Payment) -> tuple[Held, ...]:
    contract, amount = col(Prepayment.contract_id), func.sum(col(Prepayment.amount))
    mine = col(Prepayment.payment_id) == row.id, col(Prepayment.customer_id) == row.customer_id
    wanted = select(contract, amount).where(*mine).group_by(contract).having(amount != 0).order_by(contract)
    return tuple(
        Held(document_id=row.id, contract_id=found[0], amount=found[1]) for found in await session.execute(wanted)
    )
