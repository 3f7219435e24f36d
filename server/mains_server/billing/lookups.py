"""Questions about single bills: what is due without a run, what corrections look at, and what rests on a figure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from mains_spi import InvoicingRules, Period
from psycopg import Connection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.billing.records import DueMoment, LaterBill, WrongBill
from mains_server.billing.statements import NOT_TAKEN_BACK
from mains_server.contracts.charging import HOME_ZONE
from mains_server.invoices.records import InvoiceKind

ENDED_WITHIN = timedelta(days=400)

UNBILLED_FROM = f"""
select max(i.period_to) from invoice i
where i.contract_id = :contract and i.kind not in ('CREDIT', 'INTEREST') and {NOT_TAKEN_BACK}
"""

COUNTING_READING = """
select a.counts_for from reading a
where a.id = :reading and a.status = 'ACCEPTED' and exists (
  select from contract_supply_point s
  where s.contract_id = :contract and s.supply_point_id = a.supply_point_id and s.starts <= a.counts_for
    and (s.ends is null or s.ends >= a.counts_for)
)
"""

# Bills that stand of days from one on, of contracts by themselves and of houses, of which the first bill is told; with
# the facts that they were rated on.
LATER_BILLS = f"""
select i.id, i.customer_id, i.contract_id, i.period_from, i.period_to, 'contract:' || i.contract_id,
  i.inputs ->> 'product', i.inputs -> 'request' -> 'facts'
from invoice i
where i.contract_id = any(%(contracts)s::bigint[]) and i.adapter = %(adapter)s and i.rating_group_id is null
  and i.period_from >= %(since)s and i.kind not in ('CREDIT', 'INTEREST') and i.inputs is not null and {NOT_TAKEN_BACK}
union all
(
  select distinct on (g.building_id, g.period_from) i.id, i.customer_id, i.contract_id, g.period_from, g.period_to,
    'building:' || g.building_id, g.inputs ->> 'product', g.inputs -> 'request' -> 'facts'
  from rating_group g join invoice i on i.rating_group_id = g.id
  where g.building_id = any(%(buildings)s::bigint[]) and g.adapter = %(adapter)s and g.period_from >= %(since)s
    and i.kind <> 'CREDIT' and {NOT_TAKEN_BACK}
  order by g.building_id, g.period_from, i.id
)
order by 1
"""

# Whose days are over: contracts that ended, and businesses by e-mail to the last first of a month. All their registers
# that people read have a true reading of that day, and the days before it are not billed, and none of them is levelled:
# who goes back to invoices for later has those settled first.
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
  where i.contract_id = o.id and i.kind not in ('CREDIT', 'INTEREST') and {NOT_TAKEN_BACK}
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
where coalesce(b.upto, o.starts) < o.upto and not exists (
  select from contract_former_terms f
  where f.contract_id = o.id and f.settlement = 'LEVELLED' and f.starts < o.upto
    and f.ends > coalesce(b.upto, o.starts)
)
order by o.id
"""

# What was billed by a run, or by itself as a run does, has its question stored; `priced_at` is a day of it, and
# `repriced_at` the one on which it was last held against the prices that were known then.
_WRONG = f"""
select i.id, i.customer_id, i.contract_id, i.document_number, i.kind, i.adapter, i.period_from, i.period_to, i.revision,
  i.issued_on, i.currency, i.total, not {NOT_TAKEN_BACK} as is_taken_back,
  (
    select r.document_number from invoice r
    where r.customer_id = i.customer_id and r.corrects_invoice_id = i.id and r.kind <> 'CREDIT'
  ) as replaced_by,
  case when i.inputs is not null
    then coalesce((coalesce(g.inputs, i.inputs) -> 'request' ->> 'known_at')::date, i.issued_on) end as priced_at,
  (
    select max((x.corrected_at at time zone '{HOME_ZONE}')::date) from correction x
    where x.invoice_id = i.id and x.customer_id = i.customer_id and x.reason = 'PRICE'
  ) as repriced_at,
  c.ends is null or c.ends > (
    select max(l.period_to) from invoice l where l.contract_id = i.contract_id and l.kind <> 'CREDIT'
  ) as goes_on,
  g.building_id, g.period_from as house_from, g.period_to as house_to, (i.inputs -> 'settles')::text as written
from invoice i
join contract c on c.id = i.contract_id and c.customer_id = i.customer_id
left join rating_group g on g.id = i.rating_group_id
"""

WRONG_BILL = f"{_WRONG} where i.document_number = :number"

BILLS_OF_HOUSE = f"""
{_WRONG}
where g.building_id = :building and g.period_from = :from and g.period_to = :to and i.kind <> 'CREDIT'
  and {NOT_TAKEN_BACK}
order by i.contract_id
"""

