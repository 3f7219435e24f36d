"""SQL of the notifications room."""

# A customer's notices go out by the clock where the customer is supplied; the first point of any contract tells it.
CUSTOMERS = """
select c.id, c.name, c.language, c.email, c.phone, c.address_line, c.address_city, c.address_postcode,
    c.address_country, (
        select s.time_zone from contract k
        join contract_supply_point p on p.contract_id = k.id and p.customer_id = k.customer_id
        join supply_point s on s.id = p.supply_point_id
        where k.customer_id = c.id order by k.id, p.id limit 1
    ) as time_zone,
    (
        select jsonb_object_agg(f.topic, to_jsonb(f.channels)) from notice_preference f where f.customer_id = c.id
    ) as preferred
from customer c where c.id = any(cast(:ids as bigint[]))
"""
PERSONS = "select id, name, language, email, phone from person where id = any(cast(:ids as bigint[]))"
TOLD = "select distinct occasion from notice where occasion = any(cast(:occasions as text[]))"
# Who sends holds the row until its receipt is written, so that no two workers send one notice.
NEXT_NOTICE = """
select id, customer_id, person_id, occasion, number, topic, template, language, channel, others, address, subject, body,
    values, sealed, tries, holds_until
from notice
where state = 'WAITING' and channel = any(cast(:channels as text[])) and next_try_at <= :now
    and id <> all(cast(:skipped as bigint[]))
order by next_try_at, id limit 1 for update skip locked
"""
# An event waits for all earlier ones of its customer, but not for those that were given up. Each is held by whoever
# delivers it: another worker takes other customers' events meanwhile.
NEXT_EVENTS = """
select e.id, e.kind, e.customer_id, e.payload, e.occurred_at, e.tries
from outbox_event e
where e.delivered_at is null and e.given_up_at is null and (e.next_try_at is null or e.next_try_at <= :now)
    and not exists (
        select from outbox_event f
        where f.customer_id = e.customer_id and f.id < e.id and f.delivered_at is null and f.given_up_at is null
    )
order by e.id limit :most for update of e skip locked
"""
DELIVERED = "update outbox_event set delivered_at = :now, failure = null where id = any(cast(:ids as bigint[]))"
FAILED = """
update outbox_event set tries = :tries, failure = :failure, next_try_at = :next_try_at, given_up_at = :given_up_at
where id = :id
"""
SEND_AGAIN = """
update outbox_event set tries = 0, next_try_at = null, given_up_at = null
where id = :id and given_up_at is not null returning id
"""
