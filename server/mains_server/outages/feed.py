"""Reads a feed of outages, CSV or JSON, into rows; pure. `docs/outages.md` says what the columns mean."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from mains_server.access.records import Refusal
from mains_server.outages.records import (
    Area,
    BadRow,
    FeedRow,
    NewOutage,
    OutageKind,
    OutageState,
    Places,
    Translated,
    Window,
)
from mains_server.outages.rules import LANGUAGES

FILE_BYTES_MAX = 8_388_608
ROWS_MAX = 10_000
NEEDED = ("reference", "commodity", "starts", "ends", "cause")
TRANSLATED = tuple(f"{name}_{language}" for name in ("cause", "reason") for language in LANGUAGES)
FIELDS = frozenset({*NEEDED, *TRANSLATED, "kind", "state", "reason", "points", "city", "postcode", "street"})


class OutageFileRefused(Refusal):
    """The file is no feed of outages, or too large."""

    code = "FILE_WRONG"


class RowWrong(Exception):
    """A row says something that cannot be read; the words name the column."""


def read_feed(content: bytes) -> tuple[FeedRow | BadRow, ...]:
    """Read a feed's rows, the bad ones too; raise `OutageFileRefused` for what is none at all."""
    if len(content) > FILE_BYTES_MAX:
        raise OutageFileRefused(f"a feed has at most {FILE_BYTES_MAX} bytes")
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise OutageFileRefused("a feed is written in UTF-8") from None
    if "\0" in words:
        raise OutageFileRefused("a feed has no zero bytes")
    found = list(_json(words) if words.lstrip()[:1] in ("[", "{") else _csv(words))
    if not found:
        raise OutageFileRefused("the file has no rows")
    if len(found) > ROWS_MAX:
        raise OutageFileRefused(f"a feed has at most {ROWS_MAX} rows")
    return _without_twins(tuple(_row(line, values) for line, values in found))


def _json(words: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        read = orjson.loads(words)
    except orjson.JSONDecodeError as error:
        raise OutageFileRefused(f"the file is not JSON: {error.msg}") from None
    rows = read.get("outages") if isinstance(read, dict) else read
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise OutageFileRefused("JSON is a list of outages, or an object with such a list as `outages`")
    yield from enumerate(rows, start=1)


def _csv(words: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    head = words.split("\n", 1)[0]
    delimiter = max(";,\t", key=head.count)
    reader = csv.DictReader(io.StringIO(words, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if missing := set(NEEDED) - set(names):
            raise OutageFileRefused(f"the head of the file lacks {', '.join(sorted(missing))}")
        if len(set(names)) < len(names):
            raise OutageFileRefused("the head of the file names a column twice")
        reader.fieldnames = names
        yield from ((reader.line_num, values) for values in reader)
    except csv.Error as error:
        raise OutageFileRefused(f"the file is not CSV: {error}") from None


def _row(line: int, values: Mapping[str, Any]) -> FeedRow | BadRow:
    try:
        unknown = sorted(str(name) for name in set(values) - FIELDS)
        if unknown:
            raise RowWrong(f"there is no column {unknown[0][:40]!r}")
        return _outage(line, values)
    except RowWrong as wrong:
        return BadRow(line=line, code="ROW_WRONG", message=str(wrong))


def _outage(line: int, values: Mapping[str, Any]) -> FeedRow:
    needed = {name: _text(values, name) for name in NEEDED}
    for name, value in needed.items():
        if value is None:
            raise RowWrong(f"`{name}` is missing")
    city, postcode, street = (_text(values, name) for name in ("city", "postcode", "street"))
    if city is None and (postcode or street):
        raise RowWrong("`postcode` and `street` need a `city`")
    outage = NewOutage(
        reference=needed["reference"],
        kind=_member(OutageKind, _text(values, "kind") or "MAINTENANCE", "kind"),
        commodity=str(needed["commodity"]),
        window=Window(starts=_instant(needed["starts"], "starts"), ends=_instant(needed["ends"], "ends")),
        cause=str(needed["cause"]),
        places=Places(
            identifiers=_points(values.get("points")),
            area=None if city is None else Area(city=city, postcode=postcode, street=street),
        ),
        cause_in=_translated(values, "cause"),
    )
    state = _member(OutageState, _text(values, "state") or "PLANNED", "state")
    return FeedRow(
        line=line, outage=outage, state=state, note=_text(values, "reason"), note_in=_translated(values, "reason")
    )


def _translated(values: Mapping[str, Any], name: str) -> Translated:
    return Translated(**{language: _text(values, f"{name}_{language}") for language in LANGUAGES})


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise RowWrong(f"`{name}` is not text")
    return value.strip() or None if value is not None else None


def _points(value: Any) -> tuple[str, ...]:
    found = value.split() if isinstance(value, str) else value
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        raise RowWrong("`points` is a list of identifiers")
    return tuple(dict.fromkeys(found))


def _instant(words: str | None, name: str) -> datetime:
    try:
        read = datetime.fromisoformat(words or "")
    except ValueError:
        raise RowWrong(f"`{name}` is not a time such as 2026-03-05T09:00+02:00") from None
    if read.tzinfo is None:
        raise RowWrong(f"`{name}` does not say its zone, such as +02:00")
    return read


def _member(members: Any, words: str, name: str) -> Any:
    try:
        return members[words.upper()]
    except KeyError:
        raise RowWrong(f"`{name}` is one of {', '.join(members.__members__)}") from None


def _without_twins(rows: tuple[FeedRow | BadRow, ...]) -> tuple[FeedRow | BadRow, ...]:
    seen: dict[str, int] = {}
    found: list[FeedRow | BadRow] = []
    for row in rows:
        reference = row.outage.reference if isinstance(row, FeedRow) else None
        if reference is not None and reference in seen:
            words = f"line {seen[reference]} is about {reference!r} too"
            found.append(BadRow(line=row.line, code="ROW_TWICE", message=words))
            continue
        if reference is not None:
            seen[reference] = row.line
        found.append(row)
    return tuple(found)
