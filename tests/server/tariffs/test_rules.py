"""What prices, tax rates and conditions must be like."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.tariffs import rules
from mains_server.tariffs.records import NewPriceVersion, VersionDays
from mains_spi import InexactNumber, Period, PriceRow, TaxRate, When

KNOWN = datetime(2022, 2, 1, tzinfo=UTC)
MARCH, JULY = date(2022, 3, 1), date(2022, 7, 1)
TARIFF = PriceRow("tariff", D("63.36"), "EUR/MWh")
SPRING = NewPriceVersion(
    adapter="district_heating",
    list="heat",
    code="2022-03",
    starts=MARCH,
    ends=JULY,
    known_from=KNOWN,
    rows=(TARIFF,),
    source="https://gren.com/lv/tarifs/",
)


def test_a_version_as_published_is_taken():
    rows = (TARIFF, replace(TARIFF, when=(When("kind", ("private",)),)), PriceRow("k", D("0.0582"), "MWh/m3"))

    rules.check_version(replace(SPRING, rows=rows, ends=None))


@pytest.mark.parametrize(
    ("change", "refusal", "words"),
    [
        ({"ends": MARCH}, rules.PeriodEmpty, "heat/2022-03 ends on 2022-03-01"),
        ({"rows": (TARIFF, TARIFF)}, rules.PriceRepeated, "heat/2022-03 tariff: there are two prices"),
        ({"rows": (replace(TARIFF, unit=""),)}, rules.UnitMissing, "heat/2022-03 tariff: give the unit"),
        ({"rows": (replace(TARIFF, unit=None),)}, rules.UnitMissing, "give the unit"),
        ({"rows": (replace(TARIFF, unit="EUR per MWh"),)}, rules.UnitMissing, "such as EUR/kWh"),
        ({"rows": (replace(TARIFF, value=D("0.123456789")),)}, rules.PriceInexact, "at most 8 decimals are kept"),
        ({"rows": (replace(TARIFF, value=D("1e10")),)}, rules.PriceInexact, "too large to keep"),
        ({"rows": (replace(TARIFF, tax_included=D("0.21001")),)}, rules.PriceInexact, "at most 4 decimals"),
    ],
)
def test_a_version_that_cannot_be_kept_is_refused_by_name(change, refusal, words):
    with pytest.raises(refusal, match=words):
        rules.check_version(replace(SPRING, **change))


def test_a_float_is_no_price():
    with pytest.raises(InexactNumber, match=r"write Decimal\('63.36'\)"):
        PriceRow("tariff", 63.36, "EUR/MWh")
    with pytest.raises(rules.PriceInexact, match="write it as a Decimal"):
        rules.check_exact(63.36, where="heat/2022-03 tariff", places=8)
    with pytest.raises(rules.PriceInexact):
        rules.check_exact(D("NaN"), where="heat/2022-03 tariff", places=8)


def test_zeros_behind_the_point_are_no_decimals():
    rules.check_exact(D("1.5000000000"), where="price", places=2)
    rules.check_exact(D("1E+3"), where="price", places=2)


def days_of(version):
    return VersionDays(code=version.code, starts=version.starts, ends=version.ends, known_from=version.known_from)


def test_versions_that_follow_each_other_do_not_overlap():
    summer = replace(SPRING, code="2022-07", starts=JULY, ends=None)

    rules.check_overlaps(list_name="heat", known=[days_of(SPRING)], new=[summer])
    rules.check_overlaps(list_name="heat", known=[], new=[summer, SPRING])


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        (date(2022, 6, 30), None),
        (date(2022, 1, 1), date(2022, 3, 2)),
        (date(2022, 4, 1), date(2022, 5, 1)),
        (MARCH, JULY),
    ],
)
def test_versions_that_hold_on_one_day_are_refused(starts, ends):
    other = replace(SPRING, code="other", starts=starts, ends=ends, known_from=KNOWN + timedelta(days=30))

    with pytest.raises(rules.VersionsOverlap, match="heat/other holds on days on which 2022-03 does"):
        rules.check_overlaps(list_name="heat", known=[days_of(SPRING)], new=[other])
    with pytest.raises(rules.VersionsOverlap):
        rules.check_overlaps(list_name="heat", known=[], new=[other, SPRING])


def test_a_correction_is_known_at_least_a_day_later():
    correction = replace(SPRING, code="fixed", is_correction=True, known_from=KNOWN + timedelta(days=30))
    too_soon = replace(correction, known_from=KNOWN + timedelta(hours=24))

    rules.check_overlaps(list_name="heat", known=[days_of(SPRING)], new=[correction])
    rules.check_overlaps(list_name="heat", known=[], new=[correction, SPRING])
    with pytest.raises(rules.VersionsOverlap):
        rules.check_overlaps(list_name="heat", known=[days_of(SPRING)], new=[too_soon])


def test_a_code_names_one_version():
    with pytest.raises(rules.VersionExists, match="heat/2022-03 is there already"):
        rules.check_codes(list_name="heat", known=[days_of(SPRING)], new=[SPRING])
    with pytest.raises(rules.VersionExists):
        rules.check_codes(list_name="heat", known=[], new=[SPRING, SPRING])


HEAT = TaxRate("heat", Period(date(2011, 1, 1), date(2024, 1, 1)), D("0.12"), "private")


def test_a_tax_has_one_rate_a_day_for_each_kind():
    after = replace(HEAT, period=Period.since(date(2024, 1, 1)))

    rules.check_tax_rates(known=[HEAT], new=[replace(HEAT, kind=None), replace(HEAT, code="power"), after])
    with pytest.raises(rules.TaxRatesOverlap, match="tax heat for private has a rate from 2011-01-01 already"):
        rules.check_tax_rates(known=[HEAT], new=[replace(HEAT, period=Period.since(date(2023, 12, 31)))])
    with pytest.raises(rules.TaxRatesOverlap):
        rules.check_tax_rates(known=[], new=[HEAT, HEAT])


@pytest.mark.parametrize("rate", ["0.12345", "-0.21", "21"])
def test_a_tax_rate_is_a_share_of_one(rate):
    with pytest.raises(rules.PriceInexact):
        rules.check_tax_rates(known=[], new=[replace(HEAT, rate=D(rate))])


def test_conditions_are_read_as_they_were_written_down():
    when = (When("kind", ("private", "business")), When("amperes", above=16, upto=D("63.5")), When("phases", upto=3))

    document = rules.conditions_document(when)

    assert document[1] == {"name": "amperes", "among": [], "above": "16", "upto": "63.5"}
    assert rules.conditions(document) == when


def test_an_open_period_has_no_end():
    assert rules.ends_of(rules.period(MARCH, None)) is None
    assert rules.ends_of(rules.period(MARCH, JULY)) == JULY
