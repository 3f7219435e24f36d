"""Fact source `csv`: prices, profiles and degree days from a file with one value a row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from mains_spi import (
    FILE_BYTES_MAX,
    SPI_MAJOR,
    FactFile,
    FactReading,
    FactSource,
    FactStretch,
    Labels,
    Problem,
    SeriesKind,
    hookimpl,
)

from mains_spot_prices.csv_times import RowTimes
from mains_spot_prices.csv_words import (
    BAD_HEADER,
    NO_ROWS,
    NOT_A_NUMBER,
    NOT_UTF8,
    OFF_STEP,
    OTHER_UNIT,
    PROBLEMS_MAX,
    ROW_LONG,
    ROW_TWICE,
    ROWS_MAX,
    SERIES_UNKNOWN,
    TOO_BIG,
    TOO_MANY,
    VALUE,
)
from mains_spot_prices.series import DEGREE_DAYS, HOURLY, PROFILE, QUARTERLY, Unreadable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROW_CHARACTERS_MAX = 1_000
VALUE_COLUMNS = ("value", "price")

SOURCE = FactSource(
    code="csv",
    spi_major=SPI_MAJOR,
    labels=Labels("CSV fails", "CSV file", "Файл CSV"),
    series=(HOURLY, QUARTERLY, PROFILE, DEGREE_DAYS),
    media_types=("text/csv",),
)


@hookimpl
def describe_source() -> FactSource:
    """Give the identity card."""
    return SOURCE


@hookimpl
def read_facts(request: FactFile) -> FactReading:
    """Read the rows that can be read, and number those that cannot."""
    try:
        kind, name = _kind(request.series)
        table = _Table(kind=kind, lines=_lines(request.content), time_zone=request.time_zone)
    except Unreadable as refused:
        return FactReading(problems=(refused.problem,))
    table.read()
    return FactReading(stretches=tuple(_stretches(name, kind.step, table.values)), problems=tuple(table.problems))


def _kind(name: str | None) -> tuple[SeriesKind, str]:
    kind = SOURCE.kind_of(name) if name else None
    if kind is None or name is None:
        raise Unreadable("series_unknown", SERIES_UNKNOWN)
    return kind, name


def _lines(content: bytes) -> list[str]:
    if len(content) > FILE_BYTES_MAX:
        raise Unreadable("too_big", TOO_BIG)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("not_utf8", NOT_UTF8, path=f"byte {error.start}") from error
    if "\0" in text:
        raise Unreadable("not_utf8", NOT_UTF8, path=f"character {text.index(chr(0))}")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > ROWS_MAX:
        raise Unreadable("too_big", TOO_BIG)
    return lines


@dataclass(slots=True, kw_only=True)
class _Table:
    """The rows of a file, as far as they are read."""

    kind: SeriesKind
    lines: list[str]
    time_zone: str
    values: dict[datetime, Decimal] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> None:
        """Read every row; a row that cannot be read leaves the others alone."""
        try:
            head, delimiter = _head(self.lines[0])
            times = RowTimes.by(head, is_daily=self.kind.step >= timedelta(days=1), time_zone=self.time_zone)
            value = _value_column(head)
        except Unreadable as refused:
            self.problems.append(refused.problem)
            return
        for number, line in enumerate(self.lines[1:], start=2):
            if len(self.problems) == PROBLEMS_MAX:
                self.problems.append(Unreadable("too_many_problems", TOO_MANY, path=f"row {number}").problem)
                return
            if not line.strip():
                continue
            try:
                self._take(_cells(line, head, delimiter, number), times, value, number)
            except Unreadable as refused:
                self.problems.append(refused.problem)
        if not self.values and not self.problems:
            self.problems.append(Unreadable("no_rows", NO_ROWS).problem)

    def _take(self, cells: dict[str, str], times: RowTimes, value: str, number: int) -> None:
        at = times.instant(cells, path=f"row {number}")
        price = _number(cells[value], path=f"row {number}")
        if cells.get("unit", self.kind.unit) != self.kind.unit:
            raise Unreadable("wrong_unit", OTHER_UNIT, path=f"row {number}")
        if (at - EPOCH) % self.kind.step:
            raise Unreadable("off_step", OFF_STEP, path=f"row {number}")
        if at in self.values:
            raise Unreadable("row_twice", ROW_TWICE, path=f"row {number}")
        self.values[at] = price


def _head(line: str) -> tuple[list[str], str]:
    if len(line) > ROW_CHARACTERS_MAX:
        raise Unreadable("row_long", ROW_LONG, path="row 1")
    delimiter = max(";\t,", key=line.count)
    head = [cell.strip().lower() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    if len(set(head)) != len(head) or "" in head:
        raise Unreadable("bad_header", BAD_HEADER, path="row 1")
    return head, delimiter


def _value_column(head: list[str]) -> str:
    found = [name for name in VALUE_COLUMNS if name in head]
    if len(found) != 1:
        raise Unreadable("bad_header", BAD_HEADER, path="row 1")
    return found[0]


def _cells(line: str, head: list[str], delimiter: str, number: int) -> dict[str, str]:
    if len(line) > ROW_CHARACTERS_MAX:
        raise Unreadable("row_long", ROW_LONG, path=f"row {number}")
    cells = next(csv.reader([line], delimiter=delimiter))
    if len(cells) != len(head):
        raise Unreadable("row_long", ROW_LONG, path=f"row {number}")
    return dict(zip(head, (cell.strip() for cell in cells), strict=True))


def _number(text: str, *, path: str) -> Decimal:
    if VALUE.fullmatch(text) is None:
        raise Unreadable("not_a_number", NOT_A_NUMBER, path=path)
    return Decimal(text.replace(",", "."))


def _stretches(name: str, step: timedelta, values: dict[datetime, Decimal]) -> Iterator[FactStretch]:
    run: list[Decimal] = []
    first = datetime.min.replace(tzinfo=UTC)
    for at in sorted(values):
        if run and at != first + step * len(run):
            yield FactStretch(series=name, starts_at=first, values=tuple(run))
            run = []
        if not run:
            first = at
        run.append(values[at])
    if run:
        yield FactStretch(series=name, starts_at=first, values=tuple(run))
