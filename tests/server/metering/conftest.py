"""A customer with a meter, the owner who reads it, and a stranger."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest_asyncio
from mains_server.access.operations import add_staff, create_person, grant_owner
from mains_server.access.queries import viewer_of_person
from mains_server.access.records import NewPerson, StaffRole, Viewer
from mains_server.contracts.operations import conclude_contract, create_supply_point
from mains_server.contracts.records import Coverage, NewContract, NewSupplyPoint
from mains_server.customers.operations import create_customer
from mains_server.customers.records import Address, CustomerKind, NewCustomer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.metering import installation, loading, operations, queries
from mains_server.metering.records import LoadedReading, Meter, NewMeter, NewRegister, ReadingSubmission

NOW = datetime(2023, 4, 1, 9, tzinfo=UTC)
HOME = Address(line="Lielā iela 1-2", city="Jelgava", postcode="LV-3001", country="LV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What the tests of this room stand on: readings 1000 and 1100 on the first of February and March 2023."""

    point: int
    contract: int
    customer: int
    meter: Meter
    owner: Viewer
    stranger: Viewer
    staff: Viewer

    @property
    def register(self):
        return self.meter.registers[0].id


async def never_billed(session, contract_ids, day):
    """Say that nothing has been billed."""
    return False


@pytest_asyncio.fixture
async def home(engine):
    async with unit_of_work(engine) as session:
        customer = await create_customer(
            session,
            customer=NewCustomer(number="K-1", kind=CustomerKind.PRIVATE, name="Anna", language="lv", address=HOME),
            now=NOW,
        )
        point = await create_supply_point(
            session,
            point=NewSupplyPoint(
                commodity="electricity", scheme="EIC", identifier="43Z-1", address=HOME, time_zone="Europe/Riga"
            ),
        )
        contract = NewContract(
            customer_id=customer,
            number="L-1",
            adapter="electricity_retail",
            product="universal",
            starts=date(2022, 1, 1),
            ends=date(2023, 7, 1),
            covers=(Coverage(supply_point_id=point),),
        )
        contract_id = await conclude_contract(session, contract=contract)
        persons = [
            await create_person(session, person=NewPerson(email=f"{name}@e.lv", name=name, language="lv"), now=NOW)
            for name in ("owner", "stranger", "staff")
        ]
        await grant_owner(session, customer_id=customer, person_id=persons[0].id, now=NOW)
        await add_staff(session, person_id=persons[2].id, role=StaffRole.OPERATOR, now=NOW)
        viewers = [await viewer_of_person(session, person_id=person.id, now=NOW) for person in persons]
        meter = await installation.install_meter(session, meter=new_meter(point), now=NOW)
        await loading.load_readings(
            session,
            readings=[loaded(meter, date(2023, 2, 1), "1000"), loaded(meter, date(2023, 3, 1), "1100")],
            now=NOW,
        )
    owner, stranger, staff = viewers
    return Home(
        point=point,
        contract=contract_id,
        customer=customer,
        meter=meter,
        owner=owner,
        stranger=stranger,
        staff=staff,
    )


def new_meter(point, **changes):
    """Describe a meter with one register, installed at the beginning of 2022."""
    meter = NewMeter(
        supply_point_id=point,
        serial="A-1",
        digits=5,
        installed_on=date(2022, 1, 1),
        registers=(NewRegister(code="T1", quantity="kwh", unit="kWh", first_value=D("2.5")),),
    )
    return replace(meter, **changes)


def loaded(meter, day, value, **changes):
    """Describe a reading that was taken on the day for which it counts."""
    reading = LoadedReading(
        register_id=meter.registers[0].id,
        supply_point_id=meter.supply_point_id,
        taken_at=datetime(day.year, day.month, day.day, 6, tzinfo=UTC),
        counts_for=day,
        value=D(value),
    )
    return replace(reading, **changes)


async def submit(engine, home, value, *, viewer=None, key="key", is_billed=never_billed, now=NOW, **changes):
    """Submit a reading in a transaction of its own."""
    request = ReadingSubmission(register_id=home.register, value=value, idempotency_key=key)
    async with unit_of_work(engine) as session:
        return await operations.submit_reading(
            session,
            viewer=viewer or home.owner,
            request=replace(request, **changes),
            now=now,
            is_billed=is_billed,
        )


async def readings(engine, home):
    """List what is known of the register's readings as (day, value, status)."""
    async with unit_of_work(engine) as session:
        found = await queries.readings_of_register(session, register_id=home.register)
    return [(reading.counts_for, reading.value, reading.status.name) for reading in found]
