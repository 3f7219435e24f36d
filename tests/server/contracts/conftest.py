"""A customer with supply points to contract for."""

import importlib.util
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

import pytest
import pytest_asyncio
from mains_server.access.operations import create_person
from mains_server.access.records import NewPerson
from mains_server.contracts import operations
from mains_server.contracts.concluding import WantedContract, conclude
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


@pytest.fixture(scope="session")
def desks() -> ModuleType:
    """Give the module of towns whose contracts live."""
    spec = importlib.util.spec_from_file_location("desks", Path(__file__).parent / "desks.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["desks"] = module
    spec.loader.exec_module(module)
    return module


@pytest_asyncio.fixture
async def town(engine, customers, desks):
    """Give a customer with three free supply points, who asks for herself on 10 March 2023."""
    async with unit_of_work(engine) as session:
        person = NewPerson(email="anna@example.lv", name="Anna", language="lv")
        await create_person(session, person=person, now=NOW)
        names = (("HOME", 3, 25), ("COTTAGE", 1, 16), ("GARAGE", 3, 20))
        points = tuple(
            replace(POINT, identifier=name, phases=phases, amperes=amperes) for name, phases, amperes in names
        )
        await operations.load_supply_points(session, points=points)
    viewer = desks.owner(customers[0])
    return desks.Town(engine=engine, host=desks.retail_host(), viewer=viewer, today=date(2023, 3, 10))


@pytest_asyncio.fixture
async def running(town, customers):
    """Give the id of a contract over home and cottage, on a product with fees, that runs since 1 April 2023."""
    wanted = WantedContract(
        customer_id=customers[0],
        adapter="electricity_retail",
        product="izdevigais_200",
        supply_points=("HOME", "COTTAGE"),
        starts=date(2023, 4, 1),
        is_from_other_utility=True,
        attributes=(("zones", "2"),),
    )
    return await town.do(conclude, wanted=wanted)
