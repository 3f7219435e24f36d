"""The tariff: components, and the rounding that goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mains_spi.components import Calendar, Component
from mains_spi.record import Record


@dataclass(frozen=True, slots=True)
class Rounding(Record):
    """A named rounding policy, stored with the invoice. Always half-up, away from zero.

    ``per_rate`` (EN 16931): net lines to ``line`` places, tax once per rate. ``per_line``: tax on each line.
    ``per_unit``: unit price with tax rounded to ``tax_places``, line = quantity x that. ``end``: only the total.
    """

    name: str = "en16931"
    line: int | None = 2
    tax: Literal["per_rate", "per_line", "per_unit", "end"] = "per_rate"
    tax_places: int = 2
    total: int = 2


@dataclass(frozen=True, slots=True)
class Tariff(Record):
    """Components in the order of the bill.

    ``places`` gives, by quantity name, to how many decimals a usage is divided when a cut crosses it (else 3).
    """

    code: str
    currency: str
    components: tuple[Component, ...]
    rounding: Rounding = Rounding()
    places: tuple[tuple[str, int], ...] = ()
    calendars: tuple[Calendar, ...] = ()
