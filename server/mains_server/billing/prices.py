"""What a run prices by: price versions, taxes, series and kept figures, as they were known on the day of issue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from mains_spi import FactValue, Period, PriceRow, PriceVersion, Series, TaxRate, bind_product

from mains_server.billing.due import FigureRow, SeriesRow, VersionRow
from mains_server.facts.records import Stretch
from mains_server.facts.rules import joined
from mains_server.tariffs.rules import conditions
from mains_server.tariffs.rules import period as days


class AgreedPrice(NamedTuple):
    """A version of the product's price list that a contract keeps until a day, whatever the list says meanwhile."""

    version: str
    until: date


def versions_of(rows: Iterable[VersionRow]) -> dict[int, PriceVersion]:
    """Put price versions together from their rows, by their ids in the database."""
    found = {}
    for version_id, group in groupby(rows, key=attrgetter("version_id")):
        of_version = list(group)
        first = of_version[0]
        found[version_id] = PriceVersion(
            id=f"{first.list}/{first.code}",
            list=first.list,
            period=days(first.starts, first.ends),
            rows=tuple(_price(row) for row in of_version if row.name is not None),
            known_from=first.known_from,
            decision=first.decision or None,
        )
    return found


def known_on(versions: Mapping[int, PriceVersion], *, known_at: date) -> dict[int, PriceVersion]:
    """Choose the versions that were known at the end of a civil day."""
    return {
        version_id: version
        for version_id, version in versions.items()
        if version.known_from is None or version.known_from <= known_at
    }


def for_product(
    versions: Mapping[int, PriceVersion],
    *,
    lists: Sequence[str],
    price_list: str,
    period: Period,
    agreed: AgreedPrice | None = None,
) -> tuple[tuple[int, ...], tuple[PriceVersion, ...]]:
    """Choose what prices a product: the utility's lists, and its own bound as `product`; the ids of all come first."""
    fitting = {
        version_id: version
        for version_id, version in versions.items()
        if (version.list in (*lists, price_list) and version.period.meets(period))
        or (agreed is not None and version.id == agreed.version)
    }
    return tuple(fitting), bound(fitting.values(), lists=lists, price_list=price_list, period=period, agreed=agreed)


def going_on(versions: Mapping[int, PriceVersion]) -> dict[int, PriceVersion]:
    """Let each version last until the next one of its list begins; the last one lasts without end."""
    found = {}
    for version_id, version in versions.items():
        ends = version.period.end
        others = [other.period for other in versions.values() if other.list == version.list]
        if not any(days.start <= ends < days.end for days in others):
            later = min((days.start for days in others if days.start > ends), default=date.max)
            version = replace(version, period=Period(version.period.start, later))
        found[version_id] = version
    return found


def bound(
    versions: Iterable[PriceVersion],
    *,
    lists: Sequence[str],
    price_list: str,
    period: Period,
    agreed: AgreedPrice | None = None,
) -> tuple[PriceVersion, ...]:
    """Give versions as a rating request has them; an agreed price takes the place of the product's list on its days."""
    chosen = tuple(versions)
    own = tuple(version for version in chosen if version.list in lists and version.period.meets(period))
    if agreed is None:
        return (*own, *bind_product(versions=chosen, price_list=price_list, period=period))
    kept = tuple(replace(version, period=period) for version in chosen if version.id == agreed.version)
    until = min(agreed.until, period.end)
    fixed = bind_product(versions=kept, price_list=price_list, period=Period(period.start, until))
    if until == period.end:
        return (*own, *fixed)
    return (*own, *fixed, *bind_product(versions=chosen, price_list=price_list, period=Period(until, period.end)))


def taxes_of(rows: Iterable[tuple[Any, ...]], *, codes: Iterable[str]) -> tuple[TaxRate, ...]:
    """Give the rates of the tax codes that a utility's charges have."""
    wanted = frozenset(codes)
    return tuple(
        TaxRate(code, days(starts, ends), rate, kind) for code, starts, ends, rate, kind in rows if code in wanted
    )


def facts_of(rows: Iterable[FigureRow]) -> dict[str, list[FactValue]]:
    """Give kept figures back as facts of their subjects, given what became known last first.

    A figure of days of which another one became known since has had its time, also where that began on another day.
    """
    found: dict[str, list[FactValue]] = defaultdict(list)
    for row in rows:
        days = Period(row.starts, row.ends)
        if not any(kept.name == row.name and kept.period.meets(days) for kept in found[row.subject]):
            found[row.subject].append(FactValue(row.name, days, row.value, row.unit, row.source))
    return {subject: sorted(facts, key=lambda fact: (fact.name, fact.period)) for subject, facts in found.items()}


def series_of(rows: Iterable[SeriesRow]) -> tuple[Series, ...]:
    """Join the stretches of each series into one."""
    return joined(
        Stretch(
            name=row.name,
            unit=row.unit,
            starts_at=row.starts_at,
            step_seconds=row.step_seconds,
            values=tuple(row.values),
            known_at=row.known_at,
            source=row.source,
        )
        for row in rows
    )


def _price(row: VersionRow) -> PriceRow:
    assert row.name is not None and row.value is not None and row.unit is not None
    return PriceRow(row.name, row.value, row.unit, conditions(row.conditions), row.tax_included)
