"""The cohort compiler bills as the evaluator does: on every line, tax and total, whatever the tariff."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mains_spi import (
    ALWAYS,
    MICRO,
    AllocateBuilding,
    Amount,
    Attribute,
    Block,
    CannotRate,
    ChargeTax,
    Cohort,
    Column,
    Const,
    Fact,
    FactValue,
    Figure,
    Group,
    GroupQty,
    Least,
    Monthly,
    Most,
    NotCovered,
    OrElse,
    PerAmpere,
    Period,
    PerUnit,
    Pool,
    Price,
    PriceRow,
    PriceVersion,
    Qty,
    Quality,
    RatingRequest,
    Rebate,
    Round,
    Rounding,
    Series,
    Spot,
    Tariff,
    TaxRate,
    Tier,
    Tiered,
    TimeOfUse,
    Usage,
    Used,
    When,
    Zone,
    compile_cohort,
    evaluate,
)
from mains_spi.civil import instant_of

D = Decimal
kwh, hot = Qty("kwh", "kWh"), Qty("hot", "m3")
day_kwh, night_kwh = Qty("zoned", "kWh", "day"), Qty("zoned", "kWh", "night")
energy, water = Price("product.energy", "EUR/kWh"), Price("product.water", "EUR/m3")
private = (When("kind", ("private",)),)

components = st.sampled_from(
    [
        PerUnit("energy", kwh, energy),
        PerUnit("energy", kwh, energy - Price("product.support", "EUR/kWh")),
        PerUnit("energy", kwh * D("0.97"), Round(energy * D("1.0123"), 4), when=private),
        PerUnit("water", hot, water),
        PerUnit("water", OrElse(hot * Fact("norm", "1"), hot), water),
        PerUnit("mixed", Least((kwh, Const(250, "kWh"))) + Most((kwh, Const(100, "kWh"))), energy),
        PerUnit("zoned_total", Qty("zoned", "kWh"), energy),
        PerUnit("night", night_kwh, energy / 2),
        Monthly("fee", Price("product.fee", "EUR/month")),
        Monthly("fee", Price("product.fee", "EUR/month"), prorate="never"),
        Monthly("connection", Price("product.connection", "EUR/year"), prorate="year"),
        Monthly("phases_fee", Price("product.by_phase", "EUR/month", ("phases",)), when=private),
        PerAmpere("amperes", Qty("amperes", "A"), Price("product.per_ampere", "EUR/A/year")),
        Tiered(kwh, (Tier("low", energy, 120), Tier("mid", energy * 2, Qty("limit", "kWh")), Tier("high", energy * 3))),
        Tiered(kwh, (Tier("low", energy, 120), Tier("high", energy * 3)), window="year", prorate=True),
        Tiered(kwh, (Tier("low", energy, 120), Tier("high", energy * 3)), window="bill"),
        TimeOfUse(Qty("zoned", "kWh"), "none", (Zone("day", "day", energy), Zone("night", "night", energy / 3))),
        Spot("spot", kwh, "prices", "EUR/MWh", 5, Const(D("0.001"), "MWh/kWh"), weights="profile"),
        Rebate("support", Amount("energy") * D("0.6"), cap=Const(D("12.345"), "EUR"), when=private),
        Rebate("relief", Amount("fee") + Amount("water") * D("0.1"), after_tax=True),
        Rebate("protected", Block(kwh, upto=Qty("limit", "kWh")) * (energy - Const(D("0.0131"), "EUR/kWh"))),
        Rebate(
            "average",
            Most((Amount("energy") - kwh * Const(D("0.1"), "EUR/kWh"), Const(0, "EUR")))
            * Block(kwh, upto=Qty("limit", "kWh"))
            / Most((kwh, Const(D("0.001"), "kWh"))),
        ),
        Rebate(
            "two_averages",
            Least(
                (
                    Amount("energy") / Most((kwh, Const(1, "kWh"))) * 7 - Const(D("0.3"), "EUR/kWh"),
                    Const(5, "EUR") / (Most((hot, Const(1, "m3"))) + Most((hot, Const(2, "m3")))) * Const(1, "m3/kWh"),
                )
            )
            * Const(10, "kWh"),
            cap=Const(40, "EUR"),
        ),
        Rebate("band", Block(kwh, above=500, upto=2000, prorate=True) * energy * D("0.5"), cap=Amount("energy")),
    ]
)
roundings = st.sampled_from(
    [
        Rounding(),
        Rounding("lines", tax="per_line"),
        Rounding("units", tax="per_unit", tax_places=5),
        Rounding("whole", line=0, tax_places=0, total=0),
    ]
)
periods = st.sampled_from(
    [
        Period(date(2023, 1, 1), date(2023, 2, 1)),
        Period(date(2023, 2, 11), date(2023, 3, 1)),
        Period(date(2023, 1, 1), date(2023, 4, 1)),
        Period(date(2022, 12, 20), date(2023, 1, 20)),
    ]
)
amounts = st.decimals(min_value=-50, max_value=5000, places=6) | st.sampled_from([D(0), D(120), D("0.000001")])
UNIT_PRICES = {
    "energy": "EUR/kWh",
    "water": "EUR/m3",
    "support": "EUR/kWh",
    "fee": "EUR/month",
    "connection": "EUR/year",
    "per_ampere": "EUR/A/year",
}


@st.composite
def price_versions(draw, whole):
    """Draw one to three versions that follow each other, some changing nothing."""
    value = st.decimals(min_value="-0.5", max_value=9, places=5)
    cuts = draw(st.lists(st.integers(1, whole.days - 1), max_size=2, unique=True))
    days = [whole.start, *(whole.start + timedelta(d) for d in sorted(cuts)), whole.end]
    versions, rows = [], ()
    for start, end in pairwise(days):
        if not rows or draw(st.booleans()):
            included = st.sampled_from([None, D("0.21")])
            rows = tuple(PriceRow(n, draw(value), u, (), draw(included)) for n, u in UNIT_PRICES.items())
            by = [PriceRow("by_phase", draw(value), "EUR/month", (When("phases", (p,)),)) for p in ("1", "3")]
            rows = (*rows, *by)
        versions.append(PriceVersion(id=str(start), list="product", period=Period(start, end), rows=rows))
    return tuple(versions)


def series(name, unit, whole, values):
    start, end = (instant_of(day, "Europe/Riga") for day in (whole.start, whole.end))
    hours = (end - start) // timedelta(hours=1)
    return Series(name, unit, start, timedelta(hours=1), tuple(D(values[i % len(values)]) for i in range(hours)))


@st.composite
def conditions(draw):
    whole = draw(periods)
    middle = whole.start + timedelta(days=whole.days // 2)
    rates = [D("0.21"), D("0.12"), D("0.05"), D(0)]
    standard = (
        TaxRate("standard", Period(ALWAYS.start, middle), draw(st.sampled_from(rates))),
        TaxRate("standard", Period(middle, ALWAYS.end), draw(st.sampled_from(rates))),
        TaxRate("reduced", ALWAYS, D("0.12"), "private"),
        TaxRate("reduced", ALWAYS, D("0.21")),
    )
    kind = draw(st.sampled_from(["private", "business"]))
    kinds = [Attribute("kind", kind)]
    if draw(st.booleans()):
        kinds = [
            Attribute("kind", kind, Period(ALWAYS.start, middle)),
            Attribute("kind", "farm", Period(middle, ALWAYS.end)),
        ]
    levels = {"phases": "3", "amperes": "25", "limit": draw(st.sampled_from(["0", "300", "100.5"]))}
    return RatingRequest(
        contract="C1",
        period=whole,
        prices=draw(price_versions(whole)),
        taxes=standard,
        tax_codes=(ChargeTax("*", "standard"), ChargeTax("water", "reduced"), ChargeTax("fee", "reduced")),
        attributes=(*kinds, *(Attribute(name, value) for name, value in levels.items())),
        series=(
            series("prices", "EUR/MWh", whole, ["80.1", "-3.77", "120.05", "99"]),
            series("profile", "1", whole, ["1", "2", "0.5", "1.25", "7"]),
        ),
        facts=(FactValue("norm", ALWAYS, D("1.1"), "1"),) if draw(st.booleans()) else (),
        used=(Used("kwh", "month", draw(amounts)), Used("kwh", "year", draw(amounts))),
    )


def usage_of(columns, row, whole, quality=Quality.ACTUAL):
    """Write one row of integers as the usage the evaluator wants."""
    return tuple(
        Usage(c.name, c.stretch or whole, D(f"{micros}e-6"), c.unit, c.zone, quality)
        for c, micros in zip(columns, row, strict=True)
    )


def stretches_of(draw, whole):
    """Draw quantities that are counted in stretches, cut on days that may or may not be those of the prices."""
    cuts = draw(st.lists(st.integers(1, whole.days - 1), max_size=3, unique=True))
    days = [whole.start, *(whole.start + timedelta(d) for d in sorted(cuts)), whole.end]
    stretches = tuple(Period(start, end) for start, end in pairwise(days))
    return dict.fromkeys(draw(st.lists(st.sampled_from(["kwh", "zoned"]), unique=True)), stretches)


def assert_same(cohort: Cohort, compact, bill):
    *_, group_nets, taxes, total, payable = compact
    shown = cohort.bill_lines(compact)
    assert shown == tuple(replace(line, why={}) for line in bill.lines)
    groups = {
        group: (Fraction(net, 10**cohort.places), Fraction(tax, 10**cohort.places))
        for group, net, tax in zip(cohort.tax_groups, group_nets, taxes, strict=True)
    }
    for entry in bill.taxes:
        assert groups.pop((entry.code, entry.rate)) == (entry.net, entry.tax)
    assert all(not net and not tax for net, tax in groups.values())
    assert (Fraction(total, 10**cohort.places), Fraction(payable, 10**cohort.places)) == (bill.total, bill.payable)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_cohort_bills_as_the_evaluator_does(data):
    parts = tuple(data.draw(st.lists(components, min_size=1, max_size=7)))
    places = data.draw(st.sampled_from([(), (("kwh", 0),), (("kwh", 6), ("zoned", 1))]))
    tariff = Tariff("T", "EUR", parts, data.draw(roundings), places)
    shared = data.draw(conditions())

    stretches = stretches_of(data.draw, shared.period)

    cohort = compile_cohort(tariff=tariff, conditions=shared, stretches=stretches)

    assert isinstance(cohort, Cohort), cohort
    rows = data.draw(st.lists(st.tuples(*(amounts for _ in cohort.columns)), min_size=1, max_size=3))
    rows = [tuple(int(value * MICRO) for value in row) for row in rows]
    for row, compact in zip(rows, cohort.rate(rows), strict=True):
        bill = evaluate(tariff, replace(shared, usage=usage_of(cohort.columns, row, shared.period)))
        assert_same(cohort, compact, bill)
    assert cohort.payables(rows) == [compact[-1] for compact in cohort.rate(rows)]


@pytest.fixture
def shared(make):
    version = make.version("product", make.row("energy", "0.10", "EUR/kWh"), make.row("water", "1.5", "EUR/m3"))
    return make.request(prices=[version])


def test_compact_bill_in_plain_numbers(shared):
    cohort = compile_cohort(
        tariff=Tariff("T", "EUR", (PerUnit("energy", kwh, energy), PerUnit("water", hot, water))), conditions=shared
    )

    bills = cohort.rate([(312_500_000, 3_000_000), (0, 0)])

    assert cohort.columns == (Column("kwh", "kWh", None), Column("hot", "m3", None))
    assert bills[0] == ((312_500_000, 3_000_000), (3125, 450), (), (3575,), (751,), 4326, 4326)
    assert bills[1] == ((0, 0), (0, 0), (), (0,), (0,), 0, 0)
    assert not cohort.divides


def test_estimated_columns_mark_their_lines(shared):
    tariff = Tariff("T", "EUR", (PerUnit("energy", kwh, energy), PerUnit("water", hot, water)))
    cohort = compile_cohort(tariff=tariff, conditions=shared)
    (compact,) = cohort.rate([(1_000_000, 2_000_000)])

    lines = cohort.bill_lines(compact, estimated={1})

    assert [line.estimated for line in lines] == [False, True]


def test_cohort_says_that_it_divides_usage(make):
    halves = [
        make.version("product", make.row("energy", price, "EUR/kWh"), days=make.period(start, end))
        for price, start, end in (("0.10", "2023-01-01", "2023-01-16"), ("0.12", "2023-01-16", "2023-02-01"))
    ]

    cohort = compile_cohort(
        tariff=Tariff("T", "EUR", (PerUnit("energy", kwh, energy),)), conditions=make.request(prices=halves)
    )

    assert cohort.divides
    assert [line.apportioned for line in cohort.lines] == [True, True]


def test_usage_counted_up_to_the_price_change_is_not_divided(make):
    days = (make.period("2023-01-01", "2023-01-16"), make.period("2023-01-16", "2023-02-01"))
    halves = [
        make.version("product", make.row("energy", price, "EUR/kWh"), days=half)
        for price, half in zip(("0.10", "0.12"), days, strict=True)
    ]

    cohort = compile_cohort(
        tariff=Tariff("T", "EUR", (PerUnit("energy", kwh, energy),)),
        conditions=make.request(prices=halves),
        stretches={"kwh": days},
    )

    assert cohort.columns == tuple(Column("kwh", "kWh", None, half) for half in days)
    assert not cohort.divides
    assert [line.apportioned for line in cohort.lines] == [False, False]
    # 10 kWh x 0.10 + 20 kWh x 0.12 = 1.00 + 2.40 EUR, and 21 % of 3.40 is 0.714.
    assert cohort.rate([(10_000_000, 20_000_000)])[0][1:] == ((100, 240), (), (340,), (71,), 411, 411)


@pytest.mark.parametrize(
    ("component", "reason"),
    [
        (
            AllocateBuilding("house", GroupQty("heat", "MWh") * Const(1, "EUR/MWh"), (Pool("p", Const(1), rest=True),)),
            "house",
        ),
        (Figure("kept", kwh), "kept"),
        (PerUnit("energy", GroupQty("kwh", "kWh"), energy), "building"),
        (PerUnit("energy", kwh, energy * (Const(1, "kWh") / kwh)), "divides by a quantity that may be zero"),
        (PerUnit("energy", kwh, energy * (kwh / Const(1, "kWh"))), "depends on the usage"),
        (Spot("energy", kwh, "prices", "EUR/kWh"), "intervals"),
        (PerUnit("energy", kwh, Price("product.gone", "EUR/kWh")), "no fitting `gone`"),
    ],
)
def test_what_is_not_covered_is_said(shared, component, reason):
    answer = compile_cohort(tariff=Tariff("T", "EUR", (component,)), conditions=shared)

    assert isinstance(answer, NotCovered)
    assert reason in answer.reason


def test_carried_use_must_be_given_for_all(make, shared):
    tariff = Tariff("T", "EUR", (PerUnit("energy", Block(kwh, upto=100), energy),))
    late = replace(shared, period=make.period("2023-01-10", "2023-02-01"))

    answer = compile_cohort(tariff=tariff, conditions=late)

    assert isinstance(answer, NotCovered)
    assert "missing_used" in answer.reason


@pytest.mark.parametrize("rounding", [Rounding("end", line=None, tax="end"), Rounding("odd", tax_places=3)])
def test_policies_of_more_than_one_unit_are_not_covered(shared, rounding):
    tariff = Tariff("T", "EUR", (PerUnit("energy", kwh, energy),), rounding)

    assert isinstance(compile_cohort(tariff=tariff, conditions=shared), NotCovered)


def test_usage_and_buildings_are_not_conditions(make, shared):
    tariff = Tariff("T", "EUR", (PerUnit("energy", kwh, energy),))

    for more in ({"usage": (make.usage("kwh", "1", "kWh"),)}, {"group": Group("house")}):
        assert isinstance(compile_cohort(tariff=tariff, conditions=replace(shared, **more)), NotCovered)


def test_held_bills_stay_with_the_evaluator(shared):
    tariff = Tariff("T", "EUR", (PerUnit("energy", kwh, energy),))

    answer = compile_cohort(tariff=tariff, conditions=replace(shared, taxes=()))

    assert isinstance(answer, NotCovered)
    with pytest.raises(CannotRate, match="missing_tax_rate"):
        evaluate(tariff, replace(shared, taxes=(), usage=usage_of([Column("kwh", "kWh", None)], (1,), shared.period)))


def test_a_column_never_asked_for_is_left_out(shared):
    tariff = Tariff("T", "EUR", (PerUnit("water", OrElse(hot, Qty("residents", "m3")), water),))

    cohort = compile_cohort(tariff=tariff, conditions=shared)

    assert cohort.columns == (Column("hot", "m3", None),)
    assert cohort.rate([(2_000_000,)])[0][1] == (300,)
