"""A file of readings, read line by line: its encoding, its header in Latvian or English, and its rows or what is wrong.

Nothing here knows a meter. Every line becomes a row or a refusal with its number, and memory is bounded by the limits.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO

from mains_server.access.records import Refusal
from mains_server.intake.cells import CellRefused, is_formula, read_moment, read_number, shown
from mains_server.intake.records import RefusedRow

FILE_BYTES_MAX = 10_000_000
LINE_BYTES_MAX = 2_000
LINE_BYTES_KEPT = 100
ROWS_MAX = 5_000
COLUMNS_MAX = 50
BOM = b"\xef\xbb\xbf"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS = (";", "\t", ",")
SAVE_AS_UTF_8 = "save it as `CSV UTF-8` (Excel: File, Save As; LibreOffice: character set UTF-8) and send it again"
METER, POINT, REGISTER, DAY, CLOCK, VALUE, UNIT = "meter", "supply point", "register", "date", "time", "value", "unit"
WORDS: Mapping[str, frozenset[str]] = {
    METER: frozenset({
        "meter", "meter serial", "meter serial number", "meter number", "meter no", "serial", "serial number",
        "skaititajs", "skaititaja numurs", "skaititaja nr", "skaititaja serijas numurs", "serijas numurs",
    }),
    POINT: frozenset({
        "supply point", "supply point identifier", "identifier", "eic", "eic code", "object", "object number",
        "objekts", "objekta numurs", "objekta nr", "objekta identifikators", "identifikators", "piegades punkts",
        "eic kods",
    }),
    REGISTER: frozenset({"register", "register code", "zone", "registrs", "registra kods", "zona", "tarifa zona"}),
    DAY: frozenset({
        "date", "reading date", "read on", "taken at", "date and time", "date/time", "datums", "nolasisanas datums",
        "nolasits", "datums un laiks", "radijuma datums",
    }),
    CLOCK: frozenset({"time", "laiks", "nolasisanas laiks"}),
    VALUE: frozenset({"value", "reading", "radijums", "vertiba", "radijuma vertiba", "skaititaja radijums"}),
    UNIT: frozenset({"unit", "mervieniba"}),
}  # fmt: skip


class FileRefused(Refusal):
    """A file cannot be read as a whole; `code` says why, and `line` where."""

    def __init__(self, code: str, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.code = code  # type: ignore[misc]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One row as it was written: which register, what it showed and when; without a meter the supply point tells."""

    line: int
    text: str
    meter: str
    point: str
    register: str
    moment: date | datetime
    value: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingFile:
    """A file that could be read: its rows in order, and the columns that nobody asked for."""

    rows: tuple[FileRow | RefusedRow, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """Where each column stands, and what stands between them."""

    delimiter: str
    places: Mapping[str, int]
    width: int
    ignored: tuple[str, ...]


def read_reading_file(file: BinaryIO) -> ReadingFile:
    """Read a file of readings; a line that is wrong is told by its number, a file that is wrong is refused."""
    lines = _lines(file)
    header = None
    rows: list[FileRow | RefusedRow] = []
    for number, line in lines:
        if isinstance(line, str) and not line.strip(" ;,\t"):
            continue
        if header is None:
            header = _header(number, line)
            continue
        if len(rows) == ROWS_MAX:
            raise FileRefused(
                "FILE_TOO_MANY_ROWS", f"a file has at most {ROWS_MAX} rows; cut it in pieces", line=number
            )
        rows.append(_row(number, line, header))
    if header is None:
        raise FileRefused("FILE_EMPTY", "the file is empty; it begins with a line that names the columns")
    if not rows:
        raise FileRefused("FILE_EMPTY", "the file has a header and no rows")
    return ReadingFile(rows=tuple(_without_repetition(rows)), ignored=header.ignored)


def _lines(file: BinaryIO) -> Iterator[tuple[int, str | RefusedRow]]:
    """Give the lines decoded, holding one at a time; of one that is too long only its beginning is kept."""
    number = 0
    while raw := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        if number == 1:
            _check_begin(raw)
            raw = raw.removeprefix(BOM)
        if len(raw) > LINE_BYTES_MAX and not raw.endswith(b"\n"):
            _skip_line(file)
            text = raw[:LINE_BYTES_KEPT].decode("utf-8", "replace")
            yield number, _refused(number, [text], "LINE_TOO_LONG", f"a line has at most {LINE_BYTES_MAX} bytes")
            continue
        yield number, _decoded(raw, number)


def _check_begin(raw: bytes) -> None:
    if raw.startswith(UTF_16) or raw[:40].count(b"\0") > 5:
        raise FileRefused("FILE_ENCODING", f"the file is UTF-16; {SAVE_AS_UTF_8}")
    if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise FileRefused("FILE_NOT_CSV", f"the file is a workbook or an archive, not CSV; {SAVE_AS_UTF_8}")


def _skip_line(file: BinaryIO) -> None:
    while (part := file.readline(65_536)) and not part.endswith(b"\n"):
        pass


def _decoded(raw: bytes, number: int) -> str | RefusedRow:
    try:
        line = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise FileRefused(
            "FILE_ENCODING", f"the file is not UTF-8 (perhaps Windows-1257); {SAVE_AS_UTF_8}", line=number
        ) from None
    if any(unicodedata.category(sign) == "Cc" and sign != "\t" for sign in line):
        return _refused(number, [line], "CONTROL_CHARACTER", "the line has a character that cannot be printed (NUL?)")
    return line


def _header(number: int, line: str | RefusedRow) -> Header:
    if isinstance(line, RefusedRow):
        raise FileRefused(line.code, line.message, line=number)
    delimiter = max(DELIMITERS, key=line.count)
    cells = _cells(line, delimiter)
    if cells is None or len(cells) > COLUMNS_MAX:
        raise FileRefused("FILE_COLUMNS", f"the header cannot be read; name at most {COLUMNS_MAX} columns", line=number)
    places: dict[str, int] = {}
    ignored = []
    for place, cell in enumerate(cells):
        name = column_of(cell)
        if name in places:
            raise FileRefused("FILE_COLUMNS", f"two columns name the {name}; leave one of them out", line=number)
        if name is None:
            ignored.append(shown(cell.strip()))
        else:
            places[name] = place
    missing = [name for name in (VALUE, DAY) if name not in places]
    missing += [f"{METER} or {POINT}"] if not {METER, POINT} & places.keys() else []
    if missing:
        raise FileRefused(
            "FILE_COLUMNS", f"there is no column for {', '.join(missing)}; see docs/importers.md", line=number
        )
    return Header(delimiter, places, len(cells), tuple(ignored))


def column_of(heading: str) -> str | None:
    """Tell which column a heading names, in Latvian or English, with or without marks on its letters."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().casefold()
    words = " ".join(plain.replace(".", " ").replace("_", " ").split())
    return next((name for name, known in WORDS.items() if words in known), None)


def _cells(line: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _row(number: int, line: str | RefusedRow, header: Header) -> FileRow | RefusedRow:
    if isinstance(line, RefusedRow):
        return line
    cells = _cells(line, header.delimiter)
    if cells is None:
        return _refused(number, [line], "QUOTES_OPEN", "a quotation mark is not closed on this line")
    if len(cells) != header.width and any(cell.strip() for cell in cells[header.width :]):
        return _refused(number, cells, "CELLS_TOO_MANY", f"there are {len(cells)} cells and {header.width} columns")
    cells += [""] * (header.width - len(cells))
    try:
        return _read(number, cells, header)
    except CellRefused as refused:
        return _refused(number, cells, refused.code, refused.message)


def _read(number: int, cells: Sequence[str], header: Header) -> FileRow:
    for cell in cells:
        if is_formula(cell.strip(" ")):
            raise CellRefused("CELL_IS_FORMULA", f"{shown(cell.strip())} is a formula; send values only")
    told = {name: cells[place].strip() for name, place in header.places.items()}
    if not told.get(METER) and not told.get(POINT):
        raise CellRefused("METER_MISSING", "there is neither a meter nor a supply point")
    return FileRow(
        line=number,
        text=_text(cells),
        meter=told.get(METER, ""),
        point=told.get(POINT, ""),
        register=told.get(REGISTER, ""),
        moment=read_moment(told[DAY], told.get(CLOCK, "")),
        value=read_number(told[VALUE]),
        unit=told.get(UNIT, ""),
    )


def _without_repetition(rows: Sequence[FileRow | RefusedRow]) -> Iterator[FileRow | RefusedRow]:
    """Refuse rows that say again, or otherwise, what an earlier line of the file said of the same moment."""
    seen: dict[tuple[object, ...], FileRow] = {}
    for row in rows:
        if isinstance(row, RefusedRow):
            yield row
            continue
        first = seen.setdefault((row.meter, row.point, row.register.casefold(), str(row.moment)), row)
        if first is row:
            yield row
        else:
            yield _repeated(row, first)


def _repeated(row: FileRow, first: FileRow) -> RefusedRow:
    if Decimal(row.value) == Decimal(first.value):
        words, code = f"the row says the same as line {first.line}", "ROW_REPEATED"
        return RefusedRow(line=row.line, text=row.text, code=code, message=words, is_harmless=True)
    words = f"the row gives another value than line {first.line}"
    return RefusedRow(line=row.line, text=row.text, code="ROW_CONTRADICTS", message=words)


def _refused(number: int, cells: Sequence[str], code: str, message: str) -> RefusedRow:
    return RefusedRow(line=number, text=_text(cells), code=code, message=message)


def _text(cells: Sequence[str]) -> str:
    return "; ".join(shown(cell.strip()) for cell in cells[:10])
