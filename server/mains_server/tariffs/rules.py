"""What prices, tax rates and products must be like to be loaded, and how conditions are written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mains_spi import BadUnit, Period, PriceRow, TaxRate, When
from mains_spi.units import parse_unit

from mains_server.access.records import Refusal
from mains_server.tariffs.records import NewPriceVersion, VersionDays

PRICE_PLACES = 8
RATE_PLACES = 4
PRICE_LIMIT = Decimal(10) ** 10
ALL_DAYS = Period(date.min, date.max)
LONGEST_DAY = timedelta(hours=25)


class PriceListRefused(Refusal):
    """A price list, tax rate or product cannot be taken in; the message names it and what to do."""


class PriceInexact(PriceListRefused):
    """A price is a float, is not finite, or has more decimals than can be kept."""

    code = "PRICE_INEXACT"


class UnitMissing(PriceListRefused):
    """A price has no unit, or one that cannot be read."""

    code = "UNIT_MISSING"


class PriceRepeated(PriceListRefused):
    """A version has two prices of one name for the same conditions."""

    code = "PRICE_REPEATED"


class VersionsOverlap(PriceListRefused):
    """Two versions of a list hold on one day, and neither corrects the other."""

    code = "VERSIONS_OVERLAP"


class PeriodEmpty(PriceListRefused):
    """Something ends before it begins."""

    code = "PERIOD_EMPTY"


class VersionExists(PriceListRefused):
    """A list has a version with this code already."""

    code = "VERSION_EXISTS"


class TaxRatesOverlap(PriceListRefused):
    """A tax has two rates on one day for one kind of customer."""

    code = "TAX_RATES_OVERLAP"


def check_version(version: NewPriceVersion) -> None:
    """Refuse a version that contradicts itself or could not be kept as it is."""
    name = f"{version.list}/{version.code}"
    if version.ends is not None and version.ends <= version.starts:
        raise PeriodEmpty(f"{name} ends on {version.ends}; let it end after it starts on {version.starts}")
    seen: set[tuple[str, tuple[When, ...]]] = set()
    for row in version.rows:
        check_price(row, where=f"{name} {row.name}")
        if (row.name, row.when) in seen:
            raise PriceRepeated(f"{name} {row.name}: there are two prices for the same conditions; keep one")
        seen.add((row.name, row.when))


def check_price(row: PriceRow, *, where: str) -> None:
    """Refuse a price that is not exact or has no unit."""
    check_exact(row.value, where=where, places=PRICE_PLACES)
    if abs(row.value) >= PRICE_LIMIT:
        raise PriceInexact(f"{where}: {row.value} is too large to keep")
    if row.tax_included is not None:
        check_exact(row.tax_included, where=f"{where}, the tax included", places=RATE_PLACES)
    try:
        parse_unit(row.unit)
    except (BadUnit, AttributeError, TypeError) as refused:
        raise UnitMissing(f"{where}: give the unit, such as EUR/kWh") from refused


def check_exact(value: Any, *, where: str, places: int) -> None:
    """Refuse a number that is no finite Decimal, or that has more decimals than are kept."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise PriceInexact(f"{where} is {value!r}; write it as a Decimal")
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > places:
        raise PriceInexact(f"{where} is {value}; at most {places} decimals are kept")


def check_codes(*, list_name: str, known: Iterable[VersionDays], new: Sequence[NewPriceVersion]) -> None:
    """Refuse a version whose code its list has already: what was published is never edited."""
    codes = {version.code for version in known}
    for version in new:
        if version.code in codes:
            raise VersionExists(f"{list_name}/{version.code} is there already; give the new version its own code")
        codes.add(version.code)


def check_overlaps(*, list_name: str, known: Iterable[VersionDays], new: Sequence[NewPriceVersion]) -> None:
    """Refuse versions of one list that hold on the same days, unless one corrects the other and is known later."""
    held = list(known)
    for version in sorted(new, key=lambda one: one.is_correction):
        days = period(version.starts, version.ends)
        for other in held:
            if days.meets(period(other.starts, other.ends)) and not _corrects(version, other):
                raise VersionsOverlap(
                    f"{list_name}/{version.code} holds on days on which {other.code} does; let {other.code} end first,"
                    " or load it as a correction that is known at least a day later"
                )
        held.append(
            VersionDays(code=version.code, starts=version.starts, ends=version.ends, known_from=version.known_from)
        )


def check_tax_rates(*, known: Iterable[TaxRate], new: Sequence[TaxRate]) -> None:
    """Refuse tax rates that are not exact, or two for one day and kind of customer."""
    held = list(known)
    for rate in new:
        check_exact(rate.rate, where=f"tax {rate.code}", places=RATE_PLACES)
        if not 0 <= rate.rate < 10:
            raise PriceInexact(f"tax {rate.code} is {rate.rate}; write 0.21 for 21 %")
        for other in held:
            if (rate.code, rate.kind) == (other.code, other.kind) and rate.period.meets(other.period):
                raise TaxRatesOverlap(
                    f"tax {rate.code} for {rate.kind or 'everybody else'} has a rate from {other.period.start} already"
                )
        held.append(rate)


def period(starts: date, ends: date | None) -> Period:
    """Return the civil days of something that may have no end yet."""
    return Period.since(starts) if ends is None else Period(starts, ends)


def ends_of(days: Period) -> date | None:
    """Return the end of a period, None where it has none yet."""
    return None if days.end == date.max else days.end


def conditions_document(when: Iterable[When]) -> list[dict[str, Any]]:
    """Write the conditions of a price down, numbers as text."""
    return [
        {"name": one.name, "among": list(one.among), "above": _text(one.above), "upto": _text(one.upto)} for one in when
    ]


def conditions(document: Iterable[Mapping[str, Any]]) -> tuple[When, ...]:
    """Read the conditions of a price."""
    return tuple(
        When(one["name"], tuple(one["among"]), _number(one["above"]), _number(one["upto"])) for one in document
    )


def _corrects(version: NewPriceVersion, other: VersionDays) -> bool:
    return version.is_correction and version.known_from - other.known_from >= LONGEST_DAY


def _text(number: Decimal | int | None) -> str | None:
    return None if number is None else str(number)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
