"""SQL views and triggers of the ledger; the first migration creates them."""

CUSTOMER_BALANCE = """
create view customer_balance as
select e.customer_id, e.currency, sum(e.amount)::numeric(14, 2) as balance
from ledger_entry e where e.account = 'receivable' group by e.customer_id, e.currency
"""
