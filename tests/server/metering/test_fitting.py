"""A meter that is fitted on somebody's word is described as a meter can be."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.contracts import attributes
from mains_server.contracts.queries import contract_by_id
from mains_server.db.unit_of_work import unit_of_work
from mains_server.metering import fitting, queries
from mains_server.metering.installation import MeterDatesWrong
from mains_server.metering.records import MeterReplacement, NewRegister, ReadingCollection
from sqlalchemy import text

from tests.server.metering.conftest import NOW, never_billed, new_meter

T1 = NewRegister(code="T1", quantity="energy", unit="kWh", zone="T1", first_value=D(1))
T2 = replace(T1, code="T2", zone="T2")
INTERVALS = ReadingCollection.INTERVALS
DAY = date(2023, 3, 12)


@pytest.mark.parametrize(
    "registers",
    [(T1,), (T1, T2), (replace(T1, zone=None),), (replace(T1, collection=INTERVALS, first_value=None),)],
)
def test_a_meter_with_a_few_registers_that_tell_apart_is_taken(registers):
    fitting.check_description(new_meter(1, registers=registers))


@pytest.mark.parametrize(
    "changes",
    [
        {"digits": 0},
        {"digits": 13},
        {"multiplier": D(0)},
        {"multiplier": D(-1)},
        {"multiplier": D("NaN")},
        {"multiplier": D(1_000_001)},
        {"serial": ""},
        {"serial": " A-1"},
        {"serial": "A\n1"},
        {"serial": "A" * 101},
        {"registers": ()},
        {"registers": (T1, T1)},
        {"registers": (T1, replace(T1, code="T2"))},
        {"registers": (replace(T1, unit=""),)},
        {"registers": (replace(T1, first_value=None),)},
        {"registers": (replace(T1, first_value=None, collection=ReadingCollection.REMOTE),)},
        {"registers": (replace(T1, quantity="\x00"),)},
        {"registers": tuple(replace(T1, code=f"T{n}", zone=f"T{n}") for n in range(5))},
    ],
)
def test_a_meter_that_none_can_be_like_is_refused(changes):
    with pytest.raises(fitting.MeterMalformed):
        fitting.check_description(new_meter(1, **changes))


@pytest.mark.parametrize(
    ("day", "is_possible"),
    [(date(2023, 4, 2), True), (date(2023, 4, 3), False), (date(1900, 1, 1), True), (date(1899, 12, 31), False)],
)
def test_a_meter_is_fitted_by_today_as_its_place_counts_days(day, is_possible):
    words = {"now": datetime(2023, 4, 1, 21, tzinfo=UTC), "time_zone": "Europe/Riga"}

    if is_possible:
        fitting.check_day(day, **words)
    else:
        with pytest.raises(MeterDatesWrong):
            fitting.check_day(day, **words)


@pytest.fixture(scope="module")
def host():
    return load_adapters(on=date(2022, 3, 1))


async def exchange(engine, home, *, host, values, before=()):
    """Fit a two-zone meter in the place of the home's, with values that its contract then has."""

    async def note(session, **_):
        raise AssertionError("nothing was billed")

    replacement = MeterReplacement(
        meter_id=home.meter.id, replaced_on=DAY, final_values={"T1": D(1140)}, serial="B-2", digits=6,
        registers=(T1, T2), attributes=values,
    )  # fmt: skip
    async with unit_of_work(engine) as session:
        for statement in ("update contract set product = 'universalais'", *before):
            await session.execute(text(statement))
    async with unit_of_work(engine) as session:
        office = fitting.Office(is_billed=never_billed, note_correction=note, host=host)
        return await fitting.exchange_meter(
            session, viewer=home.staff, replacement=replacement, key="swap", now=NOW, office=office
        )


async def zones(engine, home):
    async with unit_of_work(engine) as session:
        contract = await contract_by_id(session, contract_id=home.contract)
        return [(a.name, a.value, a.starts, a.ends) for a in contract.attributes]


@pytest.mark.asyncio
async def test_a_two_zone_meter_brings_its_contract_two_zones_once(engine, home, host):
    first = await exchange(engine, home, host=host, values={"zones": "2"})
    again = await exchange(engine, home, host=host, values={"zones": "2"})

    assert first == again
    assert await zones(engine, home) == [("zones", "2", DAY, date(2023, 7, 1))]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("values", "before", "refusal"),
    [
        ({"zones": "3"}, (), attributes.AttributeValueWrong),
        ({"colour": "2"}, (), attributes.AttributeUnknown),
        ({"zones": "2"}, ("update contract set product = 'none'",), attributes.AttributesRefused),
        ({"zones": "2"}, ("update contract_supply_point set ends = '2023-03-12'",), fitting.ContractNotThere),
        (
            {"zones": "2"},
            (
                "insert into supply_point (commodity, scheme, identifier, role, premise_kind, address_line,"
                " address_city, address_postcode, address_country, time_zone) select commodity, scheme, 'other', role,"
                " premise_kind, address_line, address_city, address_postcode, address_country, time_zone"
                " from supply_point",
                "insert into contract_supply_point (customer_id, contract_id, supply_point_id, starts)"
                " select customer_id, contract_id, supply_point_id + 1, starts from contract_supply_point",
            ),
            fitting.ContractShared,
        ),
    ],
)
async def test_an_exchange_whose_attributes_cannot_be_is_refused_whole(engine, home, host, values, before, refusal):
    with pytest.raises(refusal):
        await exchange(engine, home, host=host, values=values, before=before)

    async with unit_of_work(engine) as session:
        assert await queries.meters_at(session, supply_point_id=home.point) == (home.meter,)
    assert await zones(engine, home) == []


@pytest.mark.asyncio
async def test_without_attributes_no_adapter_is_asked(engine, home):
    await exchange(engine, home, host=AdapterHost(adapters=(), live={}), values={})

    assert await zones(engine, home) == []
