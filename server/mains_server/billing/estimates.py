"""Fills in what nobody read: once a reading is not waited for any more, usage is estimated and booked with its bill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from mains_spi import Attribute, EstimateRequest, Period, Quality, ReadingPoint, RegisterReadings, Usage
from psycopg import Connection

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.live import LiveAdapter
from mains_server.billing import queries
from mains_server.billing.due import EstimatedReading, GapRow, Measured, PastRow, Problem, ReadingRow, UsageRow
from mains_server.billing.usage import by_register, measured
from mains_server.metering.estimation import Estimate, Gap, estimate, estimate_of, true_stretches
from mains_server.metering.windows import closes_on

MISSING = "missing_reading"

AttributesOf = Callable[[int], tuple[Attribute, ...]]
TakeHold = Callable[[Connection, Sequence[int]], None]


class Unread(NamedTuple):
    """A register that was not read at an end of its days, and the place where it hangs."""

    row: UsageRow
    place: str
    problem: Problem


class Filled(NamedTuple):
    """An estimated usage with the reading that is booked when it is billed; without one somebody read it meanwhile."""

    measured: Measured
    reading: EstimatedReading | None


class Estimator:
    """Estimates as one utility does on one day, if it does.

    `take_hold` keeps registers from being read by somebody else until their estimates are booked.
    """

    def __init__(self, *, adapter: LiveAdapter, on: date, take_hold: TakeHold | None = None) -> None:
        self._adapter = adapter
        self._on = on
        self._take_hold = take_hold
        self._rules = adapter.utility.reading_rules
        self._places = {quantity.name: quantity.places for quantity in adapter.utility.quantities}

    def fill_in(
        self,
        connection: Connection,
        *,
        asked: queries.Asked,
        unread: Sequence[Unread],
        attributes_of: AttributesOf,
        houses: frozenset[int] = frozenset(),
    ) -> list[Filled | Problem]:
        """Estimate what was not read, each by what its own customer used; what cannot be estimated stays missing.

        `houses` are the supply points of whole buildings, which a utility may want to be read.
        """
        read = frozenset() if self._rules.estimates_buildings else houses
        wanted = [one for one in unread if not self._is_waited_for(one.row) and one.row.supply_point_id not in read]
        filled = self._filled(connection, wanted, asked=asked, attributes_of=attributes_of) if wanted else {}
        return [filled.get(one.row, one.problem) for one in unread]

    def _filled(
        self, connection: Connection, unread: Sequence[Unread], *, asked: queries.Asked, attributes_of: AttributesOf
    ) -> dict[UsageRow, Filled | Problem]:
        registers = sorted({one.row.register_id for one in unread})
        if self._take_hold is not None:
            self._take_hold(connection, registers)
        readings = by_register(queries.readings(connection, asked=asked, registers=registers))
        past = _by_gap(queries.past(connection, asked=asked, registers=registers))
        rows = {(one.row.contract_id, one.row.register_id): one for one in unread}
        found: dict[UsageRow, Filled | Problem] = {}
        for gap in queries.gaps(connection, asked=asked, pairs=sorted(rows)):
            one, register = rows[gap.contract_id, gap.register_id], gap.register_id
            inside = [r for r in readings.get(register, ()) if one.row.starts <= r.counts_for <= one.row.ends]
            try:
                found[one.row] = self._fill(
                    one, gap=gap, inside=inside, past=past[register], attributes_of=attributes_of
                )
            except AdapterFailed as failure:
                found[one.row] = Problem("adapter_failed", str(failure))
        return found

    def _is_waited_for(self, row: UsageRow) -> bool:
        """Tell whether a reading of the end of these days may still come, or the utility always waits for it."""
        return not self._rules.estimates or self._on <= closes_on(row.ends, rules=self._rules)

    def _fill(
        self,
        one: Unread,
        *,
        gap: GapRow,
        inside: Sequence[ReadingRow],
        past: Sequence[PastRow],
        attributes_of: AttributesOf,
    ) -> Filled | Problem:
        row = one.row
        known = measured(row, readings=inside, place=one.place)
        if isinstance(known, Measured):
            return Filled(known, None)
        if known.code != MISSING or not _may_be_estimated(row, gap=gap, inside=inside):
            return known
        stretch = self._gap_of(row, gap=gap, last=inside[-1], past=past)
        estimated = self._asked_of_adapter(row, gap=stretch, attributes_of=attributes_of) or estimate(stretch)
        if estimated is None:
            return known
        end = ReadingRow(row.register_id, row.ends, estimated.value, True, gap.digits, gap.multiplier)
        usage = measured(row, readings=[*inside, end], place=one.place)
        if isinstance(usage, Problem):
            return usage
        reading = EstimatedReading(row.register_id, row.supply_point_id, row.ends, estimated.value, gap.time_zone)
        return Filled(usage._replace(source=f"{usage.source}, estimated: {estimated.rule}"), reading)

    def _gap_of(self, row: UsageRow, *, gap: GapRow, last: ReadingRow, past: Sequence[PastRow]) -> Gap:
        own = [r for r in past if gap.since <= r.counts_for and (gap.until is None or r.counts_for <= gap.until)]
        later = [r for r in own if r.register_id == row.register_id and r.counts_for > row.ends and not r.is_estimated]
        before = [r for r in own if r.counts_for <= last.counts_for]
        return Gap(
            days=Period(last.counts_for, row.ends),
            unit=row.unit,
            start=last.value,
            digits=gap.digits,
            multiplier=gap.multiplier,
            places=self._places[row.quantity],
            used=true_stretches(_registers(before, row=row)),
            later=(later[0].counts_for, later[0].value) if later else None,
            forecast=_number(gap.forecast),
        )

    def _asked_of_adapter(self, row: UsageRow, *, gap: Gap, attributes_of: AttributesOf) -> Estimate | None:
        """Have the adapter estimate where it has a rule of its own; an answer to another question is none."""
        if "estimate" not in self._adapter.hooks:
            return None
        request = EstimateRequest(
            period=gap.days, missing=(row.quantity,), history=gap.used, attributes=attributes_of(row.contract_id)
        )
        answer = self._adapter.estimate(request)
        if not answer:
            return None
        wanted = (row.quantity, row.unit, row.zone, gap.days, Quality.ESTIMATED)
        fitting = [usage for usage in answer if _key(usage) == wanted]
        if len(fitting) == 1 and fitting[0].value.is_finite():
            rule = fitting[0].source or f"by adapter {self._adapter.name}"
            found = estimate_of(gap, usage=Fraction(fitting[0].value), rule=rule)
            if found is not None:
                return found
        raise self._adapter.line.failure(hook="estimate", reason=f"gave no usable estimate of {row.quantity}")


class Forecaster(Estimator):
    """Foretells days to come: nobody can have read them, so that no reading is waited for."""

    def _is_waited_for(self, row: UsageRow) -> bool:
        return False


def unread_or(usage: Measured | Problem, *, row: UsageRow, place: str) -> Measured | Problem | Unread:
    """Tell what was not read from what cannot be measured for another reason."""
    return Unread(row, place, usage) if isinstance(usage, Problem) and usage.code == MISSING else usage


def _may_be_estimated(row: UsageRow, *, gap: GapRow, inside: Sequence[ReadingRow]) -> bool:
    """Only the end of days is estimated whose start is known; who takes a meter away has read it."""
    is_start_known = bool(inside) and inside[0].counts_for == row.starts and inside[-1].counts_for < row.ends
    return gap.is_read_by_people and is_start_known and row.ends != gap.removed_on


def _registers(past: Iterable[PastRow], *, row: UsageRow) -> list[RegisterReadings]:
    """Put past readings of the place together by the register they were taken from."""
    by_register: dict[int, list[PastRow]] = defaultdict(list)
    for reading in past:
        by_register[reading.register_id].append(reading)
    return [
        RegisterReadings(
            quantity=row.quantity,
            unit=row.unit,
            readings=tuple(
                ReadingPoint(r.counts_for, r.value, Quality.ESTIMATED if r.is_estimated else Quality.ACTUAL)
                for r in readings
            ),
            installed=Period(readings[0].counts_for, date.max),
            digits=readings[0].digits,
            multiplier=readings[0].multiplier,
            zone=row.zone,
        )
        for readings in by_register.values()
    ]


def _by_gap(past: Iterable[PastRow]) -> dict[int, list[PastRow]]:
    found: dict[int, list[PastRow]] = defaultdict(list)
    for row in past:
        found[row.gap_register_id].append(row)
    return found


def _number(text: str | None) -> Decimal | None:
    """Read a forecast; one that is no number of at least nothing foretells nothing."""
    try:
        number = None if text is None else Decimal(text)
    except ArithmeticError:
        return None
    return number if number is not None and number.is_finite() and number >= 0 else None


def _key(usage: Usage) -> tuple[str, str, str | None, Period, Quality]:
    return usage.name, usage.unit, usage.zone, usage.period, usage.quality
