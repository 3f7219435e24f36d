"""SQL views and triggers of the invoices room; the first migration creates them after the ledger's."""

from mains_server.ledger.views import append_only

INVOICE_STATE = """
create view invoice_state as
select i.*, a.paid, c.credited,
       (case when i.kind = 'CREDIT' or i.total < 0 then 0
             else i.total - c.credited - a.paid - u.levelled end)::numeric(14, 2) as open_amount,
       (case when i.kind = 'CREDIT' or c.notes > 0 then 'CREDITED'
             when i.total - a.paid - u.levelled <= 0 then 'PAID'
             when a.paid + u.levelled > 0 then 'PARTLY_PAID' else 'OPEN' end)::varchar(40) as status,
       u.levelled, c.credit_note_id, c.replaced_by_id,
       case when i.kind <> 'CREDIT' then i.corrects_invoice_id end as replaces_id
from invoice i
cross join lateral (
    select coalesce(sum(l.amount), 0)::numeric(14, 2) as paid
    from payment_allocation l where l.invoice_id = i.id and l.customer_id = i.customer_id
) a
cross join lateral (
    select coalesce(-sum(n.total) filter (where n.kind = 'CREDIT'), 0)::numeric(14, 2) as credited,
           count(*) filter (where n.kind = 'CREDIT') as notes,
           max(n.id) filter (where n.kind = 'CREDIT') as credit_note_id,
           max(n.id) filter (where n.kind <> 'CREDIT') as replaced_by_id
    from invoice n where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id
) c
cross join lateral (
    select coalesce(sum(p.amount), 0)::numeric(14, 2) as levelled
    from prepaid_use p where p.invoice_id = i.id and p.customer_id = i.customer_id
) u
"""

TRIGGERS = (append_only("invoice"), append_only("invoice_line"), append_only("invoice_tax"))
