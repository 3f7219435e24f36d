"""Ids are drawn ahead, each once."""

import psycopg
import pytest
from mains_server.db.ids import next_id, next_ids, next_ids_async
from mains_server.db.unit_of_work import unit_of_work


def test_ids_come_in_order_and_once(psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection:
        first = next_ids(connection, sequence="customer_id_seq", count=3)
        second = next_ids(connection, sequence="customer_id_seq", count=2)

    assert (first, second) == ([1, 2, 3], [4, 5])


@pytest.mark.asyncio
async def test_ids_come_asynchronously_too(psycopg_dsn, engine):
    async with await psycopg.AsyncConnection.connect(psycopg_dsn) as connection:
        drawn = await next_ids_async(connection, sequence="invoice_id_seq", count=2)
    async with unit_of_work(engine) as session:
        following = await next_id(session, sequence="invoice_id_seq")

    assert (drawn, following) == ([1, 2], 3)


def test_an_unknown_sequence_is_refused(psycopg_dsn):
    with psycopg.connect(psycopg_dsn) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        next_ids(connection, sequence="nothing_id_seq", count=1)
