"""Replays an explanation: no adapter, no tariff, only the written inputs and steps."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from mains_spi.errors import BadRecord
from mains_spi.exact import fixed, plain, read
from mains_spi.results import Explanation
from mains_spi.trace import Operand, apply

OPEN_PLACES = 10


def replay(explanation: Explanation, *, figure: str = "result") -> Decimal:
    """Work out a line's net (``figure="gross"``: its gross) from its explanation alone."""
    if explanation.get("v") != 1:
        raise BadRecord(f"explanation has version {explanation.get('v')!r}: this package replays version 1")
    known: dict[str, Operand] = {}
    for given in explanation["inputs"]:
        known[given["id"]] = _value(given["value"])
    for step in explanation["steps"]:
        known[step["id"]] = apply(step["op"], [known[a] for a in step["args"]], step.get("places"))
    result = known[explanation[figure]]
    assert isinstance(result, Fraction)
    return amount_of(result, explanation["rounding"]["line"])


def amount_of(number: Fraction, line_places: int | None) -> Decimal:
    """Write an amount as a line shows it: rounded by the policy, or as it is where the policy rounds only the end."""
    return plain(number, OPEN_PLACES) if line_places is None else fixed(number, line_places)


def _value(written: Any) -> Operand:
    return tuple(read(v) for v in written) if isinstance(written, list) else read(written)
