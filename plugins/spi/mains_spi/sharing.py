"""Shares a pool of a building among its premises, to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from mains_spi.components import AllocateBuilding, Pool
from mains_spi.errors import CannotRate
from mains_spi.exact import ZERO, half_up
from mains_spi.here import Amounts, Here, Premise
from mains_spi.trace import SHARED, Source, Value
from mains_spi.values import all_hold, value_of


@dataclass(frozen=True, slots=True)
class Share:
    """What one premise bears of a pool: its weight, the price of the weight, and the net to the cent."""

    premise: Premise
    weight: Value
    price: Value
    base: Value | None
    net: Value


@dataclass(frozen=True, slots=True)
class Shared:
    """A pool shared out: what was shared, and what stays with the building."""

    shares: tuple[Share, ...]
    amount: Fraction
    left: Fraction


def cents_of(here: Here) -> int:
    """Give the decimals of a share: those of a line."""
    line = here.tariff.rounding.line
    return here.tariff.rounding.total if line is None else line


def share_pool(
    component: AllocateBuilding, pool: Pool, amount: Value, here: Here, amounts: dict[str, Amounts]
) -> Shared:
    """Share a pool's amount among the premises by weight, and place the cents that rounding leaves."""
    places = cents_of(here)
    weights = _weights(component, pool, amount, here, amounts)
    if not weights:
        return Shared((), ZERO, ZERO)
    price, base, shares = _priced(pool, amount, weights, here)
    target = half_up(amount.number, places)
    rounded = [half_up(share.number, places) for share in shares]
    nets = _placed(pool, weights, [s.number for s in shares], rounded, target, places)
    placed = []
    for (premise, weight), share, near, net in zip(weights, shares, rounded, nets, strict=True):
        value = here.trace.step("round", share, places=places)
        if net != near:
            source = Source("cent placed by the remainder rule", here.tariff.currency, pool.remainder)
            value = here.trace.step("add", value, here.trace.given(net - near, source))
        placed.append(Share(premise, weight, price, base, value))
    given = sum(nets, ZERO)
    return Shared(tuple(placed), given, target - given if pool.remainder == "leave" else ZERO)


def _weights(
    component: AllocateBuilding, pool: Pool, amount: Value, here: Here, amounts: dict[str, Amounts]
) -> list[tuple[Premise, Value]]:
    assert here.building is not None
    weights = []
    for premise in here.building.premises:
        there = here.for_party(premise.scope, amounts[premise.member.id])
        if all_hold(pool.members, there):
            weight = value_of(pool.weight, there)
            if weight.number < 0:
                remedy = f"the weight of premise {premise.member.id} is negative: correct its input"
                raise CannotRate("negative_weight", pool.code, remedy)
            weights.append((premise, weight))
    if any(weight.number for _, weight in weights):
        return weights
    if weights and (component.no_weight == "equal" or not amount.number):
        return [(premise, here.number(1, "equal share")) for premise, _ in weights]
    if not amount.number:
        return []
    remedy = "no premise has any weight: give their readings, or say no_weight='equal'"
    raise CannotRate("no_weight", pool.code, remedy)


def _priced(
    pool: Pool, amount: Value, weights: list[tuple[Premise, Value]], here: Here
) -> tuple[Value, Value | None, list[Value]]:
    step = here.trace.step
    flags = 0
    for _, weight in weights:
        flags |= weight.flags & SHARED
    total = sum((weight.number for _, weight in weights), ZERO)
    base = here.trace.given(total, Source(f"total weight of {len(weights)} premises"), flags)
    if pool.price_places is None:
        return amount, base, [step("div", step("mul", amount, w), base) for _, w in weights]
    price = step("round", step("div", amount, base), places=pool.price_places)
    return price, None, [step("mul", price, w) for _, w in weights]


def _placed(
    pool: Pool,
    weights: list[tuple[Premise, Value]],
    shares: list[Fraction],
    rounded: list[Fraction],
    target: Fraction,
    places: int,
) -> list[Fraction]:
    if pool.remainder in ("rest", "leave"):
        return rounded
    bearers = [i for i, (_, weight) in enumerate(weights) if weight.number] or list(range(len(weights)))
    if pool.remainder == "biggest":
        biggest = max(bearers, key=lambda i: (shares[i], -i))
        nets = list(rounded)
        nets[biggest] += target - sum(rounded, ZERO)
        return nets
    return _by_largest_fraction(shares, bearers, target, places)


def _by_largest_fraction(shares: list[Fraction], bearers: list[int], target: Fraction, places: int) -> list[Fraction]:
    """Round all down and give the missing cents to the largest lost fractions; premises stand in order of their ids."""
    cents = [floor(share * 10**places) for share in shares]
    missing = int(target * 10**places) - sum(cents)
    each, more = divmod(missing, len(bearers))
    order = sorted(bearers, key=lambda i: (cents[i] - shares[i] * 10**places, i))
    for rank, index in enumerate(order):
        cents[index] += each + (1 if rank < more else 0)
    return [Fraction(c, 10**places) for c in cents]
