"""SQL of the dunning room: debts with what pursues them, late debts with what was paid, and houses."""

from mains_server.contracts.charging import HOME_ZONE

# What was paid on an invoice, and when. It counts on the day on which it was received; a payment that a bank took back
# never came. What a bill below nothing gave did pay until it was withdrawn with its bill: until then nobody was late.
PAID_ON = """
select coalesce(w.returned_on, p.received_on) as received_on, sum(a.amount) as amount from payment_allocation a
join payment p on p.id = a.payment_id and p.customer_id = a.customer_id
left join payment_return w on w.payment_id = p.id and w.customer_id = p.customer_id and w.kind = 'WITHDRAWAL'
    and a.amount < 0 and w.booked_at = a.allocated_at
where a.invoice_id = i.id and a.customer_id = i.customer_id
group by 1 having sum(a.amount) <> 0
"""
OVERDUE = """
select i.id, i.customer_id, i.contract_id, i.document_number, i.adapter, i.due_on, i.currency, i.open_amount,
    exists (select from invoice_dispute d where d.invoice_id = i.id and d.customer_id = i.customer_id
        and d.closed_at is null) as is_disputed,
    exists (select from arranged_invoice r join debt_arrangement a on a.id = r.arrangement_id
        and a.customer_id = r.customer_id and a.state = 'RUNNING'
        where r.invoice_id = i.id and r.customer_id = i.customer_id) as is_arranged,
    i.kind = 'INTEREST' as is_note
from invoice_state i
"""
OPEN_OF_CONTRACTS = f"""{OVERDUE}
where i.contract_id = any(cast(:contracts as bigint[])) and i.kind <> 'CREDIT' and i.open_amount > 0
order by i.due_on, i.id
"""
OPEN_OF_CUSTOMERS = f"""{OVERDUE}
where i.customer_id = any(cast(:customers as bigint[])) and i.kind <> 'CREDIT' and i.open_amount > 0
order by i.due_on, i.id
"""
HELD_INVOICE = f"""{OVERDUE}
where i.id = :invoice and i.customer_id = :customer
"""
OVERDUE_INVOICES = f"""{OVERDUE}
where i.id = any(cast(:invoices as bigint[])) order by i.id
"""
REMINDABLE = """
select i.id, i.customer_id from invoice_state i
where i.id > :after and i.adapter = :adapter and i.kind <> 'CREDIT' and i.due_on <= :due_upto
    and i.open_amount >= :least and i.open_amount > 0
    and not exists (select from reminder r where r.invoice_id = i.id and r.customer_id = i.customer_id
        and r.stage >= :last_stage)
order by i.id limit :most
"""
# Open debts, and what was paid or taken back since somebody last looked: only there may interest have changed.
CHARGEABLE = """
select i.id, i.customer_id from invoice_state i
where i.id > :after and i.adapter = :adapter and i.kind <> 'CREDIT' and i.due_on < :today
    and (i.open_amount > 0
        or exists (select from payment_allocation a where a.invoice_id = i.id and a.customer_id = i.customer_id
            and a.allocated_at >= :since)
        or exists (select from invoice n where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id
            and n.kind = 'CREDIT' and n.issued_at >= :since))
order by i.id limit :most
"""
# A note charges for being late, so nothing of it bears interest. Waived is what a note charged that an employee took
# back; what the server took back itself has a charge that takes it back.
LATE = f"""
select i.id, i.customer_id, i.contract_id, i.document_number, i.adapter, i.due_on, i.currency, i.open_amount,
    c.kind <> 'PRIVATE' as is_business, i.status = 'CREDITED' as is_credited,
    (case when i.kind = 'INTEREST' then 0 else i.total - i.levelled - greatest(coalesce((
        select round(sum(l.net * (1 + l.tax_rate)), 2) from invoice_line l
        where l.invoice_id = i.id and l.customer_id = i.customer_id and l.code = any(cast(:interest_codes as text[]))
    ), 0), 0) end)::numeric(14, 2) as asked,
    coalesce((
        select json_agg(json_build_array(paid.received_on, paid.amount::text) order by paid.received_on)
        from ({PAID_ON}) paid
    ), '[]'::json) as paid,
    coalesce((
        select json_agg(json_build_array(a.made_on,
            coalesce(a.ended_on + (a.state = 'KEPT')::int, date '9999-12-31')) order by a.made_on)
        from arranged_invoice r join debt_arrangement a on a.id = r.arrangement_id and a.customer_id = r.customer_id
        where r.invoice_id = i.id and r.customer_id = i.customer_id and a.pauses_interest
    ), '[]'::json) as pauses,
    coalesce((
        select sum(h.amount) from interest_charge h where h.invoice_id = i.id and h.customer_id = i.customer_id
    ), 0)::numeric(14, 2) as charged,
    coalesce((
        select sum(h.amount) from interest_charge h join contract_fee f on f.key = h.fee_key
            and f.contract_id = h.contract_id and f.customer_id = h.customer_id
        join invoice n on n.id = f.invoice_id and n.customer_id = f.customer_id and n.kind = 'INTEREST'
        join invoice b on b.corrects_invoice_id = n.id and b.customer_id = n.customer_id and b.kind = 'CREDIT'
        where h.invoice_id = i.id and h.customer_id = i.customer_id and not exists (
            select from interest_charge t where t.takes_back_id = h.id and t.customer_id = h.customer_id)
    ), 0)::numeric(14, 2) as waived
from invoice_state i join customer c on c.id = i.customer_id
where i.id = any(cast(:invoices as bigint[]))
order by i.id
"""
OWNER = "select customer_id, contract_id from invoice where id = :invoice and kind <> 'CREDIT'"
CHARGES = """
select h.id, h.number, h.amount, h.fee_key,
    exists (select from interest_charge b where b.takes_back_id = h.id and b.customer_id = h.customer_id)
        as is_taken_back,
    exists (select from contract_fee f where f.customer_id = h.customer_id and f.contract_id = h.contract_id
        and f.key = h.fee_key and f.invoice_id is null) as waits
from interest_charge h where h.invoice_id = :invoice and h.customer_id = :customer order by h.number
"""
# Only where no bill of the contract may come any more; contracts are held before accounts.
LOCK_ENDED = """
select k.id from invoice i join contract k on k.id = i.contract_id and k.customer_id = i.customer_id
where i.id = any(cast(:invoices as bigint[])) and k.ends <= :today order by k.id for no key update of k
"""
LOCK_FEES = """
select f.id from contract_fee f join interest_charge h on h.fee_key = f.key and h.contract_id = f.contract_id
    and h.customer_id = f.customer_id
where h.invoice_id = any(cast(:invoices as bigint[])) and f.invoice_id is null order by f.id for update of f
"""
ON_NOTE = """
from interest_charge h join contract_fee f on f.key = h.fee_key and f.contract_id = h.contract_id
    and f.customer_id = h.customer_id
join invoice n on n.id = f.invoice_id and n.customer_id = f.customer_id and n.kind = 'INTEREST'
"""
NOTES_ON_INVOICE = f"""
select distinct n.id, n.document_number {ON_NOTE}
where h.invoice_id = :invoice and h.customer_id = :customer and not exists (
    select from invoice b where b.corrects_invoice_id = n.id and b.customer_id = n.customer_id and b.kind = 'CREDIT')
order by n.id desc
"""
CHARGES_ON_NOTE = f"""
select h.id, h.invoice_id, h.amount, h.until {ON_NOTE} where n.id = :note and h.customer_id = :customer order by h.id
"""
# Of contracts that are billed to their end; on a day there is one note of a contract, also where it was taken back.
NO_BILL_COMES = """k.adapter = :adapter and k.ends <= :today and exists (
        select from invoice b where b.contract_id = k.id and b.customer_id = k.customer_id and b.period_to >= k.ends
            and b.kind not in ('CREDIT', 'INTEREST') and not exists (
                select from invoice n where n.corrects_invoice_id = b.id and n.customer_id = b.customer_id
                    and n.kind = 'CREDIT'))
    and not exists (
        select from invoice b where b.contract_id = k.id and b.customer_id = k.customer_id and b.kind = 'INTEREST'
            and b.period_from = :today)"""
