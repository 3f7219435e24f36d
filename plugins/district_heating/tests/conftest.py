"""Reads the published prices as the host does, so that tests bill with the very figures that are shipped."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mains_spi import Period, PriceRow, PriceVersion, TaxRate, When

DATA = tomllib.loads(
    (Path(__file__).parent.parent / "mains_district_heating/data/prices.toml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="session")
def price_tables() -> list[dict[str, Any]]:
    return list(DATA["price"])


@pytest.fixture(scope="session")
def price_versions() -> tuple[PriceVersion, ...]:
    return tuple(
        PriceVersion(
            id=table["version"],
            list=table["list"],
            period=_days(table),
            rows=tuple(_row(row) for row in table["rows"]),
            known_from=table["known_from"],
            decision=table["decision"],
        )
        for table in DATA["price"]
    )


@pytest.fixture(scope="session")
def tax_rates() -> tuple[TaxRate, ...]:
    return tuple(TaxRate(t["code"], _days(t), Decimal(t["rate"]), t.get("kind")) for t in DATA["tax"])


def _days(table: dict[str, Any]) -> Period:
    return Period(table["from"], table.get("to", date.max))


def _row(row: dict[str, Any]) -> PriceRow:
    included = row.get("tax_included")
    conditions = tuple(_condition(name, value) for name, value in row.get("when", {}).items())
    return PriceRow(row["name"], Decimal(row["value"]), row["unit"], conditions, included and Decimal(included))


def _condition(name: str, value: Any) -> When:
    if isinstance(value, dict):
        above, upto = value.get("above"), value.get("upto")
        return When(name, above=above and Decimal(above), upto=upto and Decimal(upto))
    return When(name, tuple(value) if isinstance(value, list) else (value,))
