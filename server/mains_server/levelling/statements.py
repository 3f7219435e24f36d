"""The SQL of the levelling room: what waits for work, and the mass recalculation, a chunk at a time."""

# What a bill covers counts until it is taken back.
STANDING = """i.kind <> 'CREDIT' and not exists (
    select from invoice n
    where n.customer_id = i.customer_id and n.corrects_invoice_id = i.id and n.kind = 'CREDIT'
)"""
NEWEST = """
cross join lateral (
    select l.* from levelled_version l where l.plan_id = p.id and l.customer_id = p.customer_id
    order by l.number desc limit 1
) v
"""

COUNTED = """
select distinct r.quantity, r.zone, r.unit
from contract_supply_point s
join register r on r.supply_point_id = s.supply_point_id
join meter m on m.id = r.meter_id
where s.contract_id = :contract and s.starts <= :day and (s.ends is null or s.ends > :day)
    and m.installed_on <= :day and (m.removed_on is null or m.removed_on > :day)
order by r.quantity, r.zone
"""

# Whatever was taken back counts as never billed, wherever it lies.
UNSETTLED = f"""
select lower(d) as starts, upper(d) as ends
from unnest(
    datemultirange(daterange(cast(:since as date), greatest(cast(:since as date), cast(:upto as date)))) - coalesce((
        select range_agg(daterange(i.period_from, i.period_to)) from invoice i
        where i.contract_id = :contract and i.customer_id = :customer and {STANDING}
    ), '{{}}')
) d
order by 1
"""

SETTLED_LAST = f"""
select max(i.period_to) from invoice i
where i.contract_id = :contract and i.customer_id = :customer and i.period_to > :since and {STANDING}
"""

# Plans with days that were billed once and are not any more, because their bill was taken back and has no replacement.
TAKEN_BACK = f"""
select p.contract_id, p.customer_id, p.currency, p.settles_from, p.closed_at is not null as is_closed, d.upto
from levelled_plan p
join contract c on c.id = p.contract_id and c.customer_id = p.customer_id and c.adapter = :adapter
cross join lateral (
    select max(i.period_to) as upto, coalesce(range_agg(daterange(i.period_from, i.period_to)) filter (
        where {STANDING}
    ), '{{}}') as days
    from invoice i
    where i.contract_id = p.contract_id and i.customer_id = p.customer_id and i.kind <> 'CREDIT'
) b
cross join lateral (
    select greatest(p.settles_from, least(b.upto, c.ends, case when p.closed_at is not null then p.ends end)) as upto
) d
where (p.closed_at is not null or least(p.ends, c.ends, 'infinity') > :today) and exists (
    select from invoice n where n.contract_id = p.contract_id and n.customer_id = p.customer_id and n.kind = 'CREDIT'
) and not datemultirange(daterange(p.settles_from, d.upto)) <@ b.days
order by p.contract_id, p.id
"""

# Accounts that no plan runs on any more and that still hold or lack something.
LEFT_OVER = """
select distinct p.contract_id, p.customer_id, p.currency
from levelled_plan p
join contract c on c.id = p.contract_id and c.customer_id = p.customer_id and c.adapter = :adapter
where p.closed_at is not null and not exists (
    select from levelled_plan r
    where r.contract_id = p.contract_id and r.customer_id = p.customer_id and r.closed_at is null
) and coalesce((
    select sum(h.amount) from prepayment h where h.contract_id = p.contract_id and h.customer_id = p.customer_id
), 0) <> coalesce((
    select sum(u.amount) from prepaid_use u where u.contract_id = p.contract_id and u.customer_id = p.customer_id
), 0)
order by p.contract_id
"""

BILLED_DAYS = "select period_from, period_to from invoice where id = :invoice"

