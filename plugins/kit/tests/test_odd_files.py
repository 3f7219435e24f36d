"""Whatever stands in a golden file, it is billed or refused; nothing else ever happens."""

import copy
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from mains_kit import GoldenFileRefused, differences, golden, load_golden, rate_golden
from mains_kit.tables import Table

ODD: tuple[Any, ...] = (
    *(True, date(2024, 1, 31), date.min, date.max, datetime(2024, 1, 1, tzinfo=UTC), time(1)),
    *("", " ", "x", "1 2 3", "7 m3", "NaN", "9" * 30, "0", "-1", "1/0", "2024-13", "0000-01", "9999-12", "\x00", "💧"),
    *([], {}, ["a"], [[]], [{}], [True], {"a": "b"}, {"a": {}}),
)


def places_in(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the place of every value inside a TOML document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield (*place, name)
        yield from places_in(item, (*place, name))


def with_odd(document: dict[str, Any], place: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    changed: Any = copy.deepcopy(document)
    at = changed
    for name in place[:-1]:
        at = at[name]
    at[place[-1]] = odd
    return changed


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_odd_value_in_any_place_is_billed_or_refused(monkeypatch, bill_file, adapter, odd):
    path = bill_file()
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    outcomes = set()
    for place in places_in(document):
        table = Table("bill.toml", "", "", with_odd(document, place, odd))
        monkeypatch.setattr(golden, "read_tables", lambda path, table=table: table)
        try:
            bill = load_golden(path)
            differences(golden=bill, bill=rate_golden(golden=bill, adapter=adapter))
            outcomes.add("billed")
        except GoldenFileRefused as refusal:
            assert refusal.problem
            assert refusal.remedy
            outcomes.add("refused")

    assert "refused" in outcomes
