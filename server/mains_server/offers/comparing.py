"""Compares products: every one rated for the same year of use, at the same connection, by the engine that bills."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import psycopg
from mains_spi import Product, SpiError
from psycopg import Connection, IsolationLevel
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.host import AdapterHost
from mains_server.billing.due import Problem
from mains_server.billing.rate import problem_of
from mains_server.db.addresses import psycopg_dsn
from mains_server.offers.asking import Asker, asker_of, refuse_day
from mains_server.offers.costing import cost_of, exact_cost
from mains_server.offers.crossings import crossings_of
from mains_server.offers.pricing import PricedYear, YearPricer
from mains_server.offers.records import (
    Comparison,
    ComparisonProblem,
    ComparisonRefused,
    ComparisonRequest,
    Crossing,
    NotCompared,
    ProductCost,
    YearCost,
    YearUse,
    ZonesCompared,
)
from mains_server.offers.rules import above_allowance, is_in_range
from mains_server.offers.zones import pays_from


async def compare_products(
    engine: AsyncEngine, *, host: AdapterHost, request: ComparisonRequest, today: date
) -> Comparison:
    """Compare as `compare` does, on one moment of the database and beside the event loop."""
    address = engine.url.render_as_string(hide_password=False)
    return await asyncio.to_thread(_compare_on, address, host, request, today)


def compare(connection: Connection, *, host: AdapterHost, request: ComparisonRequest, today: date) -> Comparison:
    """Compare all products of a utility for a consumption; raises ComparisonRefused with what to do about it."""
    refuse_day(request.on, today=today)
    asker = asker_of(connection, host=host, request=request)
    if asker.conditions.places and (request.wants_crossings or request.wants_zones):
        raise ComparisonRefused(
            ComparisonProblem.CONTRACT_NOT_COMPARABLE,
            "Crossings and zones are worked out for one supply point; leave them out, or give `consumption`.",
            path="also",
        )
    pricer = YearPricer(connection, adapter=asker.adapter, on=request.on, time_zone=asker.time_zone)
    years, not_compared = _priced(pricer, asker=asker, on=request.on)
    allowance = _allowance(pricer, asker=asker, years=years)
    above = None if allowance is None else above_allowance(asker.use, allowance=allowance)
    apart = _apart(connection, pricer, host=host, request=request) if request.together else None
    costs, failed = _costs(pricer, asker=asker, years=years, above=above, on=request.on, apart=apart)
    if not costs:
        first = (*failed, *not_compared)[0]
        raise ComparisonRefused(
            ComparisonProblem.NOTHING_COMPARABLE, f"No product can be worked out: {first.product.code}: {first.reason}"
        )
    kept = {cost.product.code: years[cost.product.code] for cost in costs}
    return Comparison(
        adapter=asker.adapter.code,
        unit=pricer.unit(asker.comparing.quantity),
        currency=next(iter(kept.values())).currency,
        on=request.on,
        use=asker.use,
        connection=asker.connection,
        allowance_a_month=allowance,
        above_a_year=None if above is None else above.total,
        products=costs,
        not_compared=(*not_compared, *failed),
        crossings=_crossings(asker, years=kept) if request.wants_crossings else (),
        zones=_zones(pricer, asker=asker, years=kept) if request.wants_zones else (),
        apart=apart,
    )


def _compare_on(address: str, host: AdapterHost, request: ComparisonRequest, today: date) -> Comparison:
    with psycopg.connect(psycopg_dsn(address)) as connection:
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
        return compare(connection, host=host, request=request, today=today)


def _priced(pricer: YearPricer, *, asker: Asker, on: date) -> tuple[dict[str, PricedYear], tuple[NotCompared, ...]]:
    years: dict[str, PricedYear] = {}
    without: list[NotCompared] = []
    try:
        products = asker.adapter.products(on=on)
    except AdapterFailed as failure:
        raise ComparisonRefused(ComparisonProblem.NOTHING_COMPARABLE, str(failure)) from failure
    for product in products:
        found = pricer.year(product, conditions=asker.conditions)
        if isinstance(found, Problem):
            without.append(NotCompared(product=product, code=found.code, reason=found.reason))
        else:
            years[product.code] = found.weighed_by(asker.series, measured=asker.use.measured)
    return years, tuple(without)


def _allowance(pricer: YearPricer, *, asker: Asker, years: Mapping[str, PricedYear]) -> Decimal | None:
    if asker.connection.protected is None or not years:
        return None
    found = pricer.allowance(next(iter(years.values())).product, conditions=asker.conditions)
    return found or None


def _apart(
    connection: Connection, pricer: YearPricer, *, host: AdapterHost, request: ComparisonRequest
) -> Decimal | None:
    """Add up what contracts cost as they are, each on its product; None where one of them cannot be worked out."""
    total = Decimal(0)
    for contract in (request.contract_id, *request.together):
        asker = asker_of(connection, host=host, request=replace(request, contract_id=contract, together=()))
        products = {product.code: product for product in asker.adapter.products(on=request.on)}
        product = products.get(asker.present or "")
        year = None if product is None else pricer.year(product, conditions=asker.conditions)
        if year is None or isinstance(year, Problem):
            return None
        weighed = year.weighed_by(asker.series, measured=asker.use.measured)
        try:
            total += cost_of(weighed, use=asker.use, asker=asker, zones=asker.connection.zones).payable
        except SpiError:
            return None
    return total


def _costs(
    pricer: YearPricer,
    *,
    asker: Asker,
    years: Mapping[str, PricedYear],
    above: YearUse | None,
    on: date,
    apart: Decimal | None,
) -> tuple[tuple[ProductCost, ...], tuple[NotCompared, ...]]:
    costs: dict[str, YearCost] = {}
    failed = []
    for code, year in years.items():
        try:
            costs[code] = cost_of(year, use=asker.use, asker=asker, zones=asker.connection.zones)
        except SpiError as refusal:
            problem = _on_the_day(year, asker=asker, on=on, refusal=refusal)
            failed.append(NotCompared(product=year.product, code=problem.code, reason=problem.reason))
    present = costs.get(asker.present) if asker.present is not None else None
    paid = apart if present is None else present.payable
    advised = (asker.use if above is None else above).total / len(asker.use.months)
    found = [
        ProductCost(
            product=years[code].product,
            cost=cost,
            difference=None if paid is None else cost.payable - paid,
            is_present=code == asker.present,
            is_in_recommended_range=is_in_range(years[code].product, a_month=advised),
            exchange=years[code].exchange,
            is_by_own_intervals=years[code].is_by_own_intervals,
            agreed_until=years[code].agreed_until,
            above=None if above is None else _above(pricer, asker=asker, product=years[code].product, use=above),
        )
        for code, cost in costs.items()
    ]
    return tuple(sorted(found, key=lambda one: (one.cost.payable, one.product.code))), tuple(failed)


def _on_the_day(year: PricedYear, *, asker: Asker, on: date, refusal: SpiError) -> Problem:
    """Say why a product cannot be worked out, of the day asked about where it is the same of it."""
    months = problem_of(refusal)
    nothing = asker.counted(total=Decimal(0), night=Decimal(0), zones=asker.connection.zones)
    try:
        next(iter(year.months.values())).on_day(on).cost(nothing)
    except SpiError as of_day:
        day = problem_of(of_day)
        return day if day.code == months.code else months
    return months


def _above(pricer: YearPricer, *, asker: Asker, product: Product, use: YearUse) -> YearCost | None:
    """Cost what lies above the allowance as the whole use of a customer without support."""
    name = asker.comparing.protected
    default = next((one.default for one in asker.adapter.utility.attributes if one.name == name), None)
    if default is None:
        return None
    year = pricer.year(product, conditions=asker.with_attribute(name=name, value=default))
    return None if isinstance(year, Problem) else cost_of(year, use=use, asker=asker, zones=asker.connection.zones)


def _crossings(asker: Asker, *, years: Mapping[str, PricedYear]) -> tuple[Crossing, ...]:
    zones = asker.connection.zones
    return crossings_of(
        products=[year.product for year in years.values()],
        use=asker.use,
        cost=lambda code, use: exact_cost(years[code], use=use, asker=asker, zones=zones),
    )


def _zones(pricer: YearPricer, *, asker: Asker, years: Mapping[str, PricedYear]) -> tuple[ZonesCompared, ...]:
    if asker.comparing.zones is None:
        raise ComparisonRefused(
            ComparisonProblem.ZONES_NOT_OFFERED, "This utility does not count in two zones.", path="wantsZones"
        )
    if asker.use.night is None:
        raise ComparisonRefused(
            ComparisonProblem.CONSUMPTION_MISSING,
            "Nothing is known of night and weekend here: give `consumption` with `nightShare`, or `day` and `night`.",
            path="consumption.nightShare",
        )
    found = []
    for year in years.values():
        by_zones = [
            pricer.year(year.product, conditions=asker.with_attribute(name=asker.comparing.zones, value=str(zones)))
            for zones in (1, 2)
        ]
        if any(isinstance(priced, Problem) for priced in by_zones):
            continue
        one, two = (
            priced.weighed_by(asker.series, measured=asker.use.measured)
            for priced in by_zones
            if not isinstance(priced, Problem)
        )
        try:
            found.append(_two_zones(asker, one=one, two=two))
        except SpiError:
            continue
    return tuple(found)


def _two_zones(asker: Asker, *, one: PricedYear, two: PricedYear) -> ZonesCompared:
    def dearer_by(use: YearUse) -> Decimal:
        return exact_cost(two, use=use, asker=asker, zones=2) - exact_cost(one, use=use, asker=asker, zones=1)

    return ZonesCompared(
        product=one.product,
        one_zone=cost_of(one, use=asker.use, asker=asker, zones=1),
        two_zones=cost_of(two, use=asker.use, asker=asker, zones=2),
        pays_from=pays_from(asker.use, dearer_by=dearer_by),
    )
