"""Rows copied in bulk belong to the transaction around them."""

from decimal import Decimal

import pytest
from mains_server.db.copying import RowExists, copy_rows, draw_ids
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import text

pytestmark = pytest.mark.asyncio


async def jar(engine):
    async with unit_of_work(engine) as session:
        await session.execute(text("create table jar (id bigint, price numeric(18, 8))"))
        await session.execute(text("create sequence jar_id_seq"))


async def contents(engine):
    async with unit_of_work(engine) as session:
        return [tuple(row) for row in await session.execute(text("select * from jar order by id"))]


async def test_copied_rows_stay_exact(engine):
    await jar(engine)

    async with unit_of_work(engine) as session:
        ids = await draw_ids(session, sequence="jar_id_seq", count=2)
        await copy_rows(
            session, table="jar", columns=["id", "price"], rows=zip(ids, [Decimal("0.00000001"), None], strict=True)
        )

    assert await contents(engine) == [(1, Decimal("0.00000001")), (2, None)]


async def test_copied_rows_are_gone_with_their_transaction(engine):
    await jar(engine)

    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(engine) as session:
            await copy_rows(session, table="jar", columns=["id"], rows=[(1,)])
            raise ZeroDivisionError

    assert await contents(engine) == []


async def test_a_row_that_is_there_already_is_refused_and_the_work_goes_on(engine):
    await jar(engine)

    async with unit_of_work(engine) as session:
        await session.execute(text("create unique index jar_once on jar (id)"))
        with pytest.raises(RowExists) as refused:
            await copy_rows(session, table="jar", columns=["id"], rows=[(1,), (2,), (1,)])
        await copy_rows(session, table="jar", columns=["id"], rows=[(3,)])

    assert refused.value.constraint == "jar_once"
    assert await contents(engine) == [(3, None)]
