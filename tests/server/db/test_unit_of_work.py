"""Transactions happen whole or not at all."""

import pytest
from mains_server.db.unit_of_work import read_session, unit_of_work
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

pytestmark = pytest.mark.asyncio


async def test_work_that_ends_well_stays(engine):
    async with unit_of_work(engine) as session:
        await session.execute(text("create table jar (sweets int)"))
        await session.execute(text("insert into jar values (3)"))

    async with read_session(engine) as session:
        assert await session.scalar(text("select sum(sweets) from jar")) == 3


async def test_work_that_raises_leaves_nothing(engine):
    async with unit_of_work(engine) as session:
        await session.execute(text("create table jar (sweets int)"))

    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(engine) as session:
            await session.execute(text("insert into jar values (3)"))
            raise ZeroDivisionError

    async with read_session(engine) as session:
        assert await session.scalar(text("select count(*) from jar")) == 0


async def test_a_read_session_refuses_to_write(engine):
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with read_session(engine) as session:
            await session.execute(text("create table jar (sweets int)"))


async def test_a_read_session_sees_one_moment(engine):
    async with unit_of_work(engine) as session:
        await session.execute(text("create table jar (sweets int)"))

    async with read_session(engine) as before:
        assert await before.scalar(text("select count(*) from jar")) == 0
        async with unit_of_work(engine) as session:
            await session.execute(text("insert into jar values (3)"))
        assert await before.scalar(text("select count(*) from jar")) == 0


async def test_sessions_speak_utc(engine):
    async with read_session(engine) as session:
        assert await session.scalar(text("show timezone")) == "UTC"
