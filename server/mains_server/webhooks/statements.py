"""SQL of the webhooks room."""

FIRST_LOOK = "insert into webhook_look (id, seen) values (1, pg_current_snapshot()::text) on conflict do nothing"
LAST_LOOK = "select seen from webhook_look where id = 1"
# Who queues holds the one row, and reads what is seen before it asks with a fresh snapshot.
HELD_LOOK = "select seen from webhook_look where id = 1 for update skip locked"
# What was committed since the last look, once for each endpoint that hears of it, and the snapshot by which this very
# statement read: whatever is committed later is seen by the next.
QUEUE = """
with queued as (
    insert into webhook_delivery
        (endpoint_id, customer_id, event_id, kind, number, state, tries, occurred_at, next_try_at)
    select p.id, e.customer_id, e.id, s.kind, coalesce(cast(e.payload ->> s.number as bigint), e.customer_id),
        'WAITING', 0, e.occurred_at, cast(:now as timestamptz)
    from outbox_event e
    join unnest(
        cast(:kinds as text[]), cast(:events as text[]), cast(:numbers as text[]), cast(:bookings as text[]),
        cast(:persons as text[])) as s (kind, event, number, booking, person)
        on s.event = e.kind and (s.booking is null or e.payload ->> 'kind' = s.booking)
    join webhook_choice c on c.kind = s.kind
    join webhook_endpoint p on p.id = c.endpoint_id and p.state = 'ACTIVE'
    where e.transaction >= cast(cast(pg_snapshot_xmin(cast(cast(:seen as text) as pg_snapshot)) as text) as bigint)
        and not pg_visible_in_snapshot(
            cast(cast(e.transaction as text) as xid8), cast(cast(:seen as text) as pg_snapshot))
        and (p.coverage = 'ALL_CUSTOMERS' or e.customer_id is null or e.customer_id = any(p.customer_ids))
        and (s.number is null or e.payload ->> s.number is not null)
        and (s.number is not null or e.customer_id is not null)
        and (s.person is null or exists (
            select from access_grant g
            where g.customer_id = e.customer_id and g.person_id = cast(e.payload ->> s.person as bigint)
                and g.starts_at <= e.occurred_at and (g.ends_at is null or g.ends_at > e.occurred_at)
        ))
    order by e.id, p.id, s.kind
    on conflict do nothing
    returning 1
)
update webhook_look set seen = pg_current_snapshot()::text where id = 1 returning (select count(*) from queued)
"""
BUSY_LANES = """
select distinct d.endpoint_id, coalesce(d.customer_id, 0) % :lanes as lane, p.failures > 0 as is_in_trouble
from webhook_delivery d join webhook_endpoint p on p.id = d.endpoint_id
where d.state = 'WAITING' and d.next_try_at <= :now and p.state = 'ACTIVE'
    and (p.paused_until is null or p.paused_until <= :now)
order by 1, 2
"""
# Held until the transaction ends, so that no two senders serve one lane; mutations are not kept waiting by it.
HOLD_LANE = "select pg_try_advisory_xact_lock(cast(:lane_key as int), cast(:endpoint % 2147483647 as int))"
ENDPOINT = """
select id, customer_id, person_id, url, language, coverage, customer_ids, failures, failing_since
from webhook_endpoint
where id = :id and state = 'ACTIVE' and (paused_until is null or paused_until <= :now)
"""
# A delivery waits for the earlier ones of its customer to the same endpoint; a ping waits for nobody.
NEXT_DUE = """
select d.id, d.endpoint_id, d.customer_id, d.kind, d.number, d.occurred_at, d.tries, c.document
from webhook_delivery d left join webhook_choice c on c.endpoint_id = d.endpoint_id and c.kind = d.kind
where d.endpoint_id = :endpoint and d.state = 'WAITING' and d.next_try_at <= :now
    and coalesce(d.customer_id, 0) % :lanes = :lane
    and (d.kind = 'TEST' or not exists (
        select from webhook_delivery f
        where f.endpoint_id = d.endpoint_id and f.state = 'WAITING' and f.id < d.id and f.kind <> 'TEST'
            and coalesce(f.customer_id, 0) = coalesce(d.customer_id, 0)
    ))
order by d.id limit 1
"""
# When something is to be tried: what waits for its turn alone, and of a paused endpoint the end of its pause.
NEXT_TRY = """
select min(at) from (
    select p.paused_until as at from webhook_endpoint p
    where p.state = 'ACTIVE' and p.paused_until > :now
        and exists (select from webhook_delivery d where d.endpoint_id = p.id and d.state = 'WAITING')
    union all
    select d.next_try_at from webhook_delivery d join webhook_endpoint p on p.id = d.endpoint_id
    where d.state = 'WAITING' and p.state = 'ACTIVE' and (p.paused_until is null or p.paused_until <= :now)
        and (d.kind = 'TEST' or not exists (
            select from webhook_delivery f
            where f.endpoint_id = d.endpoint_id and f.state = 'WAITING' and f.id < d.id and f.kind <> 'TEST'
                and coalesce(f.customer_id, 0) = coalesce(d.customer_id, 0)
        ))
) waits
"""
SECRETS = """
select sealed from webhook_secret where endpoint_id = :endpoint and (ends_at is null or ends_at > :now)
order by id desc
"""
IS_OWNER = """
select exists (
    select from access_grant where customer_id = :customer and person_id = :person and role = 'OWNER'
        and starts_at <= :now and (ends_at is null or ends_at > :now)
)
"""
# Some of those who live where an outage is; one is enough to look at it.
CUSTOMERS_AT_OUTAGE = """
select distinct k.customer_id
from outage_place o
join supply_point s on s.id = o.supply_point_id or s.building_id = o.building_id
join contract_supply_point k on k.supply_point_id = s.id
where o.outage_id = :outage order by 1 limit :most
"""
TAKEN = """
update webhook_delivery set state = 'DELIVERED', tries = tries + 1, status = :status, detail = :detail,
    next_try_at = null, ended_at = :now
where id = :id
"""
WITHHELD = """
update webhook_delivery set state = 'WITHHELD', detail = :detail, next_try_at = null, ended_at = :now where id = :id
"""
FAILED = """
update webhook_delivery set state = :state, tries = tries + 1, status = :status, detail = :detail,
    next_try_at = :next_try_at, ended_at = :ended_at
where id = :id
"""
WORKS = """
update webhook_endpoint set failures = 0, failing_since = null, paused_until = null where id = :id and failures > 0
"""
FAILS = """
update webhook_endpoint set failures = failures + 1, failing_since = coalesce(failing_since, :now)
where id = :id returning failures, failing_since
"""
PAUSE = "update webhook_endpoint set paused_until = :until where id = :id"
DISABLE = """
update webhook_endpoint set state = 'DISABLED', disabled_because = :because, disabled_at = :now, paused_until = null
where id = :id and state = 'ACTIVE' returning person_id, customer_id, url
"""
# What waits and what was given up, each by its own index.
BACKLOG = """
select count(*) filter (where state = 'WAITING') as waiting,
    min(occurred_at) filter (where state = 'WAITING') as waits_since,
    count(*) filter (where state = 'FAILED') as given_up
from webhook_delivery where state in ('WAITING', 'FAILED')
"""
ENDPOINTS = """
select case when state = 'DISABLED' then 'disabled' when paused_until > :now then 'paused'
    when failures > 0 then 'failing' else 'working' end as standing, count(*) as endpoints
from webhook_endpoint group by 1 order by 1
"""
SEND_AGAIN = """
update webhook_delivery set state = 'WAITING', tries = 0, next_try_at = :now, ended_at = null
where id = :id and state = 'FAILED' returning endpoint_id
"""
SEND_FAILED_AGAIN = """
update webhook_delivery set state = 'WAITING', tries = 0, next_try_at = :now, ended_at = null
where endpoint_id = :endpoint and state = 'FAILED' and occurred_at >= :since
"""
END_SECRETS = """
update webhook_secret set ends_at = least(coalesce(ends_at, :ends_at), :ends_at)
where endpoint_id = :endpoint and (ends_at is null or ends_at > :now)
"""
FORGET_SECRETS = "delete from webhook_secret where endpoint_id = :endpoint and ends_at <= :now"
FORGET_DELIVERIES = """
delete from webhook_delivery where id in (
    select id from webhook_delivery where ended_at < :before order by ended_at limit :most
)
"""
