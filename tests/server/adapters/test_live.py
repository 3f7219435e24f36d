"""An adapter is asked alone, and only what it answers rightly counts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.loading import FoundPlugin
from mains_spi import (
    Charge,
    ContractCheck,
    Labels,
    Period,
    Problem,
    RatingRequest,
    RatingResult,
    hookimpl,
)

JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))
CHECK = ContractCheck(product="tap", on=date(2023, 1, 1))


def test_only_the_adapter_that_is_meant_is_asked(water, host_of):
    asked = []

    class Nosy(water):
        def __init__(self, code):
            self.code = code

        @hookimpl
        def check_contract(self, request):
            asked.append(self.code)
            return (Problem(self.code, Labels("", "", "")),)

    host = host_of(
        FoundPlugin(name="one", version="", load=lambda: Nosy("one")),
        FoundPlugin(name="two", version="", load=lambda: Nosy("two")),
    )

    problems = host.adapter("two").check_contract(CHECK)

    assert [problem.code for problem in problems] == ["two"]
    assert asked == ["two"]


def test_a_hook_that_is_not_there_has_no_opinion(water, host_of):
    another = type("Another", (water,), {"code": "another"})

    class Strict(water):
        @hookimpl
        def check_contract(self, request):
            return (Problem("no", Labels("", "", "")),)

    host = host_of(FoundPlugin(name="another", version="", load=another), Strict())

    assert host.adapter("another").check_contract(CHECK) == ()


def test_rate_gives_charges(rated_water, host_of):
    charge = Charge(code="water", period=JANUARY, quantity=Decimal(3), unit="m3", unit_price=Decimal(2))

    class Rating(rated_water):
        @hookimpl
        def rate(self, request):
            return RatingResult((charge,))

    adapter = host_of(Rating()).adapter("water")

    assert adapter.rate(RatingRequest(contract="1", period=JANUARY)) == RatingResult((charge,))


@pytest.mark.parametrize("answer", [None, 5, "charges", [], RatingResult])
def test_nonsense_is_refused_and_named(rated_water, host_of, answer):
    class Raving(rated_water):
        @hookimpl
        def rate(self, request):
            return answer

    adapter = host_of(Raving()).adapter("water")

    with pytest.raises(AdapterFailed, match=r"adapter water, hook rate: the answer: .* not a RatingResult"):
        adapter.rate(RatingRequest(contract="1", period=JANUARY))


def test_a_float_in_a_charge_is_a_failure_of_the_adapter(rated_water, host_of):
    class Floating(rated_water):
        @hookimpl
        def rate(self, request):
            return RatingResult((Charge(code="water", period=JANUARY, quantity=0.1, unit="m3", unit_price=Decimal(2)),))

    with pytest.raises(AdapterFailed, match=r"Charge.quantity is the float 0.1"):
        host_of(Floating()).adapter("water").rate(RatingRequest(contract="1", period=JANUARY))


def test_tariffs_are_asked_once_a_day(water, host_of):
    asked = []

    class Counting(water):
        @hookimpl
        def tariff(self, request):
            asked.append(request)
            return water().tariff(request)

    adapter = host_of(Counting()).adapter("water")
    first = adapter.tariff(product="tap", on=date(2023, 1, 1))

    assert adapter.tariff(product="tap", on=date(2023, 1, 1)) is first
    assert len(asked) == 1


def test_an_unknown_product_is_told(water, host_of):
    with pytest.raises(AdapterFailed, match="has no product 'well' on 2023-01-01"):
        host_of(water()).adapter("water").product(code="well", on=date(2023, 1, 1))


def test_an_account_may_be_written_with_or_without_its_class(water, host_of):
    class Long(water):
        @hookimpl
        def describe_utility(self):
            card = water().describe_utility()
            return replace(card, charges=(replace(card.charges[0], account="revenue:water"),))

    assert host_of(Long()).adapter("water").accounts() == {"water": "water"}
    assert host_of(water()).adapter("water").accounts() == {"water": "revenue.water"}
