"""Reads TOML tables with exact numbers, and says file, line and key of whatever cannot be read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mains_spi import Period

from mains_kit.errors import (
    GoldenFileRefused,
    KeyMissing,
    KeyUnknown,
    NotToml,
    NumberUnreadable,
    NumberWithoutQuotes,
    ValueUnreadable,
    VersionsOverlap,
    did_you_mean,
)

NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
MEASURE = re.compile(r"(\S+)\s+(\S+)")
MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")


@dataclass(frozen=True, slots=True)
class BareNumber:
    """A number written without quotes, as it stands in the file."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a golden bill, which knows where it stands."""

    file: str
    text: str
    key: str
    values: Mapping[str, Any]

    def only(self, *known: str) -> Table:
        """Refuse keys that are none of these."""
        for name in self.values:
            if name not in known:
                raise self.refusal(
                    KeyUnknown, name, f"there is no key {name!r} here", did_you_mean(word=name, known=known)
                )
        return self

    def word(self, name: str, default: str | None = None) -> str:
        """Read a text that must be there unless it has a default."""
        found = self.word_or_none(name)
        if found is None:
            if default is None:
                raise self.refusal(KeyMissing, name, "this is missing", f'Add a line such as {name} = "..."')
            return default
        return found

    def word_or_none(self, name: str) -> str | None:
        """Read a text that may be left out."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, BareNumber):
            raise self._bare(name, value)
        if not isinstance(value, str) or not value.strip():
            raise self.refusal(ValueUnreadable, name, "this is no text", f'Write {name} = "..."')
        return value

    def choice(self, name: str, words: tuple[str, ...], default: str | None = None) -> str:
        """Read one of several words."""
        found = self.word(name, default)
        if found not in words:
            raise self.refusal(ValueUnreadable, name, f"{found!r} is unknown", did_you_mean(word=found, known=words))
        return found

    def number(self, name: str) -> Decimal:
        """Read an exact number that must be there."""
        return self._decimal(name, self.word(name))

    def number_or_none(self, name: str) -> Decimal | None:
        """Read an exact number that may be left out."""
        found = self.word_or_none(name)
        return None if found is None else self._decimal(name, found)

    def whole(self, name: str, default: int) -> int:
        """Read a whole number, or its default."""
        found = self.number_or_none(name)
        if found is None:
            return default
        if found != found.to_integral_value():
            raise self.refusal(NumberUnreadable, name, f"{found} is no whole number", 'Write one such as "2"')
        return int(found)

    def claim(self, name: str) -> bool | None:
        """Read true or false, or nothing."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.refusal(ValueUnreadable, name, "this is neither true nor false", f"Write {name} = true")
        return value

    def measure(self, name: str) -> tuple[Decimal, str]:
        """Read a number with its unit, such as "7 m3"."""
        found = MEASURE.fullmatch(self.word(name).strip())
        if found is None:
            raise self.refusal(
                NumberUnreadable, name, f"{self.values[name]!r} is no number with a unit", f'Write {name} = "7 m3"'
            )
        return self._decimal(name, found[1]), found[2]

    def day(self, name: str) -> date | None:
        """Read a civil date, or nothing."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.refusal(
                ValueUnreadable, name, "this is no date", f"Write {name} = 2024-01-31, without quotes and without time"
            )
        return value

    def instant(self, name: str) -> datetime:
        """Read an instant with its offset from UTC."""
        value = self.values.get(name)
        if not isinstance(value, datetime) or value.utcoffset() is None:
            raise self.refusal(
                ValueUnreadable, name, "this is no instant", f"Write {name} = 2024-01-01T00:00:00Z, without quotes"
            )
        return value

    def days(self, default: Period | None = None) -> Period:
        """Read the table's days: ``period``, or ``from`` and ``to``, or else the default."""
        if "period" in self.values:
            if "from" in self.values or "to" in self.values:
                raise self.refusal(VersionsOverlap, "period", "from and to are given besides", "Keep only one of them")
            return self._month()
        start, end = self.day("from"), self.day("to")
        if default is None and (start is None or end is None):
            missing = "from" if start is None else "to"
            raise self.refusal(KeyMissing, missing, "this is missing", 'Write from and to, or period = "2024-01"')
        start = start or (default or Period.since(date.min)).start
        end = end or (default or Period.since(date.min)).end
        if end <= start:
            raise self.refusal(
                ValueUnreadable, "to", f"{end} is not after {start}", "Write the first day that is no longer in it"
            )
        return Period(start, end)

    def child(self, name: str) -> Table | None:
        """Give the table under a key, if there is one."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.refusal(ValueUnreadable, name, "this is no table", f"Write [{self.path(name)}] and lines below")
        return Table(self.file, self.text, self.path(name), value)

    def children(self, name: str) -> tuple[Table, ...]:
        """Give the tables of a list under a key; counted from 1 in messages."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.refusal(
                ValueUnreadable, name, "this is no list of tables", f"Write [[{self.path(name)}]] and lines below"
            )
        return tuple(
            Table(self.file, self.text, f"{self.path(name)}[{at}]", item) for at, item in enumerate(value, start=1)
        )

    def has_children(self, name: str) -> bool:
        """Tell whether a key holds a list, written ``[[name]]``, and not one table."""
        return isinstance(self.values.get(name), list)

    def names(self) -> Iterator[str]:
        """Give the keys that the table has."""
        return iter(self.values)

    def path(self, name: str) -> str:
        """Name a key of this table as the messages do."""
        return f"{self.key}.{name}" if self.key else name

    def refusal(self, kind: type[GoldenFileRefused], name: str, problem: str, remedy: str) -> GoldenFileRefused:
        """Make a refusal that names a key of this table."""
        line = _line_of(self.text, name, self.values.get(name))
        return kind(file=self.file, key=self.path(name), problem=problem, remedy=remedy, line=line)

    def _decimal(self, name: str, text: str) -> Decimal:
        if NUMBER.fullmatch(text) is None:
            raise self.refusal(
                NumberUnreadable, name, f"{text!r} is no plain number", 'Write digits and a decimal point, as "1.25"'
            )
        return Decimal(text)

    def _bare(self, name: str, value: BareNumber) -> GoldenFileRefused:
        return self.refusal(
            NumberWithoutQuotes, name, f"{value.text} is written without quotes", f'Write {name} = "{value.text}"'
        )

    def _month(self) -> Period:
        text = self.word("period")
        found = MONTH.fullmatch(text)
        if found is None or not 1 <= int(found[2]) <= 12 or not 1 <= int(found[1]) < MAXYEAR:
            raise self.refusal(
                ValueUnreadable, "period", f"{text!r} is no month", 'Write period = "2024-01", or from and to'
            )
        year, month = int(found[1]), int(found[2])
        return Period(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))


