"""What was used by registers that send intervals: the sum of their days, in the zones that the tariff prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple, Protocol

from mains_spi import Attribute, Calendar, Period, Tariff, TimeOfUse
from mains_spi.civil import zone_at
from psycopg import Connection

from mains_server.billing import queries
from mains_server.billing.due import IntervalDayRow, Measured, MeteredDay, Problem, UsageRow
from mains_server.billing.interval_series import may_hold, told_values, weighed_quantities
from mains_server.billing.usage import MICRO
from mains_server.intervals.records import PackedDay
from mains_server.intervals.rules import day_seconds, is_estimated, missing_stretches

TariffOf = Callable[[str], Tariff | None]
"""Gives the tariff of a product; None where the adapter prices it itself, or cannot be asked."""


class Counts(NamedTuple):
    """What a register counted, and its days where the tariff prices each interval."""

    measured: tuple[Measured, ...]
    days: tuple[MeteredDay, ...] = ()


Counted = Counts | Problem


class ChangesOf(Protocol):
    """Tells on which days within the period the prices or taxes of a product change."""

    def __call__(self, connection: Connection, *, product: str, time_zone: str) -> frozenset[date]:
        """List the days from which something else holds."""


class Zoned(NamedTuple):
    """A calendar, and the zones that a tariff prices by it."""

    calendar: Calendar
    zones: tuple[str, ...]


class Stretch(NamedTuple):
    """A register's days to be counted by intervals, and what is known of the contract that they are counted for."""

    row: UsageRow
    product: str
    attributes: tuple[Attribute, ...]
    time_zone: str
    place: str
    price_fixed_until: date | None = None


class Part(NamedTuple):
    """Days of a stretch on which neither prices nor attributes change, and the zones that are priced on them."""

    starts: date
    ends: date
    zoned: Zoned | None


class IntervalCounter:
    """Counts by intervals as they were known at the end of a civil day; the zones of a day are worked out once.

    Where prices or attributes change within a stretch, the days before and after are counted apart: each is billed as
    it was used, and nothing has to be shared out by days. Who adds the parts up again needs no `changes_of`.
    """

    def __init__(self, *, tariff_of: TariffOf, known_at: date, changes_of: ChangesOf | None = None) -> None:
        self._tariff_of = tariff_of
        self._changes_of = changes_of
        self._known_at = known_at
        self._zones: dict[tuple[Calendar, str, date, int], tuple[str | None, ...]] = {}

    @property
    def tariff_of(self) -> TariffOf:
        """Give what finds a product's tariff; None for products that the adapter prices itself."""
        return self._tariff_of

    def count(self, connection: Connection, *, stretches: Sequence[Stretch], period: Period) -> list[Counted]:
        """Tell of each stretch what was used, by zone where the tariff asks for zones, or why it cannot be told."""
        if not stretches:
            return []
        parts = [self._parts(connection, stretch) for stretch in stretches]
        one_by_one = [self._is_weighed(stretch) for stretch in stretches]
        with_values = {
            stretch.row.register_id
            for stretch, own, each in zip(stretches, parts, one_by_one, strict=True)
            if each or any(part.zoned is not None for part in own)
        }
        days: dict[int, list[IntervalDayRow]] = defaultdict(list)
        for day in queries.interval_days(
            connection,
            registers=sorted({stretch.row.register_id for stretch in stretches}),
            by_zone=sorted(with_values),
            known=queries.KnownOn(period=period, known_at=self._known_at, time_zone=stretches[0].time_zone),
        ):
            days[day.register_id].append(day)
        return [
            self._counted(stretch, days=days[stretch.row.register_id], parts=own, is_weighed=each)
            for stretch, own, each in zip(stretches, parts, one_by_one, strict=True)
        ]

    def _is_weighed(self, stretch: Stretch) -> bool:
        tariff, row = self._tariff_of(stretch.product), stretch.row
        return row.zone is None and row.quantity in weighed_quantities(tariff, holds=told_values(stretch.attributes))

    def _parts(self, connection: Connection, stretch: Stretch) -> tuple[Part, ...]:
        row, tariff = stretch.row, self._tariff_of(stretch.product)
        changes: set[date] = set()
        if self._changes_of is not None:
            changes |= self._changes_of(connection, product=stretch.product, time_zone=stretch.time_zone)
        changes |= set() if stretch.price_fixed_until is None else {stretch.price_fixed_until}
        changes |= {day for one in stretch.attributes for day in (one.period.start, one.period.end)}
        bounds = [row.starts, *sorted(day for day in changes if row.starts < day < row.ends), row.ends]
        return tuple(Part(start, end, _zoned(stretch, tariff=tariff, on=start)) for start, end in pairwise(bounds))

    def _counted(
        self, stretch: Stretch, *, days: Iterable[IntervalDayRow], parts: Sequence[Part], is_weighed: bool
    ) -> Counted:
        row = stretch.row
        mine = [day for day in days if row.starts <= day.day < row.ends]
        if len(mine) < (row.ends - row.starts).days or any(day.known < day.expected for day in mine):
            return _missing(stretch, days=mine)
        kept = tuple(_metered(stretch, day=day) for day in mine) if is_weighed else ()
        found: list[Measured] = []
        for part in parts:
            inside = [day for day in mine if part.starts <= day.day < part.ends]
            used = self._used(stretch, part=part, days=inside)
            if isinstance(used, Problem):
                return used
            found += [_measured(stretch, part=part, days=inside, zone=zone, used=total) for zone, total in used.items()]
        return Counts(tuple(found), kept)

    def _used(
        self, stretch: Stretch, *, part: Part, days: Sequence[IntervalDayRow]
    ) -> Mapping[str | None, Decimal] | Problem:
        """Add up what some days used: all of it, or by the zones of the calendar."""
        if part.zoned is None:
            return {stretch.row.zone: sum((day.total for day in days), Decimal(0))}
        calendar = part.zoned.calendar
        used: dict[str | None, Decimal] = dict.fromkeys(part.zoned.zones, Decimal(0))
        for day in days:
            zones = self._zones_of(day, calendar=calendar, time_zone=stretch.time_zone)
            for zone, value in zip(zones, day.values or (), strict=True):
                if zone not in used:
                    return Problem("zone_without_price", f"calendar `{calendar.name}` has {zone!r} on {day.day}")
                used[zone] += value or Decimal(0)
        return used

    def _zones_of(self, day: IntervalDayRow, *, calendar: Calendar, time_zone: str) -> tuple[str | None, ...]:
        key = (calendar, time_zone, day.day, day.step_seconds)
        found = self._zones.get(key)
        if found is None:
            starts, length = day_seconds(day.day, time_zone)
            stamps = range(starts, starts + length, day.step_seconds)
            found = self._zones[key] = tuple(zone_at(calendar, datetime.fromtimestamp(at, UTC)) for at in stamps)
        return found


