"""A house with a smart electricity meter, a radio heat meter, and files that tell of them."""

import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import orjson
import pytest_asyncio
from mains_server.contracts.operations import create_supply_point
from mains_server.contracts.records import NewSupplyPoint
from mains_server.customers.records import Address
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intervals.operations import import_intervals
from mains_server.intervals.records import ImportRequest, IntervalFormat
from mains_server.intervals.rules import day_seconds
from mains_server.intervals.telegrams import import_telegrams
from mains_server.metering.installation import install_meter
from mains_server.metering.records import NewMeter, NewRegister, ReadingCollection
from sqlalchemy import text

NOW = datetime(2024, 12, 1, tzinfo=UTC)
EIC = "43Z-STO00000001A"
RIGA = "Europe/Riga"
PLACE = Address(line="Lielā iela 1", city="Jelgava", postcode="LV-3001", country="LV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Smart:
    """What the tests of this room stand on."""

    engine: object
    register: int
    heat: int
    point: int

    async def take(self, content, *, now=NOW, host=None, books=None, **changes):
        """Take a file in, in a transaction of its own."""
        changes = {"format": IntervalFormat.SADALES_TIKLS, "name": "file", **changes}
        request = ImportRequest(now=now, **changes)
        async with unit_of_work(self.engine) as session:
            if request.format is IntervalFormat.WMBUS:
                return await import_telegrams(
                    session, request=request, file=io.BytesIO(content), host=host, books=books
                )
            return await import_intervals(session, request=request, file=io.BytesIO(content))

    async def rows(self, statement, **values):
        """Read what is in the database."""
        async with unit_of_work(self.engine) as session:
            return [tuple(row) for row in await session.execute(text(statement), values)]

    async def days(self):
        """List the current days as (day, step, number of values, known, total, version)."""
        return await self.rows(
            "select day, step_seconds, cardinality(values), known, total, version from interval_day"
            " where is_current order by register_id, day"
        )

    async def counts(self):
        """Count what files left behind."""
        ((days, imports, readings),) = await self.rows(
            "select (select count(*) from interval_day), (select count(*) from interval_import),"
            " (select count(*) from reading where source = 'SMART_METER')"
        )
        return days, imports, readings


@pytest_asyncio.fixture
async def smart(engine):
    return await settled(engine)


async def settled(engine):
    """Write the house down."""
    async with unit_of_work(engine) as session:
        points = [
            await create_supply_point(
                session,
                point=NewSupplyPoint(
                    commodity=commodity, scheme="EIC", identifier=identifier, address=PLACE, time_zone=RIGA
                ),
            )
            for commodity, identifier in (("electricity", EIC), ("heat", "H-1"))
        ]
        meter = await install_meter(session, meter=new_meter(points[0], "M-1"), now=NOW)
        heat = NewRegister(
            code="heat", quantity="heat", unit="MWh", first_value=D("1.5"), collection=ReadingCollection.REMOTE
        )
        heat_meter = NewMeter(
            supply_point_id=points[1], serial="44503169", digits=6, installed_on=date(2023, 12, 1), registers=(heat,)
        )
        radio = await install_meter(session, meter=heat_meter, now=NOW)
    return Smart(engine=engine, register=meter.registers[0].id, heat=radio.registers[0].id, point=points[0])


def new_meter(point, serial, *, unit="kWh", installed_on=date(2024, 1, 1)):
    """Describe a meter that sends intervals."""
    register = NewRegister(code="T1", quantity="energy", unit=unit, collection=ReadingCollection.INTERVALS)
    return NewMeter(supply_point_id=point, serial=serial, digits=6, installed_on=installed_on, registers=(register,))


def hours_of(day, *, value="0.5", step=3600):
    """Give the elements of a whole day as the operator tells them: stamps are ends, with their offsets."""
    starts, length = day_seconds(day, RIGA)
    return [element(starts + at * step, value) for at in range(1, length // step + 1)]


def element(seconds, value, **more):
    """Give an element; the last hour of a day is stamped with the next day's midnight."""
    from zoneinfo import ZoneInfo

    stamp = datetime.fromtimestamp(seconds, ZoneInfo(RIGA)).isoformat(timespec="milliseconds")
    return {"cDt": stamp, "cVR": D(value), "cVV": D(value), **more}


def answer(elements, *, serial="M-1", **more):
    """Write an answer of get-object-consumption."""
    return written([{"mpNr": "30000000001", "mList": [{"mNr": serial, "cList": elements}], **more}])


def written(document):
    """Write JSON; numbers stay as they are."""
    return orjson.dumps(document, default=lambda number: orjson.Fragment(str(number)))


def several_days(first, count, **how):
    """Give the elements of some days."""
    return [element for at in range(count) for element in hours_of(first + timedelta(days=at), **how)]
