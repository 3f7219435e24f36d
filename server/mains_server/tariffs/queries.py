"""Questions to the tariffs room: the prices and taxes of a period as they were known at an instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from mains_spi import Period, PriceRow, PriceVersion, TaxRate
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.tariffs import rules
from mains_server.tariffs.records import VersionDays
from mains_server.tariffs.tables import PriceRow as PriceRowRow
from mains_server.tariffs.tables import PriceVersion as VersionRow
from mains_server.tariffs.tables import TaxRate as TaxRateRow


async def price_versions(
    session: AsyncSession,
    *,
    adapter: str,
    lists: Sequence[str],
    period: Period,
    known_at: datetime,
    time_zone: str,
) -> tuple[PriceVersion, ...]:
    """Gather the versions of price lists that hold in a period, as they were known at an instant.

    The day a version became known is told by the clock of `time_zone`.
    """
    versions = await session.scalars(
        select(VersionRow)
        .where(
            col(VersionRow.adapter) == adapter,
            col(VersionRow.list).in_(lists),
            col(VersionRow.starts) < period.end,
            col(VersionRow.ends).is_(None) | (col(VersionRow.ends) > period.start),
            col(VersionRow.known_from) <= known_at,
        )
        .order_by(col(VersionRow.list), col(VersionRow.starts), col(VersionRow.id))
    )
    held = versions.all()
    prices = await _prices(session, version_ids=[row.id for row in held])
    return tuple(_version(row, prices=prices[row.id], time_zone=time_zone) for row in held)


async def tax_rates(session: AsyncSession, *, codes: Sequence[str], period: Period) -> tuple[TaxRate, ...]:
    """Gather the rates of taxes that hold in a period."""
    found = await session.scalars(
        select(TaxRateRow)
        .where(
            col(TaxRateRow.code).in_(codes),
            col(TaxRateRow.starts) < period.end,
            col(TaxRateRow.ends).is_(None) | (col(TaxRateRow.ends) > period.start),
        )
        .order_by(col(TaxRateRow.code), col(TaxRateRow.kind).nulls_first(), col(TaxRateRow.starts))
    )
    return tuple(TaxRate(row.code, rules.period(row.starts, row.ends), row.rate, row.kind) for row in found)


async def version_days(session: AsyncSession, *, adapter: str, list_name: str) -> tuple[VersionDays, ...]:
    """List when the versions of a price list hold, known or not yet."""
    found = await session.scalars(
        select(VersionRow)
        .where(col(VersionRow.adapter) == adapter, col(VersionRow.list) == list_name)
        .order_by(col(VersionRow.starts), col(VersionRow.id))
    )
    return tuple(
        VersionDays(code=row.code, starts=row.starts, ends=row.ends, known_from=row.known_from) for row in found
    )


async def lock_prices(session: AsyncSession) -> None:
    """Let nobody else load prices or taxes until the transaction ends; reading goes on."""
    await session.execute(text("lock table price_version, tax_rate in share row exclusive mode"))


async def _prices(session: AsyncSession, *, version_ids: Sequence[int]) -> dict[int, list[PriceRow]]:
    found = await session.scalars(
        select(PriceRowRow)
        .where(col(PriceRowRow.version_id).in_(version_ids))
        .order_by(col(PriceRowRow.version_id), col(PriceRowRow.position), col(PriceRowRow.id))
    )
    prices: dict[int, list[PriceRow]] = defaultdict(list)
    for row in found:
        when = rules.conditions(row.conditions)
        prices[row.version_id].append(PriceRow(row.name, row.value, row.unit, when, row.tax_included))
    return prices


def _version(row: VersionRow, *, prices: Sequence[PriceRow], time_zone: str) -> PriceVersion:
    return PriceVersion(
        id=f"{row.list}/{row.code}",
        list=row.list,
        period=rules.period(row.starts, row.ends),
        rows=tuple(prices),
        known_from=row.known_from.astimezone(ZoneInfo(time_zone)).date(),
        decision=row.decision or None,
    )
