"""What a contract's dates say, and what a contract must be like to be concluded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from mains_server.contracts.records import ContractState, Coverage, DatedAttribute, NewContract
from mains_server.customers.rules import meets

TOLD_OTHERWISE = frozenset(
    {"kind", "premise", "phases", "amperes", "area", "residents", "delivery", "settlement", "protected"}
)
"""Attributes that the place, the customer or the contract's own columns tell; nobody sets them a second time."""

VALUE_CHARACTERS_MAX = 100
NUMBER = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?", re.ASCII)


def state_on(*, starts: date, ends: date | None, day: date) -> ContractState:
    """Tell how a contract stands on a civil day; on the day it ends it has ended."""
    if day < starts:
        return ContractState.FUTURE
    return ContractState.ACTIVE if ends is None or day < ends else ContractState.ENDED


def dates_problem(contract: NewContract) -> str | None:
    """Say what is wrong with a contract's dates, and what to do about it; None where nothing is."""
    if contract.ends is not None and contract.ends <= contract.starts:
        return f"contract {contract.number} ends on {contract.ends}; let it end after it starts on {contract.starts}"
    if not contract.covers:
        return f"contract {contract.number} covers nothing; name at least one supply point"
    stretches: tuple[Coverage | DatedAttribute, ...] = (*contract.covers, *contract.attributes)
    for stretch in stretches:
        starts, ends = stretch_of(stretch_starts=stretch.starts, stretch_ends=stretch.ends, contract=contract)
        is_after = contract.ends is not None and (ends is None or ends > contract.ends)
        if starts < contract.starts or is_after or (ends is not None and ends <= starts):
            return f"contract {contract.number}: {stretch} must lie within the contract's own days"
    return None


def repeated_attribute(contract: NewContract) -> str | None:
    """Name an attribute that has two values on one day; None where there is none."""
    for position, first in enumerate(contract.attributes):
        for second in contract.attributes[position + 1 :]:
            if first.name == second.name and _meet(first, second, contract=contract):
                return first.name
    return None


def stretch_of(
    *, stretch_starts: date | None, stretch_ends: date | None, contract: NewContract
) -> tuple[date, date | None]:
    """Return the days of a part of a contract; what it does not say itself, the contract says."""
    return stretch_starts or contract.starts, stretch_ends or contract.ends


def value_on(attributes: Iterable[DatedAttribute], *, name: str, day: date) -> str | None:
    """Return an attribute's value on a civil day; None where nothing is agreed."""
    for attribute in attributes:
        if attribute.name == name and holds_on(attribute, day=day):
            return attribute.value
    return None


def holds_on(attribute: DatedAttribute, *, day: date) -> bool:
    """Tell whether an attribute has its value on a civil day."""
    is_begun = attribute.starts is None or attribute.starts <= day
    return is_begun and (attribute.ends is None or day < attribute.ends)


def is_plain_value(value: str, *, is_number: bool) -> bool:
    """Tell whether a value can be kept for an attribute that declares no words: a plain number, or some text."""
    if is_number:
        return NUMBER.fullmatch(value) is not None
    return 0 < len(value) <= VALUE_CHARACTERS_MAX and value.isprintable() and value == value.strip()


def _meet(first: DatedAttribute, second: DatedAttribute, *, contract: NewContract) -> bool:
    starts, ends = stretch_of(stretch_starts=first.starts, stretch_ends=first.ends, contract=contract)
    other_starts, other_ends = stretch_of(stretch_starts=second.starts, stretch_ends=second.ends, contract=contract)
    return meets(starts=starts, ends=ends, other_starts=other_starts, other_ends=other_ends)
