"""Published bills, reproduced to the cent by the terms an adapter writes. The printed figures are in the tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from mains_spi import (
    AllocateBuilding,
    Amount,
    Attribute,
    Const,
    Group,
    GroupQty,
    Least,
    Member,
    Monthly,
    Most,
    PerUnit,
    Pool,
    Price,
    Qty,
    Rebate,
    Round,
    Rounding,
    Series,
    Spot,
    Tariff,
    Usage,
    evaluate,
    replay,
)
from mains_spi.spot import fold

D = Decimal

T, area = Price("heat.tariff", "LVL/MWh"), Qty("area", "m2")
house_heat = GroupQty("heat", "MWh") * T
bauska = Tariff(
    "bauska",
    "LVL",
    (
        AllocateBuilding(
            "house",
            house_heat,
            (
                Pool(
                    "hot_water",
                    Qty("dhw", "m3"),
                    GroupQty("house_dhw", "m3") * T * Price("heat.k", "MWh/m3"),
                    price_places=4,
                    remainder="rest",
                ),
                Pool("heating", area, rest=True),
            ),
        ),
    ),
)

# 37 flats with 121.00 m3 in all, such that the rounded flats come to the printed 193.24:
# 9 x 4.79 + 1 x 1.60 + 13 x 7.99 + 14 x 3.19 = 43.11 + 1.60 + 103.87 + 44.66 = 193.24.
FLAT_M3 = ["3.00"] * 9 + ["1.00"] + ["5.00"] * 13 + ["2.00"] * 14


def bauska_house(make, flat_m3):
    """The printed flat is F00: 44.6 m2, 3.00 m3; the other flats share the remaining area."""
    others = len(flat_m3) - 1
    each = (D("2419.3") - D("44.6")).quantize(D("0.1")) // others
    areas = [D("44.6")] + [each] * (others - 1)
    areas.append(D("2419.3") - sum(areas))
    members = tuple(
        Member(
            f"F{i:02}",
            (Attribute("area", str(size)),),
            (Usage("dhw", make.january, D(m3), "m3"),),
        )
        for i, (size, m3) in enumerate(zip(areas, flat_m3, strict=True))
    )
    house = (make.usage("heat", "66.44", "MWh"), make.usage("house_dhw", "139.00", "m3"))
    prices = [make.version("heat", make.row("tariff", "29.90", "LVL/MWh"), make.row("k", "0.0465", "MWh/m3"))]
    return make.request(rate="0", prices=prices, group=Group("house", usage=house, members=members))


def test_bauska_house_to_flat(make):
    bill = evaluate(bauska, bauska_house(make, FLAT_M3))

    flat = {line.code: line for line in bill.members[0].lines}
    assert bill.net == D("1986.56")  # 66.44 MWh x 29.90
    assert (flat["hot_water"].price, flat["hot_water"].net) == (D("1.5972"), D("4.79"))
    hot_water = sum(line.net for member in bill.members for line in member.lines if line.code == "hot_water")
    heating = sum(line.net for member in bill.members for line in member.lines if line.code == "heating")
    assert hot_water == D("193.24")  # the sum of rounded flats; 139 x 0.0465 x 29.90 would be 193.26
    assert heating == D("1793.32")  # printed 1793.42 is the publisher's slip: 1986.56 - 193.24
    assert flat["heating"].net == D("33.06")
    assert (flat["heating"].quantity, flat["heating"].base) == (D("44.6"), D("2419.3"))


@pytest.mark.parametrize(
    ("price", "n", "tax", "total"),
    [
        *(("2.66", n, t, s) for n, t, s in [
            (1, "0.32", "2.98"), (2, "0.64", "5.96"), (3, "0.96", "8.94"), (4, "1.28", "11.92"), (5, "1.60", "14.90"),
            (6, "1.92", "17.88"), (7, "2.23", "20.85"), (8, "2.55", "23.83"), (9, "2.87", "26.81"),
            (10, "3.19", "29.79"),
        ]),
        *(("8.53", n, t, s) for n, t, s in [
            (1, "1.02", "9.55"), (2, "2.05", "19.11"), (3, "3.07", "28.66"), (4, "4.09", "38.21"), (5, "5.12", "47.77"),
            (6, "6.14", "57.32"), (7, "7.17", "66.88"), (8, "8.19", "76.43"), (9, "9.21", "85.98"),
            (10, "10.24", "95.54"),
        ]),
    ],
)  # fmt: skip
def test_ventspils_tax_table(make, price, n, tax, total):
    tariff = Tariff("ventspils", "LVL", (PerUnit("hot", Qty("m3", "m3"), Price("p.hot", "LVL/m3")),))
    prices = [make.version("p", make.row("hot", price, "LVL/m3"))]

    bill = evaluate(tariff, make.request(rate="0.12", prices=prices, usage=(make.usage("m3", str(n), "m3"),)))

    assert (bill.tax, bill.total) == (D(tax), D(total))


heat = Price("heat.tariff", "EUR/MWh")
low = (Least((heat, Const(150, "EUR/MWh"))) - Const(68, "EUR/MWh")) * D("0.5")
high = Most((heat - Const(150, "EUR/MWh"), Const(0, "EUR/MWh"))) * D("0.9")


def household_price(make, term, tariff):
    """Bill 1 MWh at a price term and give the price."""
    declared = Tariff("heat", "EUR", (PerUnit("heat", Qty("heat", "MWh"), term),))
    prices = [make.version("heat", make.row("tariff", tariff, "EUR/MWh"))]
    return evaluate(declared, make.request(prices=prices, usage=(make.usage("heat", "1", "MWh"),))).lines[0].price


@pytest.mark.parametrize(
    ("tariff", "household"),
    [
        ("94.90", "81.45"),
        ("103.45", "85.72"),
        ("102.69", "85.34"),
        ("94.15", "81.07"),
        ("90.93", "79.46"),
        ("87.73", "77.86"),
    ],
)
def test_gren_support_is_rounded_then_taken_off(make, tariff, household):
    assert household_price(make, heat - Round(low, 2) - Round(high, 2), tariff) == D(household)
    assert household_price(make, heat - Round(low + high, 2), tariff) == D(household)


def test_gren_support_of_another_publisher_rounds_the_final_price(make):
    assert household_price(make, Round(heat - low - high, 2), "125.61") == D("96.81")
    assert household_price(make, heat - Round(low, 2) - Round(high, 2), "125.61") == D("96.80")


kwh, energy = Qty("kwh", "kWh"), Price("product.energy", "EUR/kWh")
fees = (
    Monthly("connection", Price("dso.connection", "EUR/year")),
    Monthly("oik_capacity", Price("oik.capacity", "EUR/year")),
    Monthly("supplier_fee", Price("product.fee", "EUR/month")),
)
all_in = (PerUnit("all_in", kwh, energy + Price("dso.variable", "EUR/kWh") + Price("oik.energy", "EUR/kWh")), *fees)
apart = (
    PerUnit("energy", kwh, energy),
    PerUnit("dso_variable", kwh, Price("dso.variable", "EUR/kWh")),
    PerUnit("oik", kwh, Price("oik.energy", "EUR/kWh")),
    *fees,
)


def guaranteed(make, components, rounding, kwh_used):
    prices = [
        make.version("product", make.row("energy", "0.04827", "EUR/kWh"), make.row("fee", "2.40", "EUR/month", "0.21")),
        make.version("dso", make.row("variable", "0.04076", "EUR/kWh"), make.row("connection", "14.88", "EUR/year")),
        make.version("oik", make.row("energy", "0.01474", "EUR/kWh"), make.row("capacity", "8.69", "EUR/year")),
    ]
    request = make.request(prices=prices, usage=(make.usage("kwh", kwh_used, "kWh"),))
    return evaluate(Tariff("220", "EUR", components, rounding), request)


@pytest.mark.parametrize(("used", "total"), [("100", "17.34"), ("1000", "130.34")])
def test_220_guaranteed_as_printed_by_unit_prices_with_tax(make, used, total):
    bill = guaranteed(make, all_in, Rounding("unit-vat", tax="per_unit", tax_places=5), used)

    gross = {line.code: line.gross for line in bill.lines}
    assert (gross["connection"], gross["oik_capacity"], gross["supplier_fee"]) == (D("1.50"), D("0.88"), D("2.40"))
    assert bill.total == D(total)
    assert [replay(line.why, figure="gross") for line in bill.lines] == [line.gross for line in bill.lines]


@pytest.mark.parametrize("components", [all_in, apart])
@pytest.mark.parametrize(("used", "total"), [("100", "17.33"), ("1000", "130.33")])
def test_220_guaranteed_by_en16931(make, components, used, total):
    assert guaranteed(make, components, Rounding(), used).total == D(total)


@pytest.mark.parametrize(
    ("fixed", "after_support"),
    [
        ("6.08", "2.43"),
        ("7.60", "3.04"),
        ("9.50", "3.80"),
        ("12.16", "4.86"),
        ("14.72", "5.89"),
        ("18.40", "7.36"),
        ("23.00", "9.20"),
        ("29.44", "11.78"),
        ("36.80", "14.72"),
    ],
)
def test_pamata1_less_60_percent_as_a_line_of_its_own(make, fixed, after_support):
    tariff = Tariff(
        "pamata",
        "EUR",
        (
            Monthly("dso_fixed", Price("dso.fixed", "EUR/month")),
            Rebate("dso_support", Amount("dso_fixed") * Price("lv.support", "1")),
        ),
    )
    prices = [
        make.version("dso", make.row("fixed", fixed, "EUR/month")),
        make.version("lv", make.row("support", "0.60", "1")),
    ]

    bill = evaluate(tariff, make.request(prices=prices))

    assert bill.net == D(after_support)
    assert (bill.lines[1].quantity, bill.lines[1].net < 0) == (D(-1), True)


def test_oik_with_tax(make):
    oik = Price("oik.cogeneration", "EUR/kWh") + Price("oik.renewable", "EUR/kWh")
    tariff = Tariff("oik", "EUR", (PerUnit("oik", kwh, oik),), Rounding("unit", line=5, tax="per_unit", tax_places=5))
    rows = make.row("cogeneration", "0.01671", "EUR/kWh"), make.row("renewable", "0.01008", "EUR/kWh")

    request = make.request(prices=[make.version("oik", *rows)], usage=(make.usage("kwh", "1", "kWh"),))
    line = evaluate(tariff, request).lines[0]

    assert (line.price, line.gross) == (D("0.02679"), D("0.03242"))


def test_quarters_to_hours():
    def hour(*quarters, places):
        return fold(tuple(Fraction(q) for q in quarters), 4, places)[0]

    assert hour("0.100", "0.120", "0.140", "0.160", places=None) == Fraction("0.13")
    assert hour("0.1111", "0.1112", "0.1113", "0.1114", places=4) == Fraction("0.1113")


def test_quarter_prices_bill_hourly_usage(make):
    day = make.period("2025-10-04", "2025-10-05")
    start = datetime(2025, 10, 3, 21, tzinfo=UTC)
    quarters = (D("0.1111"), D("0.1112"), D("0.1113"), D("0.1114")) * 24
    series = (
        Series("price", "EUR/kWh", start, timedelta(minutes=15), quarters),
        Series("kwh", "kWh", start, timedelta(hours=1), (D(2),) * 24),
    )
    tariff = Tariff("spot", "EUR", (Spot("energy", kwh, "price", "EUR/kWh", fold_places=4),))

    line = evaluate(tariff, make.request(days=day, series=series)).lines[0]

    assert (line.quantity, line.price, line.net) == (D(48), D("0.1113"), D("5.34"))


def test_wtmaths_rounds_only_the_end(make):
    tariff = Tariff(
        "wt", "GBP", (PerUnit("energy", kwh, Price("wt.energy", "GBP/kWh")),), Rounding("end", line=None, tax="end")
    )
    prices = [make.version("wt", make.row("energy", "0.154", "GBP/kWh"))]

    request = make.request(rate="0.05", prices=prices, usage=(make.usage("kwh", "479", "kWh"),))
    bill = evaluate(tariff, request)

    assert (bill.lines[0].net, bill.total) == (D("73.766"), D("77.45"))  # 5545 - 5066 = 479; 7376.6 pence
