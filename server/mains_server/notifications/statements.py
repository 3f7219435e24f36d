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
        select jsonb_object_agg(f.topic, to_jsonb(f.channels)) from notice_preference f
        where f.customer_id = c.id and f.own_topic = ''
    ) as preferred,
    (
        select jsonb_object_agg(f.adapter || ' ' || f.own_topic, to_jsonb(f.channels)) from notice_preference f
        where f.customer_id = c.id and f.own_topic <> ''
    ) as preferred_own,
    array(
        select f.topic from notice_preference f where f.customer_id = c.id and f.fees_accepted_at is not null
    ) as accepts_fees
from customer c where c.id = any(cast(:ids as bigint[]))
"""
FORGET_PREFERENCES = "delete from notice_preference where customer_id = :customer"
PERSONS = "select id, name, language, email, phone from person where id = any(cast(:ids as bigint[]))"
PAYMENT_APPROVAL = """
select a.id, a.person_id, p.name, a.shown_reference, a.amount, a.currency
from payment_approval a join person p on p.id = a.person_id
where a.id = :id and a.customer_id = :customer
"""
IMPERSONATION = "select id, began_at, ends_at, reason from impersonation where id = :id and customer_id = :customer"
DELEGATED_PAYMENT = """
select p.name, d.currency from delegated_payment d join person p on p.id = d.person_id
where d.intent_id = :intent and d.customer_id = :customer
"""
TOLD = "select distinct occasion from notice where occasion = any(cast(:occasions as text[]))"
# Who sends holds the row until its receipt is written, so that no two workers send one notice.
NOTICE = """
select id, customer_id, person_id, occasion, number, topic, template, language, channel, others, address, subject, body,
    values, sealed, tries, holds_until, state, adapter,
    fee_contract_id, fee_code, own_topic, may_refuse
from notice
"""
# The last word on what former notices are about, also of those that had left; who hears twice reads the second.
POINT_TO_NEWER = """
update notice o set superseded_by_id = n.id
from unnest(cast(:former as text[]), cast(:newer as text[])) as m (former, newer)
join notice n on n.occasion = m.newer and n.number = 1
where o.occasion = m.former
"""
RECEIPT = "update notice set {changed} where id = :id"
NEXT_NOTICE = f"""{NOTICE}
where state = 'WAITING' and channel = :channel and next_try_at <= :now
order by next_try_at, id limit 1 for update skip locked
"""
LETTERS = """
select n.id, coalesce(c.name, p.name, '') as name, coalesce(n.address, '') as address, n.language, n.subject, n.body,
    n.sealed is not null as has_secret, n.holds_until, n.occasion, n.adapter
from notice n left join customer c on c.id = n.customer_id left join person p on p.id = n.person_id
where n.state = 'WAITING' and n.channel = 'POST' and n.next_try_at <= :now
order by n.next_try_at, n.id limit :most for update of n skip locked
"""
# By channel what is due, by the index of what waits; letters are due until somebody prints them.
DUE = """
select channel, count(*) as waiting, min(next_try_at) as waits_since from notice
where state = 'WAITING' and next_try_at <= :now group by channel order by channel
"""
# What a demonstration shows of letters: notices to print, and invoices that go by post, as they were begun.
NOTICE_LETTERS = """
select n.id, concat_ws(', ', coalesce(c.name, p.name), n.address) as recipient, n.subject, n.body as words,
    n.created_at as at, null as file
from notice n left join customer c on c.id = n.customer_id left join person p on p.id = n.person_id
where n.channel = 'POST' and n.id > :after order by n.id desc limit :most
"""
INVOICE_LETTERS = """
select v.id, concat_ws(', ', c.name, c.address_line, c.address_city, c.address_postcode) as recipient,
    i.document_number as subject, '' as words, v.created_at as at, i.document_number || '.pdf' as file
