"""Integer formulas come to what fractions come to."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mains_spi.exact import half_up
from mains_spi.formula import Formula, Program, assemble, constant

micro = st.integers(-(10**12), 10**12)
fraction = st.fractions(min_value=-1000, max_value=1000, max_denominator=10**4)


def columns(scale=Fraction(1, 10**6)):
    return [Formula(f"q{i}", scale, frozenset({i})) for i in range(2)]


def run(program, number, row):
    (result,) = assemble(2, program, program.units(number, 6))([row])
    return Fraction(result, 10**6)


@given(micro, micro, fraction, st.integers(0, 5))
def test_arithmetic(a, b, factor, places):
    program = Program()
    left, right = columns()
    scaled = program.multiply(left, constant(factor))
    chosen = program.choose("<", program.choose(">", scaled, right), program.add(left, constant(factor)))

    result = run(program, program.round(program.subtract(chosen, right), places), (a, b))

    x, y = Fraction(a, 10**6), Fraction(b, 10**6)
    assert result == half_up(min(max(x * factor, y), x + factor) - y, places)


@settings(deadline=None)
@given(micro, micro, fraction, fraction, st.integers(0, 5))
def test_division_by_what_is_above_zero(a, b, factor, summand, places):
    program = Program()
    left, right = columns()
    above = program.choose(">", right, constant(Fraction(1, 1000)))
    quotient = program.divide(program.multiply(left, constant(factor)), above)
    inverse = program.divide(constant(1), program.multiply(above, above))
    chosen = program.choose("<", program.add(quotient, constant(summand)), program.subtract(left, inverse))

    result = run(program, program.round(program.multiply(chosen, quotient), places), (a, b))

    x, y = Fraction(a, 10**6), max(Fraction(b, 10**6), Fraction(1, 1000))
    assert result == half_up(min(x * factor / y + summand, x - 1 / (y * y)) * (x * factor / y), places)


def test_only_what_is_surely_above_zero_is_positive():
    program = Program()
    left, right = columns()
    above = program.choose(">", left, constant(Fraction(1, 2)))

    assert above.is_positive
    assert program.multiply(above, constant(3)).is_positive
    assert program.add(above, above).is_positive
    assert not program.choose("<", above, right).is_positive
    assert not program.choose(">", left, constant(0)).is_positive
    assert not program.subtract(constant(1), above).is_positive
    assert not program.multiply(above, constant(-3)).is_positive


@given(micro, micro)
def test_products_of_columns(a, b):
    program = Program()
    left, right = columns(Fraction(1, 1000))

    assert run(program, program.multiply(left, right), (a, b)) == half_up(Fraction(a * b, 10**6), 6)


def test_constants_are_worked_out_at_once():
    program = Program()
    number = program.round(program.choose(">", constant(Fraction(5, 3)), program.add(constant(1), constant(-2))), 2)

    assert number == constant(Fraction("1.67"))
    assert program.statements == []


def test_what_comes_to_the_same_whatever_was_used_is_a_constant_that_rests_on_its_columns():
    program = Program()
    left, right = columns()
    nothing = program.multiply(left, constant(0))
    capped = program.choose("<", constant(2), program.add(left, right))

    assert (nothing.is_constant, nothing.scale, nothing.columns) == (True, 0, {0})
    rebate = program.choose(">", capped, program.add(constant(2), nothing))
    assert (rebate.is_constant, rebate.scale, rebate.columns) == (True, 2, {0, 1})
    assert not program.choose(">", capped, constant(1)).is_constant


@given(micro, micro, fraction, fraction)
def test_bounds_that_are_known_change_no_result(a, b, cap, floor):
    program = Program()
    left, right = columns()
    capped = program.choose("<", program.choose("<", left, constant(cap)), right)

    result = run(program, program.round(program.choose(">", constant(floor), capped), 6), (a, b))

    assert result == half_up(max(min(Fraction(a, 10**6), cap, Fraction(b, 10**6)), floor), 6)


def test_what_has_a_name_keeps_it():
    program = Program()

    assert [program.name(one) for one in ("q0", "-5", program.name("q0*2"))] == ["q0", "-5", "x0"]
    assert program.statements == ["x0 = q0*2"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_rows_of_any_width(count):
    rate = assemble(count, Program(), " + ".join(["1", *(f"q{i}" for i in range(count))]))

    assert rate([tuple(range(10, 10 + count))]) == [1 + sum(range(10, 10 + count))]


def test_equal_expressions_are_worked_out_once():
    program = Program()

    assert program.name("q0*2") == program.name("q0*2") == "x0"
    assert program.statements == ["x0 = q0*2"]


def test_what_a_result_does_not_rest_on_is_left_out():
    program = Program()
    kept, other = program.name("q0*2"), program.name("q1*3")
    result, aside = program.name(f"{kept} + 1"), program.name(f"{other} + {kept}")

    assert program.leading_to(f"{result}*5") == [f"{kept} = q0*2", f"{result} = {kept} + 1"]
    assert program.leading_to(f"({result}, {aside})") == program.statements
