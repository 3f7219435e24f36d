"""A fee for a month begun is paid once a month, however many bills the month has, and whatever is corrected."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.billing.corrections import CorrectionRequest, correct_invoice
from mains_server.billing.explain import explain_invoices
from mains_server.billing.preview import preview
from mains_server.billing.records import CorrectionOutcome, CorrectionReason, PreviewRequest, SingleBill
from mains_server.billing.single import bill_one
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.records import CreditRequest, InvoiceKind
from mains_server.payments.operations import credit_invoice
from mains_spi import Period, hookimpl

NOW = datetime(2023, 2, 20, 8, tzinfo=UTC)
TWELFTH, FEBRUARY = date(2023, 1, 12), date(2023, 2, 1)
FIRST_DAYS, LAST_DAYS = Period(date(2023, 1, 1), TWELFTH), Period(TWELFTH, FEBRUARY)


@pytest.fixture
def by_month(small):
    """Give an adapter whose fee and network cost a month begun in full, the network at each place of a contract."""
    own = {"fee": {"prorate": "never"}, "network": {"prorate": "never", "each_place": True}}
    parts = tuple(replace(part, **own.get(getattr(part, "code", ""), {})) for part in small.FIXED.components)

    class ByMonth(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def tariff(self, request):
            return replace(small.FIXED, components=parts)

    return ByMonth()


@pytest.fixture
def at_once(connection, small, by_month):
    """Give the billing of a contract's first days of January."""

    def run(contract):
        request = SingleBill(
            contract_id=contract, period=FIRST_DAYS, kind=InvoiceKind.INSTANT, issued_on=TWELFTH, now=NOW
        )
        with connection.transaction():
            return bill_one(connection, adapter=small.host_of(by_month).adapter("small"), request=request)

    return run