UNBILLED_PREMISES = """
select distinct c.id
from supply_point p
join contract_supply_point s on s.supply_point_id = p.id and s.starts < :to and (s.ends is null or s.ends > :from)
join contract c on c.id = s.contract_id and c.starts < :to and (c.ends is null or c.ends > :from)
where p.building_id = :building and p.role = 'PREMISE' and c.adapter = :adapter and c.billing = 'DIRECT'
  and c.id <> all(cast(:contracts as bigint[]))
order by c.id
"""

DUE_INVOICES = """
select i.document_number, bool_or(d.reading_id is not null or d.import_id is not null) as is_read
from correction_due d
join invoice i on i.id = d.invoice_id and i.customer_id = d.customer_id
where d.settled_at is null and i.document_number <> all(cast(:but as text[]))
group by i.document_number, i.period_from
order by i.period_from, min(d.noted_at), i.document_number
limit :at_most
"""

PRICE_VERSION = "select id, known_from from price_version where adapter = :adapter and list = :list and code = :code"

# Bills of the days of a version that other versions of its list priced, and that nobody looked at for their prices
# since it is known; of a house the first. A version that corrects another holds on the same days and is known later.
PRICED_OTHERWISE = f"""
with version as (select * from price_version where id = :version),
other as (
  select o.id from price_version o join version v on v.adapter = o.adapter and v.list = o.list and v.id <> o.id
    and (v.ends is null or o.starts < v.ends) and (o.ends is null or o.ends > v.starts)
)
select min(i.document_number)
from version v
join invoice i on i.adapter = v.adapter and i.kind <> 'CREDIT' and i.period_to > v.starts
  and (v.ends is null or i.period_from < v.ends)
left join rating_group g on g.id = i.rating_group_id
where {NOT_TAKEN_BACK}
  and exists (select from other o where coalesce(g.inputs, i.inputs) -> 'price_versions' @> to_jsonb(o.id))
  and not coalesce(g.inputs, i.inputs) -> 'price_versions' @> to_jsonb(v.id)
  and not exists (
    select from correction c
    join invoice x on x.id = c.invoice_id and x.customer_id = c.customer_id
    where c.reason = 'PRICE' and c.corrected_at >= v.known_from
      and (x.id = i.id or x.rating_group_id = i.rating_group_id)
  )
group by case when i.rating_group_id is null then i.id else -i.rating_group_id end
order by 1
limit :at_most
"""

RATED_INVOICES = """
select id, document_number from invoice
where issued_on >= :from and issued_on < :to and kind <> 'CREDIT' and inputs is not null
  and (cast(:adapter as text) is null or adapter = :adapter) and id > :after
order by id limit :at_most
"""


# A correction of one of these bills may be under way; who notes that they are wrong waits for it, and sees what stands.
HOLD_BILLED = """
select id from invoice
where contract_id = any(cast(:contracts as bigint[])) and kind <> 'CREDIT' and period_from <= :day and period_to >= :day
order by id
for update
"""


# Bills over days of supply points; a reading of one place in a building goes into everybody's there.
OVER_DAYS = """
from unnest(cast(:points as bigint[]), cast(:days as date[])) as told (point, day)
join supply_point here on here.id = told.point
cross join lateral (
  select here.id union
  select p.id from supply_point p where p.building_id = here.building_id and p.commodity = here.commodity
) near (id)
join contract_supply_point s on s.supply_point_id = near.id and s.starts <= told.day
  and (s.ends is null or s.ends > told.day)
join invoice i on i.customer_id = s.customer_id and i.contract_id = s.contract_id and i.kind <> 'CREDIT'
  and i.period_from <= told.day and i.period_to > told.day
"""
# Whoever else books or corrects a contract's bills takes hold of it before its readings, and before a series.
HOLD_CONTRACTS = """
select from contract c
where c.id = any(%(contracts)s::bigint[]) and (
  %(products)s::text[] is null or c.product = any(%(products)s::text[]) or exists (
    select from contract_former_terms f
    where f.contract_id = c.id and f.customer_id = c.customer_id and f.product = any(%(products)s::text[])
  )
)
order by c.id for no key update of c
"""
HOLD_OVER_DAYS = f"select i.id {OVER_DAYS} order by i.id for update of i"


async def hold_billed_over(session: AsyncSession, *, days: Sequence[tuple[int, date]]) -> None:
    """Hold the bills over days of supply points, after any correction of theirs that is under way."""
    over = {"points": [point for point, _ in days], "days": [day for _, day in days]}
    await session.execute(text(HOLD_OVER_DAYS), over)


async def hold_billed(session: AsyncSession, *, contracts: Collection[int], day: date) -> None:
    """Hold the bills of contracts that count from or to a day, after any correction of theirs that is under way."""
    await session.execute(text(HOLD_BILLED), {"contracts": sorted(contracts), "day": day})