OPEN_SETTLEMENTS = f"""
select i.contract_id, i.id, i.document_number
from levelled_plan p
join contract c on c.id = p.contract_id and c.customer_id = p.customer_id and c.adapter = :adapter
join invoice i on i.contract_id = p.contract_id and i.customer_id = p.customer_id
    and i.kind in ('SETTLEMENT', 'FINAL') and i.period_from >= p.settles_from and {STANDING}
where p.closed_at is null and (cast(:contract as bigint) is null or p.contract_id = :contract) and not exists (
    select from levelled_version v
    where v.customer_id = p.customer_id and v.contract_id = p.contract_id and v.once_key = 'settlement:' || i.id
)
order by i.id
"""

# A day counts on which every register that people read was truly read; a reading is looked at once.
TOLD_READINGS = f"""
with running as (
    select p.contract_id, p.customer_id, p.read_upto, greatest(p.settles_from, coalesce((
        select max(i.period_to) from invoice i
        where i.contract_id = p.contract_id and i.customer_id = p.customer_id and {STANDING}
    ), p.settles_from)) as settled_upto
    from levelled_plan p
    join contract c on c.id = p.contract_id and c.customer_id = p.customer_id and c.adapter = :adapter
    where p.closed_at is null and (p.ends is null or p.ends > :today)
), read as (
    select r.contract_id, r.settled_upto, a.counts_for as day, count(distinct a.register_id) as registers
    from running r
    join contract_supply_point s on s.contract_id = r.contract_id and s.customer_id = r.customer_id
    join register g on g.supply_point_id = s.supply_point_id and g.collection = 'MANUAL'
    join reading a on a.register_id = g.id and a.status = 'ACCEPTED' and a.quality = 'ACTUAL'
        and a.counts_for > greatest(r.settled_upto, coalesce(r.read_upto, r.settled_upto)) and a.counts_for <= :today
        and a.counts_for >= s.starts and (s.ends is null or a.counts_for <= s.ends)
    group by r.contract_id, r.settled_upto, a.counts_for
)
select d.contract_id, d.settled_upto, max(d.day) as day
from read d
where d.registers >= (
    select count(*) from contract_supply_point s
    join register g on g.supply_point_id = s.supply_point_id and g.collection = 'MANUAL'
    join meter m on m.id = g.meter_id
    where s.contract_id = d.contract_id and s.starts <= d.day and (s.ends is null or s.ends >= d.day)
        and m.installed_on <= d.day and (m.removed_on is null or m.removed_on >= d.day)
)
group by d.contract_id, d.settled_upto
order by d.contract_id
"""

# Where nothing is left for people to read, a year after the last settlement needs no reading to wait for.
AUTOMATIC_YEARS = f"""
select r.contract_id, r.settled_upto, r.day
from (
    select p.contract_id, p.customer_id, u.settled_upto, (u.settled_upto + interval '12 months')::date as day
    from levelled_plan p
    join contract c on c.id = p.contract_id and c.customer_id = p.customer_id and c.adapter = :adapter
    cross join lateral (
        select greatest(p.settles_from, max(i.period_to)) as settled_upto from invoice i
        where i.contract_id = p.contract_id and i.customer_id = p.customer_id and {STANDING}
    ) u
    where p.closed_at is null and (p.ends is null or p.ends > :today)
) r
cross join lateral (
    select count(*) filter (where g.collection = 'MANUAL') as by_hand, count(*) as registers
    from contract_supply_point s
    join register g on g.supply_point_id = s.supply_point_id
    join meter m on m.id = g.meter_id
    where s.contract_id = r.contract_id and s.customer_id = r.customer_id
        and s.starts < r.day and (s.ends is null or s.ends >= r.day)
        and m.installed_on < r.day and (m.removed_on is null or m.removed_on >= r.day)
) g
where r.day <= :today and g.by_hand = 0 and g.registers > 0
order by r.contract_id
"""

