"""Smart meters are billed by their intervals: whole days over both clock changes, by zone, as they were known then."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.billing.interval_usage import zones_asked
from mains_server.billing.preview import preview
from mains_server.billing.records import PreviewRequest
from mains_server.intervals.rules import day_seconds
from mains_spi import Attribute, Calendar, Period, Price, Qty, Tariff, TimeOfUse, When, Zone, ZoneRule, hookimpl
from psycopg.types.json import Jsonb

MARCH = Period(date(2023, 3, 1), date(2023, 4, 1))
OCTOBER = Period(date(2023, 10, 1), date(2023, 11, 1))
JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))
KNOWN = datetime(2023, 1, 5, tzinfo=UTC)
CALENDAR = Calendar("two", (ZoneRule("T2", days=(6, 7)), ZoneRule("T2", hours=((23, 7),)), ZoneRule("T1")))
ENERGY = Qty("energy", "kWh")


@pytest.fixture
def smart(town, connection):
    """Give a household with a smart meter, and its register."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,))
    register = town.meter(point)
    connection.execute("update register set collection = 'INTERVALS' where id = %s", [register])
    return contract, register, point


@pytest.fixture
def tell(town, connection, smart):
    """Give what stores days of the smart meter: the same value in every step but the missing ones."""
    _, register, point = smart
    file = town.insert(
        "interval_import", format="CSV", name="test", sha256="", received_at=KNOWN, days_new=0, days_corrected=0,
        days_unchanged=0, rows_refused=0, refused=Jsonb([]),
    )  # fmt: skip

    def store(period, *, value="0.1", step=3600, missing=(), status=".", version=1, known_at=KNOWN):
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
