"""Reads what Sadales tīkls answers to machines: the consumption of objects, and the list of objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from mains_server.intervals.json_stream import JsonStream
from mains_server.intervals.records import Interval, MeterIntervals, RefusedRow
from mains_server.intervals.rules import FileRefused, ValueRefused, billed_value, checked_value, mask_of
from mains_server.intervals.stamps import Clock

VALUES_OF_METER_MAX = 40_000
WORD_MAX = 100


def read_usage(stream: JsonStream, *, time_zone: str) -> Iterator[MeterIntervals | RefusedRow]:
    """Read the answer of `get-object-consumption`: an array of metering points, each with its meters.

    The answer does not say which object it is of; a collector may keep `oEIC` beside `mpNr`, or around the array.
    """
    reader = _Reader(stream, time_zone=time_zone)
    if stream.begins() == "{":
        yield from reader.whole_object()
    else:
        yield from reader.points(None)
    stream.finish()


def read_objects(stream: JsonStream) -> Mapping[str, str]:
    """Read the answer of `get-object-list` as the supply point of each meter; an address in any form says nothing."""
    found: dict[str, str] = {}
    for name in stream.members():
        if name != "oList":
            stream.value()
            continue
        for _ in stream.elements():
            item = stream.value()
            eic = _word(item, "oEIC")
            for point in _list(item, "mpList"):
                for meter in _list(point, "mList"):
                    _note(found, serial=_word(meter, "mNr"), eic=eic)
    stream.finish()
    return found


class _Reader:
    """Goes through a consumption; `row` counts its values."""

    def __init__(self, stream: JsonStream, *, time_zone: str) -> None:
        self._stream = stream
        self._time_zone = time_zone
        self._row = 0

    def whole_object(self) -> Iterator[MeterIntervals | RefusedRow]:
        """Read an array that stands in an object, or tell the operator's own refusal."""
        eic: str | None = None
        for name in self._stream.members():
            if name == "oEIC":
                eic = _text(self._stream.value(), "oEIC")
            elif name == "mpList":
                yield from self.points(eic)
            elif name == "title":
                raise FileRefused(f"the operator refused: {str(self._stream.value())[:200]}")
            else:
                self._stream.value()

    def points(self, eic: str | None) -> Iterator[MeterIntervals | RefusedRow]:
        """Read metering points; the meters of one come when it is over, since its names have no order."""
        for _ in self._stream.elements():
            own, meters = eic, list[MeterIntervals]()
            for name in self._stream.members():
                if name == "oEIC":
                    own = _text(self._stream.value(), "oEIC")
                elif name == "mList":
                    for _ in self._stream.elements():
                        for found in self._meter():
                            if isinstance(found, RefusedRow):
                                yield found
                            else:
                                meters.append(found)
                else:
                    self._stream.value()
            yield from (meter._replace(point=own) for meter in meters)

    def _meter(self) -> Iterator[MeterIntervals | RefusedRow]:
        serial: str | None = None
        values: list[Interval] = []
        row = self._row + 1
        clock = Clock(time_zone=self._time_zone)
        for name in self._stream.members():
            if name == "mNr":
                serial = _text(self._stream.value(), "mNr")
            elif name == "cList":
                yield from self._values(values, clock=clock)
            else:
                self._stream.value()
        yield MeterIntervals(None, serial, False, values, row)

    def _values(self, values: list[Interval], *, clock: Clock) -> Iterator[RefusedRow]:
        for item in self._stream.values():
            self._row += 1
            try:
                values.append(_interval(item, row=self._row, clock=clock))
            except ValueRefused as refused:
                yield RefusedRow(self._row, refused.code, str(refused))
            if len(values) > VALUES_OF_METER_MAX:
                raise FileRefused(f"a meter has more than {VALUES_OF_METER_MAX} values; ask for a year at most")


def _interval(item: Any, *, row: int, clock: Clock) -> Interval:
    if not isinstance(item, dict):
        raise ValueRefused("shape", "an element of cList is an object with cDt and cVR")
    stamp, words = item.get("cDt"), item.get("cVRSt") or ""
    if not isinstance(stamp, str):
        raise ValueRefused("stamp", "cDt is missing, or no text")
    if not isinstance(words, str):
        raise ValueRefused("status", "cVRSt is no text")
    mask = mask_of(words) if words else 0
    value = billed_value(first=_number(item, "cVR"), billed=_number(item, "cVV"), mask=mask)
    return Interval(clock.read(stamp), None if value is None else checked_value(value), mask, row)


def _number(item: Mapping[str, Any], name: str) -> Decimal | None:
    value = item.get(name)
    if value is None:
        return None
    if not isinstance(value, Decimal):
        raise ValueRefused("not_a_number", f"{name} is no number")
    return value


def _note(found: dict[str, str], *, serial: str, eic: str) -> None:
    if found.setdefault(serial, eic) != eic:
        raise FileRefused(f"meter {serial} stands at {found[serial]} and at {eic}")


def _word(item: Any, name: str) -> str:
    if not isinstance(item, dict):
        raise FileRefused(f"an object with {name} should stand here")
    return _text(item.get(name), name)


def _list(item: Any, name: str) -> list[Any]:
    found = item.get(name, []) if isinstance(item, dict) else None
    if not isinstance(found, list):
        raise FileRefused(f"{name} is an array")
    return found


def _text(value: Any, name: str) -> str:
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 10**20:
        value = format(value, "f")
    if not isinstance(value, str) or not 0 < len(value) <= WORD_MAX or "\0" in value:
        raise FileRefused(f"{name} is a text of at most {WORD_MAX} characters")
    return value
