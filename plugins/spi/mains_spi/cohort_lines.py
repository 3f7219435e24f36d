"""Turns components into the lines of a cohort: what all bills have in common, and formulas for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from mains_spi.algebra import per_year, unit_of
from mains_spi.charging import fee_span
from mains_spi.cohort_terms import Compiler, NotCompiled
from mains_spi.components import Component, Monthly, PerAmpere, PerUnit, Rebate, Spot, Tiered, TimeOfUse
from mains_spi.exact import UNIT, ZERO
from mains_spi.formula import Formula, constant
from mains_spi.here import Here
from mains_spi.prices import TaxRate
from mains_spi.record import Period
from mains_spi.spot import own_series, weighted_number
from mains_spi.terms import Qty, Term
from mains_spi.units import divide, parse_unit, unit_text
from mains_spi.walk import find

Shown = Literal["always", "quantity", "net"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledLine:
    """A line as formulas. ``price`` None: what is taken off, which differs from bill to bill."""

    code: str
    period: Period
    quantity: Formula
    unit: str
    price: Fraction | None
    price_unit: str
    base: int
    net: Formula
    gross: Formula | None
    tax: TaxRate | None
    shown: Shown


def compiled_lines(component: Component, here: Here, compiler: Compiler) -> Iterator[CompiledLine]:
    """Compile the lines of one component in these days."""
    compiled = _COMPILED.get(type(component))
    if compiled is None:
        raise NotCompiled(f"{here.component} is a {type(component).__name__}")
    yield from compiled(component, here, compiler)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a kind of component gives its lines: units of quantity and price, base, when shown, and whether taxed."""

    units: tuple[str, str]
    base: int = 1
    shown: Shown = "always"
    taxed: bool = True


def _line(
    here: Here,
    compiler: Compiler,
    code: str,
    quantity: Formula,
    price: Formula,
    shape: _Shape,
) -> CompiledLine:
    """Compile a line as ``drafts.drafted`` and ``settling.settle`` would work it out."""
    if shape.shown != "net" and not price.is_constant:
        raise NotCompiled(f"the price of {code} depends on the usage")
    program, places = compiler.program, here.tariff.rounding.line
    assert places is not None
    in_base = constant(Fraction(1, shape.base))
    net = program.round(program.multiply(program.multiply(quantity, price), in_base), places)
    compiler.add_amount(code, here.segment, net)
    tax = here.book.tax(code, here.scope, here.segment.start) if shape.taxed else None
    return CompiledLine(
        code=code,
        period=here.segment,
        quantity=quantity,
        unit=shape.units[0],
        price=None if shape.shown == "net" else price.scale,
        price_unit=shape.units[1],
        base=shape.base,
        net=net,
        gross=_gross(here, compiler, (quantity, price, in_base), net, tax),
        tax=tax,
        shown=shape.shown,
    )


def _gross(
    here: Here, compiler: Compiler, parts: tuple[Formula, Formula, Formula], net: Formula, tax: TaxRate | None
) -> Formula | None:
    policy, program = here.tariff.rounding, compiler.program
    if policy.tax == "per_rate":
        return None
    if tax is None:
        return net
    rate = Fraction(tax.rate)
    if policy.tax == "per_line":
        return program.add(net, program.round(program.multiply(net, constant(rate)), policy.tax_places))
    quantity, price, in_base = parts
    with_tax = program.round(program.multiply(price, constant(1 + rate)), policy.tax_places)
    assert policy.line is not None
    return program.round(program.multiply(program.multiply(quantity, with_tax), in_base), policy.line)


def _per_unit(component: PerUnit, here: Here, compiler: Compiler) -> Iterator[CompiledLine]:
    quantity, price = compiler.formula(component.qty, here), compiler.formula(component.price, here)
    units = _units(here, component.qty, component.price)
    yield _line(here, compiler, component.code, quantity, price, _Shape(units))


def _units(here: Here, qty: Term, price: Term) -> tuple[str, str]:
    currency = here.tariff.currency
    return unit_text(unit_of(qty, currency)), unit_text(unit_of(price, currency))


def _fee(component: Monthly | PerAmpere, here: Here, compiler: Compiler) -> Iterator[CompiledLine]:
    currency = here.tariff.currency
    yearly = per_year(component.price, currency)
    span = fee_span(here, component, yearly=yearly)
    if span is None:
        return
    count, unit, base = span
    quantity, price = constant(count), compiler.formula(component.price, here)
    if isinstance(component, PerAmpere):
        unit = f"{unit_text(unit_of(component.size, currency))}*{unit}"
        quantity = compiler.program.multiply(compiler.formula(component.size, here), quantity)
    units = unit, unit_text(unit_of(component.price, currency))
    yield _line(here, compiler, component.code, quantity, price, _Shape(units, base))


def _tiered(component: Tiered, here: Here, compiler: Compiler) -> Iterator[CompiledLine]:
    lower: Any = None
    for index, tier in enumerate(component.tiers):
        part = compiler.block(here, component.qty, (lower, tier.upto), component.window, component.prorate)
        price, units = compiler.formula(tier.price, here), _units(here, component.qty, tier.price)
        yield _line(here, compiler, tier.code, part, price, _Shape(units, shown="quantity" if index else "always"))
        lower = tier.upto


def _time_of_use(component: TimeOfUse, here: Here, compiler: Compiler) -> Iterator[CompiledLine]:
    qty = find(component.qty, Qty)[0]
    for zone in component.zones:
        quantity = compiler.usage(Qty(qty.name, qty.unit, zone.zone), here)
        units = _units(here, component.qty, zone.price)
        yield _line(here, compiler, zone.code, quantity, compiler.formula(zone.price, here), _Shape(units))


def _spot(component: Spot, here: Here, compiler: Compiler) -> Iterator[CompiledLine]:
    if own_series(component, here) is not None or component.weights is None:
        raise NotCompiled(f"{component.code} weighs prices by each contract's own intervals")
    unit, currency = unit_of(component.qty, here.tariff.currency), here.tariff.currency
    units = unit_text(unit), unit_text(divide(parse_unit(currency), unit))
    price = constant(weighted_number(component, here))
    yield _line(here, compiler, component.code, compiler.formula(component.qty, here), price, _Shape(units))


def _rebate(component: Rebate, here: Here, compiler: Compiler) -> Iterator[CompiledLine]:
    program, currency, places = compiler.program, here.tariff.currency, here.tariff.rounding.line
    assert places is not None
    off = compiler.formula(component.amount, here)
    if component.cap is not None:
        off = program.choose("<", off, compiler.formula(component.cap, here))
    off = program.round(program.choose(">", off, constant(ZERO)), places)
    shape = _Shape(("1", currency), shown="net", taxed=not component.after_tax)
    yield _line(here, compiler, component.code, constant(-UNIT), off, shape)


_COMPILED: dict[type, Callable[[Any, Here, Compiler], Iterator[CompiledLine]]] = {
    PerUnit: _per_unit,
    Monthly: _fee,
    PerAmpere: _fee,
    Tiered: _tiered,
    TimeOfUse: _time_of_use,
    Spot: _spot,
    Rebate: _rebate,
}
