"""The inputs of a golden bill become the question that the evaluator is asked."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from mains_kit.errors import KeyMissing, NumberUnreadable, UnitsDiffer, ValueUnreadable, VersionsOverlap
from mains_spi import Attribute, FactValue, Occupant, Period, Quality, Used, When

JANUARY = Period(date(2024, 1, 1), date(2024, 2, 1))
SECOND_LIST = """
[[price]]
list = "water"
from = 2024-01-15
version = "second"
rows = { water = "1.20 EUR/m3" }
"""


def test_prices_keep_their_decision_and_unit(bill_of):
    version = bill_of().request.prices[0]

    assert (version.id, version.list, version.period.start) == ("water 2024-01-01", "water", date(2024, 1, 1))
    assert version.decision == "Example council, decision 17/2023"
    assert [(row.name, row.value, row.unit) for row in version.rows] == [
        ("water", Decimal("1.20"), "EUR/m3"),
        ("sewage", Decimal("1.35"), "EUR/m3"),
        ("fixed", Decimal("24.40"), "EUR/year"),
    ]


def test_rows_written_out_may_have_conditions_and_tax(bill_of):
    rows = """
[[price]]
list = "dso"
[[price.rows]]
name = "fixed"
value = "6.08"
unit = "EUR/month"
when = { phases = "1", kind = ["private", "business"], amperes = { above = "16", upto = "63" } }
tax_included = "0.21"
"""
    row = bill_of(extra=rows).request.prices[1].rows[0]

    assert row.when == (
        When("phases", ("1",)),
        When("kind", ("private", "business")),
        When("amperes", above=Decimal(16), upto=Decimal(63)),
    )
    assert row.tax_included == Decimal("0.21")


def test_two_versions_on_one_day_are_refused(bill_of):
    with pytest.raises(VersionsOverlap) as refusal:
        bill_of(extra=SECOND_LIST)

    assert "price[2].from: list 'water' has two versions on 2024-01-15: price[1] and price[2]" in str(refusal.value)


def test_version_known_later_may_correct_another(bill_of):
    known_later = SECOND_LIST.replace("[[price]]", "[[price]]\nknown_from = 2024-03-01")

    assert [version.id for version in bill_of(extra=known_later).request.prices] == ["water 2024-01-01", "second"]


def test_two_versions_of_one_name_are_refused(bill_of):
    other = SECOND_LIST.replace('"second"', '"water 2024-01-01"').replace('list = "water"', 'list = "dso"')

    with pytest.raises(VersionsOverlap, match=r"price\[1\] is called 'water 2024-01-01' too"):
        bill_of(extra=other)


def test_price_list_without_prices_is_refused(bill_of):
    with pytest.raises(KeyMissing, match=r"price\[2\]\.rows: this is missing"):
        bill_of(extra='\n[[price]]\nlist = "dso"\n')


def test_unit_that_cannot_be_read_is_refused(bill_of):
    with pytest.raises(UnitsDiffer, match=r"price\[1\]\.rows\.water: unit 'EUR/' cannot be read"):
        bill_of(('"1.20 EUR/m3"', '"1.20 EUR/"'))


def test_two_rates_of_one_tax_on_one_day_are_refused(bill_of):
    with pytest.raises(VersionsOverlap, match=r"tax\[2\]\.from: tax 'standard' has two rates on one day"):
        bill_of(extra='\n[[tax]]\ncode = "standard"\nrate = "0.12"\n')


def test_tax_rate_in_per_cent_is_refused(bill_of):
    with pytest.raises(NumberUnreadable, match=r"tax\[1\]\.rate: 21 is no tax rate. Write 21 % as \"0.21\""):
        bill_of(('rate = "0.21"', 'rate = "21"'))


def test_usage_written_out_keeps_zone_quality_and_days(bill_of):
    rows = """
[[usage]]
name = "kwh"
value = "10.5"
unit = "kWh"
zone = "night"
quality = "estimated"
to = 2024-01-15
"""
    usage = bill_of(('[usage]\ncold_water = "7 m3"\n', rows)).request.usage[0]

    assert (usage.zone, usage.quality, usage.value) == ("night", Quality.ESTIMATED, Decimal("10.5"))
    assert usage.period == Period(date(2024, 1, 1), date(2024, 1, 15))


def test_attributes_are_words_or_numbers_with_a_unit(bill_of):
    text = """