# Plans without an end of contracts that are settled by invoice now, or will be.
PARTED = """
select p.contract_id
from levelled_plan p
join contract c on c.id = p.contract_id and c.customer_id = p.customer_id and c.adapter = :adapter
where p.closed_at is null and p.ends is null and c.settlement = 'INVOICE'
order by p.contract_id
"""
ENDING = """
select p.contract_id
from levelled_plan p
join contract c on c.id = p.contract_id and c.customer_id = p.customer_id and c.adapter = :adapter
where p.closed_at is null and least(p.ends, c.ends) <= :today
order by p.contract_id
"""

# Prices that became known after the newest version was worked out, of lists that its product is priced by.
PRICED_BEFORE = f"""
select p.contract_id, max(n.id)::text as news
from levelled_plan p
join contract c on c.id = p.contract_id and c.customer_id = p.customer_id and c.adapter = :adapter
{NEWEST}
join unnest(cast(:products as text[]), cast(:lists as text[])) as r (product, list) on r.product = c.product
join price_version n on n.adapter = c.adapter and n.list = r.list
    and (n.known_from at time zone 'UTC')::date > v.known_on and (n.known_from at time zone 'UTC')::date <= :today
    and n.starts < v.priced_from + interval '12 months' and (n.ends is null or n.ends > v.priced_from)
where p.closed_at is null and (p.ends is null or p.ends > :today)
group by p.contract_id
order by p.contract_id
"""

RUN_STATE = """
select coalesce(sum(cardinality(contract_ids)), 0) as contracts,
    coalesce(sum(cardinality(contract_ids)) filter (where status = 'DONE'), 0) as done,
    coalesce(sum(recalculated), 0) as recalculated, coalesce(sum(held), 0) as held
from levelled_chunk where run_id = :run
"""

