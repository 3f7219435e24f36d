"""Reads the differences that corrections put on other bills: who gets them, where they stand, which wait in vain."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.billing.due import SettlementRow
from mains_server.billing.queries import Asked
from mains_server.billing.records import Elsewhere, Resting, SettledRow, WrongBill
from mains_server.billing.statements import NOT_TAKEN_BACK

# Differences of corrected bills that are on no bill yet, or on one that was taken back; or those of some bills. What
# takes a difference back off was charged by the bill on which the difference stands.
SETTLEMENTS = """
select s.id, s.contract_id, s.code, s.period_from, s.period_to, s.tax_code, s.tax_rate, s.is_after_tax, s.billed, s.due,
  s.net, coalesce(b.document_number, i.document_number), case when t.id is not null then i.document_number end
from settlement_line s
join invoice i on i.id = s.invoice_id and i.customer_id = s.customer_id
left join settlement_line t on t.id = s.takes_back_id and t.customer_id = s.customer_id
left join invoice b on b.id = t.booked_invoice_id and b.customer_id = t.customer_id
where s.contract_id = any(%(contracts)s::bigint[]) and s.net <> 0 and s.withdrawn_by_id is null
  and case when %(of_invoices)s::bigint[] is null then s.booked_invoice_id is null or exists (
    select from invoice n
    where n.customer_id = s.customer_id and n.corrects_invoice_id = s.booked_invoice_id and n.kind = 'CREDIT'
  ) else s.booked_invoice_id = any(%(of_invoices)s::bigint[]) end
order by s.contract_id, s.correction_id, s.position
"""
# A bill that books a difference holds its row until it is issued.
HOLD = """
select id from settlement_line
where invoice_id = any(cast(:invoices as bigint[])) and net <> 0 and withdrawn_by_id is null
order by id for update
"""
ELSEWHERE = f"""
select s.invoice_id, s.id, s.code, s.period_from, s.period_to, s.tax_code, s.tax_rate, s.is_after_tax, s.net,
  i.document_number
from settlement_line s
left join invoice i on i.id = s.booked_invoice_id and i.customer_id = s.customer_id and {NOT_TAKEN_BACK}
where s.invoice_id = any(cast(:invoices as bigint[])) and s.net <> 0 and s.withdrawn_by_id is null
order by s.id
"""
# Differences that wait for a bill, though the contract ended and its last days are billed, with the bill that they are
# of. A row on a bill that was taken back waits again.
STRANDED = f"""
with waiting as (
  select s.* from settlement_line s
  where s.booked_invoice_id is null and s.net <> 0 and s.withdrawn_by_id is null
  union all
  select s.* from invoice n
  join settlement_line s on s.booked_invoice_id = n.corrects_invoice_id and s.customer_id = n.customer_id
  where n.kind = 'CREDIT' and s.net <> 0 and s.withdrawn_by_id is null
)
select distinct i.document_number, i.customer_id, i.contract_id, i.id, i.period_from
from waiting s
join contract c on c.id = s.contract_id and c.customer_id = s.customer_id and c.ends is not null
join invoice i on i.id = s.invoice_id and i.customer_id = s.customer_id and {NOT_TAKEN_BACK}
where c.ends <= (
  select max(b.period_to) from invoice b
  where b.contract_id = c.id and b.customer_id = c.customer_id and b.kind not in ('CREDIT', 'INTEREST')
    and not exists (
      select from invoice n where n.customer_id = b.customer_id and n.corrects_invoice_id = b.id and n.kind = 'CREDIT'
    )
)
order by i.id
"""


def settlements(connection: Connection, *, asked: Asked) -> dict[int, list[SettlementRow]]:
    """Read the differences of corrected bills that go on contracts' next bills, or that are on the bills asked of."""
    found: dict[int, list[SettlementRow]] = {}
    for row in connection.execute(SETTLEMENTS, asked.parameters()):
        settled = SettlementRow(*row)
        found.setdefault(settled.contract_id, []).append(settled)
    return found


async def hold_elsewhere(session: AsyncSession, *, bills: Iterable[WrongBill]) -> dict[int, Elsewhere]:
    """Hold what corrections of some bills put on others, and tell by bill what stands on one and what waits.

    A bill that is just booking a difference is waited for, so that the difference stands. One that comes later finds
    it held, and then withdrawn if it was. Call it before a number is drawn, which such a bill waits for too.
    """
    asked = {"invoices": sorted(bill.invoice_id for bill in bills)}
    await session.execute(text(HOLD), asked)
    standing: dict[int, list[SettledRow]] = {invoice: [] for invoice in asked["invoices"]}
    waiting: dict[int, list[SettledRow]] = {invoice: [] for invoice in asked["invoices"]}
    for invoice_id, *rest in (await session.execute(text(ELSEWHERE), asked)).all():
        row = SettledRow(*rest)
        (waiting if row.stands_on is None else standing)[invoice_id].append(row)
    return {invoice: Elsewhere(tuple(standing[invoice]), tuple(waiting[invoice])) for invoice in standing}


async def stranded(session: AsyncSession) -> dict[str, Resting]:
    """Find the bills that stand whose difference waits for a bill that never comes, by their numbers."""
    rows = (await session.execute(text(STRANDED))).all()
    return {
        number: Resting(customer_id=customer, contract_id=contract, invoice_id=invoice, day=day)
        for number, customer, contract, invoice, day in rows
    }
