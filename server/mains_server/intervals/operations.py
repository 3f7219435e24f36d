"""Changes of the intervals room: a file of intervals is taken in, whole or row by row, and twice is once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.records import Refusal
from mains_server.db.copying import copy_rows, draw_ids
from mains_server.intervals import queries, rules
from mains_server.intervals.json_stream import JsonStream
from mains_server.intervals.records import (
    CurrentDay,
    ImportReport,
    ImportRequest,
    IntervalFormat,
    MeterIntervals,
    NoteCorrected,
    PackedDay,
    RefusedRow,
    RemoteRegister,
)
from mains_server.intervals.sadales_tikls import read_usage
from mains_server.intervals.spreadsheet import read_rows
from mains_server.intervals.tables import IntervalDay, IntervalImport
from mains_server.metering.records import ReadingCollection

VALUES_AT_ONCE = 40_000
REFUSED_TOLD_MAX = 100
UNIT = "kWh"
ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('mains interval import'))"
DAY_COLUMNS = (
    "register_id", "supply_point_id", "day", "version", "is_current", "step_seconds", "values", "statuses", "total",
    "known", "known_at", "import_id",
)  # fmt: skip


class RowsRefused(Refusal):
    """A file that was to be taken whole or not at all has rows that cannot be taken."""

    code = "ROWS_REFUSED"

    def __init__(self, report: ImportReport) -> None:
        super().__init__(f"{report.rows_refused} rows cannot be taken, so nothing was")
        self.report = report


class Told(NamedTuple):
    """A day that a file tells of a register."""

    register: RemoteRegister
    packed: PackedDay
    row: int


@dataclass(slots=True, kw_only=True)
class Taking:
    """What became of a file so far; `seen` are the days that it told already."""

    import_id: int
    values: int = 0
    days_new: int = 0
    days_corrected: int = 0
    days_unchanged: int = 0
    days_flagged: int = 0
    rows_refused: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    seen: set[tuple[int, date]] = field(default_factory=set)

    def refuse(self, row: int, code: str, reason: str) -> None:
        """Note a row that cannot be taken; of many only the first are told."""
        self.rows_refused += 1
        if len(self.refused) < REFUSED_TOLD_MAX:
            self.refused.append(RefusedRow(row, code, reason))

    def report(self) -> ImportReport:
        """Tell what became of the file."""
        return ImportReport(
            import_id=self.import_id,
            values=self.values,
            days_new=self.days_new,
            days_corrected=self.days_corrected,
            days_unchanged=self.days_unchanged,
            rows_refused=self.rows_refused,
            refused=tuple(sorted(self.refused)),
            days_flagged=self.days_flagged,
        )


async def import_intervals(
    session: AsyncSession, *, request: ImportRequest, file: BinaryIO, note_corrected: NoteCorrected | None = None
) -> ImportReport:
    """Take a file of intervals in, piece by piece; one that turns out not to be of its format leaves nothing behind.

    Whoever keeps bills hears by `note_corrected` which days were known otherwise before.
    """
    await session.execute(text(ONE_AT_A_TIME))
    taking = await begun(session, request=request)
    hashed = HashedFile(file)
    portion: list[MeterIntervals] = []
    size = 0
    for found in _parsed(hashed, request=request):
        if isinstance(found, RefusedRow):
            taking.refuse(*found)
            continue
        portion.append(found)
        size += len(found.values)
        if size >= VALUES_AT_ONCE:
            await _take(session, portion, request=request, taking=taking, note_corrected=note_corrected)
            portion, size = [], 0
    await _take(session, portion, request=request, taking=taking, note_corrected=note_corrected)
    return await finished(session, taking=taking, request=request, sha256=hashed.sha256())


async def begun(session: AsyncSession, *, request: ImportRequest) -> Taking:
    """Begin a file: its days will point to it."""
    (import_id,) = await draw_ids(session, sequence="interval_import_id_seq", count=1)
    session.add(
        IntervalImport(
            id=import_id,
            format=request.format,
            name=request.name[:200],
            sha256="",
            received_at=request.now,
            actor_person_id=request.actor_person_id,
            days_new=0,
            days_corrected=0,
            days_unchanged=0,
            rows_refused=0,
            refused=[],
        )
    )
    await session.flush()
    return Taking(import_id=import_id)


async def finished(session: AsyncSession, *, taking: Taking, request: ImportRequest, sha256: str) -> ImportReport:
    """Write down what became of a file, or refuse it whole where that was wanted."""
    report = taking.report()
    if request.is_whole and report.rows_refused:
        raise RowsRefused(report)
    await session.execute(
        update(IntervalImport)
        .where(col(IntervalImport.id) == taking.import_id)
        .values(
            sha256=sha256,
            days_new=report.days_new,
            days_corrected=report.days_corrected,
            days_unchanged=report.days_unchanged,
            rows_refused=report.rows_refused,
            refused=[row._asdict() for row in report.refused],
        )
    )
    return report


class HashedFile:
    """Reads a file and remembers by what it is told from others."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """Read on."""
        found = self._file.read(size)
        self._hash.update(found)
        return found

    def readline(self, size: int) -> bytes:
        """Read a line, or so much of it."""
        found = self._file.readline(size)
        self._hash.update(found)
        return found

    def sha256(self) -> str:
        """Tell the hash of what was read."""
        return self._hash.hexdigest()


def _parsed(file: Any, *, request: ImportRequest) -> Iterator[MeterIntervals | RefusedRow]:
    if request.format is IntervalFormat.SADALES_TIKLS:
        return read_usage(JsonStream(file), time_zone=request.time_zone)
    return read_rows(file, time_zone=request.time_zone, are_starts=request.are_starts, point=request.point)


async def _take(
    session: AsyncSession,
    portion: Sequence[MeterIntervals],
    *,
    request: ImportRequest,
    taking: Taking,
    note_corrected: NoteCorrected | None,
) -> None:
    """Sort a portion by register and day, hold it against what is known, and write what is new."""
    named = [_named(meter, request=request) for meter in portion]
    registers = await queries.remote_registers(
        session,
        collection=ReadingCollection.INTERVALS,
        points=[meter.point for meter in named if meter.point is not None],
        serials=[meter.serial for meter in named if meter.serial is not None],
    )
    told = [day for meter in named for day in _days_of(meter, registers, request=request, taking=taking)]
    for layer in _without_doubles(told):
        differing = await _write(session, layer, request=request, taking=taking)
        if differing and note_corrected is not None:
            await note_corrected(session, days=differing, import_id=taking.import_id, now=request.now)


def _named(meter: MeterIntervals, *, request: ImportRequest) -> MeterIntervals:
    point = meter.point or request.points.get(meter.serial or "") or request.point
    return meter._replace(point=point)


def _days_of(
    meter: MeterIntervals, registers: Sequence[RemoteRegister], *, request: ImportRequest, taking: Taking
) -> Iterator[Told]:
    """Give a meter's days, each with the register that was installed then."""
    mine = [register for register in registers if _is_of(register, meter)]
    if not mine:
        name = meter.point or f"meter {meter.serial}"
        taking.refuse(meter.row, "unknown_point", f"nothing at {name} is read by intervals")
        return
    last = int(request.now.timestamp()) - (rules.QUARTER if meter.are_starts else 0)
    values = [value for value in meter.values if value.at <= last]
    if len(values) < len(meter.values):
        late = next(value for value in meter.values if value.at > last)
        taking.refuse(late.row, "future", f"{len(meter.values) - len(values)} values are of times to come")
    days, refused = rules.pack_days(meter._replace(values=values), time_zone=mine[0].time_zone)
    for row in refused:
        taking.refuse(*row)
    for day in days:
        found = [register for register in mine if _is_there(register, on=day.day)]
        if len(found) == 1 and found[0].unit == UNIT:
            taking.values += day.known
            yield Told(found[0], day, meter.row)
        elif len(found) == 1:
            yield from _in_unit(found[0], day, row=meter.row, taking=taking)
        else:
            code, what = ("ambiguous", "more than one register") if found else ("not_installed", "no register")
            taking.refuse(meter.row, code, f"{mine[0].identifier} has {what} of intervals on {day.day}")


