"""Numbers are drawn without a gap, by any number of writers at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.invoices import numbering


@pytest.fixture
def dsn(psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection:
        connection.execute("insert into invoice_series (code, last_number) values ('H', 41)")
    return psycopg_dsn


def last_number(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute("select last_number from invoice_series where code = 'H'").fetchone()
    assert row is not None
    return int(row[0])


def test_numbers_follow_the_last(dsn):
    with psycopg.connect(dsn) as connection:
        first = numbering.draw_numbers(connection, series="H", count=3)
        second = numbering.draw_numbers(connection, series="H", count=1)

    assert list(first) == [42, 43, 44]
    assert list(second) == [45]
    assert last_number(dsn) == 45


def test_a_transaction_that_fails_gives_its_numbers_back(dsn):
    with pytest.raises(ZeroDivisionError), psycopg.connect(dsn) as connection:
        numbering.draw_numbers(connection, series="H", count=3)
        raise ZeroDivisionError

    assert last_number(dsn) == 41


def test_writers_at_once_share_no_number_and_leave_none_out(dsn):
    def draw(count):
        with psycopg.connect(dsn) as connection:
            return list(numbering.draw_numbers(connection, series="H", count=count))

    with ThreadPoolExecutor(8) as pool:
        drawn = [number for numbers in pool.map(draw, [1, 2, 3, 4, 5, 6, 7, 8]) for number in numbers]

    assert sorted(drawn) == list(range(42, 42 + 36))


@pytest.mark.asyncio
async def test_sessions_and_asynchronous_connections_draw_alike(dsn, engine):
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        assert list(await numbering.draw_numbers_async(connection, series="H", count=2)) == [42, 43]
    async with unit_of_work(engine) as session:
        assert await numbering.draw_number(session, series="H") == 44

    assert await asyncio.to_thread(last_number, dsn) == 44


def test_what_cannot_be_drawn_is_refused(dsn):
    with psycopg.connect(dsn) as connection:
        with pytest.raises(numbering.SeriesNotFound):
            numbering.draw_numbers(connection, series="X", count=1)
        with pytest.raises(numbering.CountNotPossible):
            numbering.draw_numbers(connection, series="H", count=0)
