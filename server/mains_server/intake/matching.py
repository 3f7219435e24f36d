"""Which register a row of a file means, by the meter's serial number or the supply point's identifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from mains_server.intake.cells import CellRefused, placed, shown
from mains_server.intake.reading_file import FileRow
from mains_server.intake.records import RefusedRow, RowReading
from mains_server.metering.records import InstalledRegister, ReadingSource
from mains_server.metering.rules import civil_day

UNITS = {"m³": "m3", "kvt*h": "kwh", "kvth": "kwh", "mvth": "mwh", "kub m": "m3"}


def match_rows(
    *,
    rows: Sequence[FileRow | RefusedRow],
    registers: Sequence[InstalledRegister],
    points: Mapping[str, frozenset[int]],
    source: ReadingSource,
) -> tuple[RowReading | RefusedRow, ...]:
    """Find for each row the one register it means; `points` are the supply points by identifier."""
    return tuple(
        row if isinstance(row, RefusedRow) else _matched(row, registers=registers, points=points, source=source)
        for row in rows
    )


def _matched(
    row: FileRow,
    *,
    registers: Sequence[InstalledRegister],
    points: Mapping[str, frozenset[int]],
    source: ReadingSource,
) -> RowReading | RefusedRow:
    try:
        register = _register(row, [found for found in registers if _is_named(found, row, points)])
        _check_unit(row, register)
        taken_at = placed(row.moment, time_zone=register.time_zone)
    except CellRefused as refused:
        return RefusedRow(line=row.line, text=row.text, code=refused.code, message=refused.message)
    return RowReading(
        line=row.line, text=row.text, register_id=register.id, value=row.value, taken_at=taken_at, source=source
    )


def _is_named(register: InstalledRegister, row: FileRow, points: Mapping[str, frozenset[int]]) -> bool:
    is_meter = not row.meter or register.serial.casefold() == row.meter.casefold()
    return is_meter and (not row.point or register.supply_point_id in points.get(row.point, frozenset()))


def _register(row: FileRow, named: Sequence[InstalledRegister]) -> InstalledRegister:
    """Choose among the registers of the meters named: the one that was there, by its code where there are several."""
    if not named:
        what = f"meter {shown(row.meter)}" if row.meter else f"supply point {shown(row.point)}"
        raise CellRefused("METER_UNKNOWN", f"there is no {what} whose readings you may send in")
    there = [register for register in named if _was_there(register, row.moment)] or list(named[-1:])
    if row.register:
        coded = [register for register in there if register.code.casefold() == row.register.casefold()]
        if not coded:
            known = ", ".join(sorted({register.code for register in there}))
            raise CellRefused("REGISTER_UNKNOWN", f"there is no register {shown(row.register)} but {known}")
        there = coded
    if len({register.supply_point_id for register in there}) > 1:
        raise CellRefused("METER_AMBIGUOUS", "several places have a meter with this number; add the supply point")
    codes = sorted({register.code for register in there})
    if len(codes) > 1:
        raise CellRefused("REGISTER_MISSING", f"the meter has several registers; name one: {', '.join(codes)}")
    if len(there) > 1:
        raise CellRefused("METER_AMBIGUOUS", "several meters were there on that day; add the serial number")
    return there[0]


def _was_there(register: InstalledRegister, moment: date | datetime) -> bool:
    if isinstance(moment, datetime):
        moment = civil_day(moment, time_zone=register.time_zone) if moment.tzinfo else moment.date()
    return register.installed_on <= moment and (register.removed_on is None or moment <= register.removed_on)


def _check_unit(row: FileRow, register: InstalledRegister) -> None:
    unit = row.unit.casefold()
    if unit and UNITS.get(unit, unit) != register.unit.casefold():
        raise CellRefused("UNIT_DIFFERS", f"the register counts in {register.unit}, not in {shown(row.unit)}")
