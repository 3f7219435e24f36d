"""What is booked or issued cannot be changed, whoever asks."""

import psycopg
import pytest

TABLES = (
    "ledger_transaction",
    "ledger_entry",
    "invoice",
    "invoice_line",
    "invoice_tax",
    "payment",
    "payment_allocation",
)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["update {} set customer_id = 2", "delete from {}", "truncate {} cascade"])
def test_change_is_refused(psycopg_dsn, table, change):
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        _plant_row(connection, table)
        with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
            connection.execute(change.format(table))

        assert connection.execute(f"select customer_id from {table}").fetchall() == [(1,)]


def _plant_row(connection: psycopg.Connection, table: str) -> None:
    """A row of anything, past checks of other tables, is enough to see whether it can be changed."""
    columns = connection.execute(
        "select column_name, udt_name from information_schema.columns where table_name = %s and is_nullable = 'NO'",
        [table],
    ).fetchall()
    values = {"int4": "1", "int8": "1", "numeric": "1", "date": "'2023-01-01'", "timestamptz": "'2023-01-01'"}
    row = ", ".join(values.get(kind, "false" if kind == "bool" else "'x'") for _, kind in columns)
    names = ", ".join(f'"{name}"' for name, _ in columns)
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute(f"insert into {table} ({names}) values ({row})")
