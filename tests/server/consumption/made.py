"""Makes registers, bills and buckets for the tests of this room."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

from mains_server.consumption.records import Bill, Bucket, Charge, ConsumptionQuality, Counter, Heat, IntervalDay, Slot
from mains_spi.hooks import ReadingPoint, RegisterReadings
from mains_spi.record import Period
from mains_spi.requests import Quality

RIGA = "Europe/Riga"
EVER = (Period(date(2000, 1, 1), date(2100, 1, 1)),)


def day(text):
    return date.fromisoformat(text)


def days(text):
    starts, ends = text.split("/")
    return Period(day(starts), day(ends))


def register(*shown, installed="2020-01-01/2099-01-01", quantity="energy", unit="kWh", zone=None, digits=5, times="1"):
    """Each shown reading is `2023-01-01 100`, with `E` behind it where it was estimated."""
    readings = []
    for text in shown:
        on, value, *estimated = text.split()
        quality = Quality.ESTIMATED if estimated else Quality.ACTUAL
        readings.append(ReadingPoint(counts_for=day(on), value=D(value), quality=quality))
    return RegisterReadings(
        quantity=quantity, unit=unit, readings=tuple(readings), installed=days(installed), digits=digits,
        multiplier=D(times), zone=zone, serial="M1",
    )  # fmt: skip


def counter(*shown, is_by_intervals=False, interval_days=(), **named):
    return Counter(readings=register(*shown, **named), is_by_intervals=is_by_intervals, days=tuple(interval_days))


def interval_day(on, values, *, step_seconds=3600, statuses=None):
    found = tuple(None if value is None else D(value) for value in values)
    known = [value for value in found if value is not None]
    return IntervalDay(
        day=day(on), step_seconds=step_seconds, steps=len(found), known=len(known), total=sum(known, D(0)),
        statuses=statuses or "." * len(found), values=found,
    )  # fmt: skip


def bucket(period, value, coverage="1"):
    at = datetime(2023, 1, 1, tzinfo=UTC)
    known = None if value is None else D(value)
    quality = None if value is None else ConsumptionQuality.ACTUAL
    return Bucket(slot=Slot(days(period), at, at), value=known, quality=quality, coverage=D(coverage))


def charge(code, quantity, gross, *, unit="MWh", is_metered=True, house=None):
    """A charge; `house` is the heat in MWh behind one that is shared out over a house's premises."""
    heat = None if house is None else Heat(value=D(house), unit="MWh")
    return Charge(
        code=code, unit=unit, is_metered=is_metered, quantity=D(quantity), gross=D(gross), house_heat=heat
    )  # fmt: skip


def bill(period, total, *charges, is_credit=False, is_taken_back=False, currency="EUR"):
    return Bill(
        supply_point_id=1, contract_id=1, period=days(period), is_credit=is_credit, is_taken_back=is_taken_back,
        net=D(total) - 1, tax=D(1), support=D(0), total=D(total), currency=currency, charges=charges,
    )  # fmt: skip
