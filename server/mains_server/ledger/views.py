"""SQL views and triggers of the ledger; the first migration creates them."""

CUSTOMER_BALANCE = """
create view customer_balance as
select e.customer_id, e.currency, sum(e.amount)::numeric(14, 2) as balance
from ledger_entry e where e.account = 'receivable' group by e.customer_id, e.currency
"""


def append_only(table: str) -> str:
    """Return the trigger that refuses UPDATE, DELETE and TRUNCATE on a table of things that happened.

    Its function `refuse_change` is in `mains_server.db.views`.
    """
    return (
        f"\ncreate trigger append_only before update or delete or truncate on {table}"
        "\nfor each statement execute function refuse_change()\n"
    )


def append_only_but(table: str, *columns: str) -> tuple[str, str]:
    """Return the triggers that keep a table of things that happened, but let an erasure take away who it was.

    Only these columns may be emptied, or replaced by `sha256:` and a hash; see `refuse_all_but_redaction`.
    """
    named = ", ".join(f"'{column}'" for column in columns)
    return (
        f"\ncreate trigger append_only before delete or truncate on {table}"
        "\nfor each statement execute function refuse_change()\n",
        f"\ncreate trigger redacted_only before update on {table}"
        f"\nfor each row execute function refuse_all_but_redaction({named})\n",
    )


TRIGGERS = (append_only("ledger_transaction"), append_only("ledger_entry"))
