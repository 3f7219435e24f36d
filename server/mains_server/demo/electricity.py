"""The demo's electricity customers: every product, one and three phases, 16 to 63 A, one and two zones.

Who they are and what they use is invented (source: demo); network tariffs, OIK and support are the published ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from mains_server.demo.house import FIRST_MONTH, FLAT_COUNT, MONTH_COUNT, month_starts
from mains_server.demo.people import person_names

HOUSEHOLD_COUNT = 42
BUSINESS_NAME = 'SIA "Ceplis un dēli"'
SEASON_PERCENT = {1: 132, 2: 121, 3: 110, 4: 98, 5: 86, 6: 78, 7: 75, 8: 78, 9: 88, 10: 100, 11: 114, 12: 130}
MONTHLY_KWH = {
    "universalais": 120, "ekonomiskais": 190, "izdevigais_200": 340,
    "izdevigais_600": 870, "dinamiskais": 410, "klasiskais": 230,
}  # fmt: skip
PRODUCTS = tuple(MONTHLY_KWH)
FIXED_PRICE_PRODUCTS = tuple(product for product in PRODUCTS if product != "dinamiskais")
CONNECTIONS = ((1, 16), (1, 25), (1, 40), (3, 16), (3, 20), (3, 25), (3, 63))
PROTECTED = {6: "large_family", 12: "low_income", 31: "large_family"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSupply:
    """One electricity supply point: its connection, product, and each register's readings at each month's start."""

    number: int
    owner: str
    product: str
    phases: int
    amperes: int
    zones: int
    protected: str | None
    by_post: bool
    readings: tuple[tuple[str, tuple[Decimal, ...]], ...]


def build_households() -> tuple[DemoSupply, ...]:
    """Give the demo's households, always the same ones; the first is the family of flat 12."""
    names = person_names(count=FLAT_COUNT + HOUSEHOLD_COUNT, seed=7)
    owners = (names[11], *names[FLAT_COUNT + 1 :])
    return tuple(_household(number, owner=owner) for number, owner in enumerate(owners, start=1))


def build_business() -> tuple[DemoSupply, ...]:
    """Give the three supply points of the demo's business."""
    kinds = (("izdevigais_600", 3, 63, 2), ("dinamiskais", 3, 25, 1), ("klasiskais", 1, 25, 1))
    return tuple(
        _supply(DemoConnection(900 + place, BUSINESS_NAME, product, phases, amperes, zones), kwh=2400 // (place + 1))
        for place, (product, phases, amperes, zones) in enumerate(kinds)
    )


@dataclass(frozen=True, slots=True)
class DemoConnection:
    """What is agreed for one supply point."""

    number: int
    owner: str
    product: str
    phases: int
    amperes: int
    zones: int = 1


def _household(number: int, *, owner: str) -> DemoSupply:
    has_two_zones = number % 9 == 4
    products = FIXED_PRICE_PRODUCTS if has_two_zones else PRODUCTS
    product = products[number % len(products)]
    phases, amperes = CONNECTIONS[number % len(CONNECTIONS)]
    connection = DemoConnection(number, owner, product, phases, amperes, 2 if has_two_zones else 1)
    return _supply(connection, kwh=MONTHLY_KWH[product])


def _supply(connection: DemoConnection, *, kwh: int) -> DemoSupply:
    chance = Random(5000 + connection.number)
    shares = (("T1", 100),) if connection.zones == 1 else (("T1", 55), ("T2", 45))
    return DemoSupply(
        number=connection.number,
        owner=connection.owner,
        product=connection.product,
        phases=connection.phases,
        amperes=connection.amperes,
        zones=connection.zones,
        protected=PROTECTED.get(connection.number),
        by_post=connection.number % 11 == 3,
        readings=tuple((code, _readings(chance, monthly_kwh=kwh * share // 100)) for code, share in shares),
    )


def _readings(chance: Random, *, monthly_kwh: int) -> tuple[Decimal, ...]:
    readings = [Decimal(chance.randrange(500, 40000))]
    for day in month_starts(first=FIRST_MONTH, count=MONTH_COUNT):
        percent = SEASON_PERCENT[day.month] + chance.randrange(-12, 13)
        readings.append(readings[-1] + monthly_kwh * percent // 100)
    return tuple(readings)
