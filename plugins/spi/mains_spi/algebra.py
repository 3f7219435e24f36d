"""Units of terms: what each is in, and whether a component's terms go together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from mains_spi.components import (
    AllocateBuilding,
    Component,
    Figure,
    Monthly,
    PerAmpere,
    PerUnit,
    Rebate,
    Spot,
    Tier,
    Tiered,
    TimeOfUse,
)
from mains_spi.errors import BadUnit
from mains_spi.terms import Amount, Assumed, Block, Combined, Least, Most, OrElse, Price, Round, Term, Total
from mains_spi.units import ONE, Unit, divide, multiply, parse_unit, unit_text
from mains_spi.walk import find


@lru_cache(maxsize=4096)
def unit_of(term: Term, currency: str) -> Unit:
    """Work out the unit of a term, or refuse terms that do not go together."""
    match term:
        case Amount():
            unit = parse_unit(currency)
        case Combined():
            unit = _combined(term, currency)
        case Least() | Most():
            unit = _alike(term.args, currency)
        case OrElse():
            unit = _alike((term.first, term.then), currency)
        case Block():
            unit = _block(term, currency)
        case Total() | Round() | Assumed():
            unit = unit_of(term.of, currency)
        case _:
            unit = parse_unit(str(getattr(term, "unit", "")))
    return unit


def misfits(component: Component, currency: str) -> list[str]:
    """Find where the units of a component's terms do not go together, each as a sentence with its remedy."""
    found: list[str] = []
    for check in _checks(component, currency):
        try:
            sentence = check()
        except BadUnit as refusal:
            sentence = str(refusal)
        if sentence and sentence not in found:
            found.append(sentence)
    return found


def per_year(price: Term, currency: str) -> bool:
    """Tell whether a fee is given per year rather than per month."""
    return ("year", -1) in unit_of(price, currency)


def _combined(term: Combined, currency: str) -> Unit:
    left, right = unit_of(term.left, currency), unit_of(term.right, currency)
    if term.op == "mul":
        return multiply(left, right)
    if term.op == "div":
        return divide(left, right)
    return _alike((term.left, term.right), currency)


def _alike(terms: tuple[Term, ...], currency: str) -> Unit:
    if not terms:
        raise BadUnit("a choice among no terms has no unit: give at least one")
    units = [unit_of(term, currency) for term in terms]
    for unit in units[1:]:
        if unit != units[0]:
            raise BadUnit(f"{unit_text(units[0])} and {unit_text(unit)} stand together: make them one unit")
    return units[0]


def _block(term: Block, currency: str) -> Unit:
    unit = unit_of(term.qty, currency)
    for bound in (term.above, term.upto):
        if isinstance(bound, Term) and unit_of(bound, currency) != unit:
            bound_text = unit_text(unit_of(bound, currency))
            raise BadUnit(f"quantity is in {unit_text(unit)} but its bound is in {bound_text}: make them one unit")
    return unit


Check = Callable[[], str]


def _checks(component: Component, currency: str) -> Iterator[Check]:
    if isinstance(component, PerUnit):
        yield lambda: _priced(component.qty, component.price, currency)
    elif isinstance(component, Monthly):
        yield lambda: _fee(component.price, ONE, component.prorate, currency)
    elif isinstance(component, PerAmpere):
        yield lambda: _fee(component.price, unit_of(component.size, currency), component.prorate, currency)
    elif isinstance(component, Tiered):
        for tier in component.tiers:
            yield partial(_priced, component.qty, tier.price, currency)
            yield partial(_bound_fits, component.qty, tier, currency)
    elif isinstance(component, TimeOfUse):
        for zone in component.zones:
            yield partial(_priced, component.qty, zone.price, currency)
    elif isinstance(component, Spot):
        yield lambda: _spot(component, currency)
    elif isinstance(component, Rebate):
        for term in filter(None, (component.amount, component.cap)):
            yield partial(_is_money, term, currency)
    elif isinstance(component, Figure):
        yield lambda: _readable(component.value, currency)
    elif isinstance(component, AllocateBuilding):
        yield from _building_checks(component, currency)


def _building_checks(component: AllocateBuilding, currency: str) -> Iterator[Check]:
    yield partial(_is_money, component.total, currency)
    for pool in component.pools:
        yield partial(_readable, pool.weight, currency)
        if pool.amount is not None:
            yield partial(_is_money, pool.amount, currency)


def _readable(term: Term, currency: str) -> str:
    unit_of(term, currency)
    return ""


def _priced(qty: Term, price: Term, currency: str) -> str:
    of_qty, of_price = unit_of(qty, currency), unit_of(price, currency)
    if multiply(of_qty, of_price) == parse_unit(currency):
        return ""
    remedy = f"give the price in {currency}/{unit_text(of_qty)}, or convert the quantity"
    return f"quantity is in {unit_text(of_qty)} but {_named(price)} is {_per(of_price, currency)}: {remedy}"


def _fee(price: Term, size: Unit, prorate: str, currency: str) -> str:
    unit = multiply(unit_of(price, currency), size)
    allowed = [parse_unit(f"{currency}/{span}") for span in (("year",) if prorate == "year" else ("month", "year"))]
    if unit in allowed:
        return ""
    wanted = " or ".join(unit_text(divide(a, size)) for a in allowed)
    return f"{_named(price)} is in {unit_text(unit_of(price, currency))}: give it in {wanted}"


def _bound_fits(qty: Term, tier: Tier, currency: str) -> str:
    if isinstance(tier.upto, Term):
        _block(Block(qty, upto=tier.upto), currency)
    return ""


def _spot(component: Spot, currency: str) -> str:
    price = parse_unit(component.unit)
    if component.scale is not None:
        price = multiply(price, unit_of(component.scale, currency))
    qty = unit_of(component.qty, currency)
    if multiply(qty, price) == parse_unit(currency):
        return ""
    remedy = "add a scale such as Const(Decimal('0.001'), 'MWh/kWh')"
    return f"quantity is in {unit_text(qty)} but series `{component.series}` is {_per(price, currency)}: {remedy}"


def _is_money(term: Term, currency: str) -> str:
    unit = unit_of(term, currency)
    if unit == parse_unit(currency):
        return ""
    return f"an amount is in {unit_text(unit)}: multiply by what makes it {currency}"


def _named(price: Term) -> str:
    names = [found.name for found in find(price, Price)]
    return f"price `{' and '.join(names)}`" if names else "the price"


def _per(unit: Unit, currency: str) -> str:
    rest = multiply(unit, divide(ONE, parse_unit(currency)))
    if rest and all(power < 0 for _, power in rest):
        return f"per {unit_text(divide(ONE, rest))}"
    return f"in {unit_text(unit)}"
