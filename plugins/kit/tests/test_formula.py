"""Published steps are worked out exactly over the figures of a bill."""

from decimal import Decimal
from fractions import Fraction

import pytest
from mains_kit import rate_golden
from mains_kit.formula import FormulaUnreadable, half_up, work_out


@pytest.fixture
def value_of(bill_of, adapter):
    golden = bill_of()
    bill = rate_golden(golden=golden, adapter=adapter)
    return lambda formula, member=None: work_out(formula=formula, bill=bill, request=golden.request, member=member)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        (
            "(139.00/121.00)*29.90*0.0465",
            Fraction("139.00") / Fraction("121.00") * Fraction("29.90") * Fraction("0.0465"),
        ),
        ("-0.1 + 0.3", Fraction("0.2")),
        ("net(water) + net(sewage)", Fraction("17.85")),
        ("net()", Fraction("19.92")),
        ("total() - tax()", Fraction("19.92")),
        ("quantity(water) * price(water)", Fraction("8.40")),
        ("price(fixed) * quantity(fixed) / base(fixed)", Fraction("24.40") * 31 / 366),
        ("used(cold_water) * listed(water.sewage)", Fraction("9.45")),
        ("round(1/3, 2)", Fraction("0.33")),
    ],
)
def test_formula_is_exact(value_of, formula, value):
    assert value_of(formula) == value


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("net(watr)", "the bill has no line 'watr'; it has fixed, sewage, water"),
        ("gross(water)", "line 'water' has no gross"),
        ("listed(water.gas)", "the file has 0 prices called 'water.gas', not one"),
        ("used(gas)", "nothing called 'gas' was used"),
        ("figure(x)", "the bill keeps no figure 'x'"),
        ("price()", "price() in 'price()' needs the code of a charge"),
        ("1 / 0", "divides by zero"),
        ("1e3 + 1", "'1e3' in '1e3 + 1' is no plain number"),
        ("2 ** 3", "has an operator other than + - * /"),
        ("__import__('os')", "'__import__' in"),
        ("net(water", "is no formula"),
        ("round(1/3, 1/2)", "round in"),
        ("[1]", "is not understood"),
    ],
)
def test_formula_that_is_none_is_refused(value_of, formula, words):
    with pytest.raises(FormulaUnreadable) as refusal:
        value_of(formula)

    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("number", "places", "rounded"),
    [("0.125", 2, "0.13"), ("-0.125", 2, "-0.13"), ("0.11125", 4, "0.1113"), ("2.5", 0, "3"), ("0", 2, "0.00")],
)
def test_half_goes_away_from_zero(number, places, rounded):
    assert str(half_up(number=Fraction(number), places=places)) == str(Decimal(rounded))
