"""One contract billed by itself: whatever days, once, and the month's run goes on where it ended."""

from datetime import UTC, date, datetime
from decimal import Decimal as D
from threading import Thread

import psycopg
import pytest
from mains_server.billing.records import Hold, SingleBill
from mains_server.billing.single import (
    ContractGoesOn,
    ContractInBuilding,
    ContractNotBilled,
    DaysBilledAlready,
    DaysToCome,
    KindNotPossible,
    PeriodOutsideContract,
    bill_alone,
    bill_one,
)
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session
from mains_server.invoices.records import InvoiceKind
from mains_spi import Period

TWELFTH = date(2023, 1, 12)
FIRST_DAYS = Period(date(2023, 1, 1), TWELFTH)
FEBRUARY = date(2023, 2, 1)
NOW = datetime(2023, 2, 20, 8, tzinfo=UTC)


@pytest.fixture
def household(town):
    """Have a household that used 40 kWh until the twelfth and 60 more until the end of January."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    town.read(town.meter(point), (date(2023, 1, 1), "1000"), (TWELFTH, "1040"), (FEBRUARY, "1100"))
    return contract


@pytest.fixture
def alone(connection, small):
    """Give the billing of one contract in a transaction of its own."""

    def run(contract, *, period=FIRST_DAYS, kind=InvoiceKind.INSTANT, issued_on=TWELFTH, plugin=None, on=connection):
        request = SingleBill(contract_id=contract, period=period, kind=kind, issued_on=issued_on, now=NOW)
        with on.transaction():
            return bill_one(on, adapter=small.host_of(plugin).adapter("small"), request=request)

    return run


def _bills(connection):
    return connection.execute(
        "select kind, period_from, period_to, net, tax, total, revision, run_id is not null from invoice order by id"
    ).fetchall()


async def _findings(engine):
    async with read_session(engine) as session:
        return (await check_books(session)).findings


def _credit(connection, document):
    """Take an invoice back as the invoices room does, as far as billing looks at it."""
    connection.execute(
        "insert into invoice (customer_id, contract_id, adapter, seller_id, series, number, document_number, kind,"
        " revision, period_from, period_to, issued_on, due_on, currency, net, tax, support, total, rounding,"
        " customer_name, billing_address, supply_address, payment_reference, corrects_invoice_id, issued_at)"
        " select customer_id, contract_id, adapter, seller_id, series, 900 + number, 'S-000900', 'CREDIT', revision,"
        " period_from, period_to, issued_on, due_on, currency, -net, -tax, -support, -total, rounding, customer_name,"
        " billing_address, supply_address, payment_reference, id, issued_at from invoice where document_number = %s",
        [document],
    )


@pytest.mark.asyncio
async def test_the_run_bills_what_an_instant_invoice_left(household, alone, connection, bill, engine, small):
    first = alone(household)

    state = bill()

    # 40 kWh x 0.15 = 6.00; 11 of 31 days of 1.20 and 2.00 are 0.43 and 0.71; 21 % of 7.14 is 1.50.
    # 60 kWh x 0.15 = 9.00; 20 of 31 days are 0.77 and 1.29; 21 % of 11.06 is 2.32. The fees make 1.20 and 2.00.
    assert (first.kind, first.total, first.is_new, first.period) == (InvoiceKind.INSTANT, D("8.64"), True, FIRST_DAYS)
    assert (state.invoiced, state.held) == (1, 0)
    assert _bills(connection) == [
        ("INSTANT", date(2023, 1, 1), TWELFTH, D("7.14"), D("1.50"), D("8.64"), 0, False),
        ("REGULAR", TWELFTH, FEBRUARY, D("11.06"), D("2.32"), D("13.38"), 0, True),
    ]
    fees = [(line[0], line[5]) for line in small.lines(connection, household) if line[0] in ("fee", "network")]
    assert fees == [("fee", D("0.43")), ("network", D("0.71")), ("fee", D("0.77")), ("network", D("1.29"))]
    assert await _findings(engine) == ()


@pytest.mark.asyncio
async def test_a_run_after_the_whole_month_was_billed_alone_does_nothing(household, alone, bill, counts, engine):
    alone(household)
    alone(household, period=Period(TWELFTH, FEBRUARY), issued_on=FEBRUARY)
    before = counts()

    state = bill()

    assert (state.invoiced, state.held) == (0, 0)
    assert {**counts(), "billing_run": 0} == {**before, "billing_run": 0}
    assert await _findings(engine) == ()


def test_asked_again_it_returns_the_same_invoice(household, alone, counts):
    first = alone(household)
    before = counts()

    again = alone(household)

    assert (again.invoice_id, again.total, again.is_new) == (first.invoice_id, first.total, False)
    assert counts() == before


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"period": Period(date(2023, 1, 5), TWELFTH)}, DaysBilledAlready),
        ({"period": Period(date(2023, 1, 1), FEBRUARY), "issued_on": FEBRUARY}, DaysBilledAlready),
        ({"kind": InvoiceKind.REGULAR}, DaysBilledAlready),
        ({"period": Period(TWELFTH, FEBRUARY)}, DaysToCome),
        ({"period": Period(date(2021, 12, 1), date(2022, 1, 1))}, PeriodOutsideContract),
        ({"period": Period(TWELFTH, FEBRUARY), "issued_on": FEBRUARY, "kind": InvoiceKind.FINAL}, ContractGoesOn),
        ({"kind": InvoiceKind.CREDIT}, KindNotPossible),
        ({"kind": InvoiceKind.ESTIMATED}, KindNotPossible),
    ],
)
def test_what_cannot_be_billed_is_refused_and_changes_nothing(household, alone, counts, asked, refusal):
    alone(household)
    before = counts()

    with pytest.raises(refusal):
        alone(household, **asked)

    assert counts() == before


def test_a_stranger_a_manager_and_a_flat_are_refused(town, alone, counts):
    _, flats = town.house()
    before = counts()

    for contract, refusal in ((10**9, ContractNotBilled), (flats[0] - 1, ContractNotBilled)):
        with pytest.raises(refusal):
            alone(contract)
    with pytest.raises(ContractInBuilding):
        alone(flats[0])

    assert counts() == before


def test_an_instant_bill_rests_on_a_true_reading(unread, alone, guessing, counts):
    contract, _ = unread
    before = counts()

    found = alone(contract, period=Period(date(2023, 1, 1), FEBRUARY), issued_on=date(2023, 2, 20), plugin=guessing)

    assert isinstance(found, Hold) and found.code == "missing_reading"
    assert counts() == before


def test_a_regular_bill_alone_estimates_as_the_run_does(unread, alone, guessing, connection):
    contract, register = unread
    asked = {"period": Period(date(2023, 1, 1), FEBRUARY), "issued_on": date(2023, 2, 20)}

    found = alone(contract, kind=InvoiceKind.REGULAR, plugin=guessing, **asked)

    # 3 kWh a day: 93 kWh, and the reading that the next bill counts from is booked with it.
    estimated = "select value from reading where register_id = %s and quality = 'ESTIMATED' and counts_for = %s"
    assert found.kind is InvoiceKind.ESTIMATED
    assert connection.execute(estimated, [register, FEBRUARY]).fetchall() == [(D("2188"),)]


@pytest.mark.asyncio
async def test_a_settlement_of_twelve_months_is_one_bill_of_what_was_used(town, alone, connection, engine):
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,), settlement="LEVELLED")
    town.read(town.meter(point), (date(2022, 1, 1), "0"), (date(2023, 1, 1), "1000"))
    year = Period(date(2022, 1, 1), date(2023, 1, 1))

    found = alone(contract, period=year, kind=InvoiceKind.SETTLEMENT, issued_on=date(2023, 1, 5))

    # 1000 kWh x 0.15 = 150.00; 12 months of 1.20 and 2.00 are 14.40 and 24.00; 21 % of 188.40 is 39.56.
    assert (found.kind, found.total) == (InvoiceKind.SETTLEMENT, D("227.96"))
    assert _bills(connection)[0][:6] == ("SETTLEMENT", year.start, year.end, D("188.40"), D("39.56"), D("227.96"))
    assert await _findings(engine) == ()


def test_a_final_bill_ends_with_the_contract(town, alone, bill):
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,), ends=TWELFTH)
    town.read(town.meter(point), (date(2023, 1, 1), "1000"), (TWELFTH, "1040"))

    final, instant = alone(contract, kind=InvoiceKind.FINAL), alone(contract)

    assert (final.kind, final.total) == (InvoiceKind.FINAL, D("8.64"))
    assert (instant.invoice_id, instant.is_new) == (final.invoice_id, False)
    assert bill().invoiced == 0


def test_nothing_used_and_no_fees_is_an_invoice_of_nothing(town, alone, connection):
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    town.read(town.meter(point), (date(2023, 1, 1), "1000"), (TWELFTH, "1000"))
    connection.execute("update price_row set value = 0 where name in ('fee', 'fixed')")

    found = alone(contract)

    assert found.total == D("0.00")
    assert connection.execute("select account, amount from ledger_entry").fetchall() == [("receivable", D("0.00"))]


@pytest.mark.asyncio
async def test_a_period_that_was_credited_is_billed_again(household, connection, bill, engine):
    bill()
    _credit(connection, "S-000001")

    state = bill()

    assert state.invoiced == 2
    assert [(row[0], row[5], row[6]) for row in _bills(connection)] == [
        ("REGULAR", D("22.02"), 0),
        ("CREDIT", D("-22.02"), 0),
        ("REGULAR", D("22.02"), 1),
    ]
    follows = connection.execute("select corrects_invoice_id from invoice where revision = 1").fetchall()
    assert follows == connection.execute("select id from invoice where number = 1").fetchall()
    assert bill().invoiced == 2


def test_days_in_the_middle_that_were_credited_are_billed_again(household, alone, connection, bill):
    alone(household)
    bill()
    _credit(connection, "S-000001")

    bill()

    assert _bills(connection)[-1][:3] == ("REGULAR", date(2023, 1, 1), TWELFTH)


def test_an_allowance_counts_on_in_the_rest_of_the_month(town, small, alone, bill, connection, allowing):
    """The first 50 kWh of a month cost nothing: 40 until the twelfth, so 10 of the 60 that follow."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    town.read(town.meter(point), (date(2023, 1, 1), "1000"), (TWELFTH, "1040"), (FEBRUARY, "1100"))

    alone(contract, plugin=allowing)
    bill(plugin=allowing)

    assert [line[5] for line in small.lines(connection, contract)] == [D("0.00"), D("7.50")]


