"""What can be voted for: the attributes and values of a utility's card, and how a decision is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from mains_spi import Attribute, ContractAttribute, Utility
from mains_spi.exact import number_in

from mains_server.allocation.records import AllocationChoice
from mains_server.contracts.records import DatedAttribute
from mains_server.contracts.rules import value_on

REFERENCE_CHARACTERS_MAX = 200
REASON_CHARACTERS_MAX = 1000
CHOICES_MAX = 30
AREA_MAX = Decimal(100_000)


def voted_attributes(utility: Utility) -> Mapping[str, ContractAttribute]:
    """Name the attributes that the owners of a building decide."""
    return {attribute.name: attribute for attribute in utility.attributes if attribute.is_voted}


def allows(attribute: ContractAttribute, *, value: str) -> bool:
    """Tell whether an attribute can have a value: one of its words, or a plain number in its unit."""
    if attribute.values:
        return value in attribute.values
    return attribute.unit is None or number_in(value) is not None


def is_reference(text: str) -> bool:
    """Tell whether a text can name a decision: 1 to 200 characters that can be printed, no space around them."""
    return text == text.strip() and 0 < len(text) <= REFERENCE_CHARACTERS_MAX and text.isprintable()


def is_reason(text: str) -> bool:
    """Tell whether a text is a reason somebody can read: not empty and at most 1,000 characters."""
    return bool(text.strip()) and len(text) <= REASON_CHARACTERS_MAX and "\x00" not in text


def in_force(
    choices: Sequence[AllocationChoice], *, agreed: Iterable[DatedAttribute], utility: Utility, day: date
) -> tuple[Attribute, ...]:
    """Give all attributes of a house as they would hold on a day: chosen, agreed before, or by default."""
    chosen = {choice.name: choice.value for choice in choices}
    kept = list(agreed)
    found = []
    for attribute in utility.attributes:
        value = chosen.get(attribute.name) or value_on(kept, name=attribute.name, day=day)
        if value is None and attribute.scope == "building":
            value = attribute.default
        if value is not None:
            found.append(Attribute(attribute.name, value, unit=attribute.unit))
    return tuple(found)


def first_free_month(billed_until: date) -> date:
    """Give the first day of the first month of which no day was billed."""
    if billed_until.day == 1:
        return billed_until
    is_december = billed_until.month == 12
    return date(billed_until.year + is_december, 1 if is_december else billed_until.month + 1, 1)
