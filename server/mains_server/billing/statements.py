"""The SQL of the billing run's questions. They read other rooms' tables, one statement a kind for a whole chunk."""

# A building counts as one only for a utility whose manager's contract shares its cost out over the members.
HOUSES = """
select distinct p.building_id, p.commodity, c.id as contract_id
from contract c
join contract_supply_point s on s.contract_id = c.id and s.starts < %(to)s and (s.ends is null or s.ends > %(from)s)
join supply_point p on p.id = s.supply_point_id
where c.adapter = %(adapter)s and c.billing = 'BY_MEMBERS' and c.starts < %(to)s
  and (c.ends is null or c.ends > %(from)s) and p.role = 'BUILDING' and p.building_id is not null
"""

NOT_TAKEN_BACK = """not exists (
    select from invoice n
    where n.customer_id = i.customer_id and n.corrects_invoice_id = i.id and n.kind = 'CREDIT'
  )"""

# Contracts with days in the period that no bill has, or none that stands.
UNBILLED = f"""
with house as ({HOUSES})
select c.id, min(h.building_id) as building_id
from contract c
join contract_supply_point s on s.contract_id = c.id
join supply_point p on p.id = s.supply_point_id
left join house h on h.building_id = p.building_id
left join (
  select i.contract_id, range_agg(daterange(i.period_from, i.period_to)) as days
  from invoice i
  where i.kind <> 'CREDIT' and i.period_from < %(to)s and i.period_to > %(from)s and {NOT_TAKEN_BACK}
  group by i.contract_id
) b on b.contract_id = c.id
left join contract_former_terms f on f.contract_id = c.id and f.customer_id = c.customer_id
  and f.starts <= greatest(c.starts, %(from)s) and f.ends > greatest(c.starts, %(from)s)
where c.adapter = %(adapter)s and c.billing = 'DIRECT' and coalesce(f.settlement, c.settlement) = 'INVOICE'
  and c.starts < %(to)s and (c.ends is null or c.ends > %(from)s)
  and not daterange(greatest(c.starts, %(from)s::date), least(c.ends, %(to)s::date)) <@ coalesce(b.days, '{{}}')
group by c.id
order by min(h.building_id) nulls first, c.id
"""

# Contracts billed in part come with the stretch that is to be billed; `greatest` and `least` pass over null.
PARTLY = """
left join unnest(%(partly)s::bigint[], %(partly_from)s::date[], %(partly_to)s::date[]) as o (id, starts, ends)
  on o.id = c.id"""

DUE = f"""
select c.id, c.customer_id, coalesce(f.product, c.product), coalesce(f.settlement, c.settlement), c.delivery,
  c.payment_term_days, c.billing,
  greatest(c.starts, %(from)s, o.starts), least(c.ends, %(to)s, o.ends),
  coalesce(c.ends <= least(%(to)s, o.ends), false),
  k.kind, k.name, concat_ws(', ', k.address_line, k.address_city, k.address_postcode),
  p.id, p.identifier, p.role,
  greatest(s.starts, c.starts, %(from)s, o.starts), least(s.ends, c.ends, %(to)s, o.ends),
  p.premise_kind, p.phases, p.amperes, p.area_m2, p.residents,
  concat_ws(', ', p.address_line, p.address_city, p.address_postcode), p.time_zone, p.building_id,
  coalesce(f.starts, c.terms_since, c.starts), f.ends,
  case when f.id is null then c.price_fixed_until else f.price_fixed_until end
from contract c
join customer k on k.id = c.customer_id
{PARTLY}
left join contract_former_terms f on f.contract_id = c.id and f.customer_id = c.customer_id
  and f.starts <= greatest(c.starts, %(from)s, o.starts) and f.ends > greatest(c.starts, %(from)s, o.starts)
join contract_supply_point s
  on s.contract_id = c.id and s.starts < least(%(to)s, o.ends)
    and (s.ends is null or s.ends > greatest(%(from)s, o.starts))
join supply_point p on p.id = s.supply_point_id
where c.id = any(%(contracts)s::bigint[])
  and c.starts < %(to)s and (c.ends is null or c.ends > %(from)s)
order by c.id, p.id, s.starts
"""

ATTRIBUTES = """
select contract_id, name, value, starts, ends, decision
from contract_attribute
where contract_id = any(%(contracts)s::bigint[]) and starts < %(to)s and (ends is null or ends > %(from)s)
order by contract_id, name, starts
"""

PROTECTIONS = """
select c.id, 'protected', lower(p.kind), p.starts, p.ends, null
from contract c
join customer_protection p on p.customer_id = c.customer_id
where c.id = any(%(contracts)s::bigint[]) and p.starts < %(to)s and (p.ends is null or p.ends > %(from)s)
order by c.id, p.starts
"""

