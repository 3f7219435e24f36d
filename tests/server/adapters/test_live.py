"""An adapter is asked alone, and only what it answers rightly counts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from mains_server.adapters import live
from mains_server.adapters.asking import AdapterFailed, nonsense
from mains_server.adapters.loading import FoundPlugin
from mains_spi import (
    Charge,
    ContractCheck,
    Labels,
    Period,
    Problem,
    RatingRequest,
    RatingResult,
    TariffRequest,
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


def test_a_tariff_is_proven_once_and_another_one_by_itself(water, host_of, monkeypatch):
    """The same object serves many days; one that is wrong is refused however many were right before."""
    proven = []

    def counted(answer, *, wanted):
        proven.append(answer)
        return nonsense(answer, wanted=wanted)

    right = water().tariff(TariffRequest("tap", date(2023, 1, 1)))

    class Changing(water):
        @hookimpl
        def tariff(self, request):
            return right if request.on.year == 2023 else "no tariff"

    monkeypatch.setattr(live, "nonsense", counted)
    adapter = host_of(Changing()).adapter("water")

    months = [adapter.tariff(product="tap", on=date(2023, month, 1)) for month in (1, 2, 3)]

    assert all(tariff is right for tariff in months)
    assert [answer for answer in proven if answer is right] == [right]
    for _ in range(2):
        with pytest.raises(AdapterFailed, match="tariff"):
            adapter.tariff(product="tap", on=date(2024, 1, 1))


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
