"""Prices, taxes and products taken in by the real database."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest
from mains_server.db.unit_of_work import unit_of_work
from mains_server.tariffs import operations, queries, rules
from mains_server.tariffs.records import NewPriceVersion, NewTaxRate
from mains_spi import Channel, Labels, Period, PriceRow, PriceVersion, Product, Settlement, TaxRate, When
from sqlalchemy import text

pytestmark = pytest.mark.asyncio
KNOWN = datetime(2022, 1, 31, 22, tzinfo=UTC)
LATER = KNOWN + timedelta(days=30)
JUNE = Period(date(2022, 6, 1), date(2022, 7, 1))
PRIVATE = (When("kind", ("private",)),)
SPRING = NewPriceVersion(
    adapter="district_heating",
    list="heat",
    code="2022-03",
    starts=date(2022, 3, 1),
    ends=date(2022, 7, 1),
    known_from=KNOWN,
    decision="SPRK 12/2022",
    source="https://gren.com/lv/tarifs/",
    rows=(
        PriceRow("tariff", D("63.36"), "EUR/MWh"),
        PriceRow("tariff", D("60.00000001"), "EUR/MWh", PRIVATE, D("0.12")),
    ),
)
SUMMER = replace(SPRING, code="2022-07", starts=date(2022, 7, 1), ends=None, decision=None)


async def load(engine, *versions):
    async with unit_of_work(engine) as session:
        return await operations.load_price_versions(session, versions=versions)


async def held(engine, *, known_at=LATER, period=JUNE, lists=("heat",)):
    async with unit_of_work(engine) as session:
        return await queries.price_versions(
            session,
            adapter="district_heating",
            lists=lists,
            period=period,
            known_at=known_at,
            time_zone="Europe/Riga",
        )


async def count(engine, table):
    async with unit_of_work(engine) as session:
        return await session.scalar(text(f"select count(*) from {table}"))


async def test_a_version_comes_back_as_it_was_published(engine):
    await load(engine, SPRING, SUMMER)

    assert await held(engine) == (
        PriceVersion(
            id="heat/2022-03",
            list="heat",
            period=Period(date(2022, 3, 1), date(2022, 7, 1)),
            rows=SPRING.rows,
            known_from=date(2022, 2, 1),
            decision="SPRK 12/2022",
        ),
    )


async def test_the_versions_of_a_period_are_those_that_share_a_day_with_it(engine):
    await load(engine, SUMMER, SPRING)

    both = await held(engine, period=Period(date(2022, 6, 30), date(2022, 7, 2)))
    before = await held(engine, period=Period(date(2022, 2, 1), date(2022, 3, 1)))
    other = await held(engine, lists=("water",))

    assert [version.id for version in both] == ["heat/2022-03", "heat/2022-07"]
    assert both[1].period == Period.since(date(2022, 7, 1))
    assert both[1].decision is None
    assert before == other == ()


async def test_a_bill_sees_only_what_was_known(engine):
    correction = replace(SPRING, code="fixed", known_from=LATER, is_correction=True)
    await load(engine, SPRING)
    await load(engine, correction)

    assert await held(engine, known_at=KNOWN - timedelta(seconds=1)) == ()
    assert [version.id for version in await held(engine, known_at=KNOWN)] == ["heat/2022-03"]
    assert {version.id for version in await held(engine)} == {"heat/2022-03", "heat/fixed"}


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"starts": date(2022, 6, 30)}, rules.VersionsOverlap),
        ({"code": "2022-03"}, rules.VersionExists),
        ({"ends": date(2022, 7, 1)}, rules.PeriodEmpty),
        ({"rows": (PriceRow("tariff", D("0.123456789"), "EUR/MWh"),)}, rules.PriceInexact),
        ({"rows": (PriceRow("tariff", D(1), ""),)}, rules.UnitMissing),
    ],
)
async def test_a_load_with_one_bad_version_leaves_nothing(engine, change, refusal):
    await load(engine, SPRING)
    good = replace(SUMMER, list="water", code="good")

    with pytest.raises(refusal):
        await load(engine, good, replace(SUMMER, **change))

    assert await count(engine, "price_version") == 1
    assert await count(engine, "price_row") == 2


async def test_of_two_loads_at_once_that_overlap_one_is_refused(engine):
    answers = await asyncio.gather(
        load(engine, SPRING), load(engine, replace(SPRING, code="other")), return_exceptions=True
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["VersionsOverlap", "tuple"]
    assert await count(engine, "price_version") == 1


async def test_the_same_list_of_another_utility_is_another_list(engine):
    await load(engine, SPRING, replace(SPRING, adapter="other"))

    assert len(await held(engine)) == 1


async def test_tax_rates_hold_by_kind_and_day(engine):
    old = TaxRate("heat", Period(date(2009, 1, 1), date(2011, 1, 1)), D("0.10"), "private")
    new = TaxRate("heat", Period.since(date(2011, 1, 1)), D("0.12"), "private")
    others = TaxRate("heat", Period.since(date(2009, 1, 1)), D("0.21"))
    async with unit_of_work(engine) as session:
        taxes = [NewTaxRate(rate=rate, source="law") for rate in (old, new, others)]
        await operations.load_tax_rates(session, rates=taxes)

    with pytest.raises(rules.TaxRatesOverlap):
        async with unit_of_work(engine) as session:
            await operations.load_tax_rates(session, rates=[NewTaxRate(rate=others, source="law")])

    async with unit_of_work(engine) as session:
        year = Period(date(2022, 1, 1), date(2023, 1, 1))
        assert await queries.tax_rates(session, codes=["heat"], period=year) == (others, new)
        assert await queries.tax_rates(session, codes=["power"], period=year) == ()
    assert await count(engine, "tax_rate") == 3


PRODUCT = Product(
    code="plus_200",
    labels=Labels("Izdevīgais 200+", "Saver 200+", "Выгодный 200+"),
    tariff="fixed",
    price_list="plus_200",
    price_fixed_months=24,
    exit_fee=D(15),
    settlements=(Settlement.INVOICE, Settlement.LEVELLED),
    channels=(Channel.PORTAL,),
    recommended_from=D(200),
    recommended_unit="kWh",
)


async def products(engine):
    async with unit_of_work(engine) as session:
        found = await session.execute(
            text(
                "select code, name_lv, price_fixed_months, exit_fee, monthly_usage_from, settlements, channels,"
                " is_offered from product order by code"
            )
        )
        return [tuple(row) for row in found]


async def test_products_are_copied_from_what_the_adapter_declares(engine):
    async with unit_of_work(engine) as session:
        await operations.load_products(session, adapter="electricity_retail", products=[PRODUCT])

    assert await products(engine) == [
        ("plus_200", "Izdevīgais 200+", 24, D(15), D(200), ["INVOICE", "LEVELLED"], ["PORTAL"], True)
    ]


async def test_a_product_no_longer_declared_stays_and_is_not_offered(engine):
    other = replace(PRODUCT, code="universal", labels=Labels("Universālais", "Universal", "Универсальный"))
    async with unit_of_work(engine) as session:
        await operations.load_products(session, adapter="electricity_retail", products=[PRODUCT, other])
        await operations.load_products(session, adapter="water", products=[])
        changed = replace(other, exit_fee=D(30))
        await operations.load_products(session, adapter="electricity_retail", products=[changed])

    told = [(code, exit_fee, is_offered) for code, _, _, exit_fee, _, _, _, is_offered in await products(engine)]
    assert told == [("plus_200", D(15), False), ("universal", D(30), True)]