# One row a register and stretch of days in which the contract covers the point and the meter hangs there. The usage is
# given in the plain case only, and must be what the rule of the metering room gives; that rule does all others.
USAGE = f"""
with stretch as (
  select c.id as contract_id, s.supply_point_id, r.id as register_id, m.serial, r.quantity, r.unit, r.zone,
    m.multiplier, m.digits, r.collection = 'INTERVALS' as by_intervals,
    greatest(s.starts, c.starts, m.installed_on, %(from)s::date, o.starts) as starts,
    least(s.ends, c.ends, m.removed_on, %(to)s::date, o.ends) as ends
  from contract c
  {PARTLY}
  join contract_supply_point s on s.contract_id = c.id
  join register r on r.supply_point_id = s.supply_point_id
  join meter m on m.id = r.meter_id
  where c.id = any(%(contracts)s::bigint[]) and r.quantity = any(%(quantities)s::text[])
)
select t.contract_id, t.supply_point_id, t.register_id, t.serial, t.quantity, t.unit, t.zone, t.starts, t.ends,
  case when not t.by_intervals and u.readings = 2
      and u.last >= u.first and scale(trim_scale((u.last - u.first) * t.multiplier)) <= 6
      and not (u.is_estimated and 2 * (u.last - u.first) > power(10::numeric, t.digits))
    then ((u.last - u.first) * t.multiplier * 1000000)::bigint end,
  u.is_estimated,
  'meter ' || t.serial || ': ' || trim_scale(u.first) || ' to ' || trim_scale(u.last),
  t.by_intervals
from stretch t
cross join lateral (
  select count(*) as readings, coalesce(bool_or(a.quality = 'ESTIMATED'), false) as is_estimated,
    max(a.value) filter (where a.counts_for = t.starts) as first,
    max(a.value) filter (where a.counts_for = t.ends) as last
  from reading a
  where not t.by_intervals and a.register_id = t.register_id and a.status = 'ACCEPTED'
    and a.counts_for between t.starts and t.ends
) u
where t.starts < t.ends
order by t.contract_id, t.supply_point_id, t.quantity, t.zone, t.starts, t.register_id
"""

# The latest version of each day that was known at the end of a civil day; the values only where somebody wants them.
INTERVAL_DAYS = """
select distinct on (d.register_id, d.day) d.register_id, d.day, d.step_seconds, d.total, d.known,
  cardinality(d.values), d.statuses,
  case when d.register_id = any(%(by_zone)s::bigint[]) or d.known < cardinality(d.values) then d.values end, d.id
from interval_day d
where d.register_id = any(%(registers)s::bigint[]) and d.day >= %(from)s and d.day < %(to)s
  and d.known_at <= (%(known_at)s::date + 1)::timestamp at time zone %(time_zone)s
order by d.register_id, d.day, d.version desc
"""

FEES = """
select f.id, f.contract_id, f.code, f.quantity, f.unit, f.day, f.reason
from contract_fee f
where f.contract_id = any(%(contracts)s::bigint[]) and f.code = any(%(quantities)s::text[]) and f.day < %(to)s
  and case when %(of_invoices)s::bigint[] is null then f.invoice_id is null or exists (
    select from invoice n join invoice o on o.id = n.corrects_invoice_id and o.kind <> 'INTEREST'
    where n.customer_id = f.customer_id and n.corrects_invoice_id = f.invoice_id and n.kind = 'CREDIT'
  ) else f.invoice_id = any(%(of_invoices)s::bigint[]) end
order by f.contract_id, f.code, f.day, f.id
"""

READINGS = """
select a.register_id, a.counts_for, a.value, a.quality = 'ESTIMATED', m.digits, m.multiplier
from reading a
join register r on r.id = a.register_id
join meter m on m.id = r.meter_id
where a.register_id = any(%(registers)s::bigint[]) and a.status = 'ACCEPTED'
  and a.counts_for between %(from)s and %(to)s
order by a.register_id, a.counts_for
"""

# What is asked of registers that were not read, one row a contract and register.
GAPS = """
select c.id, r.id, r.collection = 'MANUAL', m.removed_on, m.digits, m.multiplier, p.time_zone, o.since, o.until,
  (
    select f.value from contract_attribute f
    where f.customer_id = c.customer_id and f.contract_id = c.id and f.name = concat_ws('_', 'forecast', lower(r.zone))
      and f.starts < %(to)s and (f.ends is null or f.ends > %(from)s)
    order by f.starts desc limit 1
  )
from unnest(%(contracts)s::bigint[], %(registers)s::bigint[]) as g (contract_id, register_id)
join contract c on c.id = g.contract_id
join register r on r.id = g.register_id
join meter m on m.id = r.meter_id
join supply_point p on p.id = r.supply_point_id
cross join lateral (
  select min(s.starts) as since, nullif(max(coalesce(s.ends, 'infinity')), 'infinity') as until
  from contract_supply_point s
  where s.customer_id = c.customer_id and s.supply_point_id = r.supply_point_id
) o
"""