def _in_unit(register: RemoteRegister, day: PackedDay, *, row: int, taking: Taking) -> Iterator[Told]:
    try:
        values = [
            None if value is None else rules.converted(value, unit=UNIT, wanted=register.unit) for value in day.values
        ]
    except rules.ValueRefused as refused:
        taking.refuse(row, refused.code, f"{register.identifier}, {day.day}: {refused}")
        return
    taking.values += day.known
    yield Told(register, day._replace(values=values), row)


def _is_of(register: RemoteRegister, meter: MeterIntervals) -> bool:
    """A supply point's meters are told by their numbers; the serial number alone will do where no point is named."""
    if meter.point is None:
        return register.serial == meter.serial
    return register.identifier == meter.point and meter.serial in (None, register.serial)


def _is_there(register: RemoteRegister, *, on: date) -> bool:
    return register.installed_on <= on and (register.removed_on is None or on < register.removed_on)


def _without_doubles(told: Sequence[Told]) -> Iterator[list[Told]]:
    """Give days in layers, in each of which a register has a day once."""
    waiting = list(told)
    while waiting:
        layer: dict[tuple[int, date], Told] = {}
        later = [day for day in waiting if layer.setdefault((day.register.id, day.packed.day), day) is not day]
        yield list(layer.values())
        waiting = later