from invoice_delivery v
join invoice i on i.id = v.invoice_id and i.customer_id = v.customer_id
join customer c on c.id = v.customer_id
where v.channel = 'POST' and v.id > :after order by v.id desc limit :most
"""
MAILINGS = """
select id, made_at, letters, sha256, size, posted_at from notice_mailing
where id = coalesce(cast(:id as bigint), id) order by id desc limit :most
"""
HELD_NOTICE = f"{NOTICE} where id = :id for update"
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
GIVEN_UP = """
select id, kind, failure, tries, occurred_at, given_up_at from outbox_event
where given_up_at is not null order by given_up_at desc, id desc limit :most
"""
PREFERENCES = """
select customer_id, topic, channels, fees_accepted_at is not null as accepts_fees, adapter, own_topic
from notice_preference where customer_id = any(cast(:ids as bigint[]))
"""
ADAPTERS_OF = """
select distinct k.adapter, k.customer_id from contract k
where k.customer_id = any(cast(:ids as bigint[])) and (k.ends is null or k.ends > :today)
order by k.customer_id, k.adapter
"""
SEND_AGAIN = """
update outbox_event set tries = 0, next_try_at = null, given_up_at = null
where id = :id and given_up_at is not null returning id
"""
INVOICE = """
select i.id, i.kind, i.document_number, i.currency, i.total, i.open_amount, i.due_on, k.adapter,
    o.document_number as corrected_number
from invoice_state i join contract k on k.id = i.contract_id and k.customer_id = i.customer_id
left join invoice o on o.id = i.corrects_invoice_id and o.customer_id = i.customer_id
where i.id = :id and i.customer_id = :customer
"""
REMINDER = """
select r.id, r.stage, r.channel, r.day, r.open_amount, r.currency, r.fee_code, i.document_number, i.due_on,
    k.adapter
from reminder r join invoice i on i.id = r.invoice_id and i.customer_id = r.customer_id
join contract k on k.id = r.contract_id and k.customer_id = r.customer_id
where r.id = :id and r.customer_id = :customer
"""
LEVELLED_LETTER = """
select l.*, k.number as contract, k.adapter
from levelled_letter l join contract k on k.id = l.contract_id and k.customer_id = l.customer_id
where l.version_id = :id and l.customer_id = :customer
"""
LEVELLED_LETTERS = """
select l.*, k.number as contract, k.adapter
from levelled_letter l join contract k on k.id = l.contract_id and k.customer_id = l.customer_id
where l.version_id = any(cast(:ids as bigint[]))
order by l.version_id
"""
PAYMENT = "select id, amount, currency from payment where id = :id and customer_id = :customer"
REFUND = """
select r.id, r.amount, r.currency, p.method
from payment_refund r join payment p on p.id = r.payment_id and p.customer_id = r.customer_id
where r.id = :id and r.customer_id = :customer
"""
CONTRACT = "select id, number, adapter from contract where id = :id and customer_id = :customer"
# The calendar's questions give at most so many that nobody was told of, ordered by `id`, with `occasion` and the values
# of their template.
# Without a contract nothing is charged for the message, as for those about a note that charges for being late itself.
DUE_SOON = """
select i.id, i.customer_id, :prefix || i.id as occasion, i.document_number as invoice, i.due_on as due,
    i.open_amount as amount, i.currency, k.adapter, case when i.kind <> 'INTEREST' then i.contract_id end as contract_id
from invoice_state i join contract k on k.id = i.contract_id and k.customer_id = i.customer_id
where i.due_on > :today and i.due_on <= :until and i.issued_on >= cast(:today as date) - 120
    and i.kind <> 'CREDIT' and i.open_amount > 0 and i.id > :after
    and not exists (select from notice n where n.occasion = :prefix || i.id)
order by i.id limit :most
"""
LEVELLED_DUE = """
select v.version_id * 100 + v.number as id, v.customer_id, :prefix || v.version_id || '/' || v.number as occasion,
    k.number as contract, v.due_on as due, v.amount - v.paid as amount, v.currency, k.adapter,
    v.contract_id
from levelled_instalment v join contract k on k.id = v.contract_id and k.customer_id = v.customer_id
where v.due_on > :today and v.due_on <= :until and v.paid < v.amount and v.version_id * 100 + v.number > :after
    and not exists (select from notice n where n.occasion = :prefix || v.version_id || '/' || v.number)
order by 1 limit :most
"""
PRICE_PERIOD_ENDS = """
select o.id, o.customer_id, :prefix || o.id as occasion, k.number as contract, o.starts as ends,
    k.adapter
from contract_offer o join contract k on k.id = o.contract_id and k.customer_id = o.customer_id
where o.starts > :today and o.accepted_at is null and o.lapsed_at is null and o.id > :after
    and not exists (select from notice n where n.occasion = :prefix || o.id)
order by o.id limit :most
"""
PAYMENTS_RECEIVED = """
select p.id, p.customer_id, :prefix || p.id as occasion, p.amount, p.currency, p.received_on as day
from payment p
where p.method <> 'INVOICE'
    and p.received_on >= cast(cast(:since as timestamptz) as date) - 14 and p.booked_at >= :since
    and p.booked_at <= :upto and p.id > :after and not exists (select from notice n where n.occasion = :prefix || p.id)
