"""Small builders for rating requests, so that a test shows only what it is about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from mains_spi import ALWAYS, Attribute, ChargeTax, Period, PriceRow, PriceVersion, RatingRequest, TaxRate, Usage, When

JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))


def period(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end))


def row(name: str, value: str, unit: str, tax_included: str | None = None, **when: str) -> PriceRow:
    conditions = tuple(When(attribute, (word,)) for attribute, word in when.items())
    included = None if tax_included is None else Decimal(tax_included)
    return PriceRow(name, Decimal(value), unit, conditions, included)


def version(price_list: str, *rows: PriceRow, days: Period = ALWAYS, id: str = "", known_from=None) -> PriceVersion:
    name = id or f"{price_list}@{days.start}"
    return PriceVersion(id=name, list=price_list, period=days, rows=rows, known_from=known_from)


def usage(name: str, value: str, unit: str, days: Period = JANUARY, **more) -> Usage:
    return Usage(name, days, Decimal(value), unit, **more)


def request_for(
    *, days: Period = JANUARY, rate: str = "0.21", attributes: dict[str, str] | None = None, prices=(), **more
) -> RatingRequest:
    more.setdefault("taxes", (TaxRate("standard", ALWAYS, Decimal(rate)),))
    more.setdefault("tax_codes", (ChargeTax("*", "standard"),))
    given = tuple(Attribute(name, value) for name, value in (attributes or {}).items())
    return RatingRequest(contract="C1", period=days, attributes=given, prices=tuple(prices), **more)


@pytest.fixture
def make() -> SimpleNamespace:
    return SimpleNamespace(
        period=period, row=row, version=version, usage=usage, request=request_for, january=JANUARY, d=Decimal
    )
