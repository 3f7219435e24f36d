"""Questions about single bills, asked through a session: what is due without a run, and what corrections look at."""

from __future__ import annotations

from datetime import date, timedelta

from mains_spi import InvoicingRules
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.billing.records import DueMoment
from mains_server.billing.statements import NOT_TAKEN_BACK

ENDED_WITHIN = timedelta(days=400)

UNBILLED_FROM = f"""
select max(i.period_to) from invoice i where i.contract_id = :contract and i.kind <> 'CREDIT' and {NOT_TAKEN_BACK}
"""

COUNTING_READING = """
select a.counts_for from reading a
where a.id = :reading and a.status = 'ACCEPTED' and exists (
  select from contract_supply_point s
  where s.contract_id = :contract and s.supply_point_id = a.supply_point_id and s.starts <= a.counts_for
    and (s.ends is null or s.ends >= a.counts_for)
)
"""

# Whose days are over: contracts that ended, and businesses by e-mail to the last first of a month. All their registers
# that people read have a true reading of that day, and the days before it are not billed.
MOMENTS_DUE = f"""
with over as (
  select c.id, c.starts, case when c.ends <= :today then c.ends else :month end as upto, c.ends <= :today as is_final
  from contract c
  join customer k on k.id = c.customer_id
  where c.adapter = :adapter and c.billing = 'DIRECT' and c.settlement = 'INVOICE' and (
      c.ends between :since and :today
      or (
        :by_email and c.starts < :month and k.kind = 'BUSINESS' and c.delivery = 'EMAIL'
        and (c.ends is null or c.ends > :today)
      )
    )
)
select o.id, coalesce(b.upto, o.starts), o.upto, coalesce(o.is_final, false), r.told_on
from over o
left join lateral (
  select max(i.period_to) as upto from invoice i
  where i.contract_id = o.id and i.kind <> 'CREDIT' and {NOT_TAKEN_BACK}
) b on true
join lateral (
  select max((a.received_at at time zone p.time_zone)::date) as told_on, bool_and(a.id is not null) as is_read
  from contract_supply_point s
  join supply_point p on p.id = s.supply_point_id
  join register g on g.supply_point_id = p.id and g.collection = 'MANUAL'
  join meter m on m.id = g.meter_id and m.installed_on < o.upto and (m.removed_on is null or m.removed_on >= o.upto)
  left join reading a on a.register_id = g.id and a.counts_for = o.upto and a.status = 'ACCEPTED'
    and a.quality = 'ACTUAL'
  where s.contract_id = o.id and s.starts < o.upto and (s.ends is null or s.ends >= o.upto)
) r on coalesce(r.is_read, true)
where coalesce(b.upto, o.starts) < o.upto
order by o.id
"""


async def unbilled_from(session: AsyncSession, *, contract_id: int) -> date | None:
    """Tell the day after the last one that a contract was billed for; None where no bill stands."""
    day: date | None = await session.scalar(text(UNBILLED_FROM), {"contract": contract_id})
    return day


async def counting_reading(session: AsyncSession, *, reading_id: int, contract_id: int) -> date | None:
    """Tell the day that a reading of a contract counts for; None where it is no such reading or does not count."""
    asked = {"reading": reading_id, "contract": contract_id}
    day: date | None = await session.scalar(text(COUNTING_READING), asked)
    return day


async def moments_due(
    session: AsyncSession, *, adapter: str, today: date, rules: InvoicingRules
) -> tuple[DueMoment, ...]:
    """List contracts that are read to their end and not billed so far, and businesses by e-mail read to the month's."""
    asked = {
        "adapter": adapter,
        "today": today,
        "month": today.replace(day=1),
        "since": today - ENDED_WITHIN,
        "by_email": rules.e_invoice_on_readings,
    }
    rows = (await session.execute(text(MOMENTS_DUE), asked)).all()
    return tuple(
        DueMoment(contract_id=row[0], starts=row[1], ends=row[2], is_final=row[3], told_on=row[4]) for row in rows
    )
