"""A contract over several supply points: charged as a whole, or at each place by its own usage and attributes."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_spi import (
    Amount,
    Attribute,
    CannotRate,
    ChargeCode,
    ChargeTax,
    Cohort,
    Const,
    ContractAttribute,
    Figure,
    Labels,
    Monthly,
    NotCovered,
    Period,
    PerUnit,
    Place,
    Price,
    PriceRow,
    PriceVersion,
    Qty,
    QuantityKind,
    RatingRequest,
    Rebate,
    Tariff,
    TaxRate,
    Usage,
    Utility,
    When,
    compile_cohort,
    evaluate,
    replay,
    request_from_json,
    request_to_json,
    vet,
)

D = Decimal
APRIL = Period(date(2024, 4, 1), date(2024, 5, 1))
ENERGY = Qty("energy", "kWh")
TARIFF = Tariff(
    "power",
    "EUR",
    (
        PerUnit("energy", ENERGY, Price("power.energy", "EUR/kWh")),
        Monthly("network", Price("power.network", "EUR/month", ("amperes",)), each_place=True),
        PerUnit("delivery", ENERGY, Const(D("0.1"), "EUR/kWh"), each_place=True),
        Rebate("support", Amount("network") * Const(D("0.5"), "1"), each_place=True),
        Rebate("discount", (Amount("network") + Amount("delivery")) * Const(D("0.1"), "1")),
    ),
)


def when(above, upto):
    return (When("amperes", above=D(above), upto=D(upto)),)


PRICES = PriceVersion(
    id="v1",
    list="power",
    period=Period(date(2020, 1, 1), date(2030, 1, 1)),
    rows=(
        PriceRow("energy", D("0.2"), "EUR/kWh"),
        PriceRow("network", D("3"), "EUR/month", when("0", "16")),
        PriceRow("network", D("6"), "EUR/month", when("16", "63")),
    ),
)


def place(name, amperes, period=None):
    attribute = Attribute("amperes", amperes, unit="A")
    return Place(name, (attribute,)) if period is None else Place(name, (attribute,), period)


def used(value, at="", period=APRIL):
    return Usage("energy", period, D(value), "kWh", place=at)


REQUEST = RatingRequest(
    contract="c",
    period=APRIL,
    prices=(PRICES,),
    taxes=(TaxRate("vat", Period(date(2000, 1, 1), date(2100, 1, 1)), D("0.21")),),
    tax_codes=(ChargeTax("*", "vat"),),
    usage=(used("100", "home"), used("50", "shed")),
    places=(place("shed", "25"), place("home", "16")),
)


def lines(request, tariff=TARIFF):
    return [(line.code, line.place, line.quantity, line.net) for line in evaluate(tariff, request).lines]


def test_each_place_is_charged_by_its_own_usage_and_size_and_the_rest_by_all():
    # energy 150 x 0.20; at home 3.00 and 100 x 0.10, in the shed 6.00 and 50 x 0.10; half of each network fee is taken
    # off, and a tenth of all network and delivery: 0.1 x (3 + 6 + 10 + 5).
    assert lines(REQUEST) == [
        ("energy", "", D(150), D("30.00")),
        ("network", "home", D(1), D("3.00")),
        ("network", "shed", D(1), D("6.00")),
        ("delivery", "home", D(100), D("10.00")),
        ("delivery", "shed", D(50), D("5.00")),
        ("support", "home", D(-1), D("-1.50")),
        ("support", "shed", D(-1), D("-3.00")),
        ("discount", "", D(-1), D("-2.40")),
    ]


def test_a_place_is_charged_on_its_days():
    # The shed joins on the 16th: 15 of 30 days, 6.00 x 15/30.
    joins = Period(date(2024, 4, 16), APRIL.end)
    request = replace(
        REQUEST,
        places=(place("home", "16"), place("shed", "25", joins)),
        usage=(used("100", "home"), used("50", "shed", joins)),
    )

    found = [(line.place, line.period, line.net) for line in evaluate(TARIFF, request).lines if line.code == "network"]

    assert sum(net for at, _, net in found if at == "home") == D("3.00")
    assert [(period, net) for at, period, net in found if at == "shed"] == [(joins, D("3.00"))]
    assert lines(request)[0] == ("energy", "", D(150), D("30.00"))


def test_without_places_the_contract_is_charged_as_a_whole():
    request = replace(REQUEST, places=(), attributes=(Attribute("amperes", "16", unit="A"),))

    assert lines(request)[:3] == [
        ("energy", "", D(150), D("30.00")),
        ("network", "", D(1), D("3.00")),
        ("delivery", "", D(150), D("15.00")),
    ]


def test_every_line_of_a_place_is_explained_to_the_cent():
    for line in evaluate(TARIFF, REQUEST).lines:
        assert replay(line.why) == line.net


def test_a_request_with_places_is_stored_and_read_again():
    assert request_from_json(request_to_json(REQUEST)) == REQUEST
    assert "places" not in request_to_json(replace(REQUEST, places=()))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"places": (place("home", "16"), place("home", "25"))}, "place_twice"),
        ({"places": (place("", "16"),)}, "place_twice"),
        ({"places": (place("home", "16"),)}, "place_unknown"),
    ],
)
def test_places_that_do_not_fit_are_refused(changes, code):
    with pytest.raises(CannotRate) as refused:
        evaluate(TARIFF, replace(REQUEST, **changes))

    assert refused.value.code == code


def test_a_place_needs_its_usage():
    with pytest.raises(CannotRate):
        evaluate(TARIFF, replace(REQUEST, usage=(used("100", "home"),)))


def test_a_contract_over_places_is_not_compiled():
    whole = replace(REQUEST, usage=(), places=(), attributes=(Attribute("amperes", "16", unit="A"),))

    assert isinstance(compile_cohort(tariff=TARIFF, conditions=whole), Cohort)
    assert isinstance(compile_cohort(tariff=TARIFF, conditions=replace(REQUEST, usage=())), NotCovered)


def test_a_figure_is_the_contracts():
    words = Labels("l", "e", "r")
    utility = Utility(
        code="u",
        spi_major=1,
        labels=words,
        quantities=(QuantityKind("energy", "kWh"),),
        charges=(ChargeCode("energy", "vat", "energy", words),),
        price_lists=(),
        attributes=(ContractAttribute(name="amperes", labels=words, unit="A"),),
    )
    tariff = Tariff("t", "EUR", (Figure("kept", ENERGY, each_place=True),))

    assert [mistake.code for mistake in vet(tariff, (), utility)] == ["each_place"]
