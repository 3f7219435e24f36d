"""Which of several prices told for the same time counts: the finest resolution, then the lowest sequence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal

from mains_spi import FactStretch, Labels, SeriesKind

from mains_spot_prices.series import HOUR, HOURLY, QUARTER, QUARTERLY, Unreadable

QUARTERS_AN_HOUR = HOUR // QUARTER
PLENTY = Context(prec=60)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
TWICE = Labels(
    "Vienam laikam dotas divas dažādas cenas",
    "Two different prices are given for one time",
    "Для одного времени даны две разные цены",
)

Prices = dict[int, Decimal | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedPeriod:
    """One period of a document: prices a quarter-hour, and what decides whether they count."""

    minutes: int
    sequence: int
    path: str
    prices: Prices


def chosen_prices(periods: list[PricedPeriod]) -> Prices:
    """Choose, for each quarter-hour that any period covers, the price that counts; None where that is unknown."""
    chosen: Prices = {}
    ranks: dict[int, tuple[int, int]] = {}
    for period in sorted(periods, key=lambda period: (period.minutes, period.sequence)):
        rank = (period.minutes, period.sequence)
        for at, price in period.prices.items():
            if ranks.setdefault(at, rank) != rank:
                continue
            known = chosen.setdefault(at, price)
            if known is None:
                chosen[at] = price
            elif price is not None and price != known:
                raise Unreadable("prices_differ", TWICE, path=f"{period.path}, {instant(at):%Y-%m-%d %H:%M} UTC")
    return chosen


def stretches_of(prices: Prices) -> tuple[FactStretch, ...]:
    """Give the prices by quarter-hours and by hours; an hour is the mean of its quarters, unknown if one of them is."""
    hours: Prices = {}
    for hour in sorted({at // QUARTERS_AN_HOUR for at in prices}):
        quarters = [prices.get(hour * QUARTERS_AN_HOUR + part) for part in range(QUARTERS_AN_HOUR)]
        known = [price for price in quarters if price is not None]
        hours[hour] = _mean(known) if len(known) == QUARTERS_AN_HOUR else None
    return (*_runs(HOURLY, hours), *_runs(QUARTERLY, prices))


def quarter_of(at: datetime) -> int:
    """Give the number of a quarter-hour, counted from 1970."""
    return (at - EPOCH) // QUARTER


def instant(quarter: int) -> datetime:
    """Give the instant at which a numbered quarter-hour begins."""
    return EPOCH + QUARTER * quarter


def _mean(quarters: list[Decimal]) -> Decimal:
    if len(set(quarters)) == 1:
        return quarters[0]
    total = Decimal(0)
    for price in quarters:
        total = PLENTY.add(total, price)
    return PLENTY.multiply(total, Decimal("0.25")).normalize(PLENTY)


def _runs(kind: SeriesKind, values: Prices) -> Iterator[FactStretch]:
    """Give one stretch for each run of steps without a hole."""
    run: list[Decimal | None] = []
    first = 0
    for at in sorted(values):
        if run and at != first + len(run):
            yield FactStretch(series=kind.name, starts_at=EPOCH + kind.step * first, values=tuple(run))
            run = []
        if not run:
            first = at
        run.append(values[at])
    if run:
        yield FactStretch(series=kind.name, starts_at=EPOCH + kind.step * first, values=tuple(run))
