"""Reads what wmbusmeters prints: a JSON object a line, with a meter's totals now and at the end of earlier periods."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple

from mains_server.intervals.records import RefusedRow
from mains_server.intervals.rules import FileRefused, ValueRefused

LINE_MAX = 16_384
TOTALS = {
    "total_kwh": "kWh",
    "total_energy_consumption_kwh": "kWh",
    "total_mwh": "MWh",
    "total_energy_consumption_mwh": "MWh",
    "total_m3": "m3",
    "total_volume_m3": "m3",
}
TARGETS = {
    "target_kwh": ("target_date", "kWh"),
    "target_mwh": ("target_date", "MWh"),
    "target_m3": ("target_date", "m3"),
    "last_year_kwh": ("last_year_date", "kWh"),
    "last_year_mwh": ("last_year_date", "MWh"),
    "last_year_m3": ("last_year_date", "m3"),
}
YEARS = range(2000, 2200)
TOTAL_MAX = Decimal(10) ** 12


class Telegram(NamedTuple):
    """What a meter's register showed; `ended_on` is the civil day at whose end it did, None where it was just then."""

    serial: str
    unit: str
    value: Decimal
    heard_at: datetime
    ended_on: date | None
    row: int


def read_telegrams(file: BinaryIO) -> Iterator[Telegram | RefusedRow]:
    """Read telegrams line by line; of each the totals, and those the meter kept of the end of a month or year."""
    decoder = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    row = 0
    while line := file.readline(LINE_MAX + 1):
        row += 1
        if len(line) > LINE_MAX:
            raise FileRefused(f"line {row} is longer than {LINE_MAX} bytes; this is no such file")
        if not line.strip():
            continue
        try:
            yield from _telegrams(_object(line, decoder=decoder, row=row), row=row)
        except ValueRefused as refused:
            yield RefusedRow(row, refused.code, str(refused))


def _object(line: bytes, *, decoder: json.JSONDecoder, row: int) -> Mapping[str, Any]:
    try:
        found = decoder.decode(line.decode("utf-8-sig" if row == 1 else "utf-8"))
    except UnicodeDecodeError as refused:
        raise FileRefused(f"line {row} is not written in UTF-8") from refused
    except ValueError as refused:
        raise ValueRefused("shape", "the line is no whole JSON object") from refused
    except RecursionError as refused:
        raise ValueRefused("shape", "the line is nested too deep") from refused
    if not isinstance(found, dict):
        raise ValueRefused("shape", "a line is an object with id, timestamp and totals")
    return found


def _telegrams(found: Mapping[str, Any], *, row: int) -> Iterator[Telegram]:
    serial, stamp = found.get("id"), found.get("timestamp")
    if not isinstance(serial, str) or not 0 < len(serial) <= 50 or "\0" in serial:
        raise ValueRefused("shape", "a telegram has the meter's id")
    heard_at = _heard_at(stamp)
    told = [
        Telegram(serial, unit, _total(found[name], name), heard_at, None, row)
        for name, unit in TOTALS.items()
        if found.get(name) is not None
    ]
    for name, (dated, unit) in TARGETS.items():
        value = None if found.get(name) is None else _total(found[name], name)
        if value:
            told.append(Telegram(serial, unit, value, heard_at, _ended_on(found.get(dated), dated), row))
    if not told:
        raise ValueRefused("shape", f"the telegram tells none of {', '.join((*TOTALS, *TARGETS))}")
    yield from told


def _heard_at(text: Any) -> datetime:
    try:
        heard_at = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueRefused("stamp", "the timestamp is a time such as 2024-02-01T00:05:00Z") from None
    if heard_at.tzinfo is None or heard_at.year not in YEARS:
        raise ValueRefused("stamp", f"the timestamp {text[:40]!r} has no zone, or is of no year of ours")
    return heard_at.astimezone(UTC)


def _ended_on(text: Any, name: str) -> date:
    try:
        ended_on = date.fromisoformat(text)
    except (TypeError, ValueError):
        raise ValueRefused("stamp", f"{name} is no day") from None
    if ended_on.year not in YEARS:
        raise ValueRefused("stamp", f"{name} is of no year of ours")
    return ended_on


def _total(value: Any, name: str) -> Decimal:
    if not isinstance(value, Decimal):
        raise ValueRefused("not_a_number", f"{name} is no number")
    if value < 0:
        raise ValueRefused("negative", f"{name} is below zero")
    if value >= TOTAL_MAX:
        raise ValueRefused("too_large", f"{name} has more digits than a meter")
    return value


def counted_for(telegram: Telegram, *, on: date) -> date:
    """Tell for the start of which civil day a telegram counts, `on` being the day on which it was heard."""
    return on if telegram.ended_on is None else telegram.ended_on + timedelta(days=1)


def _no_number(word: str) -> Any:
    raise ValueRefused("not_a_number", f"{word} is no number")
