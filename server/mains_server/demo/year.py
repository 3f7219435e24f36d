"""The demo's billed year: month by month the invoices go out, and most people pay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import psycopg
from mains_spi import Period
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.adapters.host import AdapterHost
from mains_server.billing.records import RunRequest
from mains_server.billing.run import Shift, run_billing
from mains_server.customers.queries import customer_by_number, customer_numbers
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.demo.house import month_starts
from mains_server.demo.settle import ADAPTERS
from mains_server.demo.words import midnight
from mains_server.invoices.queries import open_invoices
from mains_server.payments.operations import receive_payment
from mains_server.payments.queries import payment_by_key
from mains_server.payments.records import PaymentMethod, PaymentRequest

BILLED_MONTHS = month_starts(first=date(2022, 3, 1), count=13)
ISSUED_ON_DAY = 10
PAID_ON_DAY = 24
METHODS = (PaymentMethod.BANK_TRANSFER, PaymentMethod.BANK_TRANSFER, PaymentMethod.CARD, PaymentMethod.DIRECT_DEBIT)
CENT = Decimal("0.01")
LAST_PAYER = 300000


def issue_day(following: date) -> date:
    """Give the day on which a month's invoices are dated: the 10th of the month after."""
    return following.replace(day=ISSUED_ON_DAY)


async def is_year_done(engine: AsyncEngine) -> bool:
    """Tell whether the last month was billed and paid; a start that was cut off goes on where it stopped."""
    async with read_session(engine) as session:
        payer = await customer_by_number(session, number=str(LAST_PAYER))
        if payer is None:
            return False
        key = _key(LAST_PAYER, day=BILLED_MONTHS[-1].replace(day=PAID_ON_DAY))
        return await payment_by_key(session, customer_id=payer.id, key=key) is not None


async def pay_month(engine: AsyncEngine, *, following: date) -> int:
    """Let customers pay what they got, each as is their habit, and count the payments; a second time does nothing."""
    day = following.replace(day=PAID_ON_DAY)
    paid = 0
    async with unit_of_work(engine) as session:
        for customer_id, number in await customer_numbers(session):
            paid += await _pay(session, customer_id=customer_id, number=int(number), day=day)
    return paid


async def _pay(session: AsyncSession, *, customer_id: int, number: int, day: date) -> bool:
    key = _key(number, day=day)
    if await payment_by_key(session, customer_id=customer_id, key=key) is not None:
        return False
    invoices = await open_invoices(session, customer_id=customer_id)
    is_open = sum((invoice.open_amount for invoice in invoices), Decimal(0))
    amount = _habit(number, day=day, is_open=is_open)
    if amount <= 0:
        return False
    request = PaymentRequest(
        customer_id=customer_id, amount=amount, currency="EUR", method=METHODS[number % len(METHODS)], received_on=day,
        reference=f"demo {number}", idempotency_key=key,
    )  # fmt: skip
    await receive_payment(session, request=request, now=midnight(day) + timedelta(hours=9))
    return True


def _key(number: int, *, day: date) -> str:
    return f"demo-{number}-{day:%Y-%m}"


def _habit(number: int, *, day: date, is_open: Decimal) -> Decimal:
    """Most pay all at once; some round up, some pay half, some every other month, and one has stopped."""
    habit = number % 13
    if habit == 5 and day >= date(2022, 12, 1):
        return Decimal(0)
    if habit == 7:
        return (is_open / 2).quantize(CENT, rounding="ROUND_HALF_UP") if is_open else Decimal(0)
    if habit == 9:
        return is_open if day.month % 2 == 0 else Decimal(0)
    if habit == 11 and is_open > 0:
        return -(-is_open // 10) * 10
    return is_open


def months_billed() -> Sequence[tuple[date, date]]:
    """Give the billed year's months as half-open periods."""
    return tuple(pairwise(BILLED_MONTHS))


def bill_month(*, address: str, host: AdapterHost, first: date, following: date) -> tuple[int, int]:
    """Bill one month for every utility of the demo, and tell how many invoices there are and how many are held."""
    issued_on = issue_day(following)
    now = midnight(issued_on) + timedelta(hours=7)
    invoiced = held = 0
    with psycopg.connect(address, autocommit=True) as connection:
        for code in ADAPTERS:
            request = RunRequest(adapter=code, period=Period(first, following), issued_on=issued_on, now=now)
            state = run_billing(connection, request=request, shift=Shift(adapter=host.adapter(code), now=now))
            invoiced, held = invoiced + state.invoiced, held + state.held
    return invoiced, held
