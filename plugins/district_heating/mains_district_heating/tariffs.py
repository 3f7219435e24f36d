"""The tariffs: how a house's heat is priced and shared out, and how the state supports households."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from mains_spi import (
    AllocateBuilding,
    Amount,
    Component,
    Const,
    Figure,
    GroupQty,
    Most,
    PerUnit,
    Pool,
    Qty,
    Rebate,
    Rounding,
    Tariff,
    Term,
    When,
)

from mains_district_heating.sharing import (
    CIRCULATION,
    CIRCULATION_SHARING,
    HEATING_SHARING,
    HOT_WATER_HEAT,
    UNMETERED_WATER,
    circulation_pool,
    heat_in_hot_water,
    heat_price,
    heating_pools,
    hot_water_pool,
    rest_as_circulation,
)
from mains_district_heating.support import support_by_rounding

SEASONS = ("summer", "winter")
HOUSE_HEAT = GroupQty("heat", "MWh")
SHARED_CHARGES = ("hot_water", "circulation", "heating", "heating_fixed", "heating_metered")
PLACES = (
    *(("heat", 3), ("hot_water_heat", 3), ("hot_water", 3), ("allocator_units", 3)),
    *(("late_interest", 2), ("late_interest_back", 2)),
)


def building_tariff(*, code: str, currency: str) -> Tariff:
    """Build the tariff of a house: its heat meter times the tariff, shared out over its premises.

    Of the sharing variants exactly one fits the house's attributes on any day.
    """
    sharing = (*_in_summer(currency), *_in_winter(currency), *map(_circulation_kept, HOT_WATER_HEAT))
    return Tariff(
        code,
        currency,
        (*sharing, *_supports(_shared_amount(), currency), *_late_interest(currency)),
        rounding=Rounding(),
        places=PLACES,
    )


def single_tariff(*, code: str, currency: str) -> Tariff:
    """Build the tariff of one customer with a heat meter of his own, such as a school or a detached house."""
    heat = PerUnit("heat", Qty("heat", "MWh"), heat_price(currency))
    components = (heat, *_supports(Amount("heat"), currency), *_late_interest(currency))
    return Tariff(code, currency, components, rounding=Rounding(), places=PLACES)


def _late_interest(currency: str) -> Iterator[Component]:
    """Charge late interest that is noted on a contract as it is, and take it off where it was not owed.

    It is noted in euros; the published tables in another currency have none.
    """
    if currency != "EUR":
        return
    yield PerUnit("late_interest", Qty("late_interest", currency), Const(1, "1"), if_given=True)
    back = Const(-1, "1") * Qty("late_interest_back", currency)
    yield PerUnit("late_interest_back", back, Const(1, "1"), if_given=True)


def _in_summer(currency: str) -> Iterator[Component]:
    """Share months without heating: what is left after hot water is circulation."""
    for heat, unmetered, sharing in product(HOT_WATER_HEAT, UNMETERED_WATER, CIRCULATION_SHARING):
        pools = (
            hot_water_pool(heat=heat, unmetered=unmetered, currency=currency),
            rest_as_circulation(sharing),
        )
        when = (*_hot_water_when("summer", heat, unmetered), When("circulation_sharing", (sharing,)))
        yield _shared(pools, currency, when)


def _in_winter(currency: str) -> Iterator[Component]:
    """Share months with heating: what is left after hot water and circulation is heating."""
    for heat, unmetered, heating in product(HOT_WATER_HEAT, UNMETERED_WATER, HEATING_SHARING):
        hot_water = hot_water_pool(heat=heat, unmetered=unmetered, currency=currency)
        when = (*_hot_water_when("winter", heat, unmetered), When("heating_sharing", (heating,)))
        for separate, of_circulation in _circulations(currency):
            pools = (hot_water, *separate, *heating_pools(heating))
            yield _shared(pools, currency, (*when, *of_circulation))


def _circulations(currency: str) -> Iterator[tuple[tuple[Pool, ...], tuple[When, ...]]]:
    """Give each way to deal with circulation in winter, and when it holds."""
    for circulation in CIRCULATION:
        asked = When("circulation", (circulation,))
        if circulation == "none":
            yield (), (asked,)
            continue
        for sharing in CIRCULATION_SHARING:
            pool = circulation_pool(circulation=circulation, sharing=sharing, currency=currency)
            yield (pool,), (asked, When("circulation_sharing", (sharing,)))


def _hot_water_when(season: str, heat: str, unmetered: str) -> tuple[When, ...]:
    return When("season", (season,)), When("dhw_method", (heat,)), When("unmetered_water", (unmetered,))


def _shared(pools: tuple[Pool, ...], currency: str, when: tuple[When, ...]) -> AllocateBuilding:
    return AllocateBuilding("house", HOUSE_HEAT * heat_price(currency), pools, when=when)


def _circulation_kept(heat: str) -> Figure:
    """Keep what circulation took in a summer month: its mean is the coming winter's."""
    when = (When("season", ("summer",)), When("dhw_method", (heat,)))
    left = HOUSE_HEAT - heat_in_hot_water(heat)
    return Figure("circulation", Most((left, Const(0, "MWh"))), when=when)


def _shared_amount() -> Term:
    first, *others = (Amount(code) for code in SHARED_CHARGES)
    total: Term = first
    for other in others:
        total = total + other
    return total


def _supports(charged: Term, currency: str) -> Iterator[Component]:
    """Take the state's support off what a household was charged at the full tariff."""
    tariff = heat_price(currency)
    for rounding, support in support_by_rounding(tariff, currency).items():
        when = (When("kind", ("private",)), When("support_rounding", (rounding,)))
        yield Rebate("state_support", charged * support / tariff, cap=charged, when=when)


BUILDING = building_tariff(code="building", currency="EUR")
SINGLE = single_tariff(code="single", currency="EUR")

OF_PRODUCT = {"heat_flat": BUILDING, "heat_house": BUILDING, "heat_single": SINGLE}
