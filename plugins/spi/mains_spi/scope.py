"""Where a term looks for quantities and attributes: at the contract, the building, or one premise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from mains_spi.errors import CannotRate, MissingInput
from mains_spi.exact import number_in
from mains_spi.prices import When
from mains_spi.requests import Attribute, Series, Usage


class Scope:
    """The usage and attributes of one party. Attributes not found here are looked for in the scope around it."""

    __slots__ = ("around", "attributes", "series", "usage")

    def __init__(
        self,
        *,
        usage: Iterable[Usage],
        attributes: Iterable[Attribute],
        series: Iterable[Series] = (),
        around: Scope | None = None,
    ) -> None:
        self.usage: dict[str, list[Usage]] = defaultdict(list)
        self.attributes: dict[str, list[Attribute]] = defaultdict(list)
        self.series = {s.name: s for s in series}
        self.around = around
        for row in usage:
            self.usage[row.name].append(row)
        for attribute in attributes:
            self.attributes[attribute.name].append(attribute)

    def attribute(self, name: str, day: date) -> Attribute | None:
        """Find an attribute on a day, here or around."""
        found = self.own_attribute(name, day)
        if found is None and self.around is not None:
            return self.around.attribute(name, day)
        return found

    def own_attribute(self, name: str, day: date) -> Attribute | None:
        """Find an attribute of this very party on a day."""
        rows = [a for a in self.attributes.get(name, ()) if a.period.has(day)]
        if len(rows) > 1:
            raise CannotRate("attribute_twice", name, f"attribute `{name}` has {len(rows)} values on {day}: give one")
        return rows[0] if rows else None

    def measures(self, name: str) -> bool:
        """Tell whether this party has usage of that name."""
        return name in self.series or name in self.usage

    def holds(self, when: When, day: date, component: str) -> bool:
        """Tell whether a condition holds on a day."""
        attribute = self.attribute(when.name, day)
        if attribute is None:
            raise MissingInput("missing_attribute", component, f"give the attribute `{when.name}` for {day}")
        if when.among and attribute.value not in when.among:
            return False
        if when.above is None and when.upto is None:
            return True
        number = number_of(attribute, component)
        above = when.above is None or number > Fraction(when.above)
        return above and (when.upto is None or number <= Fraction(when.upto))


def number_of(attribute: Attribute, component: str) -> Fraction:
    """Read an attribute that must hold a number."""
    number = number_in(attribute.value)
    if number is None:
        raise CannotRate(
            "attribute_not_a_number", component, f"attribute `{attribute.name}` is {attribute.value!r}: give a number"
        )
    return number
