"""At the exchange's price a smart meter's own intervals weigh the prices; without one the profile does."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.billing.explain import explain_invoice
from mains_server.db.unit_of_work import read_session
from mains_server.intervals.rules import day_seconds
from mains_spi import Period, Qty, replay
from psycopg.types.json import Jsonb

MARCH = Period(date(2023, 3, 1), date(2023, 4, 1))
OCTOBER = Period(date(2023, 10, 1), date(2023, 11, 1))
JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))
KNOWN = datetime(2023, 1, 5, tzinfo=UTC)
HOUR, QUARTER = 3600, 900
ENERGY = Qty("energy", "kWh")


@pytest.fixture
def meter(town, connection):
    """Give a household at the exchange's price whose meter sends intervals: contract, register and point."""
    point = town.point()
    contract = town.contract(customer=town.customer(), points=(point,), product="dynamic")
    register = town.meter(point)
    connection.execute("update register set collection = 'INTERVALS' where id = %s", [register])
    return contract, register, point


@pytest.fixture
def sent(town):
    """Give what a civil day's, or every day's, values are stored by; a value of a step may be said apart."""
    file = town.insert(
        "interval_import", format="CSV", name="test", sha256="", received_at=KNOWN, days_new=0, days_corrected=0,
        days_unchanged=0, rows_refused=0, refused=Jsonb([]),
    )  # fmt: skip

    def store(register, point, period, *, step=HOUR, value="0", but=(), version=1, known_at=KNOWN):
        for at in range((period.end - period.start).days):
            day = period.start + timedelta(days=at)
            values: list[D | None] = [D(value)] * (day_seconds(day, "Europe/Riga")[1] // step)
            for other, place, told in but:
                if other == day:
                    values[place] = None if told is None else D(told)
            known = [one for one in values if one is not None]
            town.insert(
                "interval_day", register_id=register, supply_point_id=point, day=day, version=version,
                is_current=version == 1, step_seconds=step, values=values, statuses="." * len(values),
                total=sum(known, D(0)), known=len(known), known_at=known_at, import_id=file,
            )  # fmt: skip

    return store


@pytest.fixture
def priced(town):
    """Give what loads a series over some civil days, the same value in each step but those said apart."""

    def load(name, period, *, step=HOUR, value="0.10", but=(), unit="EUR/kWh", known_at=KNOWN):
        starts = datetime.fromtimestamp(day_seconds(period.start, "Europe/Riga")[0], UTC)
        ends = datetime.fromtimestamp(day_seconds(period.end, "Europe/Riga")[0], UTC)
        values: list[D | None] = [D(value)] * ((ends - starts) // timedelta(seconds=step))
        for place, told in but:
            values[place] = None if told is None else D(told)
        town.insert(
            "fact_series", name=name, unit=unit, starts_at=starts, ends_at=ends, step_seconds=step, values=values,
            known_at=known_at, source="test",
        )  # fmt: skip

    return load


def spot_line(small, connection, contract):
    (line,) = [line for line in small.lines(connection, contract) if line[0] == "spot"]
    return line


def test_own_hours_weigh_the_prices_not_the_profile(connection, small, bill, meter, sent, priced):
    """20 kWh at 0.10 and 10 kWh at -0.00809: (2 - 0.0809) / 30 = 0.06397; the profile would have said 0.0998..."""
    contract, register, point = meter
    first = date(2023, 1, 1)
    sent(register, point, JANUARY, but=((first, 3, "20"), (first, 4, "10")))
    priced("market", JANUARY, but=((4, "-0.00809"),))
    priced("profile", JANUARY, value="1", unit="1")

    bill(request=small.request(JANUARY))

    # 30 x 0.06397 = 1.9191
    assert spot_line(small, connection, contract)[:6] == ("spot", D(30), "kWh", D("0.06397"), "EUR/kWh", D("1.92"))


def test_no_profile_is_asked_for_where_intervals_are(connection, small, bill, meter, sent, priced):
    contract, register, point = meter
    sent(register, point, JANUARY, value="0.1")
    priced("market", JANUARY)

    bill(request=small.request(JANUARY))

    assert spot_line(small, connection, contract)[3] == D("0.10")


@pytest.mark.parametrize(
    ("period", "step", "count"),
    [(MARCH, HOUR, 743), (OCTOBER, HOUR, 745), (MARCH, QUARTER, 2972), (OCTOBER, QUARTER, 2980)],
)
def test_the_days_of_clock_changes_have_their_own_length(
    connection, small, bill, meter, sent, priced, period, step, count
):
    """The last hour of the month costs 1.10: on the clock of the wall it stands where it stands in the meter's days."""
    contract, register, point = meter
    last, per_hour = period.end - timedelta(days=1), HOUR // step
    places = day_seconds(last, "Europe/Riga")[1] // step
    sent(
        register, point, period, step=step, value="0.1",
        but=tuple((last, places - 1 - at, "10") for at in range(per_hour)),
    )  # fmt: skip
    hours = count // per_hour
    priced("market", period, but=((hours - 1, "1.10"),))

    bill(request=small.request(period))

    used = D("0.1") * (count - per_hour) + 10 * per_hour
    price = ((D("0.1") * (count - per_hour)) * D("0.10") + 10 * per_hour * D("1.10")) / used
    line = spot_line(small, connection, contract)
    assert line[1] == used
    assert line[3] == price.quantize(D("0.00001"))


def test_quarter_hour_prices_are_folded_to_the_hour_that_was_measured(connection, small, bill, meter, sent, priced):
    """Quarters of 0.10, 0.20, 0.30 and 0.40 are an hour of 0.25: 1 kWh in it costs 0.25."""
    contract, register, point = meter
    sent(register, point, JANUARY, but=((date(2023, 1, 1), 0, "1"),))
    priced("market", JANUARY, step=QUARTER, but=((0, "0.10"), (1, "0.20"), (2, "0.30"), (3, "0.40")))

    bill(request=small.request(JANUARY))

    assert spot_line(small, connection, contract)[3] == D("0.25")


def test_quarter_hours_that_were_measured_pay_the_price_of_their_quarter(connection, small, bill, meter, sent, priced):
    """1 kWh at 0.10 and 3 kWh at 0.40: 1.30 / 4 = 0.325; folded to the hour it would have been 0.25."""
    contract, register, point = meter
    sent(register, point, JANUARY, step=QUARTER, but=((date(2023, 1, 1), 0, "1"), (date(2023, 1, 1), 3, "3")))
    priced("market", JANUARY, step=QUARTER, but=((0, "0.10"), (1, "0.20"), (2, "0.30"), (3, "0.40")))

    bill(request=small.request(JANUARY))

    assert spot_line(small, connection, contract)[3] == D("0.325")


def test_quarter_hours_at_hourly_prices_pay_the_hours(connection, small, bill, meter, sent, priced):
    """1 kWh in the hour of 0.10 and 3 kWh in that of 0.20: 0.70 / 4 = 0.175."""
    contract, register, point = meter
    sent(register, point, JANUARY, step=QUARTER, but=((date(2023, 1, 1), 3, "1"), (date(2023, 1, 1), 4, "3")))
    priced("market", JANUARY, but=((1, "0.20"),))

    bill(request=small.request(JANUARY))

    assert spot_line(small, connection, contract)[3] == D("0.175")


def test_a_meter_that_begins_to_send_quarters_is_counted_by_the_hour_that_month(
    connection, small, bill, meter, sent, priced
):
    """Hours until the 16th, quarters from then on: 1 kWh at 0.50 and four quarters of 1 kWh in one hour at 0.10."""
    contract, register, point = meter
    middle = date(2023, 1, 16)
    sent(register, point, Period(JANUARY.start, middle), but=((JANUARY.start, 0, "1"),))
    sent(register, point, Period(middle, JANUARY.end), step=QUARTER, but=tuple((middle, at, "1") for at in range(4)))
    priced("market", JANUARY, but=((0, "0.50"),))

    bill(request=small.request(JANUARY))

    assert spot_line(small, connection, contract)[1:4] == (D(5), "kWh", D("0.18"))


def test_a_missing_quarter_of_usage_holds_the_contract(small, bill, holds, meter, sent, priced):
    contract, register, point = meter
    sent(register, point, JANUARY, step=QUARTER, value="0.1", but=((date(2023, 1, 9), 17, None),))
    priced("market", JANUARY, step=QUARTER)

    (hold,) = holds(bill(request=small.request(JANUARY)))

    assert (hold.contract_id, hold.code) == (contract, "missing_intervals")
    assert "from 2023-01-09 02:15 to 2023-01-09 02:30 UTC" in hold.reason


def test_a_missing_price_of_a_quarter_holds_the_contract(connection, small, bill, holds, meter, sent, priced):
    """The 18th quarter of 9 January begins at 04:15 in Riga, 02:15 UTC."""
    contract, register, point = meter
    sent(register, point, JANUARY, step=QUARTER, value="0.1")
    priced("market", JANUARY, step=QUARTER, but=((8 * 96 + 17, None),))

    (hold,) = holds(bill(request=small.request(JANUARY)))

    assert (hold.contract_id, hold.code) == (contract, "missing_interval")
    assert hold.reason == "spot: series `market` has no value for 2023-01-09 02:15 UTC"
    assert connection.execute("select count(*) from invoice").fetchone() == (0,)


def test_a_negative_month_is_held_for_somebody_to_look_at(small, bill, holds, meter, sent, priced):
    """All at -0.00809 is below nothing, and no fee makes up for it."""
    _, register, point = meter
    sent(register, point, JANUARY, value="1")
    priced("market", JANUARY, value="-0.00809")

    (hold,) = holds(bill(request=small.request(JANUARY)))

    assert hold.code == "negative_total"


def test_a_month_partly_read_by_people_is_weighed_by_the_profile(town, connection, small, bill, meter, sent, priced):
    """The old meter was read on the 16th; of its days nobody knows the hours, so the profile weighs the whole month."""
    contract, register, point = meter
    middle = date(2023, 1, 16)
    connection.execute("update meter set installed_on = %s where id = (select meter_id from register where id = %s)",
                       [middle, register])  # fmt: skip
    old = town.meter(point, removed_on=middle)
    town.read(old, (JANUARY.start, "100"), (middle, "130"))
    sent(register, point, Period(middle, JANUARY.end), value="0", but=((middle, 0, "70"),))
    priced("market", JANUARY, but=((15 * 24, "5.00"),))
    priced("profile", JANUARY, value="1", unit="1")

    bill(request=small.request(JANUARY))

    # (743 x 0.10 + 5.00) / 744 = 0.10659
    assert spot_line(small, connection, contract)[1:4] == (D(100), "kWh", D("0.10659"))


def test_two_meters_of_one_contract_add_up_hour_by_hour(town, connection, small, bill, meter, sent, priced):
    contract, register, point = meter
    second = town.meter(point)
    connection.execute("update register set collection = 'INTERVALS' where id = %s", [second])
    sent(register, point, JANUARY, but=((JANUARY.start, 0, "1"),))
    sent(second, point, JANUARY, but=((JANUARY.start, 0, "2"), (JANUARY.start, 1, "1")))
    priced("market", JANUARY, but=((1, "0.50"),))

    bill(request=small.request(JANUARY))

    # (3 x 0.10 + 1 x 0.50) / 4
    assert spot_line(small, connection, contract)[1:4] == (D(4), "kWh", D("0.20"))


@pytest.mark.asyncio
async def test_the_weighted_price_is_explained_by_its_intervals_and_stays_so(
    engine, connection, small, bill, meter, sent, priced
):
    """A correction of the day that comes after the bill changes nothing of what it says."""
    _, register, point = meter
    first = date(2023, 1, 1)
    sent(register, point, JANUARY, but=((first, 3, "20"), (first, 4, "10")))
    priced("market", JANUARY, but=((4, "-0.00809"),))
    bill(request=small.request(JANUARY))
    later = datetime(2023, 3, 1, tzinfo=UTC)
    sent(
        register,
        point,
        Period(first, date(2023, 1, 2)),
        value="9",
        version=2,
        known_at=later,
    )

    ((invoice,),) = connection.execute("select id from invoice").fetchall()
    async with read_session(engine) as session:
        lines = await explain_invoice(session, host=small.host_of(), invoice_id=invoice)

    (spot,) = [line for line in lines if line.code == "spot"]
    usage, prices = [given for given in spot.why["inputs"] if isinstance(given["value"], list)]
    assert (usage["name"], prices["name"]) == ("energy", "market")
    assert (len(usage["value"]), len(prices["value"])) == (744, 744)
    assert usage["source"] == "meter M1: 744 intervals of 31 days"
    by_operation = {step["op"]: step["value"] for step in spot.why["steps"]}
    assert (by_operation["sum"], by_operation["dot"], by_operation["div"]) == ("30", "1.9191", "0.06397")
    assert replay(spot.why) == spot.net == D("1.92")


@pytest.mark.asyncio
async def test_what_two_executors_of_the_rule_say_is_the_same(engine, connection, small, bill, meter, sent, priced):
    """Three alike contracts, which a cohort would bill at once, are each weighed by their own intervals."""
    contract, register, point = meter
    sent(register, point, JANUARY, but=((JANUARY.start, 0, "1"),))
    priced("market", JANUARY, but=((0, "0.50"),))
    priced("profile", JANUARY, value="1", unit="1")
    town = small.Town(connection, count={"point": 10, "meter": 10, "contract": 10, "customer": 10})
    others = [town.household(used="1", product="dynamic") for _ in range(4)]

    bill(request=small.request(JANUARY))

    assert spot_line(small, connection, contract)[3] == D("0.50")
    # (743 x 0.10 + 0.50) / 744 = 0.10054
    assert {spot_line(small, connection, other)[3] for other in others} == {D("0.10054")}
