"""A customer with supply points to contract for."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest_asyncio
from mains_server.contracts import operations
from mains_server.contracts.records import Coverage, NewContract, NewSupplyPoint
from mains_server.customers.operations import load_customers
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.db.unit_of_work import unit_of_work

NOW = datetime(2023, 3, 1, 12, tzinfo=UTC)
HOME = Address(line="Lielā iela 1-2", city="Jelgava", postcode="LV-3001", country="LV")
CUSTOMER = NewCustomer(number="K-1", kind=CustomerKind.PRIVATE, name="Anna", language="lv", address=HOME)
POINT = NewSupplyPoint(
    commodity="electricity",
    scheme="EIC",
    identifier="43Z-1",
    address=HOME,
    time_zone="Europe/Riga",
    amperes=16,
    phases=1,
)


@pytest_asyncio.fixture
async def customers(engine):
    async with unit_of_work(engine) as session:
        return await load_customers(session, customers=[CUSTOMER, replace(CUSTOMER, number="K-2")], now=NOW)


@pytest_asyncio.fixture
async def point(engine):
    async with unit_of_work(engine) as session:
        return await operations.create_supply_point(session, point=POINT)


@pytest_asyncio.fixture
async def contract(customers, point):
    return NewContract(
        customer_id=customers[0],
        number="L-1",
        adapter="electricity_retail",
        product="universal",
        starts=date(2022, 1, 1),
        ends=date(2023, 1, 1),
        covers=(Coverage(supply_point_id=point),),
    )


@pytest_asyncio.fixture
async def concluded(engine, contract):
    async with unit_of_work(engine) as session:
        return await operations.conclude_contract(session, contract=contract)
