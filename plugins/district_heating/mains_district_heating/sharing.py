"""What the premises of a house share, and by which weight: the choices that its owners have."""

from __future__ import annotations

from mains_spi import (
    Amount,
    Assumed,
    Const,
    Fact,
    GroupQty,
    Least,
    Months,
    Most,
    OrElse,
    Pool,
    Price,
    Qty,
    Round,
    Term,
    Total,
)

HOT_WATER_HEAT = ("coefficient", "heat_meter")
CIRCULATION = ("last_summer", "constant", "none")
CIRCULATION_SHARING = ("premise", "area")
HEATING_SHARING = ("area", "allocators")
UNMETERED_WATER = ("hold", "norm", "residual")

AREA = Qty("area", "m2")
HEATED_AREA = OrElse(Round(AREA * Qty("heated_share", "1"), 2), AREA)
RESIDENTS = Qty("residents", "person")
HOT_WATER = Qty("hot_water", "m3")
UNITS = Qty("allocator_units", "unit")
HOUSE_HOT_WATER = GroupQty("hot_water", "m3")
EVERY_PREMISE = Const(1)
PART_OF_MONTH = Months() / Const(1, "month")
"""What is given for a month counts by days where a method begins or ends within it."""


def heat_price(currency: str) -> Price:
    """Name the regulated final tariff."""
    return Price("heat.tariff", f"{currency}/MWh")


def hot_water_pool(*, heat: str, unmetered: str, currency: str) -> Pool:
    """Share the house's hot water by the flats' m3, which spreads the difference of the meters by consumption.

    The price of a m3 has four decimals and each flat is rounded by itself; the rest takes the cents (as Bauska prints).
    """
    cost = heat_in_hot_water(heat) * heat_price(currency)
    return Pool("hot_water", _m3_of_premise(unmetered), cost, price_places=4, remainder="rest")


def heat_in_hot_water(heat: str) -> Term:
    """Find the heat in a house's hot water: on a meter of its own, or as m3 times a coefficient."""
    if heat == "heat_meter":
        return GroupQty("hot_water_heat", "MWh")
    return HOUSE_HOT_WATER * Price("norms.k", "MWh/m3")


def _m3_of_premise(unmetered: str) -> Term:
    """Count a premise's hot water, or what the house has agreed on for those without a meter (both are Bauska's)."""
    if unmetered == "hold":
        return HOT_WATER
    per_resident = GroupQty("hot_water_norm", "m3/person/month") * Months()
    if unmetered == "residual":
        per_resident = _left_per_resident()
    return OrElse(HOT_WATER, Assumed(RESIDENTS * per_resident))


def _left_per_resident() -> Term:
    """Divide what no premise's meter counted among the residents without one: at least nothing, at most a limit."""
    counted = Total(OrElse(HOT_WATER, Const(0, "m3")))
    left = Most((HOUSE_HOT_WATER - counted, Const(0, "m3")))
    residents = Most((Total(RESIDENTS, lacking=HOT_WATER), Const(1, "person")))
    return Least((left / residents, GroupQty("hot_water_cap", "m3/person/month") * Months()))


def circulation_pool(*, circulation: str, sharing: str, currency: str) -> Pool:
    """Share a winter's circulation; it never takes more than hot water left of the house's cost."""
    cost = _circulation_heat(circulation) * PART_OF_MONTH * heat_price(currency)
    return Pool("circulation", _circulation_weight(sharing), Least((cost, Amount("house") - Amount("hot_water"))))


def rest_as_circulation(sharing: str) -> Pool:
    """Share as circulation all that hot water left of the house's cost."""
    return Pool("circulation", _circulation_weight(sharing), rest=True)


def _circulation_heat(circulation: str) -> Term:
    if circulation == "constant":
        return Total(EVERY_PREMISE) * Price("norms.circulation", "MWh")
    return Fact("circulation", "MWh", months=(6, 7, 8), back=1, reduce="mean")


def _circulation_weight(sharing: str) -> Term:
    return AREA if sharing == "area" else EVERY_PREMISE


def heating_pools(sharing: str) -> tuple[Pool, ...]:
    """Share all that is left as heating: by area, or a fixed part by area and the other by heat-cost allocators."""
    if sharing == "area":
        return (Pool("heating", HEATED_AREA, rest=True),)
    return (
        Pool("heating_of_house", EVERY_PREMISE, rest=True),
        Pool(
            "heating_fixed",
            HEATED_AREA,
            Amount("heating_of_house") * GroupQty("heating_fixed_share", "1"),
            of="heating_of_house",
        ),
        Pool("heating_metered", _units_of_premise(), rest=True, of="heating_of_house"),
    )


def _units_of_premise() -> Term:
    """Count a premise's units; one without allocators is taken to have the average of those that have them, by m2."""
    counted = Total(OrElse(UNITS, Const(0, "unit")))
    area = Total(HEATED_AREA) - Total(HEATED_AREA, lacking=UNITS)
    return OrElse(UNITS, Assumed(HEATED_AREA * counted / area))
