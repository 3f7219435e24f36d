"""The tariffs: how a house's heat is priced and shared out, and how the state supports households."""

from __future__ import annotations

from collections.abc import Iterator

from mains_spi import (
    AllocateBuilding,
    Amount,
    Component,
    Const,
    Fact,
    Figure,
    GroupQty,
    Least,
    Most,
    PerUnit,
    Pool,
    Price,
    Qty,
    Rebate,
    Rounding,
    Tariff,
    Term,
    Total,
    When,
)

from mains_district_heating.support import support_by_rounding

SEASONS = ("summer", "winter")
HOT_WATER_HEAT = ("coefficient", "heat_meter")
CIRCULATION = ("last_summer", "constant", "none")

AREA = Qty("area", "m2")
HOT_WATER = Qty("hot_water", "m3")
HOUSE_HEAT = GroupQty("heat", "MWh")
PLACES = (("heat", 3), ("hot_water_heat", 3), ("hot_water", 3))
EVERY_PREMISE = Const(1)


def building_tariff(*, code: str, currency: str) -> Tariff:
    """Build the tariff of a house: its heat meter times the tariff, shared out over its premises.

    Of the sharing variants exactly one fits the house's attributes on any day.
    """
    sharing: list[Component] = []
    for hot_water_heat in HOT_WATER_HEAT:
        sharing.append(_in_summer(hot_water_heat, currency))
        sharing.append(_circulation_kept(hot_water_heat))
        sharing.extend(_in_winter(hot_water_heat, circulation, currency) for circulation in CIRCULATION)
    shared = Amount("hot_water") + Amount("circulation") + Amount("heating")
    return Tariff(code, currency, (*sharing, *_supports(shared, currency)), rounding=Rounding(), places=PLACES)


def single_tariff(*, code: str, currency: str) -> Tariff:
    """Build the tariff of one customer with a heat meter of his own, such as a school or a detached house."""
    heat = PerUnit("heat", Qty("heat", "MWh"), heat_price(currency))
    return Tariff(code, currency, (heat, *_supports(Amount("heat"), currency)), rounding=Rounding(), places=PLACES)


def heat_price(currency: str) -> Price:
    """Name the regulated final tariff."""
    return Price("heat.tariff", f"{currency}/MWh")


def _in_summer(hot_water_heat: str, currency: str) -> AllocateBuilding:
    """Share a month without heating: what is left after hot water is circulation, equal for every premise."""
    pools = (
        _hot_water_pool(hot_water_heat, currency),
        Pool("circulation", EVERY_PREMISE, rest=True),
    )
    return _shared(pools, currency, When("season", ("summer",)), When("dhw_method", (hot_water_heat,)))


def _in_winter(hot_water_heat: str, circulation: str, currency: str) -> AllocateBuilding:
    """Share a month with heating: what is left after hot water and circulation is heating, by area."""
    hot_water = _hot_water_pool(hot_water_heat, currency)
    heating = Pool("heating", AREA, rest=True)
    pools = (
        (hot_water, heating)
        if circulation == "none"
        else (hot_water, _circulation_pool(circulation, currency), heating)
    )
    when = (When("season", ("winter",)), When("dhw_method", (hot_water_heat,)), When("circulation", (circulation,)))
    return _shared(pools, currency, *when)


def _shared(pools: tuple[Pool, ...], currency: str, *when: When) -> AllocateBuilding:
    return AllocateBuilding("house", HOUSE_HEAT * heat_price(currency), pools, when=when)


def _hot_water_pool(hot_water_heat: str, currency: str) -> Pool:
    """Share the house's hot water by the flats' m3, which spreads the difference of the meters by consumption.

    The price of a m3 has four decimals and each flat is rounded by itself; the rest takes the cents (as Bauska prints).
    """
    cost = _heat_in_hot_water(hot_water_heat) * heat_price(currency)
    return Pool("hot_water", HOT_WATER, cost, price_places=4, remainder="rest")


def _heat_in_hot_water(hot_water_heat: str) -> Term:
    if hot_water_heat == "heat_meter":
        return GroupQty("hot_water_heat", "MWh")
    return GroupQty("hot_water", "m3") * Price("norms.k", "MWh/m3")


def _circulation_pool(circulation: str, currency: str) -> Pool:
    """Share circulation equally; it never takes more than hot water left of the house's cost."""
    cost = _circulation_heat(circulation) * heat_price(currency)
    return Pool("circulation", EVERY_PREMISE, Least((cost, Amount("house") - Amount("hot_water"))))


def _circulation_heat(circulation: str) -> Term:
    if circulation == "constant":
        return Total(EVERY_PREMISE) * Price("norms.circulation", "MWh")
    return Fact("circulation", "MWh", months=(6, 7, 8), back=1, reduce="mean")


def _circulation_kept(hot_water_heat: str) -> Figure:
    """Keep what circulation took in a summer month: its mean is the coming winter's."""
    when = (When("season", ("summer",)), When("dhw_method", (hot_water_heat,)))
    left = HOUSE_HEAT - _heat_in_hot_water(hot_water_heat)
    return Figure("circulation", Most((left, Const(0, "MWh"))), when=when)


def _supports(charged: Term, currency: str) -> Iterator[Component]:
    """Take the state's support off what a household was charged at the full tariff."""
    tariff = heat_price(currency)
    for rounding, support in support_by_rounding(tariff, currency).items():
        when = (When("kind", ("private",)), When("support_rounding", (rounding,)))
        yield Rebate("state_support", charged * support / tariff, cap=charged, when=when)


BUILDING = building_tariff(code="building", currency="EUR")
SINGLE = single_tariff(code="single", currency="EUR")

OF_PRODUCT = {"heat_flat": BUILDING, "heat_house": BUILDING, "heat_single": SINGLE}