def read_tables(path: Path) -> Table:
    """Read a TOML file, keeping every bare number as it was written."""
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text, parse_float=BareNumber)
    except (OSError, UnicodeDecodeError) as error:
        raise NotToml(file=path.name, key="", problem=f"cannot be read: {error}", remedy="Give a text file") from error
    except tomllib.TOMLDecodeError as error:
        raise NotToml(
            file=path.name, key="", problem=f"this is no TOML: {error}", remedy="See docs/golden_bills.md for the form"
        ) from error
    table = Table(path.name, text, "", _integers_bare(values))
    _refuse_bare(table)
    return table


def _integers_bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _integers_bare(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_integers_bare(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return BareNumber(str(value))
    return value


def _refuse_bare(table: Table) -> None:
    for name, value in table.values.items():
        if isinstance(value, BareNumber):
            raise table._bare(name, value)
        if isinstance(value, dict):
            _refuse_bare(Table(table.file, table.text, table.path(name), value))
        if isinstance(value, list):
            _refuse_bare_items(table, name, value)


def _refuse_bare_items(table: Table, name: str, items: list[Any]) -> None:
    for at, item in enumerate(items, start=1):
        if isinstance(item, BareNumber):
            raise table.refusal(
                NumberWithoutQuotes, name, f"{item.text} is written without quotes", f'Write "{item.text}"'
            )
        if isinstance(item, dict):
            _refuse_bare(Table(table.file, table.text, f"{table.path(name)}[{at}]", item))


def _line_of(text: str, name: str, value: Any) -> int | None:
    """Find the one line on which a key stands with its value; None where there are none or several."""
    shown = value.text if isinstance(value, BareNumber) else value if isinstance(value, str) else ""
    key = re.compile(rf"(^|[\s{{,.\"'\[]){re.escape(name)}[\"']?\s*[=\].]")
    written = ((at, line.split("#")[0]) for at, line in enumerate(text.splitlines(), start=1))
    lines = [at for at, line in written if key.search(line) and shown in line]
    return lines[0] if len(lines) == 1 else None
