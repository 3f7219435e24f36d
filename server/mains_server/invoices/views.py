"""SQL views of the invoices room; the first migration creates them."""

INVOICE_STATE = """
create view invoice_state as
select i.*, a.paid, i.total - a.paid as open_amount,
       (case when i.total - a.paid <= 0 then 'PAID' when a.paid > 0 then 'PARTLY_PAID' else 'OPEN' end)::varchar(40) as status
from invoice i
cross join lateral (
    select coalesce(sum(l.amount), 0)::numeric(14, 2) as paid from payment_allocation l where l.invoice_id = i.id
) a
"""
