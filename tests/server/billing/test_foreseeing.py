"""Any days' bill can be looked at beforehand, also of days to come, and equals what is issued."""

from datetime import date
from decimal import Decimal as D

import pytest
from mains_server.access.records import Refusal
from mains_server.billing.foreseeing import foresee
from mains_server.billing.preview import preview
from mains_server.billing.records import PreviewRequest
from mains_server.db.unit_of_work import read_session
from mains_server.invoices.queries import draft_of, invoice_by_number
from mains_spi import Period

from tests.server.billing.settled_home import LATER, SettledHome

TODAY = date(2023, 2, 11)
FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))


@pytest.fixture
def look(engine, small):
    async def run(contract, period, *, today=TODAY, plugin=None):
        return await foresee(engine, host=small.host_of(plugin), contract_id=contract, period=period, today=today)

    return run


@pytest.mark.asyncio
async def test_a_preview_after_the_issue_still_equals_it(town, connection, small, bill, engine):
    contracts = [town.household(used=used) for used in ("0", "17", "250.5")]
    contracts += town.house()[1]
    bill()

    for contract in contracts:
        request = PreviewRequest(
            contract_id=contract, period=small.JANUARY, issued_on=small.request().issued_on, is_anew=True
        )
        previewed = preview(connection, adapter=small.host_of().adapter("small"), request=request)
        number = connection.execute("select document_number from invoice where contract_id = %s", [contract])
        async with read_session(engine) as session:
            issued = await invoice_by_number(session, document_number=number.fetchall()[0][0])
            assert previewed == await draft_of(session, invoice=issued)


@pytest.mark.asyncio
async def test_the_month_so_far_comes_with_a_forecast_of_the_rest(unread, look, counts):
    """The household used 3 kWh a day: 84 in February, 12.60 and 3.20 of fees, 15.80; of it 18 days are to come."""
    contract, _ = unread
    before = counts()

    found = await look(contract, Period(date(2023, 1, 1), FEBRUARY.end))

    # January and February together: 59 days of 3 kWh are 177 kWh, 26.55; two months of fees are 6.40.
    assert found.forecast == Period(TODAY, FEBRUARY.end)
    assert [(usage.value, usage.quality.name) for usage in found.previewed.usage] == [(D(177), "ESTIMATED")]
    nets = {line.code: (line.net, line.quality.name) for line in found.previewed.bill.lines}
    assert nets["energy"] == (D("26.55"), "ESTIMATED")
    assert nets["fee"] == (D("2.40"), "NOT_METERED")
    assert counts() == before


@pytest.mark.asyncio
async def test_days_that_are_over_have_no_forecast(town, look, small):
    contract = town.household(used="100")

    found = await look(contract, small.JANUARY)

    assert found.forecast is None
    assert sum(line.net for line in found.previewed.bill.lines) == D("18.20")


JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("period", "change", "code"),
    [
        (Period(date(2021, 12, 1), date(2022, 2, 1)), "", "PERIOD_OUTSIDE_CONTRACT"),
        (
            JANUARY,
            "update contract set ends = '2023-01-15'",
            "PERIOD_OUTSIDE_CONTRACT",
        ),
        (Period(date(2023, 1, 1), date(2023, 6, 1)), "", "PERIOD_NOT_PREVIEWED"),
        (Period(date(2020, 1, 1), date(2023, 1, 1)), "", "PERIOD_NOT_PREVIEWED"),
        (Period(date(2022, 12, 1), date(2023, 1, 1)), "", "BILL_HELD"),
        (
            JANUARY,
            "update contract set billing = 'BY_MEMBERS'",
            "CONTRACT_NOT_BILLED",
        ),
        (JANUARY, "update contract set adapter = 'gone'", "CONTRACT_NOT_BILLED"),
        (
            JANUARY,
            "update price_version set ends = '2023-01-31' where list = 'fixed'",
            "BILL_HELD",
        ),
    ],
)
async def test_what_cannot_be_worked_out_is_told(town, look, connection, period, change, code):
    contract = town.household(used="100")
    if change:
        connection.execute(change)

    with pytest.raises(Refusal) as refused:
        await look(contract, period)

    assert refused.value.code == code


@pytest.mark.asyncio
async def test_a_contract_that_is_not_there_is_not_billed(look, town, small):
    with pytest.raises(Refusal) as refused:
        await look(10**9, small.JANUARY)

    assert refused.value.code == "CONTRACT_NOT_BILLED"


@pytest.mark.asyncio
async def test_a_difference_that_waits_is_on_the_bill_to_come_alone(connection, engine):
    """January had 80 kWh, 20 less: February's 18.20 are 15.20, and January's bill is 15.20 whatever waits."""
    home = SettledHome(connection=connection, engine=engine)
    home.began(1020)
    await home.correct()
    ((contract,),) = connection.execute("select id from contract").fetchall()

    seen, before = [
        await foresee(engine, host=home.host, contract_id=contract, period=period, today=LATER.date())
        for period in (FEBRUARY, JANUARY)
    ]
    home.month(FEBRUARY)

    lines = connection.execute(
        "select l.code, l.net from invoice_line l join invoice i on i.id = l.invoice_id where i.period_from = %s"
        " order by l.position",
        [FEBRUARY.start],
    )
    assert [(line.code, line.net) for line in seen.previewed.bill.lines] == lines.fetchall()
    assert [sum(line.net for line in one.previewed.bill.lines) for one in (seen, before)] == [D("15.20"), D("15.20")]
