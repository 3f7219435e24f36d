"""SQL of the delivery room: invoices to deliver, and deliveries that wait."""

# Invoices whose documents are there and that nobody has delivered yet; those issued long ago stay in the archive. The
# day of issue may be some weeks before it was written, and has an index.
UNDELIVERED = """
select i.id as invoice_id, i.customer_id, i.contract_id, k.delivery
from invoice i join contract k on k.id = i.contract_id and k.customer_id = i.customer_id
where i.issued_at >= :since and i.issued_on >= cast(cast(:since as timestamptz) as date) - 60 and i.id > :after
    and (select count(*) from invoice_document d where d.invoice_id = i.id and d.customer_id = i.customer_id) >= :kinds
    and not exists (select from invoice_delivery v where v.invoice_id = i.id and v.customer_id = i.customer_id)
order by i.id limit :most
"""
ENVELOPE = """
select v.id as delivery_id, v.customer_id, v.contract_id, v.invoice_id, v.number, v.tries, i.document_number,
    s.name as seller, c.name as customer_name, c.language, c.email, c.address_line, c.address_city, c.address_postcode,
    c.address_country, o.document_number as takes_back, coalesce(o.total < 0, false) as withdraws
from invoice_delivery v
join invoice i on i.id = v.invoice_id and i.customer_id = v.customer_id
left join invoice o on o.id = i.corrects_invoice_id and o.customer_id = i.customer_id and i.kind = 'CREDIT'
join seller s on s.id = i.seller_id
join customer c on c.id = v.customer_id
"""
NEXT_MAIL = f"""{ENVELOPE}
where v.state = 'WAITING' and v.channel = 'EMAIL' and v.next_try_at <= :now and v.id <> all(cast(:held as bigint[]))
order by v.next_try_at, v.id limit 1 for update of v skip locked
"""
LETTERS = f"""{ENVELOPE}
where v.state = 'WAITING' and v.channel = 'POST' order by v.id limit :most for update of v skip locked
"""
# What is in a file waits too, until the file is handed over.
FOR_BANK = f"""{ENVELOPE}
where v.state = 'WAITING' and v.channel = 'BANK' and v.bank_file_id is null
order by v.id limit :most for update of v skip locked
"""
LAST_NUMBER = """
select coalesce(max(number), 0) from invoice_delivery where invoice_id = :invoice and customer_id = :customer
"""
WANTED = """
select i.customer_id, i.contract_id, k.delivery from invoice i
join contract k on k.id = i.contract_id and k.customer_id = i.customer_id where i.id = :invoice
"""
IS_MAIL_DUE = """
select exists (
    select from invoice_delivery v where v.state = 'WAITING' and v.channel = 'EMAIL' and v.next_try_at <= :now
)
"""