# Of two years and a season around the period: the registers of the place that count, or counted, the same.
PAST = """
select g.id, r.id, a.counts_for, a.value, a.quality = 'ESTIMATED', m.digits, m.multiplier
from register g
join register r on r.supply_point_id = g.supply_point_id and r.quantity = g.quantity and r.unit = g.unit
  and r.zone is not distinct from g.zone
join meter m on m.id = r.meter_id
join reading a on a.register_id = r.id and a.status = 'ACCEPTED'
  and a.counts_for between (%(from)s::date - interval '16 months')::date and (%(to)s::date + interval '1 year')::date
where g.id = any(%(registers)s::bigint[])
order by g.id, r.id, a.counts_for
"""

# The twelve months before, and whether something is billed of the days themselves or of their first month.
HISTORY = """
select contract_id, count(*) filter (where period_from < %(from)s and period_from >= %(year_before)s),
  (coalesce(sum(total) filter (where period_from < %(from)s and period_from >= %(year_before)s), 0) * 100)::bigint,
  bool_or(period_to > %(month)s)
from invoice where contract_id = any(%(contracts)s::bigint[]) and kind <> 'CREDIT' and period_from < %(to)s
  and (period_from >= %(year_before)s or period_to > %(month)s)
group by contract_id
"""

# Bills of these days and of the month that they begin in, those that were taken back as well.
BILLED_PARTS = f"""
select i.contract_id, i.id, i.document_number, i.kind, i.revision, i.period_from, i.period_to, not {NOT_TAKEN_BACK},
  i.inputs::text, (
    select jsonb_agg(distinct jsonb_build_array(l.code, coalesce(p.identifier, '')))
    from invoice_line l left join supply_point p on p.id = l.supply_point_id
    where l.invoice_id = i.id and l.customer_id = i.customer_id and l.period_to > %(month)s
  )
from invoice i where i.contract_id = any(%(contracts)s::bigint[]) and i.kind <> 'CREDIT'
  and i.period_from < %(to)s and i.period_to > %(month)s
order by i.contract_id, i.period_from, i.id
"""

CONTRACT_DAYS = """
select id, greatest(starts, %(from)s::date), least(ends, %(to)s::date), starts from contract
where id = any(%(contracts)s::bigint[]) and starts < %(to)s and (ends is null or ends > %(from)s)
"""

BUILDINGS = """
select distinct p.building_id
from contract_supply_point s
join supply_point p on p.id = s.supply_point_id
where s.contract_id = any(%(contracts)s::bigint[]) and p.building_id is not null
"""

PREMISES = f"""
with house as (
  select distinct building_id, commodity from ({HOUSES}) h where h.building_id = any(%(buildings)s::bigint[])
)
select p.building_id, p.id, p.identifier, p.premise, p.premise_kind, p.area_m2, p.residents, o.contract_id
from house h
join supply_point p on p.building_id = h.building_id and p.commodity = h.commodity and p.role = 'PREMISE'
left join lateral (
  select c.id as contract_id, greatest(c.starts, s.starts) as starts
  from contract_supply_point s
  join contract c on c.id = s.contract_id
  where s.supply_point_id = p.id and c.adapter = %(adapter)s and c.billing = 'DIRECT'
    and s.starts < %(to)s and (s.ends is null or s.ends > %(from)s)
    and c.starts < %(to)s and (c.ends is null or c.ends > %(from)s)
) o on true
order by p.building_id, p.identifier, o.starts, o.contract_id
"""

HOUSE_CONTRACTS = f"""
select distinct h.building_id, h.contract_id from ({HOUSES}) h
where h.building_id = any(%(buildings)s::bigint[])
order by 1, 2
"""

VERSIONS = """
select v.id, v.list, v.code, v.starts, v.ends, (v.known_from at time zone %(time_zone)s)::date, v.decision,
  r.name, r.value, r.unit, r.conditions, r.tax_included
from price_version v
left join price_row r on r.version_id = v.id
where v.adapter = %(adapter)s and v.starts < %(to)s and (v.ends is null or v.ends > %(from)s)
order by v.list, v.starts, v.id, r.position, r.id
"""

TAXES = """
select code, starts, ends, rate, kind from tax_rate
where starts < %(to)s and (ends is null or ends > %(from)s)
order by code, kind nulls first, starts
"""

FIGURES = """
select name, subject, (starts_at at time zone %(time_zone)s)::date, (ends_at at time zone %(time_zone)s)::date,
  value, unit, source
from fact_figure
where name = any(%(names)s::text[]) and subject = any(%(subjects)s::text[])
  and starts_at < %(to)s::timestamp at time zone %(time_zone)s
  and ends_at > %(from)s::timestamp at time zone %(time_zone)s
  and known_at <= (%(known_at)s::date + 1)::timestamp at time zone %(time_zone)s
order by known_at desc, id desc
"""

