"""The migrated database is the one that the code expects."""

from pathlib import Path

import psycopg
import pytest
from mains_server.db import migrate
from mains_server.db.registry import stored_tables, whole_sql
from procrastinate.schema import SchemaManager
from sqlalchemy import create_mock_engine
from sqlalchemy.schema import CreateTable

VIEWS = "select viewname, definition from pg_views where schemaname = 'public' order by 1"
TRIGGERS = """
select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger
where not tgisinternal and tgrelid::regclass::text not like 'procrastinate%' order by 1, 2
"""
FUNCTIONS = """
select proname, pg_get_functiondef(oid) from pg_proc
where pronamespace = 'public'::regnamespace and proname not like 'procrastinate%' order by 1
"""


def test_models_and_migrations_agree(psycopg_dsn):
    assert migrate.differences(address=psycopg_dsn) == []


def test_views_triggers_and_functions_agree(psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection:
        migrated = _made_by_sql(connection)
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
        _make_tables(connection)
        for statement in whole_sql():
            connection.execute(statement)
        by_code = _made_by_sql(connection)
        connection.rollback()

    assert migrated == by_code


def test_migrating_again_changes_nothing(psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection:
        before = connection.execute("select relname, relfilenode from pg_class order by oid").fetchall()

    migrate.upgrade(address=psycopg_dsn)

    with psycopg.connect(psycopg_dsn) as connection:
        assert connection.execute("select relname, relfilenode from pg_class order by oid").fetchall() == before


def test_a_difference_is_named(psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection:
        connection.execute("alter table customer add column favourite_colour text")

    (difference,) = migrate.differences(address=psycopg_dsn)

    assert "remove_column" in difference
    assert "favourite_colour" in difference


def test_the_queue_is_that_of_the_installed_procrastinate():
    frozen = migrate.script(name="0002_procrastinate_3_10.sql").split("\n", 1)[1]

    assert frozen == SchemaManager.get_schema()


@pytest.mark.parametrize("file", sorted((migrate.FOLDER / "versions").glob("0*.py")), ids=lambda file: file.stem)
def test_migrations_stand_on_frozen_text(file: Path):
    words = file.read_text(encoding="utf-8")

    assert "tables import" not in words
    assert "views import" not in words


def _made_by_sql(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return [row for query in (VIEWS, TRIGGERS, FUNCTIONS) for row in connection.execute(query).fetchall()]


def _make_tables(connection: psycopg.Connection) -> None:
    dialect = create_mock_engine("postgresql+psycopg://", executor=print).dialect
    for table in stored_tables():
        connection.execute(str(CreateTable(table).compile(dialect=dialect)))
