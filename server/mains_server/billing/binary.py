"""Rows in PostgreSQL's binary COPY format, from whole numbers: cents and millionths never become text on the way.

A field is its length (four bytes) and its value, a row the number of its fields and the fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from struct import Struct

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"

_EPOCH_DAY = date(2000, 1, 1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_BASE = 10_000
_BASE_DIGITS = 4
_POSITIVE, _NEGATIVE = 0x0000, 0x4000

_length = Struct("!i").pack
_bigint = Struct("!iq").pack
_integer = Struct("!ii").pack
_boolean = Struct("!i?").pack
_instant = Struct("!iq").pack
_cents = Struct("!ihhHhHHH").pack
_CENTS_PLACES, _CENTS_MAX = 2, 10**10 - 1
_numeric_of: tuple[Callable[..., bytes], ...] = tuple(Struct(f"!ihhHh{count}H").pack for count in range(10))


def bigint(value: int | None) -> bytes:
    """Write a bigint field."""
    return NULL if value is None else _bigint(8, value)


def integer(value: int) -> bytes:
    """Write an integer field."""
    return _integer(4, value)


def boolean(value: bool) -> bytes:
    """Write a boolean field."""
    return _boolean(1, value)


@lru_cache(maxsize=1024)
def day(value: date) -> bytes:
    """Write a date field."""
    return _integer(4, (value - _EPOCH_DAY).days)


def instant(value: datetime) -> bytes:
    """Write a timestamp with time zone, to the microsecond."""
    passed = value - _EPOCH
    return _instant(8, (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds)


def text(value: str) -> bytes:
    """Write a text field."""
    written = value.encode()
    return _length(len(written)) + written


@lru_cache(maxsize=1024)
def word(value: str) -> bytes:
    """Write a text field that comes again and again: a code, an account, a currency."""
    return text(value)


def jsonb(value: bytes) -> bytes:
    """Write a jsonb field from JSON text; its first byte is the version of the format."""
    return _length(len(value) + 1) + b"\x01" + value


@lru_cache(maxsize=100_000)
def numeric(units: int, places: int) -> bytes:
    """Write a numeric field worth `units` / 10**`places`, with that many decimals shown.

    A numeric is groups of four decimal digits; the weight says how many groups stand before the point, less one.
    """
    groups_after = -(-places // _BASE_DIGITS)
    rest = abs(units) * 10 ** (groups_after * _BASE_DIGITS - places)
    digits: list[int] = []
    while rest:
        rest, digit = divmod(rest, _BASE)
        digits.append(digit)
    weight = len(digits) - groups_after - 1 if digits else 0
    digits.reverse()
    while digits and digits[-1] == 0:
        digits.pop()
    sign = _NEGATIVE if units < 0 else _POSITIVE
    return _numeric_of[len(digits)](8 + 2 * len(digits), len(digits), weight, sign, places, *digits)


def cents(value: int) -> bytes:
    """Write a numeric field of an amount in cents, as `numeric` does with two places, but several times as fast.

    Zeros before and behind the amount are left to the database to take away.
    """
    if not -_CENTS_MAX <= value <= _CENTS_MAX:
        return numeric(value, _CENTS_PLACES)
    sign = _POSITIVE
    if value < 0:
        sign, value = _NEGATIVE, -value
    return _cents(14, 3, 1, sign, _CENTS_PLACES, value // 1_000_000, value // 100 % _BASE, value % 100 * 100)


def fields_head(count: int) -> bytes:
    """Write the beginning of a row: the number of its fields."""
    return count.to_bytes(2, "big")


def table_of(rows: Iterable[bytes]) -> bytes:
    """Write whole rows as one COPY stream."""
    return b"".join((HEADER, *rows, TRAILER))