# The mass recalculation asks through psycopg, so its parameters are written as that wants them.
INSERT_RUN = """
insert into levelled_run (adapter, year, starts, known_on, status, started_at)
values (%(adapter)s, %(year)s, %(starts)s, %(known_on)s, 'RUNNING', %(now)s)
on conflict (adapter, year) do nothing
"""
RUN = "select id, starts, known_on from levelled_run where adapter = %(adapter)s and year = %(year)s for update"
IS_WAITING = "select exists (select from levelled_chunk where run_id = %(run)s and status = 'WAITING')"
TO_DO = """
select p.contract_id
from levelled_plan p
join contract c on c.id = p.contract_id and c.customer_id = p.customer_id and c.adapter = %(adapter)s
where p.closed_at is null and p.starts < %(starts)s and (p.ends is null or p.ends > %(starts)s)
    and not exists (
        select from levelled_version v
        where v.customer_id = p.customer_id and v.contract_id = p.contract_id and v.once_key = %(key)s
    )
order by p.contract_id
"""
INSERT_CHUNK = """
insert into levelled_chunk (run_id, contract_ids, status, recalculated, held)
values (%(run)s, %(contracts)s, 'WAITING', 0, 0)
"""
# The ids are written out for the one chunk that is taken, not for all that are sorted to find it.
CLAIM = """
with taken as materialized (
    select id from levelled_chunk
    where run_id = %(run)s and status = 'WAITING' order by id limit 1 for update skip locked
)
select c.id, c.contract_ids::text from taken join levelled_chunk c on c.id = taken.id
"""
CHUNK_DONE = """
update levelled_chunk set status = 'DONE', recalculated = %(recalculated)s, held = %(held)s, done_at = %(now)s
where id = %(chunk)s
"""
RUN_DONE = """
update levelled_run set status = 'DONE', finished_at = %(now)s
where id = %(run)s and not exists (select from levelled_chunk where run_id = %(run)s and status = 'WAITING')
"""
# A chunk is some thousands of many rows: to read a whole table for it, alone or in shares, costs more the more
# customers there are, and the planner, which takes every row for one that lies on a disk, would.
BY_INDEX = "set local enable_seqscan = off; set local max_parallel_workers_per_gather = 0"
LOCK_CONTRACTS = "select from contract where id = any(%(contracts)s::bigint[]) order by id for update"
# One statement reads a whole chunk, set by set, once its contracts are held; it names the chunk no more often than it
# must, since the planner weighs every id each time. Contracts with the same words are alike in all that a price may
# depend on; the words are for nobody to read. Amounts are in cents.
STANDING_PLANS = f"""
select p.id, p.customer_id, p.contract_id, p.currency, v.number, v.usage::text, v.basis, v.starts,
    (v.base_total * 100)::bigint, (v.total * 100)::bigint, (v.going_on * 100)::bigint, (v.used_before * 100)::bigint,
    coalesce(h.cents, 0), c.delivery, k.language,
    concat_ws('|', coalesce(f.product, c.product), c.delivery, k.kind, f.ends,
        case when coalesce(f.price_fixed_until, c.price_fixed_until) > %(from)s
            then concat_ws(',', coalesce(f.starts, c.terms_since, c.starts), f.price_fixed_until, c.price_fixed_until)
        end, s.told, a.told, t.told)
from levelled_plan p {NEWEST}
join contract c on c.id = p.contract_id and c.customer_id = p.customer_id
    and c.starts < %(to)s and (c.ends is null or c.ends > %(from)s)
join customer k on k.id = c.customer_id
left join contract_former_terms f on f.contract_id = c.id and f.customer_id = c.customer_id
    and f.starts <= greatest(c.starts, %(from)s) and f.ends > greatest(c.starts, %(from)s)
join (
    select s.contract_id, string_agg(concat_ws(',', p.time_zone, p.premise_kind, p.phases, p.amperes, p.area_m2,
        p.residents, p.building_id), ';' order by p.id, s.starts) as told
    from contract_supply_point s join supply_point p on p.id = s.supply_point_id
    where s.contract_id = any(%(contracts)s::bigint[]) and s.starts < %(to)s and (s.ends is null or s.ends > %(from)s)
    group by s.contract_id
) s on s.contract_id = c.id
left join (
    select a.contract_id, string_agg(concat_ws(',', a.name, a.value, greatest(a.starts, %(from)s),
        least(a.ends, %(to)s)), ';' order by a.name, a.starts) as told
    from contract_attribute a
    where a.contract_id = any(%(contracts)s::bigint[]) and a.starts < %(to)s and (a.ends is null or a.ends > %(from)s)
    group by a.contract_id
) a on a.contract_id = c.id
left join (
    select p.customer_id, string_agg(concat_ws(',', p.kind, p.starts, p.ends), ';' order by p.starts, p.kind) as told
    from customer_protection p
    where p.customer_id in (select customer_id from levelled_plan where contract_id = any(%(contracts)s::bigint[]))
        and p.starts < %(to)s and (p.ends is null or p.ends > %(from)s)
    group by p.customer_id
) t on t.customer_id = c.customer_id
left join (
    select h.contract_id, (sum(h.amount) * 100)::bigint as cents from prepayment h
    where h.contract_id = any(%(contracts)s::bigint[]) group by h.contract_id
) h on h.contract_id = c.id
where p.contract_id = any(%(contracts)s::bigint[]) and p.closed_at is null
"""
HOLD = """
insert into levelled_hold (customer_id, contract_id, task, code, reason, held_at)
select c.customer_id, c.id, %(task)s, %(code)s, %(reason)s, %(now)s from contract c where c.id = %(contract)s
on conflict (customer_id, contract_id, task)
do update set code = excluded.code, reason = excluded.reason, held_at = excluded.held_at, released_at = null
"""
HELD = """
select contract_id from levelled_hold
where contract_id = any(%(contracts)s::bigint[]) and task = %(task)s and released_at is null
"""
RELEASE = """
update levelled_hold set released_at = %(now)s
where contract_id = any(%(contracts)s::bigint[]) and task = %(task)s and released_at is null
"""
