"""What must be true in a small utility in which things happen in any order: SQL that finds what is not."""

# The energy of each standing invoice against the readings at its two ends, but where a correction is due.
USED = """
select i.document_number, l.energy::text, (b.value - a.value)::text
from invoice i
join contract_supply_point s on s.contract_id = i.contract_id
join register r on r.supply_point_id = s.supply_point_id
join lateral (
    select sum(quantity) as energy from invoice_line l
    where l.invoice_id = i.id and l.code = 'energy' and l.unit = 'kWh'
) l on true
left join reading a on a.register_id = r.id and a.status = 'ACCEPTED' and a.counts_for = i.period_from
left join reading b on b.register_id = r.id and b.status = 'ACCEPTED' and b.counts_for = i.period_to
where i.kind <> 'CREDIT' and l.energy is distinct from b.value - a.value
  and not exists (select from invoice n where n.corrects_invoice_id = i.id and n.kind = 'CREDIT')
  and not exists (select from correction_due d where d.invoice_id = i.id and d.settled_at is null)
"""
# The same where the next bill settles what was wrong: what a bill and others have of its energy, at its one price.
SETTLED = """
select i.document_number, round((b.value - a.value) * p.value, 2), l.net - coalesce(w.net, 0) + coalesce(s.net, 0)
from invoice i
join contract_supply_point c on c.contract_id = i.contract_id
join register r on r.supply_point_id = c.supply_point_id
join (select daterange(v.starts, v.ends) as days, r.value
    from price_version v join price_row r on r.version_id = v.id where v.list = 'fixed' and r.name = 'energy'
) p on daterange(i.period_from, i.period_to) <@ p.days
cross join lateral (select sum(net) as net from invoice_line l where l.invoice_id = i.id and l.code = 'energy') l
cross join lateral (
    select sum((w ->> 'net')::numeric) as net from jsonb_array_elements(i.inputs -> 'settles') w
    where w ->> 'code' = 'energy'
) w
cross join lateral (
    select sum(s.net) as net from settlement_line s
    where s.invoice_id = i.id and s.code = 'energy' and s.withdrawn_by_id is null
) s
left join reading a on a.register_id = r.id and a.status = 'ACCEPTED' and a.counts_for = i.period_from
left join reading b on b.register_id = r.id and b.status = 'ACCEPTED' and b.counts_for = i.period_to
where i.kind <> 'CREDIT'
  and round((b.value - a.value) * p.value, 2) is distinct from l.net - coalesce(w.net, 0) + coalesce(s.net, 0)
  and not exists (select from invoice n where n.corrects_invoice_id = i.id and n.kind = 'CREDIT')
  and not exists (select from correction_due d where d.invoice_id = i.id and d.settled_at is null)
"""
# Differences of contracts that ended, and are billed from their first day to their last, wait for nothing.
IN_VAIN = """
select s.id, s.net from settlement_line s join contract c on c.id = s.contract_id
where s.net <> 0 and s.withdrawn_by_id is null and not exists (
    select from invoice i where i.id = s.booked_invoice_id
      and not exists (select from invoice n where n.corrects_invoice_id = i.id and n.kind = 'CREDIT')
) and daterange(c.starts, c.ends) <@ (
    select range_agg(daterange(i.period_from, i.period_to)) from invoice i
    where i.contract_id = c.id and i.kind <> 'CREDIT'
      and not exists (select from invoice n where n.corrects_invoice_id = i.id and n.kind = 'CREDIT')
)
"""
