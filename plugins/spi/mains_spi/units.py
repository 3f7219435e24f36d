"""Units as products of symbols: ``EUR/MWh * MWh/m3 = EUR/m3``. Nothing is ever converted silently."""

from __future__ import annotations

from functools import lru_cache

from mains_spi.errors import BadUnit

Unit = tuple[tuple[str, int], ...]

ONE: Unit = ()


@lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit:
    """Read a unit such as ``kWh``, ``EUR/A/month`` or ``1``."""
    if not text or text != text.strip():
        raise BadUnit(f"unit {text!r} cannot be read: write it like 'EUR/kWh', or '1' for a plain number")
    powers: dict[str, int] = {}
    for position, part in enumerate(text.split("/")):
        for symbol in part.split("*"):
            if not symbol or any(c.isspace() for c in symbol):
                raise BadUnit(f"unit {text!r} cannot be read: write it like 'EUR/kWh', or '1' for a plain number")
            if symbol != "1":
                powers[symbol] = powers.get(symbol, 0) + (1 if position == 0 else -1)
    return _normal(powers)


def multiply(left: Unit, right: Unit) -> Unit:
    """Give the unit of a product."""
    return _combine(left, right, 1)


def divide(left: Unit, right: Unit) -> Unit:
    """Give the unit of a quotient."""
    return _combine(left, right, -1)


@lru_cache(maxsize=4096)
def unit_text(unit: Unit) -> str:
    """Write a unit as an author would."""
    above = [symbol for symbol, power in unit for _ in range(power)]
    below = [symbol for symbol, power in unit for _ in range(-power)]
    return "/".join(["*".join(above) or "1", *below])


@lru_cache(maxsize=4096)
def _combine(left: Unit, right: Unit, sign: int) -> Unit:
    powers = dict(left)
    for symbol, power in right:
        powers[symbol] = powers.get(symbol, 0) + sign * power
    return _normal(powers)


def _normal(powers: dict[str, int]) -> Unit:
    return tuple(sorted((symbol, power) for symbol, power in powers.items() if power))
