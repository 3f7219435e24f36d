"""SQL views and triggers of the ledger; the first migration creates them."""

CUSTOMER_BALANCE = """
create view customer_balance as
select e.customer_id, e.currency, sum(e.amount)::numeric(14, 2) as balance
from ledger_entry e where e.account = 'receivable' group by e.customer_id, e.currency
"""


def append_only(table: str) -> tuple[str, str]:
    """Return the triggers that refuse UPDATE, DELETE and TRUNCATE on a table of things that happened.

    Their function `refuse_change` is in `mains_server.db.views`.
    """
    return (
        f"create trigger {table}_append_only before update or delete on {table}"
        " for each row execute function refuse_change()",
        f"create trigger {table}_never_emptied before truncate on {table}"
        " for each statement execute function refuse_change()",
    )


TRIGGERS = (*append_only("ledger_transaction"), *append_only("ledger_entry"))
