"""A bill below nothing that somebody accepted is put right as any other."""

from datetime import date
from decimal import Decimal as D

import pytest
from mains_server.billing.corrections import CorrectionHeld, CorrectionRequest, correct_invoice
from mains_server.billing.records import CorrectionReason
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session

from tests.server.billing.test_accepting import accept, below
from tests.server.billing.test_settling import LATER

__all__ = ["accept", "below"]
pytestmark = pytest.mark.asyncio
STANDING = """
select i.document_number, i.total from invoice i
where i.kind <> 'CREDIT' and not exists (select from invoice n where n.corrects_invoice_id = i.id and n.kind = 'CREDIT')
order by i.period_from, i.id
"""


@pytest.fixture
def again(engine, small, guessing):
    async def run(number):
        request = CorrectionRequest(
            document_number=number, reason=CorrectionReason.READING, note="read anew", issued_on=LATER.date(), now=LATER
        )
        return await correct_invoice(engine, host=small.host_of(guessing), request=request)

    return run


async def _findings(engine):
    async with read_session(engine) as session:
        return (await check_books(session)).findings


async def test_an_accepted_bill_below_nothing_is_put_right(below, accept, again, connection, engine):
    """February is -5.20, of -50 kWh. March began at 2128 and not at 2138: -60 kWh are -9.00.

    3.20 - 9.00 = -5.80 and 21 % of it, -1.22.
    """
    await accept()
    below()
    ((january, _), (number, total)) = connection.execute(STANDING).fetchall()
    connection.execute("update reading set value = 2128 where counts_for = %s", [date(2023, 3, 1)])

    unchanged = await again(january)
    found = await again(number)

    assert total == D("-5.20")
    assert unchanged.outcome.name == "UNCHANGED"
    assert (found.outcome.name, found.difference) == ("REPLACED", D("-1.82"))
    assert connection.execute(STANDING).fetchall()[1:] == [(found.replacement, D("-7.02"))]
    assert await _findings(engine) == ()


async def test_a_bill_that_comes_out_below_nothing_for_the_first_time_is_held(below, again, connection):
    """January is estimated to end at 2188. Had it begun at 2250 it would be -62 kWh: 3.20 - 9.30 = -6.10."""
    before = connection.execute(STANDING).fetchall()
    connection.execute("update reading set value = 2250 where counts_for = %s", [date(2023, 1, 1)])

    with pytest.raises(CorrectionHeld, match="negative_total"):
        await again("S-000001")

    assert connection.execute(STANDING).fetchall() == before
