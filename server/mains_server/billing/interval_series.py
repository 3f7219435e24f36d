"""Intervals one by one, for tariffs that price each at the exchange: which quantities, and the series they make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from mains_spi import Attribute, Qty, Quality, Series, Spot, Tariff, When
from mains_spi.walk import find

from mains_server.billing.due import MeteredDay
from mains_server.intervals.rules import day_seconds, is_estimated


class Weighing(NamedTuple):
    """A contract's own series, and the stored days that they were made of."""

    series: tuple[Series, ...] = ()
    day_ids: tuple[int, ...] = ()


def weighed_quantities(tariff: Tariff | None, *, holds: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Name the quantities whose intervals a tariff prices one by one, for a contract with these attribute values."""
    if tariff is None:
        return frozenset()
    spots = [part for part in tariff.components if isinstance(part, Spot)]
    return frozenset(
        qty.name
        for spot in spots
        if all(may_hold(when, told=holds) for when in spot.when)
        for qty in find(spot.qty, Qty)
    )


def may_hold(when: When, *, told: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a condition holds for one of the values that an attribute has."""
    return any(_fits(when, value) for value in told.get(when.name, ()))


def told_values(attributes: Iterable[Attribute]) -> dict[str, list[str]]:
    """Give the values of attributes by name, on whatever days they hold."""
    told: dict[str, list[str]] = defaultdict(list)
    for attribute in attributes:
        told[attribute.name].append(attribute.value)
    return told


def weighing_of(days: Iterable[MeteredDay], *, time_zone: str) -> Weighing:
    """Make a series of each quantity; the days must follow each other, and none may lack a value.

    Registers that count the same quantity add up. Where steps differ, as when a meter begins to send quarter-hours
    within a month, all are counted in the longest.
    """
    ordered = sorted(days, key=lambda day: (day.day, day.register_id, day.id))
    if not ordered:
        return Weighing()
    by_quantity: dict[tuple[str, str], list[MeteredDay]] = defaultdict(list)
    for day in ordered:
        by_quantity[day.quantity, day.unit].append(day)
    series = tuple(_series(mine, time_zone=time_zone) for _, mine in sorted(by_quantity.items()))
    return Weighing(series=series, day_ids=tuple(day.id for day in ordered))


def _fits(when: When, value: str) -> bool:
    if when.among and value not in when.among:
        return False
    if when.above is None and when.upto is None:
        return True
    number = Decimal(value)
    return (when.above is None or number > when.above) and (when.upto is None or number <= when.upto)


def _series(days: Sequence[MeteredDay], *, time_zone: str) -> Series:
    first = days[0]
    step = max(day.step_seconds for day in days)
    by_day: dict[date, list[Decimal]] = {}
    for day in days:
        counted = _folded(day, step=step)
        before = by_day.get(day.day)
        by_day[day.day] = counted if before is None else [one + two for one, two in zip(before, counted, strict=True)]
    values = tuple(value for _, of_day in sorted(by_day.items()) for value in of_day)
    serials = ", ".join(dict.fromkeys(day.serial for day in days))
    return Series(
        name=first.quantity,
        unit=first.unit,
        start=datetime.fromtimestamp(day_seconds(first.day, time_zone)[0], UTC),
        step=timedelta(seconds=step),
        values=values,
        source=f"meter {serials}: {len(values)} intervals of {len(by_day)} days",
        quality=Quality.ESTIMATED if any(is_estimated(day.statuses) for day in days) else Quality.ACTUAL,
    )


def _folded(day: MeteredDay, *, step: int) -> list[Decimal]:
    times = step // day.step_seconds
    assert times * day.step_seconds == step, f"steps of {day.step_seconds} s do not make one of {step} s"
    known = [value for value in day.values if value is not None]
    assert len(known) == len(day.values), f"day {day.day} of meter {day.serial} lacks values"
    return [sum(known[at : at + times], Decimal(0)) for at in range(0, len(known), times)]
