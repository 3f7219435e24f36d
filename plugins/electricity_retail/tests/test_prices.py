"""The shipped prices leave no day of the demonstration without a price, nor with two."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

from mains_spi import PriceVersion

FIRST, END = date(2022, 3, 1), date(2024, 7, 1)


def test_versions_of_a_list_follow_each_other(price_versions: tuple[PriceVersion, ...]) -> None:
    for name in {version.list for version in price_versions}:
        versions = sorted((v for v in price_versions if v.list == name), key=lambda v: v.period)
        days = [v.period for v in versions if v.period.end > FIRST and v.period.start < END]

        assert days[0].start <= FIRST, name
        assert days[-1].end >= END, name
        assert all(before.end == after.start for before, after in pairwise(days)), name


def test_every_version_says_where_it_comes_from(price_tables: list[dict[str, Any]]) -> None:
    names = [table["version"] for table in price_tables]

    assert len(names) == len(set(names))
    assert all(table["decision"] and table["source"] for table in price_tables)
    assert all(table["known_from"] <= table["from"] for table in price_tables)


def test_numbers_stand_in_quotes(price_tables: list[dict[str, Any]]) -> None:
    for table in price_tables:
        for row in table["rows"]:
            assert isinstance(row["value"], str), (table["version"], row["name"])


def test_what_is_not_published_is_marked(price_tables: list[dict[str, Any]]) -> None:
    for table in price_tables:
        assert table["version"].endswith("kept") == table["source"].startswith("kept from "), table["version"]