async def _write(
    session: AsyncSession, told: Sequence[Told], *, request: ImportRequest, taking: Taking
) -> list[tuple[int, date]]:
    """Write the days that are new or corrected, and give those on which something else was used than was known."""
    current = await queries.current_days(session, asked=[(day.register.id, day.packed.day) for day in told])
    rows: list[tuple[Any, ...]] = []
    replaced: list[int] = []
    differing: list[tuple[int, date]] = []
    for day in told:
        key = (day.register.id, day.packed.day)
        packed = _changed(day, current=current, taking=taking)
        taking.seen.add(key)
        if packed is not None:
            found = current.get(key)
            rows.append(_row(day.register, packed, found=found, request=request, import_id=taking.import_id))
            if found is not None:
                replaced.append(found.id)
                differing += [(day.register.supply_point_id, packed.day)] * (packed.values != found.packed.values)
    if replaced:
        await session.execute(
            update(IntervalDay)
            .where(col(IntervalDay.id).in_(replaced))
            .values(is_current=False)
            .execution_options(synchronize_session=False)
        )
    if rows:
        await copy_rows(session, table="interval_day", columns=DAY_COLUMNS, rows=rows)
    return differing


def _changed(day: Told, *, current: Mapping[tuple[int, date], CurrentDay], taking: Taking) -> PackedDay | None:
    """Tell what a day becomes, or None where it stays as it is."""
    key = (day.register.id, day.packed.day)
    found = current.get(key)
    if found is None:
        taking.days_new += 1
        return day.packed
    if key in taking.seen and rules.contradicts(found.packed, day.packed):
        taking.refuse(day.row, "conflict", f"the file tells {day.packed.day} of {day.register.identifier} in two ways")
        return None
    packed = rules.overlaid(found.packed, day.packed)
    if packed == found.packed:
        taking.days_unchanged += key not in taking.seen
        return None
    taking.days_corrected += 1
    return packed


def _row(
    register: RemoteRegister, packed: PackedDay, *, found: CurrentDay | None, request: ImportRequest, import_id: int
) -> tuple[Any, ...]:
    version = 1 if found is None else found.version + 1
    return (
        register.id, register.supply_point_id, packed.day, version, True, packed.step_seconds, packed.values,
        packed.statuses, packed.total, packed.known, request.now, import_id,
    )  # fmt: skip
