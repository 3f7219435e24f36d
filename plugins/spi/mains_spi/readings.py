"""How a utility takes readings: its window, what it finds implausible, and whether it estimates what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mains_spi.record import Record

DAY_EARLIEST, DAY_LATEST = 15, 28


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRules(Record):
    """How a utility takes readings; a share or a multiple of 0 turns its check off.

    A reading from ``from_day`` of a month on counts for the next first of the month, until ``upto_day`` for this one.
    ``estimates`` tells whether a month without a reading is billed on an estimate; without it the contract is held.
    ``estimates_buildings`` tells whether so is a building whose own meter was not read, for all its premises.
    A use above ``times_average_max`` daily averages of the register's own, above ``times_last_year_max`` times the use
    of the same season a year before, or below ``low_share_min`` of the average waits for staff, as does no use at all
    where ``flags_zero``. A register that restarts at zero before its average is known may have gone at most
    ``rollover_share_max`` of its range.
    """

    from_day: int = 25
    upto_day: int = 3
    estimates: bool = False
    times_average_max: Decimal = Decimal(10)
    times_last_year_max: Decimal = Decimal(0)
    low_share_min: Decimal = Decimal(0)
    flags_zero: bool = False
    rollover_share_max: Decimal = Decimal("0.1")
    estimates_buildings: bool = True


USUAL_READING_RULES = ReadingRules()


def reading_rules_mistakes(rules: ReadingRules) -> Iterator[str]:
    """Find what no utility can mean by its rules for readings."""
    if not DAY_EARLIEST <= rules.from_day <= DAY_LATEST:
        yield f"reading_rules.from_day is {rules.from_day}: give a day of every month, {DAY_EARLIEST} to {DAY_LATEST}"
    if not 1 <= rules.upto_day < DAY_EARLIEST:
        yield f"reading_rules.upto_day is {rules.upto_day}: give a day from 1 to {DAY_EARLIEST - 1}"
    if rules.times_average_max != 0 and rules.times_average_max <= 1:
        yield f"reading_rules.times_average_max is {rules.times_average_max}: give more than 1, or 0 for no check"
    if rules.times_last_year_max != 0 and rules.times_last_year_max <= 1:
        yield f"reading_rules.times_last_year_max is {rules.times_last_year_max}: give more than 1, or 0 for no check"
    for field in ("low_share_min", "rollover_share_max"):
        share = getattr(rules, field)
        if not 0 <= share < 1:
            yield f"reading_rules.{field} is {share}: give a share from 0 up to but without 1"
