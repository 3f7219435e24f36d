"""An answer is believed only if it is exactly the declared records."""

from copy import copy
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.adapters.rules import missing_hook, wrong_with, wrong_with_card
from mains_spi import (
    Charge,
    Const,
    Labels,
    LevelledRules,
    Period,
    PerUnit,
    Price,
    Product,
    Qty,
    RatingResult,
    ReadingRules,
    Tariff,
    Usage,
    Utility,
)

JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))
LABELS = Labels("a", "b", "c")


def _charge():
    return Charge(code="water", period=JANUARY, quantity=Decimal(3), unit="m3", unit_price=Decimal("1.5"))


def _bent(record, **fields):
    """Give a copy with fields that its class would refuse; a default may be shared with every other record."""
    record = copy(record)
    for name, value in fields.items():
        object.__setattr__(record, name, value)
    return record


@pytest.mark.parametrize(
    "answer",
    [
        RatingResult((_charge(),)),
        RatingResult(),
        Tariff("t", "EUR", (PerUnit("w", Qty("m3", "m3"), Price("p.w", "EUR/m3") + Const(1, "EUR/m3")),)),
        Usage("m3", JANUARY, Decimal(1), "m3"),
        Product(code="p", labels=LABELS, tariff="t", price_list="p", exit_fee=Decimal("5.00")),
    ],
)
def test_declared_records_are_right(answer):
    assert wrong_with(answer, wanted=type(answer)) is None


def test_nothing_is_no_answer():
    assert wrong_with(None, wanted=Tariff) == "the answer: None is a NoneType, not a Tariff"


def test_a_list_is_no_tuple():
    assert wrong_with([], wanted=tuple[Product, ...]) == "the answer: it is a list, not a tuple"


def test_a_float_smuggled_into_a_field_is_named():
    result = RatingResult((_bent(_charge(), quantity=0.1),))

    reason = wrong_with(result, wanted=RatingResult)

    assert reason == "the answer.charges[0].quantity: 0.1 is a float, not a finite Decimal"


def test_a_float_deep_in_a_tariff_is_named():
    price = _bent(Const(1, "EUR/m3"), value=1.5)
    tariff = Tariff("t", "EUR", (PerUnit("w", Qty("m3", "m3"), price),))

    assert "components[0].price.value: 1.5 is a float" in (wrong_with(tariff, wanted=Tariff) or "")


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), 3, True, "3", None])
def test_what_is_no_finite_decimal_is_refused(value):
    result = RatingResult((_bent(_charge(), unit_price=value),))

    assert "unit_price" in (wrong_with(result, wanted=RatingResult) or "")


def test_a_look_alike_is_refused():
    class Usage2(Usage):
        pass

    assert "not a Usage" in (wrong_with(Usage2("m3", JANUARY, Decimal(1), "m3"), wanted=Usage) or "")


def test_a_wrong_word_is_refused():
    tariff = Tariff("t", "EUR", ())
    tariff = _bent(tariff, rounding=_bent(tariff.rounding, tax="sometimes"))

    assert "not one of" in (wrong_with(tariff, wanted=Tariff) or "")


def test_a_generator_is_refused():
    result = _bent(RatingResult(), charges=(charge for charge in ()))

    assert wrong_with(result, wanted=RatingResult) == "the answer.charges: it is a generator, not a tuple"


def test_all_three_hooks_are_required():
    assert missing_hook(hooks=frozenset({"describe_utility", "products", "tariff"})) is None
    assert missing_hook(hooks=frozenset({"describe_utility", "products"})) == "tariff"
    assert missing_hook(hooks=frozenset({"products", "tariff"})) == "describe_utility"


def test_tariff_may_be_missing_where_everything_is_rated():
    rated = Product(code="p", labels=LABELS, tariff="", price_list="p", rated=True)
    hooks = frozenset({"describe_utility", "products", "rate"})

    assert missing_hook(hooks=hooks, products=(rated,)) is None
    assert missing_hook(hooks=hooks) is None
    plain = Product(code="p", labels=LABELS, tariff="t", price_list="p")
    assert missing_hook(hooks=hooks, products=(plain,)) == "tariff"


def test_rules_for_readings_that_nobody_can_mean_are_named():
    card = Utility(
        code="water", spi_major=1, labels=LABELS, quantities=(), charges=(), price_lists=(),
        reading_rules=ReadingRules(upto_day=20),
    )  # fmt: skip

    assert wrong_with_card(card) == "reading_rules.upto_day is 20: give a day from 1 to 14"
    assert wrong_with_card(replace(card, reading_rules=ReadingRules())) is None
    wrong = replace(card, reading_rules=ReadingRules(), levelled_rules=LevelledRules(due_day=0))
    assert wrong_with_card(wrong) == "levelled_rules.due_day is 0: give a day of every month, 1 to 28"
