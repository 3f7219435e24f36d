"""An allowance of a month is spent once, however many bills the month has and whichever of them is put right."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.billing.corrections import CorrectionRequest, correct_invoice, work_off
from mains_server.billing.crediting import take_back_invoice
from mains_server.billing.records import CorrectionReason, SingleBill
from mains_server.billing.run import Shift, run_billing
from mains_server.billing.single import bill_one
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session
from mains_server.invoices.records import InvoiceKind
from mains_spi import Block, Period, PerUnit, Price, Tariff, hookimpl

pytestmark = pytest.mark.asyncio
NOW = datetime(2023, 2, 20, 8, tzinfo=UTC)
JANUARY, TWELFTH, TWENTIETH, FEBRUARY = (
    date(2023, 1, 1), date(2023, 1, 12), date(2023, 1, 20), date(2023, 2, 1),
)  # fmt: skip
STANDING = (
    "select period_from, net from invoice i where kind <> 'CREDIT' and not exists"
    " (select from invoice n where n.corrects_invoice_id = i.id and n.kind = 'CREDIT') order by period_from"
)


def host_of(small, *, correction="rerate"):
    """Have a utility whose first 50 kWh of a month cost nothing, and each more 0.15."""
    energy = PerUnit("energy", Block(small.ENERGY, above=50), Price("product.energy", "EUR/kWh"))
    tariff = Tariff("fixed", "EUR", (energy,))

    class Allowing(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def tariff(self, request):
            return tariff

        @hookimpl
        def describe_utility(self):
            return replace(small.SmallUtility.describe_utility(self), correction=correction)

    return small.host_of(Allowing())


@pytest.fixture
def allowing(small):
    """Give the utility, which replaces what is wrong."""
    return host_of(small)


@pytest.fixture
def month(town, connection, allowing):
    """Bill 40, 30 and 30 kWh of January one after the other: nothing, then 20 and 30 kWh above 50: 3.00 and 4.50."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point)
    town.read(register, (JANUARY, "1000"), (TWELFTH, "1040"), (TWENTIETH, "1070"), (FEBRUARY, "1100"))
    for days in (Period(JANUARY, TWELFTH), Period(TWELFTH, TWENTIETH), Period(TWENTIETH, FEBRUARY)):
        bill_now(connection, allowing, contract, days)
    assert [str(net) for _, net in connection.execute(STANDING)] == ["0.00", "3.00", "4.50"]
    return contract


def bill_now(connection, host, contract, days):
    asked = SingleBill(contract_id=contract, period=days, kind=InvoiceKind.INSTANT, issued_on=days.end, now=NOW)
    with connection.transaction():
        assert bill_one(connection, adapter=host.adapter("small"), request=asked).is_new


def truth(connection, day, value):
    """Have a reading turn out otherwise."""
    connection.execute("update reading set value = %s where counts_for = %s", [value, day])


def asked(connection, first):
    ((number,),) = connection.execute(
        "select document_number from invoice where period_from = %s and kind <> 'CREDIT'", [first]
    ).fetchall()
    return CorrectionRequest(
        document_number=number, reason=CorrectionReason.MISTAKE, note="misread", issued_on=NOW.date(), now=NOW
    )


async def settled(engine, host):
    done = await work_off(engine, host=host, issued_on=NOW.date(), now=NOW, at_most=10)
    assert done.refused == ()
    async with read_session(engine) as session:
        assert (await check_books(session)).findings == ()
    return [one.document_number for one in done.corrected]


@pytest.mark.parametrize(
    ("start", "nets"),
    # 20 + 30 + 30 kWh: 30 above 50, all in the last days. 60 + 30 + 30: 10, 30 and 30 above 50.
    [("1020", ["0.00", "0.00", "4.50"]), ("980", ["1.50", "4.50", "4.50"])],
)
async def test_what_a_correction_leaves_of_it_moves_to_the_next_bills(month, connection, allowing, engine, start, nets):
    truth(connection, JANUARY, start)

    await correct_invoice(engine, host=allowing, request=asked(connection, JANUARY))
    await settled(engine, allowing)

    assert [str(net) for _, net in connection.execute(STANDING)] == nets


@pytest.mark.parametrize(
    ("day", "value", "nets"),
    # As above: 3.00 less on the second bill; 1.50 more on each of the first two. With the twelfth at 1060: 60, 10 and
    # 30 kWh, of which 10, 10 and 30 are above 50: 1.50 more and 1.50 less.
    [
        (JANUARY, "1020", ["0", "-3.00", "0"]),
        (JANUARY, "980", ["1.50", "1.50", "0"]),
        (TWELFTH, "1060", ["1.50", "-1.50", "0"]),
    ],
)
async def test_what_the_next_bill_settles_moves_too(month, connection, small, engine, day, value, nets):
    host = host_of(small, correction="next_bill")
    truth(connection, day, value)

    for first in (JANUARY, TWELFTH):
        await correct_invoice(engine, host=host, request=asked(connection, first))
    await settled(engine, host)

    found = connection.execute(
        "select coalesce((select sum(s.net) from settlement_line s where s.invoice_id = i.id), 0) from invoice i"
        " order by i.period_from"
    ).fetchall()
    assert [D(net) for net in nets] == [net for (net,) in found]


async def test_what_is_billed_again_otherwise_moves_to_the_next_bills(month, connection, allowing, engine):
    truth(connection, JANUARY, "1020")
    await take_back_invoice(engine, request=asked(connection, JANUARY))

    bill_now(connection, allowing, month, Period(JANUARY, TWELFTH))
    await settled(engine, allowing)

    assert [str(net) for _, net in connection.execute(STANDING)] == ["0.00", "0.00", "4.50"]


async def test_what_the_run_bills_again_moves_to_the_next_bills_too(month, connection, allowing, engine, small):
    truth(connection, JANUARY, "1020")
    await take_back_invoice(engine, request=asked(connection, JANUARY))

    run_billing(connection, request=small.request(), shift=Shift(adapter=allowing.adapter("small"), now=NOW))
    await settled(engine, allowing)

    assert [str(net) for _, net in connection.execute(STANDING)] == ["0.00", "0.00", "4.50"]


async def test_where_nothing_moves_no_other_bill_is_looked_at(month, connection, allowing, engine):
    await correct_invoice(engine, host=allowing, request=asked(connection, JANUARY))

    assert connection.execute("select count(*) from correction_due").fetchall() == [(0,)]
