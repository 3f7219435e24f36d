"""Who somebody is, asked on the real database."""

from datetime import UTC, datetime

import pytest
from mains_server.access import operations, queries
from mains_server.access.records import NewPerson, Permission, Viewer
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy import event

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)


async def person(engine, name):
    async with unit_of_work(engine) as session:
        new = NewPerson(email=f"{name}@example.lv", name=name, language="en")
        return await operations.create_person(session, person=new, now=NOW)


async def viewer(engine, person_id):
    async with unit_of_work(engine) as session:
        return await queries.viewer_of_person(session, person_id=person_id, now=NOW, session_id=3)


async def test_a_person_is_found_by_address_whatever_the_capitals(engine):
    anna = await person(engine, "anna")

    async with unit_of_work(engine) as session:
        assert await queries.person_by_email(session, email=" ANNA@Example.lv") == anna
        assert await queries.person_by_id(session, person_id=anna.id) == anna
        assert await queries.person_by_email(session, email="nobody@example.lv") is None


async def test_nobody_is_no_viewer(engine):
    assert await viewer(engine, 404) is None


async def test_a_person_without_rights_is_a_viewer_without_rights(engine):
    anna = await person(engine, "anna")

    assert await viewer(engine, anna.id) == Viewer(person_id=anna.id, session_id=3, language="en")


async def test_a_viewer_is_resolved_in_one_statement(engine):
    anna = await person(engine, "anna")
    async with unit_of_work(engine) as session:
        for customer_id in (1, 2, 3):
            await operations.grant_owner(session, customer_id=customer_id, person_id=anna.id, now=NOW)
    statements = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    seen = await viewer(engine, anna.id)

    assert seen.customers_with(Permission.PAY) == {1, 2, 3}
    assert len(statements) == 1
