"""Reads intervals from a spreadsheet's CSV: `date;kWh` with a decimal comma, or with a column for the supply point."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO, NamedTuple

from mains_server.intervals.records import Interval, MeterIntervals, RefusedRow
from mains_server.intervals.rules import FileRefused, ValueRefused, checked_value, mask_of
from mains_server.intervals.stamps import Clock

LINE_MAX = 1000
VALUES_OF_METER_MAX = 40_000
NUMBER = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,15})?", re.ASCII)
COLUMNS = {
    "point": ("eic", "oeic", "point", "objekts"),
    "stamp": ("date", "datums", "datetime", "time", "laiks"),
    "value": ("kwh", "value", "patēriņš", "patēriņš, kwh", "patēriņš (kwh)"),
    "status": ("status", "statuss"),
}


class Columns(NamedTuple):
    """Where in a line each thing stands; None where there is no such column."""

    stamp: int
    value: int
    point: int | None
    status: int | None
    separator: str
    width: int


def read_rows(
    file: BinaryIO, *, time_zone: str, are_starts: bool, point: str | None = None
) -> Iterator[MeterIntervals | RefusedRow]:
    """Read a file line by line; the lines of one supply point stand together."""
    lines = _lines(file)
    number, header = next(lines, (0, ""))
    if not header.strip():
        raise FileRefused("the file is empty; its first line names the columns, such as date;kWh")
    columns = _columns(header)
    if columns.point is None and point is None:
        raise FileRefused("the file has no column eic; say which supply point it is of")
    finished: set[str] = set()
    clock, meter = Clock(time_zone=time_zone), MeterIntervals(point, None, are_starts, [], number + 1)
    for row, line in lines:
        try:
            cells = _cells(line, columns=columns)
            at_point = point if columns.point is None else cells[columns.point].strip()
            if at_point != meter.point:
                if meter.values:
                    yield meter
                finished.add(meter.point or "")
                clock, meter = Clock(time_zone=time_zone), MeterIntervals(at_point, None, are_starts, [], row)
            if at_point in finished or not at_point:
                raise ValueRefused("point", "the lines of a supply point stand together, each with its eic")
            meter.values.append(_interval(cells, columns=columns, clock=clock, row=row))
        except ValueRefused as refused:
            yield RefusedRow(row, refused.code, str(refused))
        if len(meter.values) > VALUES_OF_METER_MAX:
            raise FileRefused(f"a supply point has more than {VALUES_OF_METER_MAX} values; give a year at most")
    if meter.values:
        yield meter


def _lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Give the lines that say something, with their numbers."""
    number = 0
    while line := file.readline(LINE_MAX + 1):
        number += 1
        if len(line) > LINE_MAX:
            raise FileRefused(f"line {number} is longer than {LINE_MAX} bytes; this is no such file")
        if b"\0" in line:
            raise FileRefused(f"line {number} has a zero byte; save the file as CSV in UTF-8")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as refused:
            raise FileRefused(f"line {number} is not written in UTF-8; save the file as CSV in UTF-8") from refused
        if text.strip():
            yield number, text


def _columns(header: str) -> Columns:
    separator = ";" if ";" in header else ","
    names = [_unquoted(cell).lower() for cell in header.split(separator)]
    found = {kind: _place(names, words) for kind, words in COLUMNS.items()}
    stamp, value = found["stamp"], found["value"]
    if stamp is None or value is None:
        raise FileRefused("the first line names the columns; there must be one `date` and one `kWh`")
    return Columns(stamp, value, found["point"], found["status"], separator, len(names))


def _place(names: list[str], words: tuple[str, ...]) -> int | None:
    places = [at for at, name in enumerate(names) if name in words]
    if len(places) > 1:
        raise FileRefused(f"two columns are named {names[places[0]]} and {names[places[1]]}; leave one")
    return places[0] if places else None


def _cells(line: str, *, columns: Columns) -> list[str]:
    cells = line.split(columns.separator)
    if len(cells) != columns.width:
        raise ValueRefused("shape", f"the line has {len(cells)} columns, the first one names {columns.width}")
    return [_unquoted(cell) for cell in cells] if '"' in line else cells


def _unquoted(cell: str) -> str:
    return cell.strip().removeprefix('"').removesuffix('"').strip()


def _interval(cells: list[str], *, columns: Columns, clock: Clock, row: int) -> Interval:
    mask = 0 if columns.status is None else mask_of(cells[columns.status].strip())
    at = clock.read(cells[columns.stamp].strip())
    text = cells[columns.value].strip()
    if not text:
        return Interval(at, None, mask, row)
    if NUMBER.fullmatch(text) is None:
        raise ValueRefused("not_a_number", f"{text[:40]!r} is no number")
    return Interval(at, checked_value(Decimal(text.replace(",", "."))), mask, row)