SERIES = """
select distinct on (name, starts_at) id, name, unit, starts_at, step_seconds, values, known_at, source
from fact_series
where name = any(%(names)s::text[]) and starts_at < %(to)s::timestamp at time zone %(time_zone)s
  and ends_at > %(from)s::timestamp at time zone %(time_zone)s
  and known_at <= (%(known_at)s::date + 1)::timestamp at time zone %(time_zone)s
order by name, starts_at, known_at desc
"""

RUN = """
select id, adapter, period_from, period_to, issued_on, status, started_at, issue_by from billing_run
where adapter = %(adapter)s and period_from = %(from)s and period_to = %(to)s
for update
"""

RUN_BY_ID = """
select id, adapter, period_from, period_to, issued_on, status, started_at, issue_by from billing_run where id = %(run)s
"""

IS_WAITING = "select exists (select from billing_chunk where run_id = %(run)s and status = 'WAITING')"

# Whoever comes second passes over a chunk that somebody has, so any number of processes share a run.
CLAIM = """
select id, contract_ids from billing_chunk
where run_id = %(run)s and status = 'WAITING'
order by id limit 1
for update skip locked
"""

STATE = """
select coalesce(sum(cardinality(contract_ids)), 0),
  coalesce(sum(cardinality(contract_ids)) filter (where status = 'DONE'), 0),
  coalesce(sum(invoiced), 0), (select count(*) from billing_hold h where h.run_id = %(run)s and h.released_at is null)
from billing_chunk where run_id = %(run)s
"""

SELLER = "select id, series from seller where adapter = %(adapter)s and starts <= %(on)s order by starts desc limit 1"

BILLED = f"""
select i.contract_id, i.period_from, i.period_to from invoice i
where i.contract_id = any(%(contracts)s::bigint[]) and i.kind <> 'CREDIT'
  and i.period_from < %(to)s and i.period_to > %(from)s and {NOT_TAKEN_BACK}
"""

# Whoever numbers holds the series, so all that was numbered since this transaction began to look is there to be seen.
BILLED_SINCE = """
select contract_id, period_from, period_to from invoice where series = %(series)s and kind <> 'CREDIT'
  and number > %(seen)s and number < %(first)s and run_id is distinct from %(run)s
"""

LAST_NUMBER = "select last_number from invoice_series where code = %(series)s"

# The questions below are asked through a session, so their parameters are written as SQLAlchemy wants them.
STORED_INVOICES = """
select i.id, i.adapter, i.contract_id, i.total, i.inputs::text as inputs, i.rating_group_id, g.inputs::text as house
from invoice i
left join rating_group g on g.id = i.rating_group_id
where i.id = any(cast(:ids as bigint[]))
order by i.id
"""

CUSTOMERS_OF_RUN = """
select distinct c.customer_id
from billing_chunk k
cross join lateral unnest(k.contract_ids) as u(contract_id) join contract c on c.id = u.contract_id
where k.run_id = :run
order by c.customer_id
"""

HOLDS = """
select customer_id, contract_id, code, reason from billing_hold
where run_id = :run and released_at is null order by contract_id
"""

STORED_LINES = """
select invoice_id, position, code, period_from, period_to, quantity, net, tax_rate, is_after_tax
from invoice_line where invoice_id = any(cast(:ids as bigint[]))
order by invoice_id, position
"""

STORED_VERSIONS = """
select v.id, v.list, v.code, v.starts, v.ends, (v.known_from at time zone :time_zone)::date, v.decision,
  r.name, r.value, r.unit, r.conditions::text as conditions, r.tax_included
from price_version v
left join price_row r on r.version_id = v.id
where v.id = any(cast(:ids as bigint[])) order by v.list, v.starts, v.id, r.position, r.id
"""

STORED_DAYS = """
select d.id, d.register_id, m.serial, r.quantity, r.unit, d.day, d.step_seconds, d.values, d.statuses
from interval_day d
join register r on r.id = d.register_id
join meter m on m.id = r.meter_id
where d.id = any(cast(:ids as bigint[]))
order by d.id
"""

STORED_SERIES = """
select id, name, unit, starts_at, step_seconds, values, known_at, source from fact_series
where id = any(cast(:ids as bigint[]))
order by name, starts_at
"""

LOCK_CONTRACT = """
select id, customer_id, adapter, billing, settlement, starts, ends
from contract where id = %(contract)s for no key update
"""

SINGLE = """
select id, customer_id, document_number, kind, period_from, period_to, issued_on, due_on, currency, total
from invoice where id = %(invoice)s
"""

LOCK_REGISTERS = "select id from register where id = any(%(registers)s::bigint[]) order by id for update"
