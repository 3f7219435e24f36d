"""A test never sees what another did."""

import psycopg
import pytest
from mains_server.db.addresses import psycopg_dsn as libpq_address

from tests.databases import Databases, copy_of, shared_template


@pytest.fixture
def own(test_databases):
    """Databases of this test's own, so that none waits already."""
    found = Databases(server=test_databases.server, template=test_databases.template)
    yield found
    found.drop()


def test_rows_and_ids_are_gone_when_a_database_is_used_again(own):
    with own.one() as first, psycopg.connect(first) as connection:
        _insert_building(connection)
        connection.execute(
            "insert into ledger_transaction (customer_id, key, kind, document_id, effective_on, booked_at)"
            " values (1, 'a', 'INVOICE', 1, '2023-01-01', '2023-01-01')"
        )

    with own.one() as second, psycopg.connect(second) as connection:
        assert second == first
        assert connection.execute(
            "select (select count(*) from building) + (select count(*) from ledger_transaction)"
        ).fetchone() == (0,)
        assert _insert_building(connection) == (1,)


@pytest.mark.parametrize(
    "change",
    [
        "alter table building add column colour text",
        "create table jar (sweets int)",
        "alter table ledger_entry disable trigger all",
        "drop view invoice_state",
    ],
)
def test_a_database_of_another_shape_is_not_used_again(own, change):
    with own.one() as first, psycopg.connect(first) as connection:
        connection.execute(change)

    with own.one() as second:
        assert second != first


def test_connections_that_a_test_left_open_do_not_reach_the_next(own):
    with own.one() as first:
        left = psycopg.connect(first)
        left.execute("select 1 from building for update")

    with own.one() as second:
        assert second == first
        with pytest.raises(psycopg.OperationalError):
            left.execute("select 1")


def test_a_full_database_is_not_used_again(own):
    with own.one() as first, psycopg.connect(first) as connection:
        connection.execute(
            "insert into outbox_event (kind, payload, occurred_at)"
            " select repeat('x', 1000), '{}', now() from generate_series(1, 5000)"
        )

    with own.one() as second:
        assert libpq_address(second) != libpq_address(first)


def _insert_building(connection):
    return connection.execute(
        "insert into building (name, address_line, address_city, address_postcode, address_country)"
        " values ('A', 'B', 'C', 'D', 'LV') returning id"
    ).fetchone()


def test_a_slow_template_is_made_once_and_dropped_by_who_leaves_last(test_databases):
    server, made = test_databases.server, []

    def prepare(address):
        made.append(address)
        with psycopg.connect(address) as connection:
            _insert_building(connection)

    given = {"kind": "slow", "like": test_databases.template, "prepare": prepare}
    with shared_template(server, **given) as first:
        with (
            shared_template(server, **given) as second,
            copy_of(server, template=second) as address,
            psycopg.connect(address) as connection,
        ):
            assert connection.execute("select count(*) from building").fetchone() == (1,)
        assert _is_there(server, first)

    assert (first, len(made)) == (second, 1)
    assert not _is_there(server, first)


def test_a_template_that_could_not_be_made_is_made_again(test_databases):
    def fails(address):
        raise LookupError(address)

    given = {"kind": "slow", "like": test_databases.template}
    with pytest.raises(LookupError), shared_template(test_databases.server, prepare=fails, **given):
        pytest.fail("it was not made")
    with shared_template(test_databases.server, prepare=lambda address: None, **given) as name:
        assert _is_there(test_databases.server, name)


def _is_there(server, name):
    with psycopg.connect(server) as connection:
        return connection.execute("select from pg_database where datname = %s", [name]).fetchone() is not None
