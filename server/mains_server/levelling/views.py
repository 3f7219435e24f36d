"""SQL views, functions and triggers of the levelling room; the functions say what `rules` says, for many at once."""

from mains_server.ledger.views import append_only

TWELFTH = """
create function levelled_twelfth(total numeric, month integer) returns numeric language sql immutable as $$
    select (((total * 100)::bigint / 12 + (month % 12 < (total * 100)::bigint % 12)::integer) / 100.0)::numeric(14, 2)
$$
"""
UPTO = """
create function levelled_upto(total numeric, months integer) returns numeric language sql immutable as $$
    select (
        months / 12 * total + (
            months % 12 * ((total * 100)::bigint / 12) + least(months % 12, (total * 100)::bigint % 12)
        ) / 100.0
    )::numeric(14, 2)
$$
"""
INSTALMENT = """
create view levelled_instalment as
select v.id as version_id, k.month + 1 as number, v.customer_id, v.contract_id, v.plan_id,
    (v.starts + make_interval(months => k.month))::date + p.due_day - 1 as due_on,
    a.amount, a.base_part, (a.amount - a.base_part)::numeric(14, 2) as difference_part,
    greatest(0, least(a.amount, s.paid - a.before))::numeric(14, 2) as paid, v.currency
from levelled_version v
join levelled_plan p on p.id = v.plan_id and p.customer_id = v.customer_id
cross join lateral (
    select min(f.starts) as starts, (array_agg(f.paid_before order by f.number))[1] as paid_before
    from levelled_version f where f.plan_id = v.plan_id and f.customer_id = v.customer_id and f.number > v.number
) n
cross join lateral (
    select coalesce(n.paid_before, p.paid_at_end, sum(h.amount), 0) - v.paid_before as paid
    from prepayment h where h.contract_id = v.contract_id and h.customer_id = v.customer_id
) s
cross join generate_series(0, 23) as k (month)
cross join lateral (
    select levelled_twelfth(case when k.month < 12 then v.total else v.going_on end, k.month) as amount,
        levelled_twelfth(v.base_total, k.month) as base_part,
        levelled_upto(v.total, least(k.month, 12)) + levelled_upto(v.going_on, greatest(k.month - 12, 0)) as before
) a
where v.starts + make_interval(months => k.month) < coalesce(least(n.starts, p.ends), 'infinity'::date)
"""
STATE = """
create view levelled_state as
select p.*, v.id as version_id, v.number as version_number, v.reason, v.starts as version_starts, v.usage, v.basis,
    v.known_on, v.base_total, v.difference, v.total,
    (v.base_total + v.difference - v.total)::numeric(14, 2) as left_over,
    levelled_twelfth(v.total, 0) as amount, levelled_twelfth(v.base_total, 0) as base_part,
    (levelled_twelfth(v.total, 0) - levelled_twelfth(v.base_total, 0))::numeric(14, 2) as difference_part,
    (coalesce(p.paid_at_end, a.paid) - v.paid_before)::numeric(14, 2) as paid,
    greatest(a.paid - a.used, 0)::numeric(14, 2) as prepaid, greatest(a.used - a.paid, 0)::numeric(14, 2) as deferred,
    d.due_on as next_due_on, d.amount as next_amount
from levelled_plan p
cross join lateral (
    select l.* from levelled_version l where l.plan_id = p.id and l.customer_id = p.customer_id
    order by l.number desc limit 1
) v
cross join lateral (
    select
        coalesce((select sum(h.amount) from prepayment h
            where h.contract_id = p.contract_id and h.customer_id = p.customer_id), 0) as paid,
        coalesce((select sum(u.amount) from prepaid_use u
            where u.contract_id = p.contract_id and u.customer_id = p.customer_id), 0) as used
) a
left join lateral (
    select i.due_on, (i.amount - i.paid)::numeric(14, 2) as amount
    from levelled_instalment i
    where i.version_id = v.id and i.customer_id = p.customer_id and i.amount > i.paid
    order by i.number limit 1
) d on true
"""

TRIGGERS = (append_only("levelled_version"), append_only("levelled_letter"))
