"""SQL of the bank e-invoices room."""

AGREEMENTS = """
select contract_id, iban, bank from bank_einvoice_account
where contract_id = any(cast(:contracts as bigint[])) and ended_at is null
"""
OPEN = """
select id, adapter, currency, due_on, greatest(open_amount, 0)::numeric(14, 2) as to_pay
from invoice_state where id = any(cast(:invoices as bigint[]))
"""
# One at a time numbers files, so that a number is never given twice.
HOLD_NUMBERS = "select pg_advisory_xact_lock(hashtext('bank_einvoice_file'))"
LAST_NUMBER = "select coalesce(max(number), 0) from bank_einvoice_file where bank = :bank and day = :day"
FILES = """
select f.id, f.adapter, f.bank, f.day, f.number, f.invoices, f.total, f.currency, f.sha256, f.size, f.made_at,
    h.at as handed_over_at
from bank_einvoice_file f left join bank_einvoice_handover h on h.file_id = f.id
where cast(:file as bigint) is null or f.id = :file
order by f.id desc limit :most
"""
CONTENT = "select content from bank_einvoice_file where id = :file"
FORGET = """
update bank_einvoice_file set content = null where made_at < :before and content is not null returning id
"""
ENTRIES = """
select e.delivery_id, e.customer_id, e.invoice_id, e.iban from bank_einvoice_entry e
where e.file_id = :file order by e.position
"""
HAND_OVER = """
insert into bank_einvoice_handover (file_id, at, person_id) values (:file, :now, :person)
on conflict (file_id) do nothing returning file_id
"""
END = """
update bank_einvoice_account set ended_at = :now
where contract_id = :contract and customer_id = :customer and ended_at is null
"""