def test_an_allowance_needs_to_know_what_was_used_before(household, alone, allowing, counts):
    before = counts()

    found = alone(household, period=Period(TWELFTH, FEBRUARY), issued_on=FEBRUARY, plugin=allowing)

    assert isinstance(found, Hold) and found.code == "missing_used"
    assert counts() == before


@pytest.fixture
def allowing(small):
    """Give an adapter whose first 50 kWh of a month cost nothing."""
    from mains_spi import Block, PerUnit, Price, Tariff, hookimpl

    tariff = Tariff(
        "fixed", "EUR", (PerUnit("energy", Block(small.ENERGY, above=50), Price("product.energy", "EUR/kWh")),)
    )

    class Allowing(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def tariff(self, request):
            return tariff

    return Allowing()


def test_a_run_at_the_same_moment_leaves_to_others_what_they_billed(household, alone, bill, psycopg_dsn, connection):
    """The run has gathered and rated when somebody bills the first days: it books nothing of the contract."""
    done = []

    def watch(step):
        if step == "rated" and not done:
            done.append(step)
            with psycopg.connect(psycopg_dsn, autocommit=True) as other:
                alone(household, on=other)

    state = bill(watch=watch)

    assert state.invoiced == 0
    assert [row[0] for row in _bills(connection)] == ["INSTANT"]
    assert bill().invoiced == 1
    assert [row[:3] for row in _bills(connection)][1] == ("REGULAR", TWELFTH, FEBRUARY)


def test_two_at_the_same_moment_bill_once(household, alone, psycopg_dsn, connection):
    found = []

    def ask():
        with psycopg.connect(psycopg_dsn, autocommit=True) as other:
            found.append(alone(household, on=other))

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(one.is_new for one in found) == [False, False, False, True]
    assert len(_bills(connection)) == 1


@pytest.mark.asyncio
async def test_what_was_paid_ahead_settles_it(household, connection, engine, small):
    customer = connection.execute("select customer_id from contract where id = %s", [household]).fetchone()[0]
    connection.execute(
        "insert into payment (customer_id, amount, currency, method, received_on, reference, idempotency_key,"
        " booked_at) values (%s, 5.00, 'EUR', 'CARD', '2023-01-02', '', 'k', %s)",
        [customer, NOW],
    )
    request = SingleBill(contract_id=household, period=FIRST_DAYS, kind=InvoiceKind.INSTANT, issued_on=TWELFTH, now=NOW)

    await bill_alone(engine, adapter=small.host_of().adapter("small"), request=request)

    assert connection.execute("select paid, open_amount, status from invoice_state").fetchall() == [
        (D("5.00"), D("3.64"), "PARTLY_PAID")
    ]
