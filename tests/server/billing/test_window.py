"""A customer is told what to read until when, and the very bill that comes if nothing is sent."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.billing.run import Shift, run_billing
from mains_server.billing.window import NotTold, reading_window
from mains_spi import Quality

pytestmark = pytest.mark.asyncio
OPEN = datetime(2023, 1, 26, 10, tzinfo=UTC)


@pytest.fixture
def ask(engine, small, guessing):
    """Give the window of a contract at a time, a day at the end of January unless told."""

    async def asked(contract, *, now=OPEN):
        host = small.host_of(guessing)
        return await reading_window(engine, host=host, contract_id=contract, now=now, today=now.date())

    return asked


async def test_a_window_tells_what_to_read_until_when(unread, ask):
    contract, register = unread

    found = await ask(contract)

    days = found.days
    assert (days.counts_for, days.opens_on, days.closes_on) == (date(2023, 2, 1), date(2023, 1, 25), date(2023, 2, 3))
    assert found.is_open
    (asked,) = found.registers
    # 1095 kWh in the 365 days before are 3 a day; ten times 93 kWh are the most that is plausible.
    assert (asked.register.id, asked.previous.value, asked.previous.counts_for) == (register, D(2095), date(2023, 1, 1))
    assert (asked.plausible.lowest, asked.plausible.highest, asked.plausible.unit) == (D(2095), D(3025), "kWh")
    assert asked.told is None


async def test_what_is_told_is_what_is_billed(unread, ask, connection, small, guessing):
    contract, _ = unread
    told = (await ask(contract)).unsent.previewed

    request = replace(small.request(), issued_on=date(2023, 2, 4))
    adapter = small.host_of(guessing).adapter("small")
    run_billing(connection, request=request, shift=Shift(adapter=adapter, now=small.NOW))

    assert [(usage.name, usage.value, usage.unit, usage.quality) for usage in told.usage] == [
        ("energy", D(93), "kWh", Quality.ESTIMATED)
    ]
    billed = connection.execute("select kind, net, tax from invoice").fetchall()
    assert billed == [("ESTIMATED", D("17.15"), D("3.60"))]
    assert sum(line.net for line in told.bill.lines) == D("17.15")
    assert [(tax.base, tax.tax) for tax in told.bill.taxes] == [(D("17.15"), D("3.60"))]


async def test_what_was_sent_is_shown_and_counts(unread, ask, town):
    contract, register = unread
    town.read(register, (date(2023, 2, 1), "2150"))

    found = await ask(contract)

    assert (found.registers[0].told.value, found.unsent.previewed.usage[0].value) == (D(2150), D(55))
    assert found.unsent.previewed.usage[0].quality is Quality.ACTUAL


async def test_between_windows_the_next_one_is_told(unread, ask):
    found = await ask(unread[0], now=datetime(2023, 1, 4, tzinfo=UTC))

    assert (found.is_open, found.days.opens_on) == (False, date(2023, 1, 25))


async def test_what_cannot_be_known_is_said(unread, ask, connection):
    connection.execute("delete from reading where counts_for = '2023-01-01'")

    found = (await ask(unread[0])).unsent

    assert (found.previewed, found.not_told) == (None, NotTold.MISSING_READING)
    assert found.reason == "there is no reading of register energy of meter M1 for 2023-01-01; submit or estimate one"


async def test_what_cannot_be_priced_is_said(unread, ask, connection):
    connection.execute("update supply_point set amperes = 100")

    found = (await ask(unread[0])).unsent

    assert (found.previewed, found.not_told) == (None, NotTold.NOT_RATED)
    assert found.reason == "network: price list version network/2022-01-01 has no fitting `fixed`"


@pytest.mark.parametrize(
    "change",
    [
        "update contract set settlement = 'LEVELLED'",
        "update contract set ends = '2023-01-15'",
        "update register set collection = 'REMOTE'",
        "update register set collection = 'INTERVALS'",
        "update contract set adapter = 'gone'",
        "update meter set removed_on = '2023-01-20'",
    ],
)
async def test_who_is_not_asked_has_no_window(unread, ask, connection, change):
    connection.execute(change)

    assert await ask(unread[0]) is None


async def test_who_moved_in_does_not_see_what_was_read_before(unread, ask, connection):
    connection.execute("update contract set starts = '2023-01-02'")

    assert (await ask(unread[0])).registers[0].previous is None


async def test_nobody_has_no_window(ask):
    assert await ask(404) is None


async def test_a_house_is_read_and_its_manager_gets_no_bill(town, connection, ask):
    building, _ = town.house()
    (manager,) = connection.execute("select id from contract where billing = 'BY_MEMBERS'").fetchone()
    connection.execute("delete from reading where counts_for = '2023-02-01'")

    found = await ask(manager)

    assert building == 1
    assert [asked.register.code for asked in found.registers] == ["T1"]
    assert (found.unsent.previewed, found.unsent.not_told) == (None, NotTold.NOT_BILLED)


async def test_a_flat_is_told_its_share(town, connection, ask):
    _, flats = town.house()
    point = connection.execute(
        "select supply_point_id from contract_supply_point where contract_id = %s", [flats[0]]
    ).fetchone()[0]
    register = town.meter(point, quantity="heat", unit="MWh")
    town.read(register, (date(2023, 1, 1), "1"), (date(2023, 2, 1), "2"))

    found = (await ask(flats[0], now=OPEN + timedelta(days=1))).unsent

    # 10.1 MWh at 80.00 are 808.00; half the area pays 404.00.
    assert [line.net for line in found.previewed.bill.lines] == [D("404.00")]
    assert [(usage.name, usage.value) for usage in found.previewed.usage] == [("heat", D(1))]
