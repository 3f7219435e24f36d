"""Looks into records: every value with the place where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


def values_in(*, value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Give a value and all values inside it, each with its place, such as ``Tariff.components[0].price``."""
    yield place, value
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from values_in(value=getattr(value, field.name), place=f"{place}.{field.name}")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from values_in(value=item, place=f"{place}[{name!r}]")
    elif isinstance(value, (tuple, list, set, frozenset)):
        for at, item in enumerate(value):
            yield from values_in(value=item, place=f"{place}[{at}]")


def all_of(*, kind: type[T], value: Any) -> tuple[T, ...]:
    """Give all records of one kind inside a value."""
    return tuple(found for _, found in values_in(value=value, place="") if isinstance(found, kind))


def first_difference(*, one: Any, other: Any, place: str) -> str | None:
    """Name the first place where two values differ, or nothing."""
    if type(one) is type(other) and one == other:
        return None
    if type(one) is type(other) and is_dataclass(one) and not isinstance(one, type):
        pairs = [(f"{place}.{f.name}", getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
        return _first(pairs)
    if isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        return _first([(f"{place}[{at}]", a, b) for at, (a, b) in enumerate(zip(one, other, strict=True))])
    return f"{place}: {one!r}, then {other!r}"


def _first(pairs: list[tuple[str, Any, Any]]) -> str | None:
    for place, one, other in pairs:
        found = first_difference(one=one, other=other, place=place)
        if found is not None:
            return found
    return None
