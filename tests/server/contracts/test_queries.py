"""Who has a place on a day, and places by their identifiers."""

from dataclasses import replace
from datetime import date

import pytest
from mains_server.contracts import operations, queries
from mains_server.contracts.records import (
    ContractBilling,
    ContractThere,
    Coverage,
    NewBuilding,
    NewSupplyPoint,
    PointRole,
    SupplyPoint,
)
from mains_server.customers.records import Address
from mains_server.db.unit_of_work import unit_of_work

pytestmark = pytest.mark.asyncio
HOME = Address(line="Lielā iela 1", city="Jelgava", postcode="LV-3001", country="LV")
FLAT = NewSupplyPoint(commodity="heat", scheme="OWN", identifier="flat", address=HOME, time_zone="Europe/Riga")


async def there(engine, point, day):
    async with unit_of_work(engine) as session:
        return await queries.contracts_there(session, supply_point_id=point, day=day)


async def test_a_place_is_found_by_its_identifier(engine, point):
    async with unit_of_work(engine) as session:
        found = await queries.supply_point_by_identifier(
            session, commodity="electricity", scheme="EIC", identifier="43Z-1"
        )
        missing = await queries.supply_point_by_identifier(session, commodity="heat", scheme="EIC", identifier="43Z-1")
        same = await queries.supply_point_by_id(session, supply_point_id=point)

    assert isinstance(found, SupplyPoint)
    assert (found.id, found.phases, found.amperes, found.address.city) == (point, 1, 16, "Jelgava")
    assert found == same
    assert missing is None


@pytest.mark.parametrize(
    ("day", "is_there"),
    [
        (date(2021, 12, 31), False),
        (date(2022, 1, 1), True),
        (date(2023, 1, 1), True),
        (date(2023, 1, 2), False),
    ],
)
async def test_a_contract_has_its_place_until_the_day_it_leaves(engine, concluded, customers, point, day, is_there):
    expected = (_there(concluded, customers[0]),) if is_there else ()

    assert await there(engine, point, day) == expected


async def test_a_contract_is_found_by_id_as_by_number(engine, concluded, customers):
    async with unit_of_work(engine) as session:
        assert await queries.contract_by_id(session, contract_id=concluded) == await queries.contract_by_number(
            session, number="L-1"
        )
        assert await queries.contract_by_id(session, contract_id=404) is None
        assert await queries.contract_ids_of_customer(session, customer_id=customers[0]) == {concluded}


async def test_a_buildings_manager_answers_for_every_flat_and_no_flat_for_the_building(engine, contract, customers):
    owner, manager = customers
    async with unit_of_work(engine) as session:
        building = await operations.create_building(session, building=NewBuilding(name="Lielā 1", address=HOME))
        house, flat, other = await operations.load_supply_points(
            session,
            points=[
                replace(FLAT, identifier="house", role=PointRole.BUILDING, building_id=building),
                replace(FLAT, building_id=building),
                replace(FLAT, identifier="other", building_id=building),
            ],
        )
        managed, owned = await operations.load_contracts(
            session,
            contracts=[
                replace(
                    contract,
                    number="M-1",
                    customer_id=manager,
                    billing=ContractBilling.BY_MEMBERS,
                    covers=(Coverage(supply_point_id=house),),
                ),
                replace(contract, number="F-1", customer_id=owner, covers=(Coverage(supply_point_id=flat),)),
            ],
        )

    for_all = _there(managed, manager, is_managers=True)
    assert await there(engine, flat, date(2022, 5, 1)) == (for_all, _there(owned, owner))
    assert await there(engine, other, date(2022, 5, 1)) == (for_all,)
    assert await there(engine, house, date(2022, 5, 1)) == (_there(managed, manager),)


def _there(contract_id, customer_id, *, is_managers=False):
    return ContractThere(
        contract_id=contract_id, customer_id=customer_id, adapter="electricity_retail", is_managers=is_managers
    )
