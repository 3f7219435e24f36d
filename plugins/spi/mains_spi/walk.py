"""Finds terms and conditions inside components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache
from typing import Any, TypeVar

from mains_spi.components import (
    AllocateBuilding,
    Component,
    Figure,
    Rebate,
    Tiered,
    TimeOfUse,
)
from mains_spi.record import Record

T = TypeVar("T")


@lru_cache(maxsize=4096)
def inside(record: Record) -> tuple[Record, ...]:
    """Give a record and all records in it, outermost first."""
    return tuple(_walk(record))


def find(record: Record, kind: type[T]) -> list[T]:
    """Give all records of one kind in a record."""
    return [found for found in inside(record) if isinstance(found, kind)]


def codes_of(component: Component) -> tuple[str, ...]:
    """Give every code whose amount a later component may ask for."""
    if isinstance(component, Figure):
        return ()
    if isinstance(component, Tiered):
        return tuple(tier.code for tier in component.tiers)
    if isinstance(component, TimeOfUse):
        return tuple(zone.code for zone in component.zones)
    own: str = getattr(component, "code", "")
    if isinstance(component, AllocateBuilding):
        return (own, *(pool.code for pool in component.pools))
    return (own,)


def charges_of(component: Component) -> tuple[str, ...]:
    """Give the codes a component puts on bills."""
    if isinstance(component, AllocateBuilding):
        parents = {pool.of for pool in component.pools}
        return tuple(pool.code for pool in component.pools if pool.code not in parents)
    return codes_of(component)


def taxed_charges_of(component: Component) -> tuple[str, ...]:
    """Give the codes a component puts on bills that bear tax."""
    return () if isinstance(component, Rebate) and component.after_tax else charges_of(component)


def name_of(component: Component) -> str:
    """Give the word by which messages call a component."""
    codes = codes_of(component)
    return codes[0] if codes else str(getattr(component, "code", type(component).__name__))


def _walk(value: Any) -> Iterator[Record]:
    if isinstance(value, tuple):
        for item in value:
            yield from _walk(item)
    elif isinstance(value, Record):
        yield value
        for field in fields(value):  # type: ignore[arg-type]
            yield from _walk(getattr(value, field.name))
