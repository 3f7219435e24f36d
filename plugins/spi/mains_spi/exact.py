"""Exact numbers in and out: fractions inside, decimals outside, independent of the caller's decimal context."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

ZERO = Fraction(0)
UNIT = Fraction(1)

_DECIMAL = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,24})?", re.ASCII)


def half_up(value: Fraction, places: int) -> Fraction:
    """Round half away from zero."""
    return Fraction(_units(value, places), 10**places)


def fixed(value: Fraction, places: int) -> Decimal:
    """Write a number with exactly this many decimals, rounded half-up."""
    return Decimal(f"{_units(value, places)}e-{places}")


def plain(value: Fraction, places_max: int) -> Decimal:
    """Write a number with as few decimals as it needs, at most this many."""
    units = _units(value, places_max)
    places = places_max
    while places and units % 10 == 0:
        units //= 10
        places -= 1
    return Decimal(f"{units}e-{places}")


def text(value: Fraction) -> str:
    """Write a number exactly: as a decimal where it ends, else as numerator/denominator."""
    places = _places(value.denominator)
    return f"{value.numerator}/{value.denominator}" if places is None else f"{fixed(value, places):f}"


def read(written: str) -> Fraction:
    """Read what ``text`` wrote."""
    numerator, _, denominator = written.partition("/")
    return Fraction(Decimal(numerator)) / (int(denominator) if denominator else 1)


def number_in(word: str) -> Fraction | None:
    """Read an attribute that holds a number, strictly; None if it holds something else."""
    return Fraction(Decimal(word)) if _DECIMAL.fullmatch(word) else None


def _units(value: Fraction, places: int) -> int:
    scale: int = 10**places
    numerator, denominator = value.numerator * scale, value.denominator
    units: int = (2 * abs(numerator) + denominator) // (2 * denominator)
    return units if numerator >= 0 else -units


def _places(denominator: int) -> int | None:
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None
