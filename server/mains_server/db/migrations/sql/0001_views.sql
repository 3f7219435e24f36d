-- Views, triggers and functions of the rooms, as they stood with the first tables. A mark stands before each statement.
--;
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation',
        hint = 'What is booked or issued is never edited: book the reverse, or issue a credit.';
end
$$;
--;
create view customer_balance as
select e.customer_id, e.currency, sum(e.amount)::numeric(14, 2) as balance
from ledger_entry e where e.account = 'receivable' group by e.customer_id, e.currency;
--;
create trigger append_only before update or delete or truncate on ledger_transaction
for each statement execute function refuse_change();
--;
create trigger append_only before update or delete or truncate on ledger_entry
for each statement execute function refuse_change();
--;
create view invoice_state as
select i.*, a.paid, c.credited,
       (case when i.kind = 'CREDIT' then 0 else i.total - c.credited - a.paid end)::numeric(14, 2) as open_amount,
       (case when i.kind = 'CREDIT' or c.notes > 0 then 'CREDITED'
             when i.total - a.paid <= 0 then 'PAID'
             when a.paid > 0 then 'PARTLY_PAID' else 'OPEN' end)::varchar(40) as status
from invoice i
cross join lateral (
    select coalesce(sum(l.amount), 0)::numeric(14, 2) as paid
    from payment_allocation l where l.invoice_id = i.id and l.customer_id = i.customer_id
) a
cross join lateral (
    select coalesce(-sum(n.total), 0)::numeric(14, 2) as credited, count(*) as notes
    from invoice n where n.corrects_invoice_id = i.id and n.customer_id = i.customer_id and n.kind = 'CREDIT'
) c;
--;
create trigger append_only before update or delete or truncate on invoice
for each statement execute function refuse_change();
--;
create trigger append_only before update or delete or truncate on invoice_line
for each statement execute function refuse_change();
--;
create trigger append_only before update or delete or truncate on invoice_tax
for each statement execute function refuse_change();
--;
create trigger append_only before update or delete or truncate on payment
for each statement execute function refuse_change();
--;
create trigger append_only before update or delete or truncate on payment_allocation
for each statement execute function refuse_change();
