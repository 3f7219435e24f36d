"""A price list that had been wrong: all bills it priced are found and put right, each once, and nothing else is."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.access.records import Refusal
from mains_server.billing.records import CorrectionOutcome
from mains_server.billing.repricing import RepriceRequest, foretell_repricing, reprice
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session

LATER = datetime(2023, 3, 10, 8, tzinfo=UTC)
KNOWN = datetime(2023, 3, 1, tzinfo=UTC)
REPLACED, UNCHANGED = CorrectionOutcome.REPLACED, CorrectionOutcome.UNCHANGED


@pytest.fixture
def corrects(town, connection):
    """Load a version that corrects a list from 2023 on and becomes known later."""

    def load(name, *, known=KNOWN, **prices):
        version = town.price(name, starts=date(2023, 1, 1), **prices)
        connection.execute("set session_replication_role = replica")
        connection.execute("update price_version set known_from = %s where id = %s", [known, version])
        connection.execute("set session_replication_role = origin")

    return load


@pytest.fixture
def asked(engine, small):
    """Give the correction of all bills of a list, or the telling of it."""

    async def run(name, *, does=reprice, code="2023-01-01", now=LATER, at_most=100):
        request = RepriceRequest(
            adapter="small", list=name, code=code, note="wrong list", issued_on=now.date(), now=now, at_most=at_most
        )
        return await does(engine, host=small.host_of(), request=request)

    return run


@pytest.fixture
def kept(counts, connection):
    """Count all that a correction could write."""
    more = ("correction", "settlement_line", "rating_group")
    return lambda: {
        **counts(),
        **{table: connection.execute(f"select count(*) from {table}").fetchall() for table in more},
        "last": connection.execute("select last_number from invoice_series").fetchall(),
    }


async def _findings(engine):
    async with read_session(engine) as session:
        return (await check_books(session)).findings


@pytest.mark.asyncio
async def test_all_bills_of_a_wrong_list_are_put_right_once(town, bill, corrects, asked, connection, engine, kept):
    """0.10 instead of 0.15: 100 kWh cost 5.00 less, with tax 6.05 (22.02 and 15.97); who used nothing pays the same."""
    used = town.household(used="100")
    idle = town.household(used="0")
    other = town.household(used="100", product="house", amperes=100)
    bill()
    corrects("fixed", energy=("0.10", "EUR/kWh"), fee=("1.20", "EUR/month"))

    first = await asked("fixed")
    before = kept()
    again = await asked("fixed")

    told = [(one.document_number, one.outcome, one.difference) for one in first.corrected]
    assert told == [("S-000001", REPLACED, D("-6.05")), ("S-000002", UNCHANGED, D(0))]
    assert (first.refused, again.corrected, again.refused) == ((), (), ())
    assert kept() == before
    totals = connection.execute("select contract_id, sum(total) from invoice group by 1 order by 1").fetchall()
    assert totals == [(used, D("15.97")), (idle, D("3.87"))]
    assert other not in dict(totals)
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_what_would_be_done_is_told_and_not_done(town, bill, corrects, asked, kept):
    for used in ("100", "200"):
        town.household(used=used)
    bill()
    corrects("fixed", energy=("0.10", "EUR/kWh"), fee=("1.20", "EUR/month"))
    before = kept()

    told = await asked("fixed", does=foretell_repricing)

    assert kept() == before
    found = [(one.document_number, one.outcome, one.difference) for one in told.corrected]
    assert found == [("S-000001", REPLACED, D("-6.05")), ("S-000002", REPLACED, D("-12.10"))]
    done = await asked("fixed")
    assert [(one.document_number, one.outcome, one.difference) for one in done.corrected] == found


@pytest.mark.asyncio
async def test_a_house_is_looked_at_once(town, bill, corrects, asked, connection, kept, engine):
    """10.1 MWh at 70.00 instead of 80.00: 707.00, by 50, 30.5 and 19.5 of 100 m2: 353.50, 215.64 and 137.86."""
    town.house()
    bill()
    corrects("house", heat=("70.00", "EUR/MWh"))

    first = await asked("house")
    before = kept()
    again = await asked("house")

    due = connection.execute("select sum(due), sum(billed) from settlement_line where code = 'heating'").fetchone()
    assert (len(first.corrected), first.refused, due) == (1, (), (D("707.00"), D("808.00")))
    assert again.corrected == ()
    assert kept() == before
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_a_bill_that_cannot_be_rated_is_told_and_the_others_go_on(town, bill, corrects, asked, connection, kept):
    broken = town.household(used="100")
    town.household(used="100")
    bill()
    corrects("fixed", energy=("0.10", "EUR/kWh"), fee=("1.20", "EUR/month"))
    connection.execute(
        "update supply_point set amperes = 100 where id in (select supply_point_id from contract_supply_point"
        " where contract_id = %s)",
        [broken],
    )

    found = await asked("fixed")

    assert [one.document_number for one in found.corrected] == ["S-000002"]
    assert [(number, refusal.code) for number, refusal in found.refused] == [("S-000001", "CORRECTION_HELD")]
    assert connection.execute("select count(*) from invoice where contract_id = %s", [broken]).fetchall() == [(1,)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "code", "now", "refusal"),
    [
        ("fixed", "2024-01-01", LATER, "TARIFF_UNKNOWN"),
        ("other", "2023-01-01", LATER, "TARIFF_UNKNOWN"),
        ("fixed", "2023-01-01", KNOWN - timedelta(days=1), "TARIFF_NOT_KNOWN_YET"),
    ],
)
async def test_what_names_no_list_that_is_known_is_refused(town, bill, corrects, asked, kept, name, code, now, refusal):
    town.household(used="100")
    bill()
    corrects("fixed", energy=("0.10", "EUR/kWh"), fee=("1.20", "EUR/month"))
    before = kept()

    with pytest.raises(Refusal) as refused:
        await asked(name, code=code, now=now)

    assert refused.value.code == refusal
    assert kept() == before


@pytest.mark.asyncio
async def test_bills_of_other_days_and_of_a_longer_list_are_left_alone(town, bill, corrects, asked, small):
    """The corrected version holds from 2023 on; December was priced by the list that is right for it."""
    point = town.point()
    town.contract(customer=town.customer(), points=(point,))
    december = small.Period(date(2022, 12, 1), date(2023, 1, 1))
    town.read(town.meter(point), (december.start, "1000"), (december.end, "1100"))
    bill(request=small.request(december))
    corrects("fixed", energy=("0.10", "EUR/kWh"), fee=("1.20", "EUR/month"))

    found = await asked("fixed")

    assert (found.corrected, found.refused) == ((), ())


@pytest.mark.asyncio
async def test_a_list_that_was_loaded_after_midnight_prices_at_once(town, bill, corrects, asked):
    """It is half past midnight on 10 March in Riga, and 9 March in UTC: 22.02 and 15.97 as above."""
    town.household(used="100")
    bill()
    night = datetime(2023, 3, 9, 22, 30, tzinfo=UTC)
    corrects("fixed", known=night, energy=("0.10", "EUR/kWh"), fee=("1.20", "EUR/month"))

    done = await asked("fixed", now=night + timedelta(minutes=15))

    assert [(one.outcome, one.difference) for one in done.corrected] == [(REPLACED, D("-6.05"))]