[attributes]
zones = "two"
area = "44.6 m2"

[[attribute]]
name = "season"
value = "winter"
from = 2024-01-10
"""
    assert bill_of(extra=text).request.attributes == (
        Attribute("kind", "private"),
        Attribute("zones", "two"),
        Attribute("area", "44.6", unit="m2"),
        Attribute("season", "winter", Period.since(date(2024, 1, 10))),
    )


def test_series_has_repeated_and_missing_values_in_utc(bill_of):
    text = """
[[series]]
name = "spot"
unit = "EUR/kWh"
start = 2024-01-01T00:00:00+02:00
values = "0.05 missing 0.04*2"
"""
    series = bill_of(extra=text).request.series[0]

    assert series.values == (Decimal("0.05"), None, Decimal("0.04"), Decimal("0.04"))
    assert series.start == datetime(2023, 12, 31, 22, tzinfo=UTC)
    assert series.step == timedelta(hours=1)


@pytest.mark.parametrize("values", ["0.05 x", "0.05*", "0.05*-1", "0.05*٣", "1e3"])
def test_series_with_other_words_is_refused(bill_of, values):
    text = f'\n[[series]]\nname = "spot"\nunit = "1"\nstart = 2024-01-01T00:00:00Z\nvalues = "{values}"\n'

    with pytest.raises(NumberUnreadable, match=r"series\[1\]\.values: .* is no value"):
        bill_of(extra=text)


def test_series_without_offset_is_refused(bill_of):
    with pytest.raises(ValueUnreadable, match=r"series\[1\]\.start: this is no instant"):
        bill_of(extra='\n[[series]]\nname = "s"\nunit = "1"\nstart = 2024-01-01T00:00:00\nvalues = "1"\n')


def test_facts_and_carried_use(bill_of):
    text = """
[[fact]]
name = "circulation"
value = "1.5"
unit = "MWh"
source = "bill of July"
period = "2023-07"

[[used]]
name = "kwh"
window = "year"
value = "300"
"""
    request = bill_of(extra=text).request

    july = Period(date(2023, 7, 1), date(2023, 8, 1))
    assert request.facts == (FactValue("circulation", july, Decimal("1.5"), "MWh", "bill of July"),)
    assert request.used == (Used("kwh", "year", Decimal(300)),)


HOUSE = """
[building]
id = "Example street 1"
usage = { heat = "66.44 MWh" }
attributes = { season = "winter" }

[[member]]
id = "flat 1"
attributes = { area = "44.6 m2" }
usage = { dhw = "3.00 m3" }

[[member]]
id = "shop"
kind = "business"

[[member.occupant]]
contract = "C-7"
to = 2024-01-10
"""


def test_building_has_members_with_usage_attributes_and_occupants(bill_of):
    group = bill_of(extra=HOUSE).request.group

    assert (group.id, group.attributes) == ("Example street 1", (Attribute("season", "winter"),))
    assert [(row.name, row.value, row.unit) for row in group.usage] == [("heat", Decimal("66.44"), "MWh")]
    flat, shop = group.members
    assert flat.attributes == (Attribute("area", "44.6", unit="m2"),)
    assert [(row.name, row.value, row.unit) for row in flat.usage] == [("dhw", Decimal("3.00"), "m3")]
    assert shop.attributes == (Attribute("kind", "business"),)
    assert shop.occupants == (Occupant("C-7", Period(date(2024, 1, 1), date(2024, 1, 10))),)


def test_member_there_twice_is_refused(bill_of):
    with pytest.raises(VersionsOverlap, match=r"member\[2\]\.id: 'flat 1' is there twice"):
        bill_of(extra=HOUSE.replace('"shop"', '"flat 1"'))


def test_members_without_a_building_are_refused(bill_of):
    with pytest.raises(KeyMissing, match="building: there are members but no building"):
        bill_of(extra=HOUSE.split("\n\n", 1)[1])
