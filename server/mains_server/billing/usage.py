"""What was used, from rows of the database to what an adapter's tariff counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from mains_spi import Period, Quality, ReadingPoint, RegisterReadings, Usage

from mains_server.access.records import Refusal
from mains_server.billing.due import Measured, Problem, ReadingRow, UsageRow
from mains_server.metering.rules import usage_between

MICRO = 10**6
MICRO_PLACES = 6


def measured(row: UsageRow, *, readings: Sequence[ReadingRow], place: str) -> Measured | Problem:
    """Tell what a register counted: as the database worked it out, or by the rule of the metering room."""
    if row.micro is not None:
        return Measured(
            row.quantity,
            row.zone,
            row.unit,
            row.starts,
            row.ends,
            row.micro,
            None,
            row.is_estimated,
            row.source or "",
            place,
        )
    try:
        usage = usage_between(register=_register(row, readings=readings), period=Period(row.starts, row.ends))
    except Refusal as refusal:
        return Problem(refusal.code.lower(), refusal.message)
    assert usage is not None
    micro = usage.value * MICRO
    is_whole = micro == micro.to_integral_value() and micro >= 0
    return Measured(
        row.quantity,
        row.zone,
        row.unit,
        row.starts,
        row.ends,
        int(micro) if is_whole else None,
        None if is_whole else usage.value,
        usage.quality is Quality.ESTIMATED,
        usage.source,
        place,
    )


def as_usage(row: Measured, *, place: str | None = None) -> Usage:
    """Hand a quantity to the evaluator."""
    return Usage(
        row.quantity,
        Period(row.starts, row.ends),
        Decimal(micro_text(row.micro)) if row.micro is not None else row.value or Decimal(0),
        row.unit,
        row.zone,
        Quality.ESTIMATED if row.is_estimated else Quality.ACTUAL,
        row.source,
        row.place if place is None else place,
    )


def micro_text(micro: int) -> str:
    """Write millionths as a plain decimal, without zeros behind the point that say nothing."""
    whole, part = divmod(micro, MICRO)
    return f"{whole}.{part:06d}".rstrip("0") if part else str(whole)


def by_register(rows: Iterable[ReadingRow]) -> Mapping[int, list[ReadingRow]]:
    """Sort readings by their register."""
    found: dict[int, list[ReadingRow]] = defaultdict(list)
    for row in rows:
        found[row.register_id].append(row)
    return found


def _register(row: UsageRow, *, readings: Sequence[ReadingRow]) -> RegisterReadings:
    points = tuple(
        ReadingPoint(
            reading.counts_for, reading.value, Quality.ESTIMATED if reading.is_estimated else Quality.ACTUAL, ""
        )
        for reading in readings
    )
    return RegisterReadings(
        quantity=row.quantity,
        unit=row.unit,
        readings=points,
        installed=Period(row.starts, row.ends),
        digits=readings[0].digits if readings else None,
        multiplier=readings[0].multiplier if readings else Decimal(1),
        zone=row.zone,
        serial=row.serial,
    )
