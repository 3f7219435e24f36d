"""Bills that do not wait for the run: at once on a reading, at a contract's end, on the working day after readings."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import pytest
from mains_server.access.operations import IdempotencyKeyReused
from mains_server.access.records import Grant, GrantRole, Permission, Refusal, StaffRole, Viewer
from mains_server.access.rules import OWNER_PERMISSIONS
from mains_server.billing import single
from mains_server.billing.jobs import TASKS
from mains_server.billing.moments import InstantRequest, invoice_at_once, issue_due
from mains_server.billing.rules import issue_by, next_working_day
from mains_server.billing.single import DaysBilledAlready
from mains_server.books.queries import check_books
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.db.work import Work
from mains_server.payments.operations import receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_spi import Capability, InvoicingRules, Period, hookimpl

TWELFTH = date(2023, 1, 12)
TODAY = date(2023, 1, 13)
NOW = datetime(2023, 1, 13, 8, tzinfo=UTC)
FEBRUARY = date(2023, 2, 1)
RULES = InvoicingRules(by_day=15, e_invoice_days=5, e_invoice_term_max=20, e_invoice_on_readings=True, holidays="LV")


@pytest.fixture
def host(small):
    """Give an adapter that bills at once, and businesses by e-mail after their readings."""

    class Prompt(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def describe_utility(self):
            utility = small.SmallUtility.describe_utility(self)
            return replace(utility, capabilities=(Capability.INSTANT_INVOICE,), invoicing_rules=RULES)

    return small.host_of(Prompt())


@pytest.fixture
def person(town):
    return town.insert("person", email="a@b.example", name="A", language="lv", created_at=NOW)


@pytest.fixture
def household(town):
    """Have a household that used 40 kWh until the twelfth; give customer, contract, and its reading of that day."""
    point, customer = town.point(), town.customer()
    contract = town.contract(customer=customer, points=(point,), starts=date(2023, 1, 1))
    town.read(town.meter(point), (date(2023, 1, 1), "1000"), (TWELFTH, "1040"))
    reading = town.connection.execute("select id from reading where counts_for = %s", [TWELFTH]).fetchall()[0][0]
    return customer, contract, reading


def _owner(person, customer, *, permissions=OWNER_PERMISSIONS):
    role = GrantRole.OWNER if permissions == OWNER_PERMISSIONS else GrantRole.DELEGATE
    return Viewer(person_id=person, grants=(Grant(customer_id=customer, role=role, permissions=permissions),))


def _asked(contract, *, reading=None, up_to=None, key="k", today=TODAY):
    return InstantRequest(contract_id=contract, reading_id=reading, up_to=up_to, key=key, now=NOW, today=today)


def _bills(connection):
    return connection.execute(
        "select kind, period_from, period_to, total, issued_on, due_on from invoice order by id"
    ).fetchall()


@pytest.mark.asyncio
async def test_a_reading_is_billed_at_once_and_the_run_goes_on(household, host, person, engine, connection):
    customer, contract, reading = household

    number = await invoice_at_once(
        engine, host=host, viewer=_owner(person, customer), request=_asked(contract, reading=reading)
    )

    # 6.00 energy, 11/31 of 1.20 and 2.00 are 0.43 and 0.71: 7.14 and 21 % of it, 1.50.
    assert connection.execute("select id from invoice").fetchall() == [(number,)]
    assert _bills(connection) == [("INSTANT", date(2023, 1, 1), TWELFTH, D("8.64"), TODAY, date(2023, 2, 2))]
    async with read_session(engine) as session:
        assert (await check_books(session)).findings == ()


@pytest.mark.asyncio
async def test_the_same_key_gives_the_same_invoice(household, host, person, engine, counts):
    customer, contract, reading = household
    viewer = _owner(person, customer)
    first = await invoice_at_once(engine, host=host, viewer=viewer, request=_asked(contract, reading=reading))
    before = counts()

    again = await invoice_at_once(engine, host=host, viewer=viewer, request=_asked(contract, reading=reading))

    assert again == first
    assert counts() == before


@pytest.mark.asyncio
async def test_a_key_whose_answer_got_lost_still_gives_the_same_invoice(
    household, host, person, engine, connection, monkeypatch
):
    customer, contract, reading = household
    viewer, asked = _owner(person, customer), _asked(contract, reading=reading)

    async def stop(*_, **__):
        raise RuntimeError("the power went off")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(single, "apply_credit", stop)
        await invoice_at_once(engine, host=host, viewer=viewer, request=asked)
    again = await invoice_at_once(engine, host=host, viewer=viewer, request=asked)

    assert connection.execute("select id from invoice").fetchall() == [(again,)]
    with pytest.raises(DaysBilledAlready):
        await invoice_at_once(engine, host=host, viewer=viewer, request=replace(asked, key="another"))
    with pytest.raises(IdempotencyKeyReused):
        await invoice_at_once(engine, host=host, viewer=viewer, request=replace(asked, up_to=TWELFTH, reading_id=None))


@pytest.mark.asyncio
async def test_credit_pays_a_bill_that_was_issued_just_before_the_power_went_off(
    household, host, person, engine, connection, psycopg_dsn, monkeypatch
):
    customer, contract, reading = household
    paid = PaymentRequest(
        customer_id=customer,
        amount=D("5.00"),
        currency="EUR",
        method=PaymentMethod.CARD,
        received_on=date(2023, 1, 5),
        reference="",
        idempotency_key="ahead",
    )
    async with unit_of_work(engine) as session:
        await receive_payment(session, request=paid, now=NOW)

    async def stop(*_, **__):
        raise RuntimeError("the power went off")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError):
        broken.setattr(single, "apply_credit", stop)
        await invoice_at_once(
            engine, host=host, viewer=_owner(person, customer), request=_asked(contract, reading=reading)
        )
    settled = "select amount from payment_allocation"
    before = connection.execute(settled).fetchall()
    queued = connection.execute("select args from procrastinate_jobs where task_name = 'settle_with_credit'").fetchall()
    for _ in range(2):
        await TASKS["settle_with_credit"](Work(engine=engine, address=psycopg_dsn, now=NOW), **queued[0][0])

    assert (before, queued) == ([], [({"customer": customer},)])
    assert connection.execute(settled).fetchall() == [(D("5.00"),)]
    async with read_session(engine) as session:
        assert (await check_books(session)).findings == ()


@pytest.mark.asyncio
async def test_two_at_once_with_one_key_get_one_invoice(household, host, person, engine, connection):
    customer, contract, reading = household
    viewer, asked = _owner(person, customer), _asked(contract, reading=reading)

    first, second = await asyncio.gather(
        *(invoice_at_once(engine, host=host, viewer=viewer, request=asked) for _ in range(2))
    )

    assert first == second
    assert connection.execute("select id from invoice").fetchall() == [(first,)]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("change", "asked", "code"),
    [
        ("", {"reading": 10**9}, "READING_NOT_BILLABLE"),
        ("update reading set status = 'FLAGGED' where value = 1040", {"reading": True}, "READING_NOT_BILLABLE"),
        ("", {"reading": True, "up_to": TWELFTH}, "DAY_NOT_TOLD"),
        ("", {}, "DAY_NOT_TOLD"),
        ("", {"up_to": FEBRUARY}, "DAYS_TO_COME"),
        ("", {"up_to": date(2023, 1, 1)}, "DAYS_BILLED_ALREADY"),
        ("", {"up_to": date(2023, 1, 10)}, "BILL_HELD"),
        ("", {"up_to": TWELFTH, "key": ""}, "IDEMPOTENCY_KEY_MALFORMED"),
        ("update contract set settlement = 'LEVELLED'", {"reading": True}, "CONTRACT_IS_LEVELLED"),
        ("update contract set ends = '2023-01-05'", {"up_to": TWELFTH}, "PERIOD_OUTSIDE_CONTRACT"),
        ("update contract set adapter = 'gone'", {"reading": True}, "INSTANT_NOT_OFFERED"),
        ("update contract set billing = 'BY_MEMBERS'", {"reading": True}, "CONTRACT_NOT_BILLED"),
        ("update seller set starts = '2024-01-01'", {"reading": True}, "NOBODY_TO_INVOICE"),
        ("update price_version set starts = '2023-01-02' where list = 'network'", {"reading": True}, "BILL_HELD"),
    ],
)
async def test_refusals_are_typed_and_leave_nothing(
    household, host, person, engine, connection, counts, change, asked, code
):
    customer, contract, reading = household
    if change:
        connection.execute(change)
    before = counts()
    given = {**asked, "reading": reading} if asked.get("reading") is True else asked

    with pytest.raises(Refusal) as refused:
        await invoice_at_once(engine, host=host, viewer=_owner(person, customer), request=_asked(contract, **given))

    assert refused.value.code == code
    assert counts() == before
    assert connection.execute("select count(*) from idempotent_request").fetchall() == [(0,)]


@pytest.mark.asyncio
async def test_only_who_may_send_readings_has_it_billed(household, host, person, engine, counts):
    customer, contract, _ = household
    before = counts()

    for viewer in (
        Viewer(person_id=person),
        _owner(person, customer + 1),
        _owner(person, customer, permissions=frozenset({Permission.VIEW, Permission.PAY})),
    ):
        with pytest.raises(Refusal) as refused:
            await invoice_at_once(engine, host=host, viewer=viewer, request=_asked(contract, up_to=TWELFTH))
        assert refused.value.code == "CONTRACT_UNKNOWN"
    assert counts() == before

    delegate = _owner(person, customer, permissions=frozenset({Permission.SUBMIT_READINGS}))
    assert await invoice_at_once(engine, host=host, viewer=delegate, request=_asked(contract, up_to=TWELFTH))


@pytest.mark.asyncio
async def test_staff_have_it_billed_and_a_month_whole_utility_does_not(household, host, person, engine, small):
    _, contract, _ = household
    clerk = Viewer(person_id=person, staff=frozenset({StaffRole.BILLING_CLERK}))

    with pytest.raises(Refusal) as refused:
        await invoice_at_once(engine, host=small.host_of(), viewer=clerk, request=_asked(contract, up_to=TWELFTH))

    assert refused.value.code == "INSTANT_NOT_OFFERED"
    assert await invoice_at_once(engine, host=host, viewer=clerk, request=_asked(contract, up_to=TWELFTH))


@pytest.mark.asyncio
async def test_the_last_bill_comes_at_once_also_where_months_are_billed_whole(
    household, person, engine, connection, small
):
    customer, contract, reading = household
    connection.execute("update contract set ends = %s", [TWELFTH])

    await invoice_at_once(
        engine, host=small.host_of(), viewer=_owner(person, customer), request=_asked(contract, reading=reading)
    )

    assert [row[0] for row in _bills(connection)] == ["FINAL"]


@pytest.mark.asyncio
async def test_a_contract_that_ended_gets_its_final_bill_once_it_is_read(town, host, engine, connection):
    point = town.point()
    town.contract(customer=town.customer(), points=(point,), starts=date(2023, 1, 1), ends=TWELFTH)
    register = town.meter(point)
    town.read(register, (date(2023, 1, 1), "1000"))

    unread = await issue_due(engine, host=host, now=NOW, today=TODAY)
    town.read(register, (TWELFTH, "1040"))
    first = await issue_due(engine, host=host, now=NOW, today=TODAY)
    again = await issue_due(engine, host=host, now=NOW, today=TODAY)

    assert [len(report.issued) for report in (unread, first, again)] == [0, 1, 0]
    assert _bills(connection) == [("FINAL", date(2023, 1, 1), TWELFTH, D("8.64"), TODAY, date(2023, 2, 2))]


@pytest.fixture
def business(town):
    """Have a business by e-mail, read on Friday 3 February for the first, with 15 days to pay."""
    point = town.point()
    contract = town.contract(
        customer=town.customer(kind="BUSINESS"),
        points=(point,),
        starts=date(2023, 1, 1),
        delivery="EMAIL",
        payment_term_days=15,
    )
    town.read(town.meter(point), (date(2023, 1, 1), "1000"), (FEBRUARY, "1100"))
    town.connection.execute("update reading set received_at = '2023-02-03 15:00+00' where value = 1100")
    return contract


@pytest.mark.asyncio
async def test_an_e_invoice_comes_on_the_working_day_after_the_readings(business, host, engine, connection):
    issued = {
        day: len((await issue_due(engine, host=host, now=NOW, today=date(2023, 2, day))).issued) for day in (4, 5, 6, 7)
    }

    # Friday the third is followed by Monday the sixth; 15 days to pay become 20.
    assert issued == {4: 0, 5: 0, 6: 1, 7: 0}
    assert _bills(connection) == [
        ("REGULAR", date(2023, 1, 1), FEBRUARY, D("22.02"), date(2023, 2, 6), date(2023, 2, 26))
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "change",
    [
        "update customer set kind = 'PRIVATE'",
        "update contract set delivery = 'PORTAL'",
        "update contract set settlement = 'LEVELLED'",
        "update reading set quality = 'ESTIMATED' where value = 1100",
        "update reading set status = 'FLAGGED' where value = 1100",
    ],
)
async def test_others_wait_for_the_run(business, host, engine, connection, change):
    connection.execute(change)

    report = await issue_due(engine, host=host, now=NOW, today=date(2023, 2, 8))

    assert (report.issued, report.held) == ((), ())


@pytest.mark.asyncio
async def test_days_that_are_levelled_wait_for_their_settlement(business, host, engine, connection):
    """Invoices are agreed on for March, so that January and February are settled with what was prepaid."""
    connection.execute(
        "insert into contract_former_terms (customer_id, contract_id, product, settlement, starts, ends)"
        " select customer_id, id, product, 'LEVELLED', starts, '2023-03-01' from contract where id = %s",
        [business],
    )

    report = await issue_due(engine, host=host, now=NOW, today=date(2023, 2, 8))

    assert (report.issued, report.held) == ((), ())


@pytest.mark.asyncio
async def test_what_cannot_be_worked_out_is_told_and_left(business, host, engine, connection, counts):
    connection.execute("delete from price_row where name = 'energy'")
    before = counts()

    report = await issue_due(engine, host=host, now=NOW, today=date(2023, 2, 8))

    assert [(hold.contract_id, hold.code) for hold in report.held] == [(business, "missing_price")]
    assert counts() == before


@pytest.mark.asyncio
async def test_a_flat_waits_for_its_house(town, host, engine, connection, counts):
    _, flats = town.house()
    connection.execute("update contract set ends = '2023-02-01' where id = %s", [flats[0]])
    before = counts()

    await issue_due(engine, host=host, now=NOW, today=date(2023, 2, 8))

    assert counts() == before


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 4, 6), date(2023, 4, 11)),  # Maundy Thursday; Good Friday to Easter Monday are free
        (date(2023, 12, 22), date(2023, 12, 27)),  # Friday before Christmas
        (date(2026, 5, 1), date(2026, 5, 5)),  # Labour Day; the fourth is Independence Day
        (date(2023, 2, 7), date(2023, 2, 8)),
    ],
)
def test_working_days_in_latvia(day, expected):
    assert next_working_day(day, country="LV") == expected


def test_regular_invoices_are_expected_by_the_fifteenth():
    assert issue_by(Period(date(2023, 1, 1), FEBRUARY), rules=RULES) == date(2023, 2, 15)
