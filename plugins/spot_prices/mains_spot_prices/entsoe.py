"""Fact source `entsoe`: day-ahead prices of Latvia, documents A44 of the ENTSO-E transparency platform."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mains_spi import (
    SPI_MAJOR,
    FactFetch,
    FactFile,
    FactReading,
    FactSource,
    FetchRequest,
    Labels,
    Period,
    hookimpl,
)

from mains_spot_prices.candidates import chosen_prices, stretches_of
from mains_spot_prices.guarded_xml import read_xml
from mains_spot_prices.market_document import LATVIA, priced_periods
from mains_spot_prices.series import HOURLY, QUARTERLY, Unreadable

ADDRESS = "https://web-api.tp.entsoe.eu/api"
DAYS_MAX = timedelta(days=365)

SOURCE = FactSource(
    code="entsoe",
    spi_major=SPI_MAJOR,
    labels=Labels("ENTSO-E nākamās dienas cenas", "ENTSO-E day-ahead prices", "Цены ENTSO-E на сутки вперёд"),
    series=(HOURLY, QUARTERLY),
    media_types=("application/xml", "text/xml"),
    secrets=("token",),
)


@hookimpl
def describe_source() -> FactSource:
    """Give the identity card."""
    return SOURCE


@hookimpl
def read_facts(request: FactFile) -> FactReading:
    """Read a document whole, or say why not: prices of which a part is in doubt are not prices."""
    try:
        prices = chosen_prices(priced_periods(root=read_xml(content=request.content)))
    except Unreadable as refused:
        return FactReading(problems=(refused.problem,))
    return FactReading(stretches=stretches_of(prices))


@hookimpl
def plan_fetches(request: FetchRequest) -> tuple[FactFetch, ...]:
    """Give one request a year, which is what the platform answers at most."""
    fetches = []
    start = request.period.start
    while start < request.period.end:
        end = min(start + DAYS_MAX, request.period.end)
        fetches.append(_fetch(Period(start, end), request.time_zone))
        start = end
    return tuple(fetches)


def _fetch(period: Period, time_zone: str) -> FactFetch:
    return FactFetch(
        url=ADDRESS,
        query=(
            ("documentType", "A44"),
            ("in_Domain", LATVIA),
            ("out_Domain", LATVIA),
            ("periodStart", _stamp(period.start, time_zone)),
            ("periodEnd", _stamp(period.end, time_zone)),
        ),
        secrets=(("securityToken", "token"),),
        statuses=(200, 400),
    )


def _stamp(day: date, time_zone: str) -> str:
    return f"{datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC):%Y%m%d%H%M}"