def zones_asked(tariff: Tariff | None, *, attributes: Iterable[Attribute]) -> Zoned | None:
    """Tell by which calendar, and in which zones, a tariff prices a contract with these attributes; None if in none."""
    told = told_values(attributes)
    if tariff is None:
        return None
    calendars = {calendar.name: calendar for calendar in tariff.calendars}
    by_zone = [part for part in tariff.components if isinstance(part, TimeOfUse) and part.calendar in calendars]
    for part in by_zone:
        if all(may_hold(when, told=told) for when in part.when):
            return Zoned(calendars[part.calendar], tuple(zone.zone for zone in part.zones))
    return None


def _zoned(stretch: Stretch, *, tariff: Tariff | None, on: date) -> Zoned | None:
    """A register that counts in a zone says itself which."""
    if stretch.row.zone is not None:
        return None
    return zones_asked(tariff, attributes=[one for one in stretch.attributes if one.period.has(on)])


def _measured(
    stretch: Stretch, *, part: Part, days: Sequence[IntervalDayRow], zone: str | None, used: Decimal
) -> Measured:
    row = stretch.row
    count = sum(day.known for day in days)
    return Measured(
        row.quantity,
        zone,
        row.unit,
        part.starts,
        part.ends,
        int(used * MICRO),
        None,
        any(is_estimated(day.statuses) for day in days),
        f"meter {row.serial}: {count} intervals of {len(days)} days",
        stretch.place,
        True,
    )


def _metered(stretch: Stretch, *, day: IntervalDayRow) -> MeteredDay:
    row = stretch.row
    return MeteredDay(
        day.id,
        row.register_id,
        row.serial,
        row.quantity,
        row.unit,
        day.day,
        day.step_seconds,
        day.values or [],
        day.statuses,
    )


def _missing(stretch: Stretch, *, days: Iterable[IntervalDayRow]) -> Problem:
    """Name the first stretch that is missing; who looks after it asks the network operator for it."""
    row = stretch.row
    known = (
        PackedDay(day.day, day.step_seconds, day.values or [Decimal(0)] * day.expected, day.statuses) for day in days
    )
    gaps = list(
        missing_stretches(
            known, register_id=row.register_id, starts=row.starts, ends=row.ends, time_zone=stretch.time_zone
        )
    )
    first = gaps[0]
    more = f", and {len(gaps) - 1} more stretches" if len(gaps) > 1 else ""
    return Problem(
        "missing_intervals",
        f"meter {row.serial} has no {row.quantity} from {first.starts_at:%Y-%m-%d %H:%M} to"
        f" {first.ends_at:%Y-%m-%d %H:%M} UTC{more}; import it",
    )
