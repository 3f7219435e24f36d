"""Divides the cost of a building into pools, and the pools among the premises."""

from __future__ import annotations

from collections import defaultdict

from mains_spi.algebra import unit_of
from mains_spi.components import AllocateBuilding, Pool
from mains_spi.drafts import Draft
from mains_spi.errors import CannotRate
from mains_spi.exact import ZERO
from mains_spi.here import Amounts, Here
from mains_spi.requests import Attribute
from mains_spi.sharing import Share, cents_of, share_pool
from mains_spi.trace import SHARED, Source, Value
from mains_spi.units import unit_text
from mains_spi.values import value_of

HOUSE = ""


def allocate(component: AllocateBuilding, here: Here, amounts: dict[str, Amounts]) -> dict[str, list[Draft]]:
    """Draft the lines of each premise, by its id; cents left with the building stand under ``HOUSE``."""
    places = cents_of(here)
    total = here.trace.step("round", value_of(component.total, here), places=places)
    here.amounts.add(component.code, here.segment, total, here.trace)
    drafts: dict[str, list[Draft]] = defaultdict(list)
    left = {"total": total}
    parents = {pool.of for pool in component.pools}
    for pool in component.pools:
        amount = _pool_amount(component, pool, left, here)
        if pool.code in parents:
            billed = here.trace.step("round", amount, places=places)
            left[pool.code] = billed
        else:
            billed = _share_out(component, pool, amount, here, amounts, drafts)
        here.amounts.add(pool.code, here.segment, billed, here.trace)
        left[pool.of] = here.trace.step("sub", left[pool.of], billed)
    assert all(not value.number for value in left.values()), "a parent's pools must use it up"
    return drafts


def _pool_amount(component: AllocateBuilding, pool: Pool, left: dict[str, Value], here: Here) -> Value:
    if pool.of not in left:
        raise CannotRate("unknown_pool", pool.code, f"`{pool.of}` is no earlier pool of `{component.code}`")
    if not pool.rest:
        if pool.amount is None:
            raise CannotRate("pool_without_amount", pool.code, "give the pool an amount, or make it the rest")
        return value_of(pool.amount, here)
    rest = left[pool.of]
    if rest.number < 0:
        remedy = f"the other pools take more than `{pool.of}` has: bound them with Least, or correct the readings"
        raise CannotRate("negative_rest", pool.code, remedy)
    return rest


def _share_out(
    component: AllocateBuilding,
    pool: Pool,
    amount: Value,
    here: Here,
    amounts: dict[str, Amounts],
    drafts: dict[str, list[Draft]],
) -> Value:
    """Draft a line for each premise and give what the pool took in all, as a total that shows no neighbour."""
    shared = share_pool(component, pool, amount, here, amounts)
    conditions = _conditions(component, here)
    flags = amount.flags
    for share in shared.shares:
        party = share.premise.member.id
        drafts[party].append(_line(pool, share, here, conditions))
        amounts[party].add(pool.code, here.segment, share.net, here.trace)
        flags |= share.net.flags & SHARED
    if shared.left != ZERO:
        drafts[HOUSE].append(_leftover(pool, here.trace.given(shared.left, Source("cents left over")), here))
    source = Source(f"{pool.code}, all premises", here.tariff.currency, "allocation")
    return here.trace.given(shared.amount + shared.left, source, flags)


def _conditions(component: AllocateBuilding, here: Here) -> tuple[Attribute, ...]:
    """Find the building's attributes by which this way of sharing was chosen."""
    found = (here.scope.attribute(when.name, here.segment.start) for when in component.when)
    return tuple(attribute for attribute in found if attribute is not None)


def _line(pool: Pool, share: Share, here: Here, conditions: tuple[Attribute, ...]) -> Draft:
    currency = here.tariff.currency
    unit = unit_text(unit_of(pool.weight, currency))
    price_unit = currency if share.base is not None or unit == "1" else f"{currency}/{unit}"
    return Draft(
        code=pool.code,
        period=here.segment,
        quantity=share.weight,
        unit=unit,
        price=share.price,
        price_unit=price_unit,
        base=share.base,
        net=share.net,
        is_priced=False,
        conditions=conditions,
    )


def _leftover(pool: Pool, cents: Value, here: Here) -> Draft:
    currency = here.tariff.currency
    one = here.number(1, "one")
    return Draft(
        code=pool.code,
        period=here.segment,
        quantity=one,
        unit="1",
        price=cents,
        price_unit=currency,
        base=None,
        net=here.trace.step("sum", cents),
        is_priced=False,
    )