@pytest.fixture
def household(town):
    """Have a household that used 40 kWh until the twelfth and 60 more until the end of January."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    town.read(town.meter(point), (FIRST_DAYS.start, "1000"), (TWELFTH, "1040"), (FEBRUARY, "1100"))
    return contract


def _fees(connection):
    return connection.execute(
        "select i.period_from, l.code, l.net, p.identifier from invoice_line l join invoice i on i.id = l.invoice_id"
        " left join supply_point p on p.id = l.supply_point_id where l.code in ('fee', 'network')"
        " order by i.id, l.position"
    ).fetchall()


@pytest.mark.asyncio
async def test_the_second_bill_of_a_month_does_not_charge_it_again(
    household, at_once, bill, by_month, connection, small, engine
):
    """40 kWh x 0.15 + 1.20 + 2.00 = 9.20, with tax 11.13; then 60 kWh x 0.15 = 9.00, with tax 10.89, and no fee."""
    first = at_once(household)

    state = bill(plugin=by_month)

    assert (first.total, state.invoiced, state.held) == (D("11.13"), 1, 0)
    assert _fees(connection) == [
        (FIRST_DAYS.start, "fee", D("1.20"), None),
        (FIRST_DAYS.start, "network", D("2.00"), None),
    ]
    totals = connection.execute("select id, net, total from invoice order by id").fetchall()
    assert [row[1:] for row in totals] == [(D("9.20"), D("11.13")), (D("9.00"), D("10.89"))]
    async with read_session(engine) as session:
        explained = await explain_invoices(
            session, host=small.host_of(by_month), invoice_ids=[row[0] for row in totals]
        )
        assert (await check_books(session)).findings == ()
    assert sum(line.net for lines in explained.values() for line in lines) == D("18.20")


def test_both_bills_come_out_the_same_when_they_are_asked_again(household, at_once, bill, by_month, connection, small):
    at_once(household)
    bill(plugin=by_month)

    nets = []
    for days in (FIRST_DAYS, LAST_DAYS):
        request = PreviewRequest(contract_id=household, period=days, issued_on=date(2023, 2, 10), is_anew=True)
        found = preview(connection, adapter=small.host_of(by_month).adapter("small"), request=request)
        nets.append([line.net for line in found.lines if line.code in ("fee", "network")])

    assert nets == [[D("1.20"), D("2.00")], []]


def _take_back(engine, number):
    async def run():
        async with unit_of_work(engine) as session:
            asked = CreditRequest(document_number=number, issued_on=NOW.date())
            await credit_invoice(session, request=asked, now=NOW)

    return run()


@pytest.mark.asyncio
async def test_the_second_bill_corrected_while_the_first_is_taken_back_has_no_fee(
    household, at_once, bill, by_month, connection, small, engine
):
    first = at_once(household)
    bill(plugin=by_month)
    ((second,),) = connection.execute(
        "select document_number from invoice where period_from = %s", [TWELFTH]
    ).fetchall()
    await _take_back(engine, first.document_number)
    asked = CorrectionRequest(
        document_number=second, reason=CorrectionReason.READING, note="looked again", issued_on=NOW.date(), now=NOW
    )

    corrected = await correct_invoice(engine, host=small.host_of(by_month), request=asked)
    bill(plugin=by_month)

    # The days before will be billed again, and charge the month: 1.20 and 2.00, once.
    assert corrected.outcome is CorrectionOutcome.UNCHANGED
    standing = "select i.period_from, i.total from invoice i where kind <> 'CREDIT' and not exists (select from invoice"
    rows = connection.execute(f"{standing} n where n.corrects_invoice_id = i.id) order by 1").fetchall()
    assert rows == [(FIRST_DAYS.start, D("11.13")), (TWELFTH, D("10.89"))]


def test_the_first_days_billed_after_the_last_ones_do_not_charge_the_month_again(
    household, at_once, by_month, connection, small
):
    request = SingleBill(contract_id=household, period=LAST_DAYS, kind=InvoiceKind.INSTANT, issued_on=FEBRUARY, now=NOW)
    with connection.transaction():
        bill_one(connection, adapter=small.host_of(by_month).adapter("small"), request=request)

    later = at_once(household)

    # 40 kWh x 0.15 = 6.00, with tax 7.26: the month's 1.20 and 2.00 stand on the other bill.
    assert [row[:3] for row in _fees(connection)] == [(TWELFTH, "fee", D("1.20")), (TWELFTH, "network", D("2.00"))]
    assert later.total == D("7.26")


def test_the_next_month_is_a_month_of_its_own(household, at_once, bill, by_month, connection, small, town):
    at_once(household)
    bill(plugin=by_month)
    town.read(1, (date(2023, 3, 1), "1150"))

    bill(plugin=by_month, request=small.request(Period(FEBRUARY, date(2023, 3, 1))))

    assert [row[:3] for row in _fees(connection)][2:] == [
        (FEBRUARY, "fee", D("1.20")),
        (FEBRUARY, "network", D("2.00")),
    ]


def test_each_place_pays_its_own_month_and_says_which(town, bill, by_month, connection):
    """The cottage joins on the 12th: it has begun January too. 16 A cost 2.00, 20 A 3.00, the contract's fee 1.20."""
    home, cottage = town.point(amperes=16), town.point(amperes=20)
    contract = town.contract(customer=town.customer(), points=(home,))
    connection.execute(
        "insert into contract_supply_point (customer_id, contract_id, supply_point_id, starts)"
        " select customer_id, id, %s, %s from contract where id = %s",
        [cottage, TWELFTH, contract],
    )
    town.read(town.meter(home), (FIRST_DAYS.start, "1000"), (FEBRUARY, "1100"))
    town.read(town.meter(cottage), (TWELFTH, "0"), (FEBRUARY, "40"))

    bill(plugin=by_month)

    assert _fees(connection) == [
        (FIRST_DAYS.start, "fee", D("1.20"), None),
        (FIRST_DAYS.start, "network", D("2.00"), "P00001"),
        (FIRST_DAYS.start, "network", D("3.00"), "P00002"),
    ]
