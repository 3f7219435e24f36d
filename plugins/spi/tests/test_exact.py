from __future__ import annotations

from decimal import ROUND_DOWN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_spi.exact import fixed, half_up, number_in, plain, read, text

D = Decimal


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("2.5", "3"), ("-2.5", "-3"), ("2.4999", "2"), ("-0.5", "-1"), ("0.5", "1"), ("1.5", "2"), ("0", "0")],
)
def test_halves_go_away_from_zero(value, rounded):
    assert half_up(Fraction(value), 0) == Fraction(rounded)


@given(st.integers(-(10**30), 10**30), st.integers(0, 12))
def test_decimals_are_written_exactly_in_any_context(units, places):
    number = Fraction(units, 10**places)

    with localcontext(prec=3, rounding=ROUND_DOWN):
        written = fixed(number, places), plain(number, places)

    assert [Fraction(w) for w in written] == [number, number]


def test_plain_drops_zeros_and_fixed_keeps_them():
    assert (str(plain(Fraction(3), 8)), str(fixed(Fraction(3), 2))) == ("3", "3.00")
    assert str(plain(Fraction("44.60"), 6)) == "44.6"


@given(st.fractions())
def test_numbers_survive_writing(number):
    assert read(text(number)) == number


@pytest.mark.parametrize("word", ["1e5", "NaN", "inf", "٣", "1_0", "", " 1", "+1", "1."])
def test_words_are_not_numbers(word):
    assert number_in(word) is None


def test_decimal_words_are_numbers():
    assert number_in("-0.50") == Fraction(-1, 2)
