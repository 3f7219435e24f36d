"""The demo house in Jelgava: 36 flats and a shop, with what its meters showed each month.

Areas, residents and consumption are invented (source: demo) and plausible for a five-storey panel house; the tariffs
they are billed on are Gren Jelgava's published ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from mains_server.demo.people import person_names

FIRST_MONTH = date(2022, 3, 1)
MONTH_COUNT = 28
FLAT_COUNT = 36
HEAT_MWH = {
    1: Decimal("51.20"), 2: Decimal("46.85"), 3: Decimal("42.10"), 4: Decimal("27.60"), 5: Decimal("9.75"),
    6: Decimal("9.15"), 7: Decimal("8.60"), 8: Decimal("8.75"), 9: Decimal("9.40"), 10: Decimal("24.45"),
    11: Decimal("37.30"), 12: Decimal("49.95"),
}  # fmt: skip
LAST_SUMMER_CIRCULATION_MWH = {6: Decimal("2.35"), 7: Decimal("2.18"), 8: Decimal("2.27")}
FLAT_AREAS = (Decimal("31.4"), Decimal("44.6"), Decimal("48.9"), Decimal("62.7"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPremise:
    """A flat or the shop: who owns it, how large it is, and what its hot-water meter showed at each month's start."""

    premise: str
    owner: str
    is_shop: bool
    area_m2: Decimal
    residents: int
    readings: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHouse:
    """The house with its premises and the substation's two meters, read at the start of each of `days`."""

    days: tuple[date, ...]
    premises: tuple[DemoPremise, ...]
    heat_mwh: tuple[Decimal, ...]
    hot_water_m3: tuple[Decimal, ...]


def month_starts(*, first: date, count: int) -> tuple[date, ...]:
    """Give the first days of that many months."""
    months = (first.year * 12 + first.month - 1 + step for step in range(count))
    return tuple(date(month // 12, month % 12 + 1, 1) for month in months)


def build_house() -> DemoHouse:
    """Give the demo house, always the same one."""
    days = month_starts(first=FIRST_MONTH, count=MONTH_COUNT + 1)
    premises = (*(_flat(number) for number in range(1, FLAT_COUNT + 1)), _shop())
    return DemoHouse(
        days=days, premises=premises, heat_mwh=_heat_readings(days), hot_water_m3=_house_hot_water(premises)
    )


def _flat(number: int) -> DemoPremise:
    chance = Random(1000 + number)
    residents = chance.choice((1, 1, 2, 2, 3, 4))
    return DemoPremise(
        premise=str(number),
        owner=person_names(count=FLAT_COUNT, seed=7)[number - 1],
        is_shop=False,
        area_m2=FLAT_AREAS[number % 4],
        residents=residents,
        readings=_hot_water_readings(chance, monthly_hundredths=130 * residents),
    )


def _shop() -> DemoPremise:
    return DemoPremise(
        premise="V1",
        owner='SIA "Stūra veikals"',
        is_shop=True,
        area_m2=Decimal("118.3"),
        residents=0,
        readings=_hot_water_readings(Random(1999), monthly_hundredths=210),
    )


def _hot_water_readings(chance: Random, *, monthly_hundredths: int) -> tuple[Decimal, ...]:
    readings = [Decimal(chance.randrange(2000, 60000)).scaleb(-2)]
    for _ in range(MONTH_COUNT):
        used = monthly_hundredths + chance.randrange(-60, 90)
        readings.append(readings[-1] + Decimal(max(used, 0)).scaleb(-2))
    return tuple(readings)


def _heat_readings(days: tuple[date, ...]) -> tuple[Decimal, ...]:
    readings = [Decimal("1842.370")]
    for day in days[:-1]:
        yearly = Decimal(100 - 2 * (day.year - 2022)).scaleb(-2)
        readings.append(readings[-1] + (HEAT_MWH[day.month] * yearly).quantize(Decimal("0.001")))
    return tuple(readings)


def _house_hot_water(premises: tuple[DemoPremise, ...]) -> tuple[Decimal, ...]:
    """The house meter runs about 4 % ahead of the flats' sum, as everywhere."""
    chance = Random(55)
    readings = [Decimal("20518.40")]
    for month in range(MONTH_COUNT):
        flats = sum((p.readings[month + 1] - p.readings[month] for p in premises), Decimal(0))
        ahead = Decimal(1030 + chance.randrange(0, 25)).scaleb(-3)
        readings.append(readings[-1] + (flats * ahead).quantize(Decimal("0.01")))
    return tuple(readings)
