"""What corrections of a bill put on others is settled no more: withdrawn where it waits, else taken back off."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.billing.differences import stranded
from mains_server.billing.due import SettlementRow
from mains_server.billing.keeping import note_resting_in
from mains_server.billing.records import Elsewhere, SettledRow, WrongBill
from mains_server.billing.tables import SettlementLine

WITHDRAW = """
update settlement_line set withdrawn_by_id = :correction
where customer_id = :customer and id = any(cast(:rows as bigint[]))
"""


class Taken(NamedTuple):
    """By which correction a bill was taken back, and the bill in its place, if there is one."""

    correction_id: int
    replacement_id: int | None = None


async def withdraw(
    session: AsyncSession, *, wrong: WrongBill, rows: Collection[SettledRow], correction_id: int
) -> None:
    """Have differences of a bill never reach another one, since a correction has them or the bill is taken back."""
    if rows:
        asked = {"correction": correction_id, "customer": wrong.customer_id, "rows": [row.id for row in rows]}
        await session.execute(text(WITHDRAW), asked)


async def take_off(session: AsyncSession, *, wrong: WrongBill, elsewhere: Elsewhere, taken: Taken) -> None:
    """Settle nothing any more of a bill that was taken back: withdraw what waits, and take back off what stands.

    What takes it back off stands on the bill that replaces it, or waits for the contract's next one.
    """
    await withdraw(session, wrong=wrong, rows=elsewhere.waiting, correction_id=taken.correction_id)
    rows = [
        {
            "customer_id": wrong.customer_id,
            "contract_id": wrong.contract_id,
            "correction_id": taken.correction_id,
            "invoice_id": wrong.invoice_id,
            "position": position,
            "adapter": wrong.adapter,
            "code": row.code,
            "period_from": row.period_from,
            "period_to": row.period_to,
            "tax_code": row.tax_code,
            "tax_rate": row.tax_rate,
            "is_after_tax": row.is_after_tax,
            "currency": wrong.currency,
            "billed": row.net,
            "due": Decimal("0.00"),
            "net": -row.net,
            "booked_invoice_id": taken.replacement_id,
            "takes_back_id": row.id,
        }
        for position, row in enumerate(elsewhere.standing, start=1)
    ]
    if rows:
        await session.execute(insert(SettlementLine), rows)


def lines_off(elsewhere: Elsewhere, *, wrong: WrongBill) -> list[SettlementRow]:
    """Give the lines that take off what stands on other bills, as they stand on the bill that replaces one."""
    return [
        SettlementRow(
            id=row.id,
            contract_id=wrong.contract_id,
            code=row.code,
            period_from=row.period_from,
            period_to=row.period_to,
            tax_code=row.tax_code,
            tax_rate=row.tax_rate,
            is_after_tax=row.is_after_tax,
            billed=row.net,
            due=Decimal("0.00"),
            net=-row.net,
            document_number=row.stands_on or "",
            taken_back=wrong.document_number,
        )
        for row in elsewhere.standing
    ]


async def note_stranded(session: AsyncSession, *, now: datetime) -> frozenset[str]:
    """Note the bills whose difference waits for a bill that never comes as due, and give their numbers.

    Their correction puts them right by documents.
    """
    found = await stranded(session)
    await note_resting_in(session, bills=found.values(), now=now)
    return frozenset(found)
