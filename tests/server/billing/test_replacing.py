"""A bill is replaced, and what other bills have of it comes off the new one, to the cent."""

from datetime import timedelta
from decimal import Decimal as D

import pytest
from mains_server.billing.corrections import work_off
from mains_server.billing.records import CorrectionOutcome

from tests.server.billing.settled_home import FEBRUARY, LATER, SettledHome


@pytest.fixture
def home(connection, engine):
    return SettledHome(connection=connection, engine=engine)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("start", "net", "tax", "difference", "owed"),
    [(960, "21.20", "4.45", "3.63", "3.63"), (1020, "12.20", "2.56", "-7.26", "-7.26")],
)
async def test_who_has_moved_out_gets_documents_also_where_a_bill_settled_something(
    home, start, net, tax, difference, owed
):
    """February has 3.00 of January, and is the last bill; 22.02 and 25.65 are paid.

    Then January had 140 kWh, 24.20: the new bill is 24.20 - 3.00 = 21.20, and 25.65 with tax. Or it had 80 kWh, 15.20:
    12.20, and 14.76 with tax.
    """
    home.began(980)
    await home.correct()
    home.ended(FEBRUARY.end)
    home.month(FEBRUARY)
    await home.pay("47.67")

    home.began(start)
    found = await home.correct()
    again = await home.correct(found.replacement)

    assert (found.outcome, found.difference) == (CorrectionOutcome.REPLACED, D(difference))
    assert again.outcome is CorrectionOutcome.UNCHANGED
    assert home.standing() == [
        ("S-000004", D(net), D(tax)),
        ("S-000002", D("21.20"), D("4.45")),
    ]
    assert await home.owed() == D(owed)
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_a_bill_that_is_right_with_what_another_settled_stays(home):
    home.began(980)
    await home.correct()
    home.ended(FEBRUARY.end)
    home.month(FEBRUARY)

    again = await home.correct()

    assert again.outcome is CorrectionOutcome.UNCHANGED
    assert [bill[0] for bill in home.standing()] == ["S-000001", "S-000002"]
    assert await home.findings() == ()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("start", "outcome", "net", "rows"),
    [(960, "REPLACED", "24.20", 1), (980, "REPLACED", "21.20", 1), (1000, "UNCHANGED", "18.20", 1)],
)
async def test_what_waits_for_a_bill_that_never_comes_has_settled_nothing(home, start, outcome, net, rows):
    """January's 3.00 wait for February's bill, but the contract ended with January."""
    home.began(980)
    await home.correct()
    home.ended(FEBRUARY.start)
    home.began(start)

    found = await home.correct()

    assert found.outcome.name == outcome
    assert [row[1] for row in home.standing()] == [D(net)]
    assert home.rows() == [(D("3.00"), None, "withdrawn")] * rows
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_a_second_replacement_takes_the_lines_along_and_a_credit_note_lets_them_wait(home):
    """January is 24.20 - 3.00, then 27.20 - 3.00 = 24.20; taken back and billed again it is the same."""
    home.began(980)
    await home.correct()
    home.ended(FEBRUARY.end)
    home.month(FEBRUARY)
    home.began(960)
    first = await home.correct()
    home.began(940)

    second = await home.correct(first.replacement)
    moved = home.rows()
    await home.credit(second.replacement)
    home.month()

    assert moved == [(D("3.00"), "S-000002", ""), (D("-3.00"), "S-000006", "taken off")]
    assert home.standing() == [
        ("S-000008", D("24.20"), D("5.08")),
        ("S-000002", D("21.20"), D("4.45")),
    ]
    assert home.rows()[1] == (D("-3.00"), "S-000008", "taken off")
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_the_bill_that_settled_it_is_corrected_afterwards(home):
    """February had ten kWh more: 19.70 and January's 3.00 are 22.70, with 4.77 tax."""
    home.began(980)
    await home.correct()
    home.ended(FEBRUARY.end)
    home.month(FEBRUARY)
    home.began(960)
    await home.correct()
    home.connection.execute("update reading set value = 1210 where counts_for = '2023-03-01'")

    found = await home.correct("S-000002")

    assert (found.outcome, found.difference) == (CorrectionOutcome.REPLACED, D("1.82"))
    assert home.standing() == [
        ("S-000004", D("21.20"), D("4.45")),
        ("S-000006", D("22.70"), D("4.77")),
    ]
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_a_difference_is_put_right_by_documents_where_the_contract_ended_meanwhile(home):
    """January's 3.00 wait; then the contract ends with January's last day: the new bill is 21.20 with 4.45 tax."""
    home.began(980)
    await home.correct()
    asked = {"host": home.host, "issued_on": LATER.date(), "now": LATER, "at_most": 10}
    while_it_goes_on = await work_off(home.engine, **asked)
    home.ended(FEBRUARY.start)

    first = await work_off(home.engine, **asked)
    again = await work_off(home.engine, **{**asked, "now": LATER + timedelta(days=1)})

    assert while_it_goes_on.corrected == again.corrected == ()
    assert [(one.outcome.name, one.difference) for one in first.corrected] == [("REPLACED", D("3.63"))]
    assert home.standing() == [("S-000003", D("21.20"), D("4.45"))]
    assert home.rows() == [(D("3.00"), None, "withdrawn")]
    notes = home.connection.execute("select note from correction order by id").fetchall()
    assert notes[1] == ("the contract has no next bill, for which a difference of this one was waiting",)
    assert await home.owed() == D("25.65")
    assert await home.findings() == ()


@pytest.mark.asyncio
async def test_a_replacement_below_nothing_is_issued_nonetheless(home):
    """January had 300 kWh, 48.20, so that February has 30.00 of it; 80.34 are paid. Then January had 20 kWh, 6.20.

    The new bill is 6.20 - 30.00 = -23.80, with -5.00 tax. January and February are 24.40, and 29.52 with tax; 50.82
    of what was paid are left.
    """
    home.began(800)
    await home.correct()
    home.ended(FEBRUARY.end)
    home.month(FEBRUARY)
    await home.pay("80.34")
    home.began(1080)

    found = await home.correct()
    again = await home.correct(found.replacement)

    assert (found.outcome, found.difference) == (CorrectionOutcome.REPLACED, D("-50.82"))
    assert again.outcome is CorrectionOutcome.UNCHANGED
    assert home.standing()[0] == ("S-000004", D("-23.80"), D("-5.00"))
    assert await home.owed() == D("-50.82")
    assert await home.findings() == ()
