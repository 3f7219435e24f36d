"""What is booked or issued cannot be changed, whoever asks."""

import psycopg
import pytest
from mains_server.db.engine import make_engine
from mains_server.db.migrate import server_role
from mains_server.db.unit_of_work import read_session
from sqlalchemy import text

TABLES = (
    "ledger_transaction",
    "ledger_entry",
    "invoice",
    "invoice_line",
    "invoice_tax",
    "payment",
    "payment_allocation",
    "payment_return",
    "invoice_sheet",
    "invoice_document",
    "prepayment",
    "prepaid_use",
    "statement_part",
)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["update {} set customer_id = 2", "delete from {}", "truncate {} cascade"])
def test_change_is_refused(psycopg_dsn, table, change):
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        _plant_row(connection, table)
        with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
            connection.execute(change.format(table))

        assert connection.execute(f"select customer_id from {table}").fetchall() == [(1,)]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["update {} set customer_id = 2", "delete from {}", "truncate {} cascade"])
def test_the_servers_role_has_no_right_to_change(psycopg_dsn, table, change):
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        connection.execute("set role mains_server")

        assert connection.execute(f"select count(*) from {table}").fetchall() == [(0,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change.format(table))


def test_the_servers_role_may_add(psycopg_dsn):
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        connection.execute("set role mains_server")
        connection.execute(
            "insert into ledger_transaction (customer_id, key, kind, document_id, effective_on, booked_at)"
            " values (1, 'a', 'INVOICE', 1, '2023-01-01', '2023-01-01')"
        )

        assert connection.execute("select id from ledger_transaction").fetchall() == [(1,)]


@pytest.mark.parametrize("table", ["invoice", "payment"])
def test_the_servers_role_may_hold_what_it_may_not_change(psycopg_dsn, table):
    with psycopg.connect(psycopg_dsn, autocommit=True) as connection:
        _plant_row(connection, table)
        connection.execute("set role mains_server")

        assert len(connection.execute(f"select id from {table} for update").fetchall()) == 1
        with pytest.raises(psycopg.errors.RestrictViolation, match="is append-only"):
            connection.execute(f"update {table} set id = id + 1")


@pytest.mark.asyncio
async def test_an_engine_works_under_the_role(database_url):
    engine = make_engine(address=database_url, role=server_role(address=database_url))

    async with read_session(engine) as session:
        assert await session.scalar(text("select current_user")) == "mains_server"
    await engine.dispose()


def _plant_row(connection: psycopg.Connection, table: str) -> None:
    """A row of anything, past checks of other tables, is enough to see whether it can be changed."""
    columns = connection.execute(
        "select column_name, udt_name from information_schema.columns where table_name = %s and is_nullable = 'NO'",
        [table],
    ).fetchall()
    values = {
        "int4": "1",
        "int8": "1",
        "numeric": "1",
        "date": "'2023-01-01'",
        "timestamptz": "'2023-01-01'",
        "jsonb": "'{}'",
    }
    row = ", ".join(values.get(kind, "false" if kind == "bool" else "'x'") for _, kind in columns)
    names = ", ".join(f'"{name}"' for name, _ in columns)
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute(f"insert into {table} ({names}) values ({row})")
