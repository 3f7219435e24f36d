"""Changes in the tariffs room: price versions, tax rates and products taken in, each load whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from mains_spi import Product as DeclaredProduct
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.tariffs import queries, rules
from mains_server.tariffs.records import NewPriceVersion, NewTaxRate
from mains_server.tariffs.tables import PriceRow, PriceVersion, Product, TaxRate


async def load_price_versions(session: AsyncSession, *, versions: Sequence[NewPriceVersion]) -> tuple[int, ...]:
    """Take price versions in, and return their ids in the same order; what is there already is never edited."""
    for version in versions:
        rules.check_version(version)
    await queries.lock_prices(session)
    for adapter, name in sorted({(version.adapter, version.list) for version in versions}):
        known = await queries.version_days(session, adapter=adapter, list_name=name)
        new = [version for version in versions if (version.adapter, version.list) == (adapter, name)]
        rules.check_codes(list_name=name, known=known, new=new)
        rules.check_overlaps(list_name=name, known=known, new=new)
    rows = [_version_row(version) for version in versions]
    session.add_all(rows)
    await session.flush()
    for row, version in zip(rows, versions, strict=True):
        session.add_all(_price_rows(row.id, version))
    await session.flush()
    return tuple(row.id for row in rows)


async def load_tax_rates(session: AsyncSession, *, rates: Sequence[NewTaxRate]) -> None:
    """Take tax rates in; a code has one rate a day for each kind of customer."""
    await queries.lock_prices(session)
    new = [one.rate for one in rates]
    codes = sorted({rate.code for rate in new})
    rules.check_tax_rates(known=await queries.tax_rates(session, codes=codes, period=rules.ALL_DAYS), new=new)
    session.add_all(
        TaxRate(
            code=one.rate.code,
            kind=one.rate.kind,
            rate=one.rate.rate,
            starts=one.rate.period.start,
            ends=rules.ends_of(one.rate.period),
            source=one.source,
        )
        for one in rates
    )
    await session.flush()


async def load_products(session: AsyncSession, *, adapter: str, products: Sequence[DeclaredProduct]) -> None:
    """Copy what an adapter declares it sells; what it no longer declares stays, and is no longer offered."""
    codes = [product.code for product in products]
    gone = (col(Product.adapter) == adapter) & col(Product.code).not_in(codes)
    await session.execute(update(Product).where(gone).values(is_offered=False))
    for product in products:
        values = _product_values(product)
        await session.execute(
            insert(Product)
            .values(adapter=adapter, code=product.code, **values)
            .on_conflict_do_update(index_elements=[col(Product.adapter), col(Product.code)], set_=values)
        )


def _version_row(version: NewPriceVersion) -> PriceVersion:
    return PriceVersion(
        adapter=version.adapter,
        list=version.list,
        code=version.code,
        starts=version.starts,
        ends=version.ends,
        known_from=version.known_from,
        decision=version.decision or "",
        source=version.source,
    )


def _price_rows(version_id: int, version: NewPriceVersion) -> list[PriceRow]:
    return [
        PriceRow(
            version_id=version_id,
            position=position,
            name=row.name,
            value=row.value,
            unit=row.unit,
            conditions=rules.conditions_document(row.when),
            tax_included=row.tax_included,
        )
        for position, row in enumerate(version.rows, start=1)
    ]


def _product_values(product: DeclaredProduct) -> dict[str, object]:
    falls = product.exit_fee_falls
    return {
        "name_lv": product.labels.lv,
        "name_en": product.labels.en,
        "name_ru": product.labels.ru,
        "tariff": product.tariff,
        "price_list": product.price_list,
        "price_fixed_months": product.price_fixed_months,
        "exit_fee": product.exit_fee,
        "exit_fee_fall_share": None if falls is None else falls.share,
        "exit_fee_fall_months": None if falls is None else falls.months,
        "switch_fee": product.switch_fee,
        "monthly_usage_from": product.recommended_from,
        "monthly_usage_upto": product.recommended_upto,
        "settlements": [settlement.name for settlement in product.settlements],
        "channels": [channel.name for channel in product.channels],
        "is_offered": True,
    }
