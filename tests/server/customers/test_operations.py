"""Customers added to the real database."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from mains_server.customers import operations, queries
from mains_server.customers.records import Address, Customer, CustomerKind, NewCustomer, Protection, ProtectionKind
from mains_server.db.unit_of_work import unit_of_work

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
HOME = Address(line="Lielā iela 1-2", city="Jelgava", postcode="LV-3001", country="LV")
ANNA = NewCustomer(
    number="K-1",
    kind=CustomerKind.PRIVATE,
    name="Anna Ozoliņa",
    language="lv",
    address=HOME,
    personal_code="161175-19997",
    email="anna@example.lv",
)


async def create(engine, customer):
    async with unit_of_work(engine) as session:
        return await operations.create_customer(session, customer=customer, now=NOW)


async def by_number(engine, number):
    async with unit_of_work(engine) as session:
        return await queries.customer_by_number(session, number=number)


async def protect(engine, customer_id, protection):
    async with unit_of_work(engine) as session:
        await operations.protect_customer(session, customer_id=customer_id, protection=protection)


async def protections(engine, customer_id):
    async with unit_of_work(engine) as session:
        return await queries.protections_of_customer(session, customer_id=customer_id)


async def test_a_customer_is_found_by_number_and_id(engine):
    customer_id = await create(engine, ANNA)

    found = await by_number(engine, "K-1")

    assert found == Customer(
        id=customer_id,
        number="K-1",
        kind=CustomerKind.PRIVATE,
        name="Anna Ozoliņa",
        language="lv",
        address=HOME,
        personal_code="161175-19997",
        email="anna@example.lv",
    )
    async with unit_of_work(engine) as session:
        assert await queries.customer_by_id(session, customer_id=customer_id) == found
    assert await by_number(engine, "K-2") is None


async def test_a_number_is_given_once(engine):
    await create(engine, ANNA)

    with pytest.raises(operations.CustomerNumberTaken) as refused:
        await create(engine, replace(ANNA, name="Juris"))

    assert refused.value.code == "CUSTOMER_NUMBER_TAKEN"
    assert (await by_number(engine, "K-1")).name == "Anna Ozoliņa"


async def test_many_are_loaded_in_order_or_not_at_all(engine):
    many = [replace(ANNA, number=f"K-{number}") for number in range(300)]
    async with unit_of_work(engine) as session:
        ids = await operations.load_customers(session, customers=many, now=NOW)

    with pytest.raises(operations.CustomerNumberTaken):
        async with unit_of_work(engine) as session:
            again = [replace(ANNA, number="N-1"), replace(ANNA, number="K-7")]
            await operations.load_customers(session, customers=again, now=NOW)

    assert len(set(ids)) == 300
    assert (await by_number(engine, "K-7")).id == ids[7]
    assert await by_number(engine, "N-1") is None


async def test_a_protected_status_is_kept_with_its_proof(engine):
    customer_id = await create(engine, ANNA)
    poor = Protection(
        kind=ProtectionKind.LOW_INCOME, starts=date(2022, 10, 1), ends=date(2023, 5, 1), proof="decision 12"
    )
    large = replace(poor, kind=ProtectionKind.LARGE_FAMILY, ends=None, proof="card 2")
    after = replace(poor, starts=date(2023, 5, 1), ends=None, proof="decision 13")

    for protection in (poor, after, large):
        await protect(engine, customer_id, protection)

    assert await protections(engine, customer_id) == (poor, large, after)


async def test_a_status_is_not_held_twice(engine):
    customer_id = await create(engine, ANNA)
    held = Protection(kind=ProtectionKind.LOW_INCOME, starts=date(2022, 10, 1), ends=None, proof="decision 12")
    await protect(engine, customer_id, held)

    with pytest.raises(operations.ProtectionOverlaps, match="from 2022-10-01"):
        await protect(engine, customer_id, replace(held, starts=date(2023, 1, 1)))
    with pytest.raises(operations.CustomerUnknown):
        await protect(engine, customer_id + 1, held)

    assert await protections(engine, customer_id) == (held,)
