"""What an adapter is told about a contract, its premise and its building, dated where it changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from mains_spi import ALWAYS, Attribute, Period, Place, Utility

from mains_server.billing.due import DatedValue, DueRow, Traits

KIND = "kind"
OF_PREMISE = ("premise", "phases", "amperes", "area", "residents")
TAX_KINDS = {"PRIVATE": "private", "BUSINESS": "business", "BUILDING_MANAGER": "business"}
EVERYWHERE = ("contract", "premise", "building")


class AttributeTeller:
    """Tells parties' traits in one adapter's words: what it declares, and the customer's kind, which says the tax."""

    def __init__(self, *, utility: Utility, period: Period) -> None:
        self.units: dict[str, str | None] = {quantity.name: quantity.unit for quantity in utility.quantities}
        self.units |= {attribute.name: attribute.unit for attribute in utility.attributes}
        self._defaults = tuple(attribute for attribute in utility.attributes if attribute.default is not None)
        self._period = period
        self._told: dict[tuple[Traits, tuple[str, ...]], tuple[Attribute, ...]] = {}

    def traits_of(self, due: DueRow, *, dated: tuple[DatedValue, ...]) -> Traits:
        """Keep of a contract at a supply point only what the adapter wants to be told, so that alike ones are equal."""
        units = self.units
        return Traits(
            due.kind,
            due.delivery if "delivery" in units else None,
            due.settlement if "settlement" in units else None,
            due.premise_kind if "premise" in units else None,
            due.phases if "phases" in units else None,
            due.amperes if "amperes" in units else None,
            due.area_m2 if "area" in units else None,
            due.residents if "residents" in units else None,
            dated,
        )

    def place_of(self, points: Sequence[DueRow]) -> Place:
        """Tell one supply point of a contract that has several, on the days on which it is covered."""
        point = points[0]
        told = _plain_words(self.traits_of(point, dated=()))
        own = tuple(Attribute(n, v, ALWAYS, self.units.get(n)) for n, v in told if n in OF_PREMISE and v is not None)
        return Place(point.identifier, own, Period(point.covers_from, points[-1].covers_to))

    def tell(self, traits: Traits, *, scopes: tuple[str, ...] = EVERYWHERE) -> tuple[Attribute, ...]:
        """Give the attributes; `scopes` are the parties that defaults are filled in for."""
        key = (traits, scopes)
        found = self._told.get(key)
        if found is None:
            told = [Attribute(n, v, ALWAYS, self.units.get(n)) for n, v in _plain_words(traits) if v is not None]
            told += _dated(traits, units=self.units, period=self._period)
            told += self._filled_in(told, scopes=scopes)
            found = self._told[key] = tuple(sorted(told, key=lambda attribute: (attribute.name, attribute.period)))
        return found

    def forget(self) -> None:
        """Forget what was told, to give its memory back."""
        self._told.clear()

    def _filled_in(self, told: Iterable[Attribute], *, scopes: tuple[str, ...]) -> list[Attribute]:
        days: dict[str, list[Period]] = defaultdict(list)
        for attribute in told:
            days[attribute.name].append(attribute.period)
        return [
            Attribute(attribute.name, attribute.default, gap, attribute.unit)
            for attribute in self._defaults
            if attribute.scope in scopes and attribute.default is not None
            for gap in _gaps(days[attribute.name], period=self._period)
        ]


def clipped(attributes: Iterable[Attribute], *, period: Period) -> tuple[Attribute, ...]:
    """Clip attributes to the days of a period."""
    clipped = ((attribute, attribute.period.common(period)) for attribute in attributes)
    return tuple(replace(attribute, period=days) for attribute, days in clipped if days is not None)


def number_text(value: Decimal | int) -> str:
    """Write a number without the zeros behind the point that say nothing."""
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain_words(traits: Traits) -> tuple[tuple[str, str | None], ...]:
    words = (("delivery", traits.delivery), ("settlement", traits.settlement), ("premise", traits.premise_kind))
    numbers = zip(OF_PREMISE[1:], traits[4:8], strict=True)
    return (
        (KIND, TAX_KINDS[traits.kind]),
        *((name, None if word is None else word.lower()) for name, word in words),
        *((name, None if number is None else number_text(number)) for name, number in numbers),
    )


def _dated(traits: Traits, *, units: Mapping[str, str | None], period: Period) -> list[Attribute]:
    rows = []
    for name, value, starts, ends, decision in traits.dated:
        covers_all = starts <= period.start and ends >= period.end
        days = ALWAYS if covers_all else Period(starts, ends)
        rows.append(Attribute(name, value, days, units.get(name), decision))
    return rows


def _gaps(taken: list[Period], *, period: Period) -> list[Period]:
    if not taken:
        return [ALWAYS]
    gaps: list[Period] = []
    day: date = period.start
    for stretch in sorted(taken):
        if day < stretch.start:
            gaps.append(Period(day, min(stretch.start, period.end)))
        day = max(day, stretch.end)
    return [*gaps, Period(day, period.end)] if day < period.end else gaps
