"""Which buckets a question has, and which earlier bucket each is set beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from mains_spi.record import Period

from mains_server.access.records import Refusal
from mains_server.consumption.records import CompareWith, Granularity, Question, Slot
from mains_server.metering.rules import day_start

DAYS_MAX = {Granularity.HOUR: 31, Granularity.DAY: 366, Granularity.MONTH: 3_660, Granularity.YEAR: 11_000}
FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2190, 1, 1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class ConsumptionRefused(Refusal):
    """This consumption cannot be shown; the message says what to ask instead."""


class PeriodReversed(ConsumptionRefused):
    """The period ends before it begins, or is empty."""

    code = "PERIOD_REVERSED"
    path = "period"


class PeriodInFuture(ConsumptionRefused):
    """Nobody has used anything tomorrow."""

    code = "PERIOD_IN_FUTURE"
    path = "period"


class PeriodTooLong(ConsumptionRefused):
    """There would be too many buckets."""

    code = "PERIOD_TOO_LONG"
    path = "period"


class PeriodOutOfRange(ConsumptionRefused):
    """No meter's data are that old, or will be that new."""

    code = "PERIOD_OUT_OF_RANGE"
    path = "period"


def question_of(
    *, granularity: Granularity, starts: date, ends: date, compare_with: CompareWith | None, today: date
) -> Question:
    """Put a question, refusing periods that are reversed, wholly in the future, or too long for their buckets."""
    if ends <= starts:
        raise PeriodReversed(f"the period ends on {ends}, exclusive; let it begin on an earlier day than that")
    if starts < FIRST_DAY or ends > LAST_DAY:
        raise PeriodOutOfRange(f"ask for days from {FIRST_DAY} until {LAST_DAY}")
    if starts > today:
        raise PeriodInFuture(f"the period begins after today, {today}; nothing has been used yet")
    days, days_max = (ends - starts).days, DAYS_MAX[granularity]
    if days > days_max:
        raise PeriodTooLong(f"{days} days are too many by the {granularity.value.lower()}; at most {days_max}")
    return Question(granularity=granularity, period=Period(starts, ends), compare_with=compare_with)


def slots_of(*, granularity: Granularity, period: Period, time_zone: str) -> tuple[Slot, ...]:
    """Divide a period into its buckets, the first and last cut off at its ends; a civil day has 23 to 25 hours."""
    if granularity is Granularity.HOUR:
        days = (period.start + timedelta(days=place) for place in range(period.days))
        return tuple(slot for day in days for slot in _hours(day, time_zone=time_zone))
    return tuple(_slot(part, time_zone=time_zone) for part in _parts(period, granularity=granularity))


def base_of(question: Question) -> Period | None:
    """Tell the earlier period that a question compares with; None where it has none, as 29 February alone has none."""
    if question.compare_with is None:
        return None
    shift = _shift(question)
    starts, ends = shift(question.period.start), shift(question.period.end)
    return Period(starts, ends) if starts < ends else None


def counterparts(*, question: Question, slots: Sequence[Slot], time_zone: str) -> tuple[Slot | None, ...]:
    """Give each bucket's counterpart in the earlier period: the same hour, day, month or stretch of days, if any.

    An hour that the clocks skip or repeat has one only where the other day's clocks do so too.
    """
    shift = _shift(question)
    if question.granularity is Granularity.HOUR:
        return tuple(_same_hours(slots, shift=shift, time_zone=time_zone))
    found = (_counterpart(slot.period, shift=shift, granularity=question.granularity) for slot in slots)
    return tuple(None if part is None else _slot(part, time_zone=time_zone) for part in found)


def _parts(period: Period, *, granularity: Granularity) -> Iterator[Period]:
    starts = period.start
    while starts < period.end:
        ends = min(_next(starts, granularity=granularity), period.end)
        yield Period(starts, ends)
        starts = ends


def _next(day: date, *, granularity: Granularity) -> date:
    if granularity is Granularity.DAY:
        return day + DAY
    return _months_later(day.replace(day=1), 1) if granularity is Granularity.MONTH else date(day.year + 1, 1, 1)


def _slot(period: Period, *, time_zone: str) -> Slot:
    return Slot(period, day_start(period.start, time_zone=time_zone), day_start(period.end, time_zone=time_zone))


def _hours(day: date, *, time_zone: str) -> Iterator[Slot]:
    at, ends = day_start(day, time_zone=time_zone), day_start(day + DAY, time_zone=time_zone)
    while at < ends:
        yield Slot(Period(day, day + DAY), at, at + HOUR)
        at += HOUR


def _shift(question: Question) -> Callable[[date], date]:
    """Give how a day is moved back; months by months where the period is made of whole months, else by its days."""
    period = question.period
    if question.compare_with is CompareWith.SAME_PERIOD_LAST_YEAR:
        return _year_before
    is_of_months = period.start.day == 1 and period.end.day == 1
    if is_of_months and question.granularity in (Granularity.MONTH, Granularity.YEAR):
        months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
        return lambda day: _months_later(day, -months)
    return lambda day: day - timedelta(days=period.days)


def _months_later(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 + months
    return date(month // 12, month % 12 + 1, day.day)


def _year_before(day: date) -> date:
    """Move a day back by a year; 29 February becomes the day after 28 February."""
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 3, 1)
    return day.replace(year=day.year - 1)


def _counterpart(period: Period, *, shift: Callable[[date], date], granularity: Granularity) -> Period | None:
    starts, ends = shift(period.start), shift(period.end)
    if starts >= ends:
        return None
    return Period(starts, starts + DAY) if granularity is Granularity.DAY else Period(starts, ends)


def _same_hours(slots: Sequence[Slot], *, shift: Callable[[date], date], time_zone: str) -> Iterator[Slot | None]:
    known: dict[date, dict[tuple[int, int], Slot]] = {}
    for slot in slots:
        found = _counterpart(slot.period, shift=shift, granularity=Granularity.DAY)
        if found is None:
            yield None
            continue
        if found.start not in known:
            known[found.start] = {
                _wall(hour.starts_at, time_zone): hour for hour in _hours(found.start, time_zone=time_zone)
            }
        yield known[found.start].get(_wall(slot.starts_at, time_zone))


def _wall(instant: datetime, time_zone: str) -> tuple[int, int]:
    local = instant.astimezone(UTC).astimezone(ZoneInfo(time_zone))
    return local.hour, local.fold
