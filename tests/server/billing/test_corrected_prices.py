"""What a bill was put right to by a corrected price list keeps these prices, whatever else of it is corrected later."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.billing.corrections import correct_invoice, work_off
from mains_server.billing.records import CorrectionOutcome, CorrectionReason
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session

from tests.server.billing.settled_home import FEBRUARY, LATER, SettledHome, asked_for
from tests.server.billing.small_utility import Town, host_of

KNOWN = datetime(2023, 4, 1, tzinfo=UTC)


def reprice(connection, name, **prices):
    """Have a list turn out otherwise from 2023 on, which is known since April."""
    version = Town(connection).price(name, starts=date(2023, 1, 1), **prices)
    connection.execute("set session_replication_role = replica")
    connection.execute("update price_version set known_from = %s where id = %s", [KNOWN, version])
    connection.execute("set session_replication_role = origin")


def asked(number, reason):
    return replace(asked_for(number), reason=reason)


@pytest.fixture
def home(connection, engine):
    """Have January cost 0.10 instead of the 0.15 that its bill asks: 5.00 less for 100 kWh, which wait for a bill."""
    made = SettledHome(connection=connection, engine=engine)
    reprice(connection, "fixed", energy=("0.10", "EUR/kWh"), fee=("1.20", "EUR/month"))
    return made


async def correct(home, reason):
    return await correct_invoice(home.engine, host=home.host, request=asked("S-000001", reason))


@pytest.mark.asyncio
async def test_a_reading_that_turns_out_otherwise_is_priced_by_what_was_put_right(home):
    """120 kWh for 0.10 are 12.00, of which 15.00 - 5.00 are asked: 2.00 more. At 0.15 it were 8.00."""
    price = await correct(home, CorrectionReason.PRICE)
    home.began(980)

    reading = await correct(home, CorrectionReason.READING)
    home.month(FEBRUARY)

    assert (price.outcome, price.difference) == (CorrectionOutcome.NEXT_BILL, D("-5.00"))
    assert (reading.outcome, reading.difference) == (CorrectionOutcome.NEXT_BILL, D("2.00"))
    assert home.rows() == [(D("-5.00"), "S-000002", ""), (D("2.00"), "S-000002", "")]
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_a_difference_without_a_next_bill_is_put_right_at_these_prices(home):
    """The contract ends with January: 10.00 and 3.20 are 13.20, with 2.77 tax 15.97."""
    await correct(home, CorrectionReason.PRICE)
    home.ended(date(2023, 2, 1))

    done = await work_off(home.engine, host=home.host, issued_on=LATER.date(), now=LATER, at_most=10)

    assert [one.outcome for one in done.corrected] == [CorrectionOutcome.REPLACED]
    assert [net for _, net, _ in home.standing()] == [D("13.20")]
    assert await home.owed() == D("15.97")
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_a_price_under_which_nothing_changed_holds_for_what_is_read_later(home):
    """Nothing was used in January by its bill, so no price changes it; of 20 kWh that come later each costs 0.10."""
    home.began(1100)
    await correct(home, CorrectionReason.PRICE)
    home.began(1080)

    await correct(home, CorrectionReason.READING)

    # 15.00 were billed, and 15.00 came off; 20 x 0.10 = 2.00.
    assert [net for net, *_ in home.rows()] == [D("-15.00"), D("2.00")]


@pytest.mark.asyncio
async def test_a_house_keeps_them_too(connection, town, bill, engine):
    """10.1 MWh at 70.00 are 707.00. With 10 of 110 m2 more for the last flat it is 707.00 still, shared otherwise."""
    town.house()
    bill()
    reprice(connection, "house", heat=("70.00", "EUR/MWh"))
    await correct_invoice(engine, host=host_of(), request=asked("S-000001", CorrectionReason.PRICE))
    connection.execute("update supply_point set area_m2 = 29.5 where premise = '3'")

    await correct_invoice(engine, host=host_of(), request=asked("S-000003", CorrectionReason.ATTRIBUTE))

    # 808.00 were billed: 101.00 less by the first correction. 707.00 / 110 m2 are 321.36, 196.03 and 189.61, of which
    # 353.50, 215.64 and 137.86 are asked.
    nets = connection.execute("select net from settlement_line order by id").fetchall()
    assert [net for (net,) in nets] == [
        D("-50.50"), D("-30.80"), D("-19.70"), D("-32.14"), D("-19.61"), D("51.75"),
    ]  # fmt: skip
    async with read_session(engine) as session:
        assert (await check_books(session)).findings == ()
