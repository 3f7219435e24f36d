"""A house with its manager, three flats, a family in the first of them, and people of the utility."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal as D
from io import BytesIO

import pytest_asyncio
from mains_server.access.operations import add_staff, create_person, grant_owner
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import NewPerson, StaffRole, Viewer
from mains_server.contracts.operations import conclude_contract, create_building, create_supply_point
from mains_server.contracts.records import (
    ContractBilling,
    Coverage,
    NewBuilding,
    NewContract,
    NewSupplyPoint,
    PointRole,
    PremiseKind,
)
from mains_server.customers.operations import create_customer
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.metering.installation import install_meter
from mains_server.metering.loading import load_readings
from mains_server.metering.queries import readings_of_register
from mains_server.metering.records import LoadedReading, Meter, NewMeter, NewRegister

NOW = datetime(2023, 4, 1, 9, tzinfo=UTC)
HOUSE = Address(line="Lielā iela 10", city="Jelgava", postcode="LV-3001", country="LV")
STARTS = date(2022, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the tests of this room stand on: every register showed 100 on the first of March 2023."""

    building: int
    points: tuple[int, ...]
    contracts: tuple[int, ...]
    customers: tuple[int, ...]
    meters: tuple[Meter, ...]
    manager: Viewer
    family: Viewer
    stranger: Viewer
    staff: Viewer
    clerk: Viewer

    def register(self, place):
        return self.meters[place].registers[0].id


@pytest_asyncio.fixture
async def house(engine):
    async with unit_of_work(engine) as session:
        building = await create_building(session, building=NewBuilding(name="Lielā 10", address=HOUSE))
        points = [await _point(session, building, premise) for premise in (None, "1", "2", "3")]
        customers = [await _customer(session, place) for place in range(4)]
        contracts = [await _contract(session, place, customers[place], points[place]) for place in range(4)]
        meters = [await _meter(session, place, points[place]) for place in range(4)]
        persons = [
            await create_person(
                session,
                person=NewPerson(email=f"{name}@e.lv", name=name, language="lv", phone=phone),
                now=NOW,
            )
            for name, phone in (("manager", "+371 2699 9999"), ("family", "+371 2612 3456"))
        ]
        for name in ("stranger", "staff", "clerk"):
            person = NewPerson(email=f"{name}@e.lv", name=name, language="lv")
            persons.append(await create_person(session, person=person, now=NOW))
        await grant_owner(session, customer_id=customers[0], person_id=persons[0].id, now=NOW)
        await grant_owner(session, customer_id=customers[1], person_id=persons[1].id, now=NOW)
        await add_staff(session, person_id=persons[3].id, role=StaffRole.OPERATOR, now=NOW)
        await add_staff(session, person_id=persons[4].id, role=StaffRole.BILLING_CLERK, now=NOW)
        viewers = [await viewer_of_person(session, person_id=person.id, now=NOW) for person in persons]
    names = ("manager", "family", "stranger", "staff", "clerk")
    return House(
        building=building,
        points=tuple(points),
        contracts=tuple(contracts),
        customers=tuple(customers),
        meters=tuple(meters),
        **dict(zip(names, viewers, strict=True)),
    )


async def _point(session, building, premise):
    point = NewSupplyPoint(
        commodity="heat",
        scheme="TEST",
        identifier="L10" if premise is None else f"L10-{premise}",
        address=HOUSE,
        time_zone="Europe/Riga",
        role=PointRole.BUILDING if premise is None else PointRole.PREMISE,
        premise_kind=PremiseKind.NOT_APPLICABLE if premise is None else PremiseKind.DWELLING,
        building_id=building,
        premise=premise,
    )
    return await create_supply_point(session, point=point)


async def _customer(session, place):
    kind = CustomerKind.PRIVATE if place else CustomerKind.BUILDING_MANAGER
    languages = ("lv", "lv", "ru", "en")
    customer = NewCustomer(
        number=f"C-{place}",
        kind=kind,
        name=f"C-{place}",
        language=languages[place],
        address=HOUSE,
        phone=f"2900000{place}" if place > 1 else None,
    )
    return await create_customer(session, customer=customer, now=NOW)


async def _contract(session, place, customer, point):
    contract = NewContract(
        customer_id=customer,
        number=f"K-{place}",
        adapter="district_heating",
        product="heat",
        starts=STARTS,
        covers=(Coverage(supply_point_id=point),),
        billing=ContractBilling.DIRECT if place else ContractBilling.BY_MEMBERS,
    )
    return await conclude_contract(session, contract=contract)


async def _meter(session, place, point):
    unit = "m3" if place else "MWh"
    register = NewRegister(code="hot_water" if place else "heat", quantity="water", unit=unit)
    meter = NewMeter(supply_point_id=point, serial=f"KU-{place}", digits=5, installed_on=STARTS, registers=(register,))
    installed = await install_meter(session, meter=meter, now=NOW)
    reading = LoadedReading(
        register_id=installed.registers[0].id,
        supply_point_id=point,
        taken_at=datetime(2023, 3, 1, 6, tzinfo=UTC),
        counts_for=date(2023, 3, 1),
        value=D(100),
    )
    await load_readings(session, readings=[reading], now=NOW)
    return installed


def csv(*lines, header="meter;register;date;value"):
    """Make a file of lines."""
    return BytesIO("\n".join((header, *lines)).encode())


async def shown_in(engine, house, place):
    """List what a register is known to have shown after the first of March, as (value, source, status)."""
    async with unit_of_work(engine) as session:
        found = await readings_of_register(session, register_id=house.register(place))
    return [(reading.value, reading.source.name, reading.status.name) for reading in found[1:]]
