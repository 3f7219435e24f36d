"""Rounding, sharing, tax and references give exactly these values."""

from decimal import ROUND_DOWN, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mains_server.money import rules
from mains_server.money.records import NotMoney

CENTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False)
WEIGHTS = st.lists(st.decimals(min_value=0, max_value=10**6, places=6, allow_nan=False), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [
        ("0.005", 2, "0.01"),
        ("-0.005", 2, "-0.01"),
        ("0.0049999999999999999999999999999999999999", 2, "0.00"),
        ("2.665", 2, "2.67"),
        ("2.675", 2, "2.68"),
        ("17.335", 2, "17.34"),
        ("1.000005", 5, "1.00001"),
        ("7", 0, "7"),
    ],
)
def test_rounding_is_half_away_from_zero(value, places, rounded):
    assert str(rules.round_half_up(Decimal(value), places=places)) == rounded
    assert str(rules.round_half_up(Fraction(value), places=places)).lstrip("-") == rounded.lstrip("-")


def test_rounding_does_not_depend_on_the_callers_context():
    with localcontext() as context:
        context.prec, context.rounding = 3, ROUND_DOWN

        assert str(rules.round_half_up(Decimal("123456.785"))) == "123456.79"
        assert str(rules.tax_on(Decimal("123456.79"), rate=Decimal("0.21"))) == "25925.93"
        assert rules.allocate(Decimal("123456.79"), [1, 1]) == (Decimal("61728.40"), Decimal("61728.39"))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_not_rounded(text):
    with pytest.raises(NotMoney):
        rules.round_half_up(Decimal(text))


@given(numerator=st.integers(-(10**12), 10**12), denominator=st.integers(1, 10**6))
def test_a_rounded_fraction_is_the_nearest_cent(numerator, denominator):
    value = Fraction(numerator, denominator)

    rounded = rules.round_half_up(value)

    assert abs(Fraction(rounded) - value) <= Fraction(1, 200)
    assert rules.round_half_up(-value) == -rounded


def test_a_line_is_quantity_times_price_over_base():
    # 1,234 kWh at 94.15 EUR per MWh: 1234 * 94.15 / 1000 = 116.1811
    assert rules.line_net(quantity=Decimal(1234), unit_price=Decimal("94.15"), base=Decimal(1000)) == Decimal("116.18")
    # 10 EUR a month for 10 of 31 days: 3.2258...
    assert rules.line_net(quantity=Decimal(10), unit_price=Decimal(10), base=Decimal(31)) == Decimal("3.23")


def test_tax_is_rounded_once_per_rate():
    lines = [
        ("VAT", Decimal("0.21"), Decimal("0.02")),
        ("VAT", Decimal("0.12"), Decimal("10.00")),
        ("VAT", Decimal("0.21"), Decimal("0.02")),
        ("VAT", Decimal("0.21"), Decimal("0.03")),
    ]

    # 0.07 * 0.21 = 0.0147, rounded once to 0.01; line by line it would have been 0.00 + 0.00 + 0.01
    assert rules.tax_subtotals(lines) == (
        rules.TaxSubtotal(code="VAT", rate=Decimal("0.12"), base=Decimal("10.00"), tax=Decimal("1.20")),
        rules.TaxSubtotal(code="VAT", rate=Decimal("0.21"), base=Decimal("0.07"), tax=Decimal("0.01")),
    )


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        ("100.00", [1, 1, 1], ["33.34", "33.33", "33.33"]),
        ("-100.00", [1, 1, 1], ["-33.34", "-33.33", "-33.33"]),
        ("0.02", [1, 1, 1], ["0.01", "0.01", "0.00"]),
        ("0.05", [1, 2, 0], ["0.02", "0.03", "0.00"]),
        ("10.00", [Decimal("52.3"), Decimal("47.7")], ["5.23", "4.77"]),
        ("0.00", [3], ["0.00"]),
    ],
)
def test_an_amount_is_shared_by_largest_remainder_and_ties_go_first_come(total, weights, parts):
    assert [str(part) for part in rules.allocate(Decimal(total), weights)] == parts


@given(total=CENTS, weights=WEIGHTS.filter(any))
def test_parts_sum_to_the_total_and_are_within_a_cent(total, weights):
    parts = rules.allocate(total, weights)

    assert sum(parts) == total
    whole = sum(map(Fraction, weights))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(total) * Fraction(weight) / whole) < Fraction(1, 100)


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_nothing_is_shared_by_no_weights(weights):
    with pytest.raises(rules.NothingToShareBy):
        rules.allocate(Decimal("1.00"), weights)


@pytest.mark.parametrize("total", ["0.001", "NaN", "Infinity"])
def test_what_is_not_an_amount_is_not_shared(total):
    with pytest.raises(NotMoney):
        rules.allocate(Decimal(total), [1])


def test_a_sum_is_checked():
    rules.require_sum([Decimal("0.10"), Decimal("0.20")], total=Decimal("0.3"), what="invoice H-000001")

    with pytest.raises(rules.DoesNotAddUp, match=r"invoice H-000001: the parts sum to 0.10, not to 0.11"):
        rules.require_sum([Decimal("0.10")], total=Decimal("0.11"), what="invoice H-000001")


def test_amounts_are_read_and_written_with_a_point():
    assert str(rules.parse_amount("43.1")) == "43.10"
    assert str(rules.parse_amount("-0.05")) == "-0.05"
    assert rules.format_amount(Decimal("1E+3")) == "1000.00"


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "+1", "1,50", "1.", ".5", "1.005", "1e3", "NaN", "Infinity", "٤٣", "1_0", "1" * 13, "1\n"]
)
def test_other_texts_are_not_amounts(text):
    with pytest.raises(NotMoney):
        rules.parse_amount(text)


def test_creditor_references_carry_iso_11649_check_digits():
    # The published example of ISO 11649, and one checked by hand: 539007547034 -> RF18
    assert rules.creditor_reference("539007547034") == "RF18539007547034"
    assert rules.creditor_reference("h-000123") == rules.creditor_reference("H000123")
    assert rules.is_creditor_reference("RF18 5390 0754 7034")
    assert not rules.is_creditor_reference("RF19539007547034")
    assert not rules.is_creditor_reference("RF18")
    assert not rules.is_creditor_reference("LV80BANK0000435195001")


@given(st.from_regex(r"\A[0-9A-Z]{1,21}\Z"), st.integers(0, 24), st.sampled_from("0123456789ABCXYZ"))
def test_one_wrong_sign_in_a_reference_is_noticed(body, place, sign):
    reference = rules.creditor_reference(body)
    place = 4 + place % len(body)
    assume(sign.isdigit() == reference[place].isdigit())
    changed = reference[:place] + sign + reference[place + 1 :]

    assert rules.is_creditor_reference(reference)
    assert rules.is_creditor_reference(changed) == (changed == reference)


@pytest.mark.parametrize("body", ["", "--", "A" * 22, "Ā"])
def test_what_cannot_be_a_reference_is_refused(body):
    with pytest.raises(rules.NotAReference):
        rules.creditor_reference(body)
