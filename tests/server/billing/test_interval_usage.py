"""Smart meters are billed by their intervals: whole days over both clock changes, by zone, as they were known then."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.billing import rate
from mains_server.billing.interval_usage import zones_asked
from mains_server.billing.preview import preview
from mains_server.billing.records import PreviewRequest
from mains_server.intervals.rules import day_seconds
from mains_spi import (
    Attribute,
    Calendar,
    ContractAttribute,
    Period,
    PerUnit,
    Price,
    Qty,
    Tariff,
    TimeOfUse,
    When,
    Zone,
    ZoneRule,
    hookimpl,
)
from psycopg.types.json import Jsonb

MARCH = Period(date(2023, 3, 1), date(2023, 4, 1))
OCTOBER = Period(date(2023, 10, 1), date(2023, 11, 1))
JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))
KNOWN = datetime(2023, 1, 5, tzinfo=UTC)
CALENDAR = Calendar("two", (ZoneRule("T2", days=(6, 7)), ZoneRule("T2", hours=((23, 7),)), ZoneRule("T1")))
ENERGY = Qty("energy", "kWh")


@pytest.fixture
def a_smart(town, connection):
    """Give what makes a household with a smart meter: its contract, its register and its place."""

    def made():
        point = town.point()
        contract = town.contract(customer=town.customer(), points=(point,))
        register = town.meter(point)
        connection.execute("update register set collection = 'INTERVALS' where id = %s", [register])
        return contract, register, point

    return made


@pytest.fixture
def smart(a_smart):
    """Give a household with a smart meter."""
    return a_smart()


@pytest.fixture
def tell(town, connection, smart):
    """Give what stores days of a smart meter: the same value in every step but the missing ones."""
    file = town.insert(
        "interval_import", format="CSV", name="test", sha256="", received_at=KNOWN, days_new=0, days_corrected=0,
        days_unchanged=0, rows_refused=0, refused=Jsonb([]),
    )  # fmt: skip

    def store(period, *, value="0.1", step=3600, missing=(), status=".", version=1, known_at=KNOWN, of=smart):
        _, register, point = of
        day = period.start
        while day < period.end:
            count = day_seconds(day, "Europe/Riga")[1] // step
            values = [None if (day, at) in missing else D(value) for at in range(count)]
            known = [number for number in values if number is not None]
            town.insert(
                "interval_day", register_id=register, supply_point_id=point, day=day, version=version,
                is_current=version == 1, step_seconds=step, values=values, statuses=status * count,
                total=sum(known, D(0)), known=len(known), known_at=known_at, import_id=file,
            )  # fmt: skip
            day += timedelta(days=1)

    return store


def usage_of(connection):
    """Read what the only invoice was billed by."""
    return connection.execute("select inputs->'request'->'usage' from invoice").fetchone()[0]


@pytest.mark.parametrize(
    ("period", "step", "used", "intervals"),
    [
        (MARCH, 3600, "74.3", 743),
        (OCTOBER, 3600, "74.5", 745),
        (MARCH, 900, "297.2", 2972),
        (OCTOBER, 900, "298", 2980),
    ],
)
def test_the_months_of_the_clock_changes_have_an_hour_less_and_more(
    connection, small, bill, smart, tell, period, step, used, intervals
):
    tell(period, step=step)

    bill(request=small.request(period))

    energy = small.lines(connection, smart[0])[0]
    assert (energy[0], energy[1], energy[-1]) == ("energy", D(used), "ACTUAL")
    (row, _) = usage_of(connection)
    assert row["source"] == f"meter M1: {intervals} intervals of 31 days"


def test_a_gap_holds_the_contract_and_is_named(small, bill, holds, smart, tell):
    tell(JANUARY, missing={(date(2023, 1, 9), 4), (date(2023, 1, 9), 5), (date(2023, 1, 20), 0)})

    (hold,) = holds(bill())

    assert (hold.code, hold.reason) == (
        "missing_intervals",
        "meter M1 has no energy from 2023-01-09 02:00 to 2023-01-09 04:00 UTC, and 1 more stretches; import it",
    )


def test_a_day_that_never_came_holds_the_contract(small, bill, holds, smart, tell):
    tell(Period(date(2023, 1, 1), date(2023, 1, 31)))

    (hold,) = holds(bill())

    assert hold.reason.startswith("meter M1 has no energy from 2023-01-30 22:00 to 2023-01-31 22:00 UTC;")


def test_a_day_that_was_written_off_by_average_makes_the_line_estimated(connection, small, bill, smart, tell):
    tell(JANUARY, status="D")

    bill()

    assert small.lines(connection, smart[0])[0][-1] == "ESTIMATED"


def test_a_correction_that_came_later_is_not_seen(connection, small, bill, smart, tell):
    tell(JANUARY)
    tell(Period(date(2023, 1, 5), date(2023, 1, 6)), value="9", version=2, known_at=datetime(2023, 2, 11, tzinfo=UTC))

    bill()

    assert small.lines(connection, smart[0])[0][1] == D("74.4")


def test_a_correction_that_came_in_time_bills(connection, small, bill, smart, tell):
    tell(JANUARY)
    tell(Period(date(2023, 1, 5), date(2023, 1, 6)), value="9", version=2, known_at=datetime(2023, 2, 9, tzinfo=UTC))

    bill()

    assert small.lines(connection, smart[0])[0][1] == D("288.0")


def test_a_preview_of_intervals_is_the_issue(connection, small, bill, smart, tell):
    tell(JANUARY)
    asked = PreviewRequest(contract_id=smart[0], period=JANUARY, issued_on=small.request().issued_on)
    previewed = preview(connection, adapter=small.host_of().adapter("small"), request=asked)

    bill()

    (total,) = connection.execute("select total from invoice").fetchone()
    assert sum((line.net for line in previewed.lines), D(0)) == D("14.36")
    assert total == D("17.38")


FIRST_HALF = Period(date(2023, 1, 1), date(2023, 1, 16))
SECOND_HALF = Period(date(2023, 1, 16), date(2023, 2, 1))


@pytest.fixture
def dearer(town, connection):
    """Let energy cost 0.20 instead of 0.15 EUR/kWh from 16 January on; the fee stays."""
    connection.execute("update price_version set ends = '2023-01-16' where list = 'fixed'")
    town.price("fixed", starts=SECOND_HALF.start, energy=("0.20", "EUR/kWh"), fee=("1.20", "EUR/month"))


# 15 days x 24 h x 0.1 kWh = 36 kWh x 0.15 = 5.40; 16 days x 24 h x 0.3 kWh = 115.2 kWh x 0.20 = 23.04; with the fee of
# 1.20 and the network's 2.00 that is 31.64, and with 21 % tax (6.6444) 38.28. Shared out by days it would be 36.03.
HALVES = [("energy", D(36), D("5.40"), "ACTUAL"), ("energy", D("115.2"), D("23.04"), "ACTUAL")]


def energy_of(small, connection, contract):
    """Read the lines of energy: code, quantity, net and quality."""
    return [(line[0], line[1], line[5], line[-1]) for line in small.lines(connection, contract) if line[0] == "energy"]


def test_usage_is_cut_at_a_price_change_by_its_real_days(connection, small, bill, totals, smart, tell, dearer):
    tell(FIRST_HALF)
    tell(SECOND_HALF, value="0.3")

    bill()

    assert energy_of(small, connection, smart[0]) == HALVES
    assert totals() == {smart[0]: D("38.28")}
    told = usage_of(connection)
    assert [row["source"] for row in told][:2] == [
        "meter M1: 360 intervals of 15 days", "meter M1: 384 intervals of 16 days"
    ]  # fmt: skip


def test_alike_smart_meters_stay_a_cohort_over_a_price_change(
    connection, small, bill, totals, a_smart, smart, tell, dearer, monkeypatch
):
    households = [smart, *(a_smart() for _ in range(2))]
    for household in households:
        tell(FIRST_HALF, of=household)
        tell(SECOND_HALF, value="0.3", of=household)

    def one_by_one(*_):
        raise AssertionError("these are to be rated at once")

    monkeypatch.setattr(rate, "evaluate", one_by_one)
    bill()

    assert all(energy_of(small, connection, contract) == HALVES for contract, _, _ in households)
    assert totals() == {contract: D("38.28") for contract, _, _ in households}


def test_a_preview_over_a_price_change_is_the_issue(small, bill, totals, smart, tell, dearer, connection):
    tell(FIRST_HALF)
    tell(SECOND_HALF, value="0.3")
    asked = PreviewRequest(contract_id=smart[0], period=JANUARY, issued_on=small.request().issued_on)

    previewed = preview(connection, adapter=small.host_of().adapter("small"), request=asked)
    bill()

    assert sum((line.net for line in previewed.lines), D(0)) == D("31.64")
    assert totals() == {smart[0]: D("38.28")}


def test_usage_is_cut_where_an_agreed_price_ends(connection, small, bill, totals, smart, tell, town):
    connection.execute("update price_version set ends = '2022-12-01' where list = 'fixed'")
    town.price("fixed", starts=date(2022, 12, 1), energy=("0.20", "EUR/kWh"), fee=("1.20", "EUR/month"))
    connection.execute("update contract set price_fixed_until = '2023-01-16'")
    tell(FIRST_HALF)
    tell(SECOND_HALF, value="0.3")

    bill()

    assert energy_of(small, connection, smart[0]) == HALVES
    assert totals() == {smart[0]: D("38.28")}


def test_tax_that_changes_within_the_month_cuts_the_usage(connection, small, bill, smart, tell, town):
    connection.execute("update tax_rate set ends = '2023-01-16'")
    town.insert("tax_rate", code="standard", kind=None, rate="0.12", starts=SECOND_HALF.start, source="test")
    tell(FIRST_HALF)
    tell(SECOND_HALF, value="0.3")

    bill()

    # 36 kWh and 115.2 kWh x 0.15 = 5.40 and 17.28.
    assert energy_of(small, connection, smart[0]) == [
        ("energy", D(36), D("5.40"), "ACTUAL"),
        ("energy", D("115.2"), D("17.28"), "ACTUAL"),
    ]


def by_zone(small):
    """Make the small utility price by zones."""

    class ByZone(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def tariff(self, request):
            return ZONED if request.product == "fixed" else super().tariff(request)

    return ByZone()


ZONED = Tariff(
    "fixed",
    "EUR",
    (
        TimeOfUse(
            ENERGY,
            "two",
            (
                Zone("T1", "energy", Price("product.energy", "EUR/kWh")),
                Zone("T2", "spot", Price("product.energy", "EUR/kWh")),
            ),
        ),
    ),
    calendars=(CALENDAR,),
)


@pytest.mark.parametrize(
    ("period", "day", "night"),
    # 23 working days of March 2023 and 22 of October have 16 day hours; the rest of 743 and 745 hours is night.
    [(MARCH, "36.8", "37.5"), (OCTOBER, "35.2", "39.3")],
)
def test_intervals_are_sorted_into_the_zones_that_the_tariff_prices(
    connection, small, bill, smart, tell, period, day, night
):
    tell(period)

    bill(plugin=by_zone(small), request=small.request(period))

    assert [(line[0], line[1]) for line in small.lines(connection, smart[0])] == [
        ("energy", D(day)),
        ("spot", D(night)),
    ]


ZONED_LATER = replace(
    ZONED,
    components=(
        PerUnit("energy", ENERGY, Price("product.energy", "EUR/kWh"), when=(When("zones", ("1",)),)),
        replace(ZONED.components[0], when=(When("zones", ("2",)),)),  # type: ignore[arg-type]
    ),
)


def with_zones(small):
    """Make the small utility price by zones those who have the attribute."""

    class WithZones(small.SmallUtility):  # type: ignore[name-defined]
        @hookimpl
        def describe_utility(self):
            utility = small.SmallUtility.describe_utility(self)
            zones = ContractAttribute(name="zones", labels=small.WORDS, values=("1", "2"), default="1")
            return replace(utility, attributes=(*utility.attributes, zones))

        @hookimpl
        def tariff(self, request):
            return ZONED_LATER if request.product == "fixed" else super().tariff(request)

    return WithZones()


def test_zones_are_counted_from_the_day_on_which_the_contract_has_them(connection, small, bill, smart, tell, town):
    town.attribute(smart[0], "zones", "2", starts=SECOND_HALF.start)
    tell(JANUARY)

    bill(plugin=with_zones(small))

    # 15 days x 24 h x 0.1 = 36 kWh x 0.15 = 5.40. From the 16th 12 working days have 16 h of day: 19.2 kWh, and the
    # other 192 of 384 h are night: 19.2 kWh; each x 0.15 = 2.88.
    assert [(line[0], line[1], line[5], line[-1]) for line in small.lines(connection, smart[0])] == [
        ("energy", D("36.0"), D("5.40"), "ACTUAL"),
        ("energy", D("19.2"), D("2.88"), "ACTUAL"),
        ("spot", D("19.2"), D("2.88"), "ACTUAL"),
    ]


@pytest.mark.parametrize(
    ("when", "attributes", "asked"),
    [
        ((), (), True),
        ((When("zones", ("2",)),), (Attribute("zones", "2"),), True),
        ((When("zones", ("2",)),), (Attribute("zones", "1"),), False),
        ((When("zones", ("2",)),), (), False),
        ((When("amperes", above=16, upto=63),), (Attribute("amperes", "25"),), True),
        ((When("amperes", above=16, upto=63),), (Attribute("amperes", "16"),), False),
    ],
)
def test_zones_are_asked_where_the_tariffs_conditions_hold(when, attributes, asked):
    zones = (Zone("T1", "energy", Price("product.energy", "EUR/kWh")),)
    tariff = Tariff("t", "EUR", (TimeOfUse(ENERGY, "two", zones, when=when),), calendars=(CALENDAR,))

    assert (zones_asked(tariff, attributes=attributes) is not None) is asked
