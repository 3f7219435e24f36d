"""Load checks of calendars, zones and facts."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from mains_spi.components import Calendar, TimeOfUse, ZoneRule
from mains_spi.results import Mistake
from mains_spi.tariff import Tariff
from mains_spi.terms import Fact, Qty


def vet_calendar(calendar: Calendar) -> Iterator[Mistake]:
    """Find instants to which a calendar gives no zone, and rules that never fit."""
    try:
        ZoneInfo(calendar.tz)
    except (KeyError, ValueError, OSError):
        yield Mistake(
            "bad_calendar", calendar.name, f"time zone {calendar.tz!r} is not known: write it like Europe/Riga"
        )
    if not calendar.rules or _limited(calendar.rules[-1]):
        remedy = "its last rule must fit always: leave out its days, hours and months"
        yield Mistake("bad_calendar", calendar.name, remedy)
    for rule in calendar.rules:
        ranges = [(rule.days, 1, 7), (rule.months, 1, 12), (tuple(h for pair in rule.hours for h in pair), 0, 24)]
        if any(not low <= value <= high for values, low, high in ranges for value in values):
            remedy = f"rule `{rule.zone}` has a day outside 1-7, an hour outside 0-24 or a month outside 1-12"
            yield Mistake("bad_calendar", calendar.name, remedy)
    if not 1 <= calendar.holiday_as <= 7:
        yield Mistake("bad_calendar", calendar.name, "holiday_as must be a weekday from 1 to 7")


def vet_time_of_use(component: TimeOfUse, tariff: Tariff) -> Iterator[Mistake]:
    """Find zones that have no price, and calendars that are not there."""
    name = component.zones[0].code if component.zones else "TimeOfUse"
    if not isinstance(component.qty, Qty) or component.qty.zone is not None:
        yield Mistake("bad_time_of_use", name, "TimeOfUse needs a plain Qty without zone, so that it can be split")
    calendars = {calendar.name: calendar for calendar in tariff.calendars}
    calendar = calendars.get(component.calendar)
    if calendar is None:
        yield Mistake("unknown_calendar", name, f"add the calendar `{component.calendar}` to Tariff.calendars")
        return
    priced = {zone.zone for zone in component.zones}
    for zone in sorted({rule.zone for rule in calendar.rules} - priced):
        yield Mistake("zone_without_price", name, f"calendar `{calendar.name}` has the zone `{zone}`: price it")


def vet_fact(fact: Fact, name: str) -> Iterator[Mistake]:
    """Find facts asked for in months that make no run, or in parts of a month that is not over."""
    expected = tuple((fact.months[0] - 1 + i) % 12 + 1 for i in range(len(fact.months))) if fact.months else ()
    if fact.months != expected or len(fact.months) > 12:
        remedy = f"months of Fact('{fact.name}') are {fact.months}: give months that follow each other, as (6, 7, 8)"
        yield Mistake("bad_fact", name, remedy)
    if fact.back < 0:
        yield Mistake("bad_fact", name, f"Fact('{fact.name}') looks {fact.back} back: give 0 or more")
    if fact.parts and (fact.months or fact.back < 1):
        yield Mistake("bad_fact", name, f"Fact('{fact.name}') adds up parts: give back=1 or more, and no months")


def _limited(rule: ZoneRule) -> bool:
    return bool(rule.days or rule.hours or rule.months)
