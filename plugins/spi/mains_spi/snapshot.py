"""A rating request as JSON, so that it can be stored and rebuilt, today's bill from yesterday's inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from mains_spi.errors import BadRecord, InexactNumber
from mains_spi.record import Record
from mains_spi.requests import RatingRequest

SNAPSHOT_VERSION = 1

_DECIMAL = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,24})?", re.ASCII)


def request_to_json(request: RatingRequest) -> dict[str, Any]:
    """Write a request as a JSON-able dict: decimals as strings, dates in ISO form, defaults left out."""
    return {"v": SNAPSHOT_VERSION, **_written(request)}


def request_from_json(document: Mapping[str, Any]) -> RatingRequest:
    """Rebuild the request that ``request_to_json`` wrote; refuses numbers that are not strings and unknown fields."""
    if document.get("v") != SNAPSHOT_VERSION:
        raise BadRecord(f"request has version {document.get('v')!r}: this package reads version {SNAPSHOT_VERSION}")
    rest = {name: value for name, value in document.items() if name != "v"}
    request = _read(RatingRequest, rest, "request")
    assert isinstance(request, RatingRequest)
    return request


def _written(value: Any) -> Any:
    written = value
    match value:
        case Record():
            own = fields(value)  # type: ignore[arg-type]
            written = {f.name: _written(v) for f in own if not _is_default(f, v := getattr(value, f.name))}
        case tuple():
            written = [_written(item) for item in value]
        case Decimal():
            written = f"{value:f}"
        case datetime() | date():
            written = value.isoformat()
        case timedelta():
            written = value.days * 86400 + value.seconds
        case StrEnum():
            written = value.value
    return written


def _is_default(field: Field[Any], value: Any) -> bool:
    return field.default is not MISSING and type(value) is type(field.default) and value == field.default


def _read(hint: Any, value: Any, where: str) -> Any:
    if get_origin(hint) is UnionType:
        return None if value is None else _read(_not_none(hint), value, where)
    if get_origin(hint) is tuple:
        return tuple(_read(get_args(hint)[0], item, f"{where}[{i}]") for i, item in enumerate(_list(value, where)))
    if isinstance(hint, type) and issubclass(hint, Record):
        return _record(hint, value, where)
    return _word(hint, value, where)


def _not_none(hint: Any) -> Any:
    return next(option for option in get_args(hint) if option is not NoneType)


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise BadRecord(f"{where} is {value!r}: give a list")
    return value


def _record(kind: type[Record], value: Any, where: str) -> Record:
    if not isinstance(value, Mapping):
        raise BadRecord(f"{where} is {value!r}: give an object")
    hints = _hints(cast(Any, kind))
    unknown = sorted(set(value) - set(hints))
    if unknown:
        raise BadRecord(f"{where} has the unknown field `{unknown[0]}`: it may have {', '.join(hints)}")
    read = {name: _read(hints[name], given, f"{where}.{name}") for name, given in value.items()}
    try:
        return kind(**read)
    except TypeError as refusal:
        raise BadRecord(f"{where}: {refusal}") from refusal


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _word(hint: Any, value: Any, where: str) -> Any:
    if hint is timedelta and type(value) is int:
        return timedelta(seconds=value)
    if not isinstance(value, str):
        raise (
            InexactNumber(f"{where} is {value!r}: give text, numbers too")
            if hint is Decimal
            else BadRecord(f"{where} is {value!r}: give text")
        )
    if hint is Decimal:
        if not _DECIMAL.fullmatch(value):
            raise InexactNumber(f"{where} is {value!r}: give a plain decimal such as 12.50")
        return Decimal(value)
    try:
        if hint is date or hint is datetime:
            return hint.fromisoformat(value)
        return hint(value) if isinstance(hint, type) and issubclass(hint, StrEnum) else value
    except ValueError as refusal:
        raise BadRecord(f"{where} is {value!r}: {refusal}") from refusal
