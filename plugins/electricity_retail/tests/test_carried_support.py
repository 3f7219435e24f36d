"""What a month left of a protected customer's sum is added to the next month's, until the end of 2022 and not after."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import mains_electricity_retail
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_electricity_retail.card import UTILITY
from mains_electricity_retail.offers import PRODUCTS
from mains_electricity_retail.tariffs import CARRIES_FROM, CARRIES_TO, tariff_on
from mains_spi import (
    Attribute,
    Bill,
    FactValue,
    Period,
    PriceVersion,
    RatingRequest,
    TariffRequest,
    TaxRate,
    Usage,
    bind_product,
    evaluate,
    tax_codes,
    vet,
)

MAY, DECEMBER, JANUARY = date(2022, 5, 1), date(2022, 12, 1), date(2023, 1, 1)
TOLD = {"kind": "private", "phases": "1", "zones": "1", "delivery": "portal", "exchange_step": "hour"}
Versions = tuple[PriceVersion, ...]
Rates = tuple[TaxRate, ...]


def months(first: date, last: date) -> list[Period]:
    firsts = [date(first.year + at // 12, at % 12 + 1, 1) for at in range(first.month - 1, first.month + 30)]
    return [Period(start, end) for start, end in pairwise(firsts) if start <= last]


class Household:
    """A low-income household on Universālais, billed month after month; a bill's figures are the next one's facts."""

    def __init__(self, versions: Versions, taxes: Rates) -> None:
        self.versions, self.taxes = versions, taxes
        self.facts: tuple[FactValue, ...] = ()

    def bill(
        self,
        month: Period,
        used: str,
        *,
        since: date | None = None,
        until: date | None = None,
        fuse: date | None = None,
    ) -> Bill:
        first, end = since or month.start, until or month.end
        stretches = (("none", month.start, first), ("low_income", first, end), ("none", end, month.end))
        protected = [
            Attribute("protected", value, Period(start, end)) for value, start, end in stretches if start < end
        ]
        changes = fuse or month.end
        amperes = [Attribute("amperes", "16", Period(month.start, changes))]
        if fuse is not None:
            amperes.append(Attribute("amperes", "20", Period(fuse, month.end)))
        request = RatingRequest(
            contract="1",
            period=month,
            prices=(
                *self.versions,
                *bind_product(versions=self.versions, price_list="universalais", period=month),
            ),
            taxes=self.taxes,
            tax_codes=tax_codes(UTILITY),
            usage=(Usage("energy", month, Decimal(used), "kWh"),),
            attributes=(*(Attribute(name, value) for name, value in TOLD.items()), *amperes, *protected),
            facts=self.facts,
            known_at=month.end,
        )
        bill = evaluate(tariff_on("universalais", on=month.start), request)
        self.facts += tuple(FactValue(one.code, one.period, one.value, one.unit, "bill") for one in bill.figures)
        return bill


@pytest.fixture
def household(price_versions: Versions, tax_rates: Rates) -> Household:
    return Household(price_versions, tax_rates)


def taken(bill: Bill) -> Decimal:
    return -sum((line.net for line in bill.lines if line.code == "protected_sum"), Decimal(0))


def left(bill: Bill) -> Decimal:
    (figure,) = bill.figures
    return figure.value


def test_what_is_left_is_spent_when_more_is_used(household: Household) -> None:
    # Of 15.00 a month 40 kWh take their net, 8.61. 200 kWh come to 25.60 + 1.24 + 8.15 + 0.39 + 0.54 = 35.92.
    may, june, july, august = (
        household.bill(month, used)
        for month, used in zip(months(MAY, date(2022, 8, 1)), ("40", "40", "200", "200"), strict=True)
    )

    assert [taken(bill) for bill in (may, june, july, august)] == [
        Decimal("8.61"), Decimal("8.61"), Decimal("27.78"), Decimal("15.00"),
    ]  # fmt: skip
    assert [left(bill) for bill in (may, june, july, august)] == [
        Decimal("6.39"), Decimal("12.78"), Decimal("0.00"), Decimal("0.00"),
    ]  # fmt: skip


def test_the_end_of_the_year_spends_the_last_of_it(household: Household) -> None:
    november, december, january, february = (
        household.bill(month, used)
        for month, used in zip(months(date(2022, 11, 1), date(2023, 2, 1)), ("0", "0", "200", "200"), strict=True)
    )

    assert left(november) > 0 and left(december) > left(november)
    assert [taken(bill) for bill in (january, february)] == [Decimal("15.00")] * 2
    assert january.figures == ()


@given(used=st.lists(st.integers(0, 400), min_size=8, max_size=8))
def test_what_was_granted_is_taken_or_left(price_versions: Versions, tax_rates: Rates, used: list[int]) -> None:
    household = Household(price_versions, tax_rates)
    granted = Decimal(0)

    for month, kwh in zip(months(MAY, DECEMBER), used, strict=True):
        before = household.facts[-1].value if household.facts else Decimal(0)
        bill = household.bill(month, str(kwh))
        granted += 15
        reducible = bill.net
        assert taken(bill) == min(before + 15, reducible)
        assert left(bill) == before + 15 - taken(bill) >= 0


def test_a_month_protected_in_part_leaves_what_its_days_were_granted(household: Household) -> None:
    may, june, july = months(MAY, date(2022, 7, 1))

    first = household.bill(may, "0", since=date(2022, 5, 16))
    second = household.bill(june, "0")
    third = household.bill(july, "400")

    # 16 of May's 31 days: 15.00 x 16/31 = 7.741935 and charges of 0.64 and 0.28. June charges 1.24 and 0.54.
    assert (taken(first), round(left(first), 6)) == (Decimal("0.92"), Decimal("6.821935"))
    assert (taken(second), round(left(second), 6)) == (Decimal("1.78"), Decimal("20.041935"))
    assert taken(third) == Decimal("35.04")


def test_a_status_that_ends_inside_a_month_spends_its_days_part_of_what_was_left(household: Household) -> None:
    """Until 15 May 15 of 31 days: of what April left, 13.22, they have 15/31 as well; June has nothing of it."""
    april, may, june = months(date(2022, 4, 1), date(2022, 6, 1))
    household.facts = (FactValue("protected_unspent", april, Decimal("13.22"), "EUR", "bill"),)

    second = household.bill(may, "400", until=date(2022, 5, 16))
    third = household.bill(june, "400", until=june.start)

    # (15.00 + 13.22) x 15/31 = 13.654839
    assert (taken(second), round(left(second), 6)) == (Decimal("13.65"), Decimal("0.004839"))
    assert (taken(third), third.figures) == (Decimal("0"), ())


def test_what_changes_inside_a_month_spends_what_was_left_once(household: Household) -> None:
    """Another fuse from the 16th cuts the month's charges in two: 15.00 and the 13.22 of May are still taken once."""
    may, june, july = months(MAY, date(2022, 7, 1))
    household.bill(may, "0")

    second = household.bill(june, "400", fuse=date(2022, 6, 16))
    third = household.bill(july, "400")

    assert taken(second) == Decimal("28.22")
    assert taken(third) == Decimal("15.00")