order by p.id limit :most
"""
# Contracts that run, with a register that somebody reads and nobody has read for the day; a house's own point is read
# with its premises'.
UNREAD = """
select k.id, k.customer_id, :prefix || k.id || '/' || cast(:counts_for as date) as occasion,
    cast(:opens as date) as opens, cast(:closes as date) as closes, k.adapter,
    (
        select s.address_line || case when s.premise is null then '' else '-' || s.premise end
        from contract_supply_point p join supply_point s on s.id = p.supply_point_id
        where p.contract_id = k.id and p.customer_id = k.customer_id order by p.id limit 1
    ) as address
from contract k
where k.adapter = :adapter and k.starts < :counts_for and (k.ends is null or k.ends >= :counts_for) and k.id > :after
    and not exists (
        select from notice n where n.occasion = :prefix || k.id || '/' || cast(:counts_for as date)
    )
    and exists (
        select from contract_supply_point p
        join register r on r.supply_point_id = p.supply_point_id and r.collection = 'MANUAL'
        join meter m on m.id = r.meter_id and m.installed_on < :counts_for
            and (m.removed_on is null or m.removed_on > :today)
        where p.contract_id = k.id and p.customer_id = k.customer_id and p.starts < :counts_for
            and (p.ends is null or p.ends >= :counts_for)
            and not exists (
                select from reading g where g.register_id = r.id and g.counts_for = :counts_for
                    and g.status in ('ACCEPTED', 'FLAGGED') and g.quality = 'ACTUAL'
            )
    )
order by k.id limit :most
"""
# Words for the applicant, who may be no customer yet.
APPLICATION = """
select a.id, a.person_id, a.adapter, a.created_at, a.offer_amount, a.offer_currency, a.offer_until, s.note
from application a join application_step s on s.application_id = a.id and s.number = :number
where a.id = :id
"""
# Customers of a utility whose contract runs or begins later: all, those of contracts, or those supplied in an area. A
# street's line is met from its beginning up to the end of a word, as it is for outages.
ANNOUNCED = """
select distinct k.customer_id from contract k
where k.adapter = :adapter and (k.ends is null or k.ends > :today)
    and (cast(:contracts as bigint[]) is null or k.id = any(cast(:contracts as bigint[])))
    and (cast(:city as text) is null or exists (
        select from contract_supply_point p join supply_point s on s.id = p.supply_point_id
        where p.contract_id = k.id and p.customer_id = k.customer_id and (p.ends is null or p.ends > :today)
            and lower(s.address_city) = lower(cast(:city as text))
            and (cast(:postcode as text) is null or s.address_postcode = :postcode)
            and (cast(:street as text) is null or starts_with(lower(s.address_line), lower(:street))
                and substr(s.address_line, char_length(:street) + 1, 1) in ('', ' ', ',', '-'))))
"""
COUNT_ANNOUNCED = f"""
select c.language, count(*) as customers from customer c where c.id in ({ANNOUNCED}) group by c.language
order by c.language
"""
OWE_ANNOUNCED = f"""
with owed as (
    insert into announcement_recipient (announcement_id, customer_id)
    select cast(:announcement as bigint), a.customer_id from ({ANNOUNCED}) a order by a.customer_id
    returning 1
)
update announcement set customers = (select count(*) from owed) where id = :announcement returning customers
"""
CONTRACTS_OF = """
select count(*) from contract
where id = any(cast(:contracts as bigint[])) and adapter = :adapter and (ends is null or ends > :today)
"""
TAKE_ANNOUNCED = """
with due as materialized (
    select id, customer_id from announcement_recipient where told_at is null
    order by id limit :most for update skip locked
),
taken as (
    update announcement_recipient r set told_at = :now from due where r.id = due.id and r.customer_id = due.customer_id
    returning r.id, r.announcement_id, r.customer_id
)
select t.announcement_id, t.customer_id, a.adapter, a.topic, a.is_refusable, a.channels, a.words
from taken t join announcement a on a.id = t.announcement_id order by t.id
"""
ANNOUNCEMENTS = """
select a.id, a.adapter, a.topic, a.words, a.city, a.postcode, a.street, a.contracts, a.customers, a.made_at,
    a.customers - (
        select count(*) from announcement_recipient r where r.announcement_id = a.id and r.told_at is null
    ) as told
from announcement a where a.id = coalesce(cast(:id as bigint), a.id) order by a.made_at desc, a.id desc limit :most
"""
