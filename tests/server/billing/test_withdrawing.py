"""What a bill's corrections put on other bills is taken off with it, to the cent and once."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.billing.corrections import CorrectionRequest, correct_invoice
from mains_server.billing.records import CorrectionOutcome, CorrectionReason
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session
from mains_spi import Period, hookimpl

FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))
MARCH = Period(date(2023, 3, 1), date(2023, 4, 1))
LATER = datetime(2023, 4, 12, 8, tzinfo=UTC)


@pytest.fixture
def settling(small):
    """Give an adapter whose wrong bills are put right by the next one."""

    class Settling(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def describe_utility(self):
            return replace(small.SmallUtility.describe_utility(self), correction="next_bill")

    return Settling()


@pytest.fixture
def month(bill, small, settling):
    def run(period=small.JANUARY):
        return bill(plugin=settling, request=replace(small.request(period), now=LATER))

    return run


@pytest.fixture
def billed(town, month, connection):
    """Bill a household's January: 100 kWh x 0.15 = 15.00, 1.20 and 2.00 are 18.20; as much is read for each month."""
    contract = town.household(used="100")
    (register,) = connection.execute("select id from register").fetchone()
    town.read(register, (FEBRUARY.end, "1200"), (MARCH.end, "1300"))
    month()
    return contract


@pytest.fixture
def began(connection):
    """Let January have begun at another value, so that as many kWh less or more were used, each 0.15."""
    return lambda value: connection.execute("update reading set value = %s where counts_for = '2023-01-01'", [value])


@pytest.fixture
def correct(engine, small, settling):
    async def run(number="S-000001"):
        request = CorrectionRequest(
            document_number=number, reason=CorrectionReason.READING, note="read", issued_on=LATER.date(), now=LATER
        )
        return await correct_invoice(engine, host=small.host_of(settling), request=request)

    return run


async def _findings(engine):
    async with read_session(engine) as session:
        return (await check_books(session)).findings


@pytest.mark.asyncio
async def test_what_is_right_again_after_it_was_settled_is_settled_back(
    billed, began, correct, month, connection, engine
):
    """January had 120 kWh, 3.00 more, which February's bill has; then it is 100 kWh again: 3.00 come back in March."""
    began(980)
    first = await correct()
    month(FEBRUARY)
    began(1000)

    again = await correct()
    month(MARCH)

    assert (first.outcome, first.difference) == (CorrectionOutcome.NEXT_BILL, D("3.00"))
    assert (again.outcome, again.difference) == (CorrectionOutcome.NEXT_BILL, D("-3.00"))
    nets = connection.execute("select document_number, net from invoice order by id").fetchall()
    assert nets == [("S-000001", D("18.20")), ("S-000002", D("21.20")), ("S-000003", D("15.20"))]
    assert await _findings(engine) == ()
