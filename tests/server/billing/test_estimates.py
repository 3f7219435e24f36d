"""What nobody read is estimated once it is not waited for any more, and billed and booked in one go."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

import psycopg
import pytest
from mains_server.billing.preview import preview
from mains_server.billing.records import Hold, PreviewRequest
from mains_server.billing.run import Shift, run_billing
from mains_spi import (
    AllocateBuilding,
    GroupQty,
    Period,
    Pool,
    Price,
    Qty,
    Quality,
    QuantityKind,
    Tariff,
    Usage,
    hookimpl,
)

FEBRUARY = Period(date(2023, 2, 1), date(2023, 3, 1))
MARCH = Period(date(2023, 3, 1), date(2023, 4, 1))
LATER = datetime(2023, 3, 10, 8, tzinfo=UTC)


def _estimated(connection):
    return connection.execute(
        "select register_id, counts_for, value, taken_at, source, quality, status from reading"
        " where source = 'ESTIMATION' order by register_id, counts_for"
    ).fetchall()


def _source(connection, contract):
    (row,) = connection.execute(
        "select inputs->'request'->'usage'->0->>'source' from invoice where contract_id = %s order by id desc limit 1",
        [contract],
    ).fetchall()
    return row[0]


def test_a_month_without_a_reading_is_billed_as_a_year_before(town, connection, small, bill, guessing, unread):
    contract, register = unread

    state = bill(plugin=guessing)

    # January 2022: 93 kWh in 31 days. 2095 + 93 = 2188 on the register; 93 * 0.15 = 13.95.
    assert (state.invoiced, state.held) == (1, 0)
    assert _estimated(connection) == [
        (
            register, date(2023, 2, 1), D("2188.000000"), datetime(2023, 1, 31, 22, tzinfo=UTC),
            "ESTIMATION", "ESTIMATED", "ACCEPTED",
        )
    ]  # fmt: skip
    energy = small.lines(connection, contract)[0]
    assert (energy[0], energy[1], energy[5], energy[9]) == ("energy", D("93.000000"), D("13.95"), "ESTIMATED")
    assert connection.execute("select kind from invoice").fetchall() == [("ESTIMATED",)]
    assert _source(connection, contract) == (
        "meter M1: 2095 to 2188, estimated: as a year before, 93 kWh on 31 days from 2022-01-01 to 2022-02-01"
    )


def test_the_next_month_goes_on_and_the_true_reading_settles(town, connection, small, bill, guessing, unread):
    contract, register = unread
    bill(plugin=guessing)
    town.read(register, (date(2023, 3, 1), "2238"))

    bill(plugin=guessing, request=small.request(FEBRUARY))

    # 143 kWh were truly used until 1 March, 93 are billed: 50 are left.
    energy = [(line[1], line[5]) for line in small.lines(connection, contract) if line[0] == "energy"]
    assert energy == [(D(93), D("13.95")), (D(50), D("7.50"))]


def test_an_estimate_that_was_too_high_is_given_back_by_the_next_bill(
    town, connection, small, bill, guessing, unread, holds
):
    contract, register = unread
    bill(plugin=guessing)
    town.read(register, (date(2023, 3, 1), "2178"))

    bill(plugin=guessing, request=small.request(FEBRUARY))

    # 10 kWh less than billed: -1.50 beside the 3.20 that a month costs anyhow.
    energy = [(line[1], line[5]) for line in small.lines(connection, contract) if line[0] == "energy"]
    assert energy == [(D(93), D("13.95")), (D(-10), D("-1.50"))]
    assert connection.execute("select kind, net, tax, total from invoice order by id").fetchall()[1] == (
        "ESTIMATED", D("1.70"), D("0.36"), D("2.06"),
    )  # fmt: skip


def test_more_given_back_than_the_bill_is_worth_waits_for_somebody(
    town, connection, small, bill, guessing, unread, holds
):
    contract, register = unread
    bill(plugin=guessing)
    town.read(register, (date(2023, 3, 1), "2138"))

    state = bill(plugin=guessing, request=small.request(FEBRUARY))

    # 50 kWh are -7.50; 3.20 - 7.50 = -4.30 and 21 % of it, -0.90.
    assert holds(state) == [
        Hold(customer_id=1, contract_id=contract, code="negative_total", reason="the bill would be -5.20 EUR")
    ]


def test_estimates_follow_each_other(town, connection, small, bill, guessing, unread):
    bill(plugin=guessing)
    bill(plugin=guessing, request=small.request(FEBRUARY))
    bill(plugin=guessing, request=small.request(MARCH))

    # 93, then 84 in February and 93 in March, from 2095.
    assert [row[1:3] for row in _estimated(connection)] == [
        (date(2023, 2, 1), D(2188)),
        (date(2023, 3, 1), D(2272)),
        (date(2023, 4, 1), D(2365)),
    ]


def test_until_the_window_closes_the_contract_is_held(town, connection, small, bill, guessing, unread, holds):
    early = replace(small.request(), issued_on=date(2023, 2, 3), now=datetime(2023, 2, 3, 8, tzinfo=UTC))
    host = small.host_of(guessing).adapter("small")
    state = run_billing(connection, request=early, shift=Shift(adapter=host, now=early.now))

    assert [hold.code for hold in holds(state)] == ["missing_reading"]
    assert _estimated(connection) == []
    # The same run, tried again a day after the window has closed.
    state = run_billing(connection, request=early, shift=Shift(adapter=host, now=datetime(2023, 2, 4, tzinfo=UTC)))
    assert (state.invoiced, state.held) == (1, 0)


def test_a_utility_that_does_not_estimate_holds(town, connection, bill, unread, holds):
    state = bill()

    assert [hold.code for hold in holds(state)] == ["missing_reading"]


def test_without_a_past_the_forecast_counts_and_without_one_nothing(town, connection, small, bill, guessing, holds):
    contracts = []
    for _ in range(2):
        point = town.point()
        contracts.append(town.contract(customer=town.customer(), points=(point,)))
        town.read(town.meter(point), (date(2023, 1, 1), "500"))
    town.attribute(contracts[0], "forecast", "2400")

    state = bill(plugin=guessing)

    # 2400 * 31 / 365 = 203.8356... kWh.
    assert [hold.contract_id for hold in holds(state)] == [contracts[1]]
    assert [row[2] for row in _estimated(connection)] == [D("703.836")]
    assert _source(connection, contracts[0]).endswith("estimated: the contract's forecast of 2400 kWh a year")


def test_who_takes_a_meter_away_or_puts_one_up_has_read_it(town, connection, small, bill, guessing, unread, holds):
    connection.execute("update meter set removed_on = '2023-01-20'")
    point = connection.execute("select supply_point_id from register").fetchone()[0]
    town.meter(point, installed_on=date(2023, 1, 20))

    state = bill(plugin=guessing)

    assert [hold.code for hold in holds(state)] == ["missing_reading"]
    assert _estimated(connection) == []


@pytest.mark.parametrize("collection", ["REMOTE", "INTERVALS"])
def test_what_tells_itself_is_not_estimated(town, connection, bill, guessing, unread, holds, collection):
    connection.execute("update register set collection = %s", [collection])

    state = bill(plugin=guessing)

    assert state.invoiced == 0
    assert _estimated(connection) == []


def test_a_reading_within_the_month_counts_and_only_the_rest_is_estimated(town, connection, bill, guessing, unread):
    _, register = unread
    town.read(register, (date(2023, 1, 21), "2200"))

    bill(plugin=guessing)

    # 105 until the 21st, then 11 days at 3 kWh as from 21 to 31 January 2022: 33.
    assert [row[2] for row in _estimated(connection)] == [D(2233)]
    assert connection.execute("select quantity from invoice_line where code = 'energy'").fetchone() == (D(138),)


def test_a_preview_estimates_too_and_books_nothing(town, connection, small, bill, guessing, unread, counts):
    contract, _ = unread
    adapter = small.host_of(guessing).adapter("small")
    before = counts()

    shown = preview(
        connection,
        adapter=adapter,
        request=PreviewRequest(contract_id=contract, period=small.JANUARY, issued_on=date(2023, 2, 4)),
    )

    assert (shown.lines[0].quantity, shown.lines[0].net, shown.kind.name) == (D("93"), D("13.95"), "ESTIMATED")
    assert counts() == before
    assert _estimated(connection) == []


def test_the_adapter_is_asked_first(town, connection, small, bill, guessing, unread):
    asked = []

    class Norm(type(guessing)):
        @hookimpl
        def estimate(self, request):
            asked.append(request)
            return (
                Usage(
                    "energy", request.period, D("77.5"), "kWh", quality=Quality.ESTIMATED, source="norm of 2.5 a day"
                ),
            )

    bill(plugin=Norm())

    assert [(one.period, one.missing, len(one.history)) for one in asked] == [(small.JANUARY, ("energy",), 12)]
    assert [(a.name, a.value) for a in asked[0].attributes] == [
        ("amperes", "16"),
        ("kind", "private"),
        ("protected", "no"),
    ]
    assert _source(connection, unread[0]) == "meter M1: 2095 to 2172.5, estimated: norm of 2.5 a day"


def test_an_adapter_that_estimates_something_else_holds(town, connection, small, bill, guessing, unread, holds):
    class Confused(type(guessing)):
        @hookimpl
        def estimate(self, request):
            return (Usage("energy", request.period, D("77.5"), "MWh", quality=Quality.ESTIMATED),)

    state = bill(plugin=Confused())

    assert [(hold.code, hold.reason) for hold in holds(state)] == [
        ("adapter_failed", "adapter small, hook estimate: gave no usable estimate of energy")
    ]
    assert _estimated(connection) == []


def test_a_held_bill_books_no_estimate(town, connection, small, bill, guessing, unread, holds):
    connection.execute("update supply_point set amperes = 100")

    state = bill(plugin=guessing)

    assert [hold.code for hold in holds(state)] == ["missing_price"]
    assert _estimated(connection) == []


def test_a_run_again_estimates_nothing_again(town, connection, small, bill, guessing, unread):
    bill(plugin=guessing)
    first = _estimated(connection)

    state = bill(plugin=guessing)

    assert state.invoiced == 1
    assert _estimated(connection) == first


@pytest.fixture
def by_water(small, guessing):
    """Give an adapter that shares a house's heat out by its flats' hot water."""
    shared = AllocateBuilding(
        "house",
        GroupQty("heat", "MWh") * Price("product.heat", "EUR/MWh"),
        (Pool("heating", Qty("water", "m3"), rest=True),),
    )

    class ByWater(type(guessing)):
        @hookimpl
        def describe_utility(self):
            card = type(guessing).describe_utility(self)
            return replace(card, quantities=(*card.quantities, QuantityKind("water", "m3", 3, "premise")))

        @hookimpl
        def tariff(self, request):
            return Tariff("house", "EUR", (shared,))

    return ByWater()


@pytest.fixture
def flats(town, connection):
    """Have a house of three flats with hot-water meters; only the first was read at the end of January."""
    _, contracts = town.house(heat="10")
    points = connection.execute(
        "select supply_point_id from contract_supply_point where contract_id = any(%s) order by contract_id",
        [list(contracts)],
    ).fetchall()
    registers = [town.meter(point, quantity="water", unit="m3") for (point,) in points]
    town.read(registers[0], (date(2023, 1, 1), "10"), (date(2023, 2, 1), "15"))
    town.read(registers[1], (date(2022, 1, 1), "20"), (date(2022, 2, 1), "22"), (date(2023, 1, 1), "50"))
    town.read(registers[2], (date(2022, 12, 2), "3"), (date(2023, 1, 1), "6"))
    return contracts, registers


def test_a_house_is_billed_though_two_flats_were_not_read(town, connection, small, bill, by_water, flats, totals):
    contracts, registers = flats

    state = bill(plugin=by_water)

    # The first used 5 m3. The second used 2 in the 31 days of January 2022, the third 3 in 30 days: 0.1 * 31 = 3.1.
    # 10 MWh at 80.00 are 800.00; of 10.1 m3 that is 396.04, 158.42 and 245.54 (245.5445... takes the rest).
    # With 21 % tax: 479.21, 191.69 and 297.10.
    assert (state.invoiced, state.held) == (3, 0)
    assert [(row[0], row[2]) for row in _estimated(connection)] == [(registers[1], D(52)), (registers[2], D("9.1"))]
    assert totals() == {contracts[0]: D("479.21"), contracts[1]: D("191.69"), contracts[2]: D("297.10")}


def test_a_flat_of_which_nothing_is_known_holds_its_house(town, connection, bill, by_water, flats, holds):
    contracts, registers = flats
    connection.execute("delete from reading where register_id = %s and counts_for < '2023-01-01'", [registers[2]])

    state = bill(plugin=by_water)

    assert [(hold.contract_id, hold.code) for hold in holds(state)] == [(c, "missing_reading") for c in contracts]
    assert _estimated(connection) == []


def test_a_flat_that_would_get_water_back_holds_its_house(town, small, connection, bill, by_water, flats, holds):
    _, registers = flats
    bill(plugin=by_water)
    heat = connection.execute("select id from register where quantity = 'heat'").fetchone()[0]
    for register, value in ((heat, "115"), (registers[0], "20"), (registers[1], "51.5"), (registers[2], "10")):
        town.read(register, (date(2023, 3, 1), value))

    state = bill(plugin=by_water, request=small.request(FEBRUARY))

    assert [hold.code for hold in holds(state)] == ["negative_usage"] * 3
    assert holds(state)[0].reason == (
        "P00003: an estimate was too high; give a reading for its day, so that its bill is corrected"
    )


@pytest.mark.parametrize(("step", "estimates"), [("gathered", 0), ("rated", 0), ("booked", 0), ("done", 1)])
def test_a_chunk_that_breaks_leaves_neither_estimate_nor_invoice(
    town, connection, small, bill, guessing, unread, counts, step, estimates
):
    def watch(seen):
        if seen == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bill(plugin=guessing, watch=watch)
    between = (len(_estimated(connection)), counts()["invoice"])
    bill(plugin=guessing)

    assert between == (estimates, estimates)
    assert (len(_estimated(connection)), counts()["invoice"]) == (1, 1)


def test_nobody_reads_between_estimate_and_bill(town, connection, small, bill, guessing, unread, psycopg_dsn):
    _, register = unread
    waited = []

    def watch(step):
        if step == "gathered":
            with psycopg.connect(psycopg_dsn, autocommit=True) as other:
                other.execute("set lock_timeout = '100ms'")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    other.execute("select id from register where id = %s for update", [register])
                waited.append(register)

    bill(plugin=guessing, watch=watch)

    assert waited == [register]