@given(
    changes=st.lists(st.tuples(st.integers(2, 28), st.sampled_from(["fuse", "since", ""])), min_size=8, max_size=8),
    used=st.lists(st.integers(0, 400), min_size=8, max_size=8),
)
def test_whatever_changes_inside_the_months_nothing_is_lost_or_given_twice(
    price_versions: Versions, tax_rates: Rates, changes: list[tuple[int, str]], used: list[int]
) -> None:
    """The status begins inside the first month at most, so that all days after it are protected."""
    household = Household(price_versions, tax_rates)
    granted = spent = Fraction(0)

    for at, (month, (day, change), kwh) in enumerate(zip(months(MAY, DECEMBER), changes, used, strict=True)):
        inside = month.start.replace(day=day)
        since = inside if change == "since" and at == 0 else None
        bill = household.bill(month, str(kwh), since=since, fuse=inside if change == "fuse" else None)
        granted += Fraction(15 * (month.end - (since or month.start)).days, month.days)
        spent += Fraction(taken(bill))
        rest = sum((Fraction(figure.value) for figure in bill.figures), Fraction(0))
        assert abs(granted - spent - rest) < Fraction(1, 10**6)


@pytest.mark.parametrize(
    ("on", "carries"),
    [
        (CARRIES_FROM.replace(month=10), False),
        (CARRIES_FROM, True),
        (DECEMBER, True),
        (CARRIES_TO, False),
    ],
)
def test_the_law_says_when_it_is_carried(price_versions: Versions, on: date, carries: bool) -> None:
    for product in PRODUCTS:
        tariff = mains_electricity_retail.tariff(TariffRequest(product.code, on))

        assert ("protected_unspent" in repr(tariff)) is carries
        assert [one for one in vet(tariff, price_versions, UTILITY) if one.code != "missing_price"] == []