def hold_contracts(connection: Connection, *, contracts: Sequence[int], products: Sequence[str] | None) -> None:
    """Hold those contracts that have, or had, one of these products until the transaction ends; all without products.

    A correction holds its contract too, so that what a bill goes on from is the same when it is booked.
    """
    if products is None or products:
        asked = {"contracts": list(contracts), "products": None if products is None else list(products)}
        connection.execute(HOLD_CONTRACTS, asked)


def later_bills(
    connection: Connection, *, adapter: str, since: date, contracts: Sequence[int], buildings: Sequence[int]
) -> list[LaterBill]:
    """List the bills that stand of days from one on, of contracts and of houses, with the facts they were rated on."""
    asked = {"adapter": adapter, "since": since, "contracts": list(contracts), "buildings": list(buildings)}
    return [LaterBill(*row) for row in connection.execute(LATER_BILLS, asked)]


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


async def number_of_invoice(session: AsyncSession, *, invoice_id: int) -> str | None:
    """Find the number of an invoice."""
    number: str | None = await session.scalar(
        text("select document_number from invoice where id = :invoice"), {"invoice": invoice_id}
    )
    return number


async def wrong_bill(session: AsyncSession, *, document_number: str) -> WrongBill | None:
    """Find an invoice by its number as a correction looks at it."""
    rows = await _wrong_bills(session, WRONG_BILL, number=document_number)
    return rows[0] if rows else None


async def bills_of_house(session: AsyncSession, *, wrong: WrongBill) -> tuple[WrongBill, ...]:
    """List the bills that stand of the house and period that a bill is of, by contract."""
    assert wrong.house_period is not None
    days = {"from": wrong.house_period.start, "to": wrong.house_period.end}
    return await _wrong_bills(session, BILLS_OF_HOUSE, building=wrong.building_id, **days)


async def unbilled_premises(session: AsyncSession, *, wrong: WrongBill, contracts: Sequence[int]) -> list[int]:
    """List contracts of a house's premises with days in the period that are not among those given."""
    assert wrong.house_period is not None
    asked = {
        "building": wrong.building_id,
        "adapter": wrong.adapter,
        "from": wrong.house_period.start,
        "to": wrong.house_period.end,
        "contracts": list(contracts),
    }
    return list(await session.scalars(text(UNBILLED_PREMISES), asked))


async def corrections_due(session: AsyncSession, *, at_most: int, but: Collection[str]) -> list[tuple[str, bool]]:
    """List the invoices noted as due but some, by number, the earliest days first; and whether meters told otherwise.

    A bill may go on from what an earlier one left, so that the earlier one is corrected first.
    """
    rows = await session.execute(text(DUE_INVOICES), {"at_most": at_most, "but": list(but)})
    return [(row.document_number, row.is_read) for row in rows]


async def price_version(session: AsyncSession, *, adapter: str, name: str, code: str) -> tuple[int, datetime] | None:
    """Find a version of a price list by its code: its id, and since when it is known."""
    row = (await session.execute(text(PRICE_VERSION), {"adapter": adapter, "list": name, "code": code})).one_or_none()
    return None if row is None else (row[0], row[1])


async def priced_otherwise(session: AsyncSession, *, version_id: int, at_most: int) -> list[str]:
    """List the bills that a version should have priced and others of its list did, by their numbers."""
    asked = {"version": version_id, "at_most": at_most}
    return list(await session.scalars(text(PRICED_OTHERWISE), asked))


async def rated_invoices(
    session: AsyncSession, *, issued: Period, adapter: str | None, after: int, at_most: int
) -> dict[int, str]:
    """List invoices issued on some days that a question is stored with, after an id: their ids and numbers."""
    days = {"from": issued.start, "to": issued.end}
    rows = await session.execute(text(RATED_INVOICES), {**days, "adapter": adapter, "after": after, "at_most": at_most})
    return {row[0]: row[1] for row in rows}


async def _wrong_bills(session: AsyncSession, statement: str, **asked: Any) -> tuple[WrongBill, ...]:
    rows = (await session.execute(text(statement), asked)).mappings().all()
    return tuple(
        WrongBill(
            invoice_id=row["id"],
            customer_id=row["customer_id"],
            contract_id=row["contract_id"],
            document_number=row["document_number"],
            kind=InvoiceKind[row["kind"]],
            adapter=row["adapter"],
            period=Period(row["period_from"], row["period_to"]),
            revision=row["revision"],
            issued_on=row["issued_on"],
            currency=row["currency"],
            total=row["total"],
            is_taken_back=row["is_taken_back"],
            replaced_by=row["replaced_by"],
            priced_at=row["priced_at"],
            repriced_at=row["repriced_at"],
            goes_on=row["goes_on"],
            building_id=row["building_id"],
            house_period=None if row["building_id"] is None else Period(row["house_from"], row["house_to"]),
            written=() if row["written"] is None else tuple(orjson.loads(row["written"])),
        )
        for row in rows
    )
