"""Ages, the reminder that is due, what a house is told, and the parts of a debt."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mains_server.dunning.records import AgeBucket, OverdueInvoice, Part, PartsAsked, ReminderChannel, SentReminder
from mains_server.dunning.rules import (
    DunningRefusal,
    ages_of,
    bucket_of,
    building_debt,
    first_missed,
    first_part_min,
    parts_of,
    stage_due,
)

from tests.server.dunning.debts import policy

D = Decimal
DUE = date(2024, 1, 20)
TERMS = policy().arrangement


def invoice(**change):
    own = {
        "id": 1, "customer_id": 1, "contract_id": 1, "document_number": "S-000001", "adapter": "small", "due_on": DUE,
        "currency": "EUR", "open_amount": D("50.00"), "is_disputed": False, "is_arranged": False,
    }  # fmt: skip
    return OverdueInvoice(**{**own, **change})


def sent(stage, day):
    return SentReminder(
        invoice_id=1, stage=stage, channel=ReminderChannel.SMS, day=day, open_amount=D("50.00"), fee_code=None
    )


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (0, AgeBucket.NOT_DUE), (1, AgeBucket.DAYS_1_30), (30, AgeBucket.DAYS_1_30), (31, AgeBucket.DAYS_31_60),
        (60, AgeBucket.DAYS_31_60), (61, AgeBucket.DAYS_61_90), (90, AgeBucket.DAYS_61_90), (91, AgeBucket.OVER_90),
    ],
)  # fmt: skip
def test_buckets(days, bucket):
    assert bucket_of(days) is bucket


@given(st.lists(st.tuples(st.dates(date(2023, 1, 1), date(2024, 12, 31)), st.integers(1, 10**6).map(D))))
def test_ages_sum_to_the_debt(debts):
    assert sum(ages_of(debts, today=DUE).values()) == sum(amount for _, amount in debts)


@pytest.mark.parametrize(
    ("days", "reminded", "stage"),
    [
        (4, (), None),
        (5, (), 1),
        (300, (), 1),
        (19, ((1, 5),), None),
        (20, ((1, 5),), 2),
        (24, ((1, 10),), None),
        (25, ((1, 10),), 2),
        (40, ((1, 5), (2, 20)), 3),
        (400, ((1, 5), (2, 20), (3, 40)), None),
    ],
)
def test_stages_follow_each_other(days, reminded, stage):
    done = [sent(number, DUE + timedelta(days=day)) for number, day in reminded]

    found = stage_due(policy(), invoice=invoice(), sent=done, today=DUE + timedelta(days=days))

    assert (found and found.number) == stage


@pytest.mark.parametrize("change", [{"is_disputed": True}, {"is_arranged": True}, {"open_amount": D("4.99")}])
def test_some_are_not_reminded(change):
    assert stage_due(policy(), invoice=invoice(**change), sent=[], today=date(2024, 6, 1)) is None


def test_a_house_is_told_more_only_where_nobody_is_recognised():
    today = date(2024, 6, 1)
    two = [(1, DUE, D("10.00")), (1, date(2024, 5, 20), D("5.00")), (2, DUE, D("20.00")), (3, today, D("99.00"))]

    few = building_debt(two, currency="EUR", today=today, premises_min=3)
    many = building_debt([*two, (4, date(2024, 5, 31), D("1.00"))], currency="EUR", today=today, premises_min=3)
    unsaid = building_debt([*two, (4, DUE, D("1.00"))], currency="EUR", today=today, premises_min=None)

    assert (few.overdue, few.owing_premises, few.ages) == (D("35.00"), None, None)
    assert (many.overdue, many.owing_premises) == (D("36.00"), 3)
    assert many.ages == dict.fromkeys(AgeBucket, D("0.00")) | {
        AgeBucket.DAYS_1_30: D("6.00"),
        AgeBucket.OVER_90: D("30.00"),
    }
    assert (unsaid.owing_premises, unsaid.ages) == (None, None)


def test_the_first_part_is_rounded_up():
    assert first_part_min(D("100.01"), share=D("0.10")) == D("10.01")
    assert first_part_min(D("100.00"), share=D("0.10")) == D("10.00")


def divided(total, first, parts, *, day=DUE, today=DUE):
    asked = PartsAsked(first_amount=D(first), parts=parts, first_due_on=day)
    return parts_of(D(total), asked=asked, terms=TERMS, today=today, parts_max=6)


def test_parts_are_a_month_apart_and_sum_to_the_cent():
    day = date(2024, 1, 31)

    parts = divided("100.00", "20.00", 4, day=day, today=day)

    # 80.00 in three: 26.67 + 26.67 + 26.66.
    assert [(one.due_on, one.amount) for one in parts] == [
        (day, D("20.00")), (date(2024, 2, 28), D("26.67")), (date(2024, 3, 28), D("26.67")),
        (date(2024, 4, 28), D("26.66")),
    ]  # fmt: skip


@given(total=st.integers(1_00, 10**7), share=st.integers(10, 99), parts=st.integers(2, 6))
def test_parts_sum_to_the_debt(total, share, parts):
    whole = D(total).scaleb(-2)
    first = first_part_min(whole, share=D(share).scaleb(-2))
    try:
        found = divided(str(whole), str(first), parts)
    except DunningRefusal as refusal:
        assert refusal.code == "FIRST_PART_TOO_LARGE"
    else:
        assert sum(one.amount for one in found) == whole
        assert all(one.amount > 0 for one in found)


@pytest.mark.parametrize(
    ("first", "parts", "day", "code"),
    [
        ("9.99", 3, DUE, "FIRST_PART_TOO_SMALL"),
        ("10.005", 3, DUE, "FIRST_PART_TOO_SMALL"),
        ("NaN", 3, DUE, "FIRST_PART_TOO_SMALL"),
        ("-10.00", 3, DUE, "FIRST_PART_TOO_SMALL"),
        ("100.00", 2, DUE, "FIRST_PART_TOO_LARGE"),
        ("99.99", 3, DUE, "FIRST_PART_TOO_LARGE"),
        ("100000000000.00", 3, DUE, "FIRST_PART_TOO_LARGE"),
        ("20.00", 1, DUE, "PARTS_NOT_POSSIBLE"),
        ("20.00", 7, DUE, "PARTS_NOT_POSSIBLE"),
        ("20.00", -1, DUE, "PARTS_NOT_POSSIBLE"),
        ("20.00", 3, DUE - timedelta(days=1), "FIRST_DAY_NOT_POSSIBLE"),
        ("20.00", 3, DUE + timedelta(days=15), "FIRST_DAY_NOT_POSSIBLE"),
    ],
)
def test_parts_that_are_not_possible(first, parts, day, code):
    with pytest.raises(DunningRefusal) as refused:
        divided("100.00", first, parts, day=day)

    assert refused.value.code == code


def test_a_part_is_missed_when_its_days_of_grace_are_over():
    parts = (Part(number=1, due_on=DUE, amount=D("10")), Part(number=2, due_on=date(2024, 2, 20), amount=D("90")))
    first = ((date(2024, 1, 22), D("10")),)

    def missed(paid, today):
        return first_missed(parts, paid_on=paid, grace_days=3, today=today)

    assert missed((), date(2024, 1, 23)) is None
    assert missed((), date(2024, 1, 24)) == date(2024, 1, 24)
    assert missed(first, date(2024, 2, 23)) is None
    assert missed(first, date(2024, 2, 24)) == date(2024, 2, 24)
    # Money that came in time is not late because somebody looked late.
    assert missed((*first, (date(2024, 2, 23), D("90"))), date(2024, 9, 1)) is None
    assert missed((*first, (date(2024, 2, 24), D("90"))), date(2024, 9, 1)) == date(2024, 2, 24)
