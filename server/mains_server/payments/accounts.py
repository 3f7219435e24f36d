"""A customer's account as a customer reads it: each document that changed what is owed, and the balance after it."""

from __future__ import annotations

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.payments import queries
from mains_server.payments.records import AccountStatement

ITEMS_MAX = 5_000


class AccountTooLong(ValueError):
    """More happened in the days than one statement lists."""


async def account_statement(
    session: AsyncSession, *, customer_id: int, starts: date, ends: date
) -> tuple[AccountStatement, ...]:
    """Write a customer's account over days [starts, ends), one for each currency; EUR where nothing ever happened.

    It is made of invoices, payments and what went back alone, without ledger and allocations, so that it proves both.
    """
    found = await queries.account_items(session, customer_id=customer_id, ends=ends, listed_from=starts)
    if any(len(items) > ITEMS_MAX for _, items in found.values()):
        raise AccountTooLong(f"more than {ITEMS_MAX} entries; ask for fewer days")
    return tuple(
        AccountStatement(
            currency=currency,
            starts=starts,
            ends=ends,
            opening=opening,
            items=items,
            closing=items[-1].balance if items else opening,
        )
        for currency, (opening, items) in sorted(found.items())
    )
