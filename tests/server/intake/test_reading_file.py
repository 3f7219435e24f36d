"""Files of readings: every line is a row or a refusal with its number, and a bad file is refused by name."""

import tracemalloc
from datetime import date, datetime
from io import BytesIO

import pytest
from mains_server.intake.reading_file import (
    FILE_BYTES_MAX,
    ROWS_MAX,
    FileRefused,
    FileRow,
    read_reading_file,
)
from mains_server.intake.records import RefusedRow

HEADER = "meter;register;date;value\n"


def read(text, encoding="utf-8"):
    return read_reading_file(BytesIO(text.encode(encoding) if isinstance(text, str) else text))


def only(text):
    (row,) = read(HEADER + text).rows
    return row


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("begin", ["", "\ufeff"])
def test_a_file_is_read_whatever_saved_it(delimiter, ending, begin):
    lines = [["Skaitītāja Nr.", "Reģistrs", "Datums", "Rādījums", "Mērvienība"]]
    lines += [["KU-1", "hot_water", "31.03.2023", '"2 969,03"', "m3"]]

    read_file = read(begin + ending.join(delimiter.join(cells) for cells in lines))

    assert read_file.rows == (
        FileRow(
            line=2,
            text="KU-1; hot_water; 31.03.2023; 2 969,03; m3",
            meter="KU-1",
            point="",
            register="hot_water",
            moment=date(2023, 3, 31),
            value="2969.03",
            unit="m3",
        ),
    )


def test_other_columns_are_left_alone_and_named():
    found = read("Note;EIC;Date;Time;Value;=X\nsee below;43Z-1;2023-03-31;14:05;7;\n")

    assert found.ignored == ("Note", "'=X")
    (row,) = found.rows
    assert (row.point, row.moment, row.value) == ("43Z-1", datetime.fromisoformat("2023-03-31T14:05"), "7")


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (b"", "FILE_EMPTY", "begins with a line that names the columns"),
        (b"\xef\xbb\xbf\r\n;;;\r\n", "FILE_EMPTY", "begins with a line that names the columns"),
        (HEADER.encode(), "FILE_EMPTY", "no rows"),
        (HEADER.encode("utf-16"), "FILE_ENCODING", "UTF-16; save it as `CSV UTF-8`"),
        (HEADER.encode("utf-16-le"), "FILE_ENCODING", "UTF-16; save it as `CSV UTF-8`"),
        ("Skaitītājs;Datums;Rādījums\n".encode("cp1257"), "FILE_ENCODING", "line 1: the file is not UTF-8"),
        (HEADER.encode() + "Skaitītājs".encode("cp1257"), "FILE_ENCODING", "line 2: the file is not UTF-8"),
        (b"PK\x03\x04 a workbook", "FILE_NOT_CSV", "not CSV"),
        (b"meter;date\nA;2023-03-31\n", "FILE_COLUMNS", "no column for value"),
        (b"date;value\n2023-03-31;7\n", "FILE_COLUMNS", "no column for meter or supply point"),
        (b"meter;serial;date;value\n", "FILE_COLUMNS", "two columns name the meter"),
        (b'"meter;date;value\n', "FILE_COLUMNS", "the header cannot be read"),
        (b"x" * 5_000_000, "LINE_TOO_LONG", "line 1: a line has at most 2000 bytes"),
        (b";" * 500 + b"\nA;2023-03-31;7", "FILE_COLUMNS", "no column"),
    ],
)
def test_a_bad_file_is_refused_by_name(text, code, told):
    with pytest.raises(FileRefused, match=told) as refused:
        read(text)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("KU-1;hot_water;2969,03;31.03.2023", "DATE_MALFORMED"),
        ("KU-1;hot_water;31.03.2023;=1+1", "CELL_IS_FORMULA"),
        ("@KU-1;hot_water;31.03.2023;7", "CELL_IS_FORMULA"),
        ("KU-1;hot_water;31.03.2023;+7", "CELL_IS_FORMULA"),
        ("KU-1;hot_water;31.03.2023;-7", "VALUE_NEGATIVE"),
        ("KU-1;hot_water;31.03.2023", "VALUE_MALFORMED"),
        (";hot_water;31.03.2023;7", "METER_MISSING"),
        ("KU-1;hot_water;31.03.2023;7;8", "CELLS_TOO_MANY"),
        ('KU-1;hot_water;31.03.2023;"7', "QUOTES_OPEN"),
        ("KU-1;hot_water;31.03.2023;7\0", "CONTROL_CHARACTER"),
        ("KU-1;" + "x" * 3000, "LINE_TOO_LONG"),
    ],
)
def test_a_bad_row_is_refused_by_its_line(line, code):
    row = only(f"{line}\n")

    assert isinstance(row, RefusedRow)
    assert (row.line, row.code) == (2, code)


def test_a_formula_is_disarmed_in_the_report():
    row = only('KU-1;hot_water;31.03.2023;"=HYPERLINK(""http://x"")"\n')

    assert row.text == 'KU-1; hot_water; 31.03.2023; \'=HYPERLINK("http://x")'


def test_an_open_quote_takes_no_other_line_with_it():
    rows = read(HEADER + 'KU-1;hot_water;31.03.2023;"7\nKU-2;hot_water;31.03.2023;8\n').rows

    assert [(row.line, type(row)) for row in rows] == [(2, RefusedRow), (3, FileRow)]


def test_rows_that_repeat_or_contradict_earlier_ones_are_told():
    lines = ["KU-1;hot_water;31.03.2023;7", "KU-1;HOT_WATER;31.03.2023;7,0", "KU-1;hot_water;31.03.2023;8"]

    rows = read(HEADER + "\n".join(lines)).rows

    assert [getattr(row, "code", None) for row in rows] == [None, "ROW_REPEATED", "ROW_CONTRADICTS"]
    assert rows[2].message == "the row gives another value than line 2"


def test_a_file_of_too_many_rows_is_refused():
    rows = "".join(f"KU-{place};hot_water;31.03.2023;7\n" for place in range(ROWS_MAX + 1))

    with pytest.raises(FileRefused, match=f"at most {ROWS_MAX} rows") as refused:
        read(HEADER + rows)

    assert refused.value.code == "FILE_TOO_MANY_ROWS"


def test_a_line_of_ten_megabytes_costs_little_memory():
    file = BytesIO(HEADER.encode() + b"x" * FILE_BYTES_MAX + b"\nKU-1;hot_water;31.03.2023;7\n")
    tracemalloc.start()

    rows = read_reading_file(file).rows

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row.line for row in rows] == [2, 3]
    assert peak < 1_000_000
