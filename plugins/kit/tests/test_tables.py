"""What cannot be read is refused with file, line, key and remedy."""

from datetime import date
from decimal import Decimal

import pytest
from mains_kit import load_golden
from mains_kit.errors import (
    KeyMissing,
    KeyUnknown,
    NotToml,
    NumberUnreadable,
    NumberWithoutQuotes,
    ValueUnreadable,
    VersionsOverlap,
)
from mains_kit.tables import read_tables
from mains_spi import Period

WATER = 'water = "1.20 EUR/m3"'
REFUSED = [
    (
        ('rate = "0.21"', "rate = 0.21"),
        NumberWithoutQuotes,
        'bill.toml, line 26: tax[1].rate: 0.21 is written without quotes. Write rate = "0.21".',
    ),
    (
        ('total = "24.10"', "total = 24"),
        NumberWithoutQuotes,
        'bill.toml, line 34: expect.total: 24 is written without quotes. Write total = "24".',
    ),
    (
        ('total = "24.10"', "total = nan"),
        NumberWithoutQuotes,
        'bill.toml, line 34: expect.total: nan is written without quotes. Write total = "nan".',
    ),
    (
        ('total = "24.10"', 'total = "NaN"'),
        NumberUnreadable,
        "bill.toml, line 34: expect.total: 'NaN' is no plain number. Write digits and a decimal point, as \"1.25\".",
    ),
    (
        ('total = "24.10"', 'total = "1e5000"'),
        NumberUnreadable,
        "bill.toml, line 34: expect.total: '1e5000' is no plain number. Write digits and a decimal point, as \"1.25\".",
    ),
    (
        ('total = "24.10"', 'total = "٢٤"'),
        NumberUnreadable,
        "bill.toml, line 34: expect.total: '٢٤' is no plain number. Write digits and a decimal point, as \"1.25\".",
    ),
    (
        ('total = "24.10"', 'total = "24,10"'),
        NumberUnreadable,
        "bill.toml, line 34: expect.total: '24,10' is no plain number. Write digits and a decimal point, as \"1.25\".",
    ),
    (
        (WATER, 'water = "1.20"'),
        NumberUnreadable,
        "bill.toml, line 22: price[1].rows.water: '1.20' is no number with a unit. Write water = \"7 m3\".",
    ),
    (
        ("[usage]", "[usages]"),
        KeyUnknown,
        "bill.toml, line 28: usages: there is no key 'usages' here. Did you mean 'usage'?",
    ),
    (
        ("decision = ", "decison = "),
        KeyUnknown,
        "bill.toml, line 21: price[1].decison: there is no key 'decison' here. Did you mean 'decision'?",
    ),
    (
        ("source = ", "# source = "),
        KeyMissing,
        'bill.toml: bill.source: this is missing. Add a line such as source = "...".',
    ),
    (
        ('period = "2024-01"', 'period = "January"'),
        ValueUnreadable,
        "bill.toml, line 16: bill.period: 'January' is no month. Write period = \"2024-01\", or from and to.",
    ),
    (
        ('period = "2024-01"', "from = 2024-02-01\nto = 2024-02-01"),
        ValueUnreadable,
        "bill.toml, line 17: bill.to: 2024-02-01 is not after 2024-02-01. Write the first day that is no longer in it.",
    ),
    (
        ('period = "2024-01"', 'period = "2024-01"\nto = 2024-02-01'),
        VersionsOverlap,
        "bill.toml, line 16: bill.period: from and to are given besides. Keep only one of them.",
    ),
    (
        ("from = 2024-01-01", 'from = "2024-01-01"'),
        ValueUnreadable,
        "bill.toml, line 20: price[1].from: this is no date. Write from = 2024-01-31, without quotes and without time.",
    ),
    (("[bill]", "bill ="), NotToml, "bill.toml: this is no TOML: Invalid value (at line 10, column 7). "),
]


@pytest.mark.parametrize(("change", "kind", "words"), REFUSED, ids=[row[0][1].split("\n")[0] for row in REFUSED])
def test_file_is_refused_with_line_key_and_remedy(bill_file, change, kind, words):
    with pytest.raises(kind) as refusal:
        load_golden(bill_file(change))

    assert str(refusal.value).startswith(words)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(NotToml, match=r"^nothing\.toml: cannot be read"):
        load_golden(tmp_path / "nothing.toml")


def test_numbers_are_exact(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[t]\na = "0.10"\nb = "7 m3"\n', encoding="utf-8")
    table = read_tables(path).child("t")

    assert table.number("a") == Decimal("0.10")
    assert table.measure("b") == (Decimal(7), "m3")


def test_month_is_a_half_open_period(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('period = "2023-12"\n', encoding="utf-8")

    assert read_tables(path).days() == Period(date(2023, 12, 1), date(2024, 1, 1))
