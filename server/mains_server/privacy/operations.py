"""Changes in the privacy room: a customer erased, as far as the law lets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.db.registry import stored_tables
from mains_server.payments.queries import balances_of
from mains_server.privacy.records import Erased
from mains_server.privacy.rules import kept_until
from mains_server.privacy.statements import (
    LAST_ISSUED,
    LOCK,
    OF_CUSTOMER,
    OF_PERSON,
    OWNERS,
    PREPAID,
    RUNNING,
    UNDER_WAY,
)


class CustomerUnknown(Refusal):
    """There is no such customer."""

    code = "CUSTOMER_UNKNOWN"
    path = "customerId"


class ContractStillRuns(Refusal):
    """Somebody who is supplied cannot be forgotten."""

    code = "CONTRACT_STILL_RUNS"


class MoneyStillOpen(Refusal):
    """Money is owed, by the customer or to them, or is on its way."""

    code = "MONEY_STILL_OPEN"


async def erase_customer(session: AsyncSession, *, customer_id: int, today: date, now: datetime) -> Erased:
    """Take away all that is stored about a customer and is not kept by law; what was erased before stays so.

    Names, contacts, addresses, codes and free words go; the books stay as they are. The rights of everybody end, and
    the owner's sessions. Raises `CustomerUnknown`, `ContractStillRuns` and `MoneyStillOpen`; then nothing changed.
    """
    whom: dict[str, Any] = {"customer": customer_id}
    if await session.scalar(LOCK, whom) is None:
        raise CustomerUnknown("there is no such customer")
    if await session.scalar(RUNNING, whom | {"today": today}):
        raise ContractStillRuns("end the customer's contracts first")
    await _insist_on_settled(session, customer_id=customer_id)
    owners = list(await session.scalars(OWNERS, whom | {"now": now}))
    await _run(session, OF_CUSTOMER, whom | {"now": now})
    for person in owners:
        await _run(session, OF_PERSON, {"person": person, "now": now})
    last = await session.scalar(LAST_ISSUED, whom)
    return Erased(customer_id=customer_id, kept_until=None if last is None else kept_until(issued_on=last))


async def _insist_on_settled(session: AsyncSession, *, customer_id: int) -> None:
    for balance in await balances_of(session, customer_id=customer_id):
        if balance.ledger or balance.open_invoices or balance.credit or balance.statement:
            raise MoneyStillOpen("settle what is owed first, whoever owes it")
    for under_way in (UNDER_WAY, PREPAID):
        if await session.scalar(under_way, {"customer": customer_id}):
            raise MoneyStillOpen("wait for what is on its way, and give back what was paid in advance")


async def _run(session: AsyncSession, statements: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Do what there are tables for: a room that is not installed has nothing to erase."""
    stored = {table.name for table in stored_tables()}
    for table, statement in statements.items():
        if table in stored:
            await session.execute(text(statement), {n: v for n, v in values.items() if f":{n}" in statement})
