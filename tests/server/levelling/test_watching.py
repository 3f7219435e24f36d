"""Readings and prices change a plan when they should, and each once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from mains_server.intervals.rules import day_seconds
from mains_server.levelling import changes
from mains_server.levelling.records import PlanReason
from mains_server.levelling.watching import watch
from psycopg.types.json import Jsonb

from tests.server.levelling.conftest import by_forecast, household, noon

pytestmark = pytest.mark.asyncio
TODAY, FEBRUARY, MAY = date(2023, 1, 10), date(2023, 2, 1), date(2023, 5, 1)


async def planned(levelled, *readings):
    contract = household(levelled, readings=((FEBRUARY, "1000"), *readings))
    await changes.start_plan(levelled.asker(TODAY), change=by_forecast(contract, "1200"), key="s1")
    return contract


async def test_a_reading_about_a_year_later_settles(levelled):
    contract = await planned(levelled, (date(2024, 1, 10), "2200"))

    counts = [await watch(levelled.clerk(date(2024, 1, 12))) for _ in range(2)]

    assert [dict(count) for count in counts] == [{"settled": 1}, {}]
    assert (await levelled.plan(contract)).reason is PlanReason.SETTLEMENT


async def test_where_meters_tell_themselves_the_year_settles(levelled):
    contract = await planned(levelled, (date(2023, 8, 1), "1650"), (date(2024, 2, 1), "2320"))
    levelled.town.connection.execute("update register set collection = 'REMOTE'")

    days = (date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 2))
    counts = [await watch(levelled.clerk(day)) for day in days]

    # 1320 kWh, as of a meter that people read: 286.04.
    assert [dict(count) for count in counts] == [{}, {"settled": 1}, {}]
    billed = levelled.ask("select period_from, period_to, kind, total from invoice")
    assert billed == [(FEBRUARY, date(2024, 2, 1), "SETTLEMENT", Decimal("286.04"))]
    assert (await levelled.plan(contract)).reason is PlanReason.SETTLEMENT
    counts = [await watch(levelled.clerk(day)) for day in (date(2025, 1, 31), date(2025, 2, 1))]
    assert [dict(count) for count in counts] == [{}, {"held": 1}]


async def test_the_intervals_of_a_year_settle_and_a_gap_holds_it(levelled):
    contract = await planned(levelled)
    town = levelled.town
    town.connection.execute("update register set collection = 'INTERVALS'")
    ((register, point),) = levelled.ask("select id, supply_point_id from register")
    file = town.insert(
        "interval_import", format="CSV", name="test", sha256="", received_at=noon(TODAY), days_new=0,
        days_corrected=0, days_unchanged=0, rows_refused=0, refused=Jsonb([]),
    )  # fmt: skip

    def tell(day):
        count = day_seconds(day, "Europe/Riga")[1] // 3600
        town.insert(
            "interval_day", register_id=register, supply_point_id=point, day=day, version=1, is_current=True,
            step_seconds=3600, values=[Decimal("0.1")] * count, statuses="." * count, total=Decimal("0.1") * count,
            known=count, known_at=noon(day + timedelta(days=1)), import_id=file,
        )  # fmt: skip

    for number in range(365):
        if number != 40:
            tell(FEBRUARY + timedelta(days=number))
    held = await watch(levelled.clerk(date(2024, 2, 2)))
    none = levelled.ask("select count(*) from invoice")
    tell(FEBRUARY + timedelta(days=40))
    settled = await watch(levelled.clerk(date(2024, 2, 3)))

    # 365 days of 24 hours at 0.1 kWh, the clock changes of March and October even out: 876 kWh.
    # 876 x 0.15 + 12 x 3.20 = 169.80, with tax 205.46
    assert (dict(held), none, dict(settled)) == ({"held": 1}, [(0,)], {"settled": 1})
    assert levelled.ask("select kind, total from invoice") == [("SETTLEMENT", Decimal("205.46"))]
    assert str((await levelled.plan(contract)).usage[0].value) == "876.000"
    assert levelled.ask("select count(*) from levelled_hold where released_at is null") == [(0,)]


async def test_a_meter_that_people_read_waits_for_its_reading(levelled):
    await planned(levelled)

    assert dict(await watch(levelled.clerk(date(2024, 3, 1)))) == {}


async def test_a_reading_that_differs_significantly_changes_the_plan_once(levelled):
    contract = await planned(levelled, (MAY, "1500"))
    await levelled.pay(contract, "60.00", date(2023, 4, 20))

    counts = [await watch(levelled.clerk(date(2023, 5, 2))) for _ in range(2)]

    # Of 1200 kWh 89 days make 292.603; 500 were used, so a year is expected to use 1407.397.
    # So far 500 x 0.15 + 3 x 3.20 = 84.60, with tax 102.37; 60.00 were paid: 42.37 are spread.
    # A year: 1407.397 x 0.15 = 211.11 and 38.40 are 249.51, with tax 301.91.
    plan = await levelled.plan(contract)
    assert [dict(count) for count in counts] == [{"reading": 1}, {}]
    assert (plan.reason, str(plan.usage[0].value)) == (PlanReason.SIGNIFICANT_READING, "1407.397")
    assert (str(plan.amounts.base_total), str(plan.amounts.difference)) == ("301.91", "42.37")
    assert plan.version_starts == MAY
    assert levelled.ask("select count(*) from invoice") == [(0,)]
    assert await levelled.accounts() == {"prepaid": "-60.00"}


async def test_a_reading_near_what_was_expected_changes_nothing(levelled):
    contract = await planned(levelled, (MAY, "1300"))

    counts = await watch(levelled.clerk(date(2023, 5, 2)))

    assert dict(counts) == {}
    assert (await levelled.plan(contract)).number == 1
    assert levelled.ask("select read_upto from levelled_plan") == [(MAY,)]


async def test_an_estimate_is_no_reading(levelled):
    await planned(levelled)
    (register,) = levelled.ask("select id from register")
    levelled.town.read(register[0], (MAY, "1900"), quality="ESTIMATED")

    assert dict(await watch(levelled.clerk(date(2023, 5, 2)))) == {}


async def test_a_price_that_becomes_known_changes_the_plan_once(levelled):
    contract = await planned(levelled)
    town = levelled.town
    version = town.price("fixed", starts=date(2023, 6, 1), energy=("0.20", "EUR/kWh"), fee=("1.20", "EUR/month"))
    town.connection.execute("update price_version set known_from = '2023-03-05 00:00+00' where id = %s", [version])
    town.connection.execute("update price_version set ends = '2023-06-01' where list = 'fixed' and id <> %s", [version])
    other = town.price("dynamic", starts=date(2023, 7, 1), none=("1", "EUR"))
    town.connection.execute("update price_version set known_from = '2023-03-05 00:00+00' where id = %s", [other])

    days = (date(2023, 3, 4), date(2023, 3, 6), date(2023, 3, 7))
    counts = [await watch(levelled.clerk(day)) for day in days]

    # From March on: 92 of 366 days at 0.15 and 274 at 0.20, as the year's 1200 kWh fall on them:
    # 301.639 x 0.15 = 45.25 and 898.361 x 0.20 = 179.67, and 38.40 are 263.32, with tax 318.62.
    plan = await levelled.plan(contract)
    assert [dict(count) for count in counts] == [{}, {"price": 1}, {}]
    assert (plan.reason, plan.number, plan.version_starts) == (PlanReason.PRICE_CHANGE, 2, date(2023, 3, 1))
    assert str(plan.amounts.base_total) == "318.62"


async def test_what_cannot_be_priced_is_held_and_the_plan_goes_on(levelled):
    contract = await planned(levelled, (MAY, "1500"))
    before = await levelled.plan(contract)
    levelled.town.connection.execute("delete from price_row where name = 'energy'")

    counts = await watch(levelled.clerk(date(2023, 5, 2)))

    assert dict(counts) == {"held": 1}
    assert await levelled.plan(contract) == before
    assert levelled.ask("select task, code from levelled_hold") == [("reading", "cost_not_known")]
    assert Decimal(before.amounts.total) > 0
