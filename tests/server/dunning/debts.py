"""Policies to test with; their figures are the tests' own but for those of the law."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from mains_server.dunning.records import (
    ArrangementTerms,
    DayCount,
    InterestTerms,
    Policy,
    ReminderChannel,
    ReminderStage,
)

D = Decimal


def policy(starts=date(2020, 1, 1), *, interest=None, arrangement=None, **change):
    terms = InterestTerms(
        household_rate=D("0.06"),
        business_rate=D("0.12"),
        cap_share=D("0.10"),
        day_count=DayCount.FIXED_365,
        charge_day=1,
    )
    parts = ArrangementTerms(
        first_share_min=D("0.10"), debt_min=D("10.00"), parts_max=6, staff_parts_max=12, first_within_days=14,
        grace_days=3, months_after_broken=12, pauses_interest=True,
    )  # fmt: skip
    made = Policy(
        adapter="small",
        starts=starts,
        source="test",
        currency="EUR",
        reminder_min=D("5.00"),
        stages=(
            ReminderStage(number=1, days_after_due=5, channel=ReminderChannel.SMS, fee_code="reminder_sms"),
            ReminderStage(number=2, days_after_due=20, channel=ReminderChannel.EMAIL),
            ReminderStage(number=3, days_after_due=40, channel=ReminderChannel.LETTER),
        ),
        interest=replace(terms, **(interest or {})),
        arrangement=replace(parts, **(arrangement or {})),
        owing_premises_min=3,
    )
    return replace(made, **change)