INTEREST_FOR_NOTE = f"""
select k.id as contract_id, f.id as fee_id, f.code, sign(h.amount)::int as sign, h.amount, i.document_number,
    least(coalesce((
        select max(b.until) from interest_charge b
        where b.invoice_id = h.invoice_id and b.customer_id = h.customer_id and b.number < h.number
            and b.takes_back_id is null and b.amount > 0 and not exists (
                select from interest_charge t where t.takes_back_id = b.id and t.customer_id = b.customer_id)
    ), i.due_on + 1), h.until - 1) as starts, h.until as ends
from contract k
join contract_fee f on f.contract_id = k.id and f.customer_id = k.customer_id and f.invoice_id is null
    and f.code = any(cast(:interest_codes as text[]))
join interest_charge h on h.fee_key = f.key and h.contract_id = f.contract_id and h.customer_id = f.customer_id
join invoice i on i.id = h.invoice_id and i.customer_id = h.customer_id
where {NO_BILL_COMES}
order by k.id, i.due_on, h.invoice_id, h.number
"""
# Not of today: whether a reminder went out as it should is known later, and then its fee may be taken back.
# Those of stages are of their reminder's day; text messages that a customer chose, of the day a gateway took them.
REMINDERS_FOR_NOTE = f"""
select k.id as contract_id, f.id as fee_id, f.code, w.day, w.document_number
from contract k
join contract_fee f on f.contract_id = k.id and f.customer_id = k.customer_id and f.invoice_id is null
join lateral (
    select r.day, i.document_number from reminder r join invoice i on i.id = r.invoice_id
        and i.customer_id = r.customer_id
    where r.contract_id = k.id and r.customer_id = k.customer_id
        and f.key = 'reminder ' || r.invoice_id || ' ' || r.stage
    union all
    select (f.noted_at at time zone '{HOME_ZONE}')::date, i.document_number from invoice i
    where i.contract_id = k.id and i.customer_id = k.customer_id and f.key = 'text due soon ' || i.id
) w on w.day < :today
where {NO_BILL_COMES}
order by k.id, w.day, f.id
"""
# Only utilities that supply the house as a whole: a flat's other contracts are no concern of the house.
IN_BUILDING = """
with utilities as (
    select distinct k.adapter from contract_supply_point s
    join supply_point p on p.id = s.supply_point_id
    join contract k on k.id = s.contract_id and k.customer_id = s.customer_id
    where p.building_id = :building and p.role = 'BUILDING'
), there as (
    select min(p.id) as point, s.contract_id, s.customer_id, k.adapter from contract_supply_point s
    join supply_point p on p.id = s.supply_point_id
    join contract k on k.id = s.contract_id and k.customer_id = s.customer_id
    where p.building_id = :building and k.adapter in (select adapter from utilities)
    group by s.contract_id, s.customer_id, k.adapter
)
select t.point, t.adapter, i.due_on, i.currency, i.open_amount from there t
join invoice_state i on i.contract_id = t.contract_id and i.customer_id = t.customer_id
where i.kind <> 'CREDIT' and i.open_amount > 0
order by i.due_on, i.id
"""
UTILITIES_OF_BUILDING = """
select distinct k.adapter from contract_supply_point s
join supply_point p on p.id = s.supply_point_id
join contract k on k.id = s.contract_id and k.customer_id = s.customer_id
where p.building_id = :building and p.role = 'BUILDING' order by k.adapter
"""
IS_AT_HOME = """
select exists (
    select from contract_supply_point s join supply_point p on p.id = s.supply_point_id
    where p.building_id = :building and s.starts <= :today and (s.ends is null or s.ends > :today)
        and (s.customer_id = any(cast(:customers as bigint[])) or s.contract_id = any(cast(:contracts as bigint[])))
)
"""
ARRANGEMENTS = f"""
select a.id, a.customer_id, a.contract_id, a.made_on, a.is_by_staff, a.currency, a.total, a.state, a.ended_on,
    a.grace_days, a.pauses_interest,
    (select json_agg(json_build_array(p.number, p.due_on, p.amount::text) order by p.number) from debt_part p
        where p.arrangement_id = a.id and p.customer_id = a.customer_id) as parts,
    (select json_agg(json_build_array(
        r.invoice_id, i.document_number, r.amount::text, (i.total - i.credited - i.levelled)::text,
        (select coalesce(json_agg(json_build_array(paid.received_on, paid.amount::text)), '[]'::json)
            from ({PAID_ON}) paid)) order by r.invoice_id)
        from arranged_invoice r join invoice_state i on i.id = r.invoice_id and i.customer_id = r.customer_id
        where r.arrangement_id = a.id and r.customer_id = a.customer_id) as invoices
from debt_arrangement a
"""
ARRANGEMENTS_OF_CONTRACTS = f"{ARRANGEMENTS} where a.contract_id = any(cast(:contracts as bigint[])) order by a.id"
RUNNING_OF_UTILITY = f"""{ARRANGEMENTS} join contract k on k.id = a.contract_id and k.customer_id = a.customer_id
where a.state = 'RUNNING' and k.adapter = :adapter and a.id > :after order by a.id limit :most
"""
# A fee that was taken back, since the reminder did not go out by its channel, is not shown any more.
REMINDERS = """
select r.invoice_id, r.stage, r.channel, r.day, r.open_amount, (
        select f.code from contract_fee f
        where f.contract_id = r.contract_id and f.customer_id = r.customer_id and f.code = r.fee_code
            and f.key = 'reminder ' || r.invoice_id || ' ' || r.stage
    ) as fee_code
from reminder r where r.invoice_id = any(cast(:invoices as bigint[])) order by r.stage, r.id
"""
