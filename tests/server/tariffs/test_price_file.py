"""A price file is read exactly, or refused with its place and the remedy."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from mains_server.tariffs.price_file import PriceFileRefused, read_price_file
from mains_spi import Period, PriceRow, TaxRate, When

HEAD = 'format = 1\nadapter = "water"\n'
PRICE = """
[[price]]
list = "water"
version = "water-2024"
from = 2024-01-01
to = 2025-01-01
known_from = 2023-12-01
decision = "No. 12"
source = "paper"
remark = "page 2"
rows = [{ROW}]
"""
ROW = '{ name = "water", value = "1.21000", unit = "EUR/m3" }'
TAX = '[[tax]]\ncode = "standard"\nrate = "0.21"\nfrom = 2012-07-01\nsource = "law"\n'


def read(text):
    return read_price_file(text=text, name="prices.toml")


def refusal(text):
    with pytest.raises(PriceFileRefused) as refused:
        read(text)
    return refused.value.message


def test_a_version_is_read_exactly():
    found = read(HEAD + PRICE.replace("{ROW}", ROW))

    (version,) = found.versions
    assert found.adapter == version.adapter == "water"
    assert (version.list, version.code) == ("water", "water-2024")
    assert (version.starts, version.ends) == (date(2024, 1, 1), date(2025, 1, 1))
    assert version.known_from == datetime(2023, 12, 1, tzinfo=UTC)
    assert (version.decision, version.source) == ("No. 12", "paper (page 2)")
    assert version.rows == (PriceRow("water", Decimal("1.21000"), "EUR/m3"),)
    assert str(version.rows[0].value) == "1.21000"
    assert not version.is_correction


def test_conditions_are_words_lists_and_ranges():
    when = 'when = { phases = "3", kind = ["private", "business"], amperes = { above = "16", upto = "63" } }'
    row = f'{{ name = "fixed", value = "2.40", unit = "EUR/A/year", tax_included = "0.21", {when} }}'

    (version,) = read(HEAD + PRICE.replace("{ROW}", row)).versions

    assert version.rows[0].tax_included == Decimal("0.21")
    assert version.rows[0].when == (
        When("phases", ("3",)),
        When("kind", ("private", "business")),
        When("amperes", above=Decimal(16), upto=Decimal(63)),
    )


def test_a_tax_rate_without_an_end_is_open():
    found = read(HEAD + TAX)

    assert found.versions == ()
    assert found.rates[0].rate == TaxRate("standard", Period.since(date(2012, 7, 1)), Decimal("0.21"))
    assert found.rates[0].source == "law"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format = ", "prices.toml: this is no TOML"),
        ('adapter = "water"', "prices.toml, format: Field required"),
        ('format = 2\nadapter = "water"', "prices.toml, format: "),
        (HEAD + "colour = 1", "prices.toml, colour: Extra inputs are not permitted"),
        (HEAD + PRICE.replace("{ROW}", ""), "prices.toml, price.0.rows: Tuple should have at least 1 item"),
    ],
)
def test_what_is_no_price_file_is_refused(text, message):
    assert refusal(text).startswith(message)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("1.21", 'write the number in quotes: "1.21"'),
        ("5", 'write the number in quotes: "5"'),
        ("true", 'write the number in quotes: "True"'),
        ('"NaN"', "'NaN' is no plain number"),
        ('"Infinity"', "'Infinity' is no plain number"),
        ('"1e5000"', "'1e5000' is no plain number"),
        ('"١٫٥"', "'١٫٥' is no number"),
        ('"١"', "'١' is no plain number"),
        ('"1_000"', "'1_000' is no plain number"),
        ('""', "'' is no number"),
        ('["1"]', "write a number in quotes"),
    ],
)
def test_a_number_that_is_not_exact_is_refused_with_its_place(value, message):
    row = f'{{ name = "water", value = {value}, unit = "EUR/m3" }}'

    assert refusal(HEAD + PRICE.replace("{ROW}", row)).startswith(f"prices.toml, price.0.rows.0.value: {message}")


@pytest.mark.parametrize("when", ['"private"', "{ phases = 3 }", '{ amperes = { over = "16" } }', "{ kind = [] }"])
def test_a_condition_that_cannot_be_read_is_refused(when):
    row = f'{{ name = "water", value = "1", unit = "EUR/m3", when = {when} }}'

    assert refusal(HEAD + PRICE.replace("{ROW}", row)).startswith("prices.toml, price.0.rows.0.when: ")
