"""Policies are written in TOML, one table a policy, each with the source that its figures are from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mains_server.dunning.records import (
    ArrangementTerms,
    DayCount,
    InterestTerms,
    Policy,
    ReminderChannel,
    ReminderStage,
)
from mains_server.dunning.rules import DunningRefusal
from mains_server.money.rules import parse_amount

RATE_PATTERN = r"^[0-9](\.[0-9]{1,4})?$"
AMOUNT_PATTERN = r"^[0-9]{1,12}\.[0-9]{2}$"


class PolicyUnreadable(DunningRefusal):
    """A file of policies has something else than policies in it; the message says where."""

    code = "POLICY_UNREADABLE"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Stage(_Strict):
    days_after_due: int = Field(ge=1, le=3650)
    channel: str
    fee_code: str | None = None


class _Interest(_Strict):
    household_rate: str | None = Field(default=None, pattern=RATE_PATTERN)
    business_rate: str | None = Field(default=None, pattern=RATE_PATTERN)
    cap_share: str | None = Field(default=None, pattern=RATE_PATTERN)
    day_count: str = DayCount.FIXED_365.name
    charge_day: int = Field(ge=1, le=28)


class _Arrangement(_Strict):
    first_share_min: str = Field(pattern=RATE_PATTERN)
    debt_min: str = Field(pattern=AMOUNT_PATTERN)
    parts_max: int = Field(ge=2, le=120)
    staff_parts_max: int = Field(ge=2, le=120)
    first_within_days: int = Field(ge=0, le=366)
    grace_days: int = Field(ge=0, le=366)
    months_after_broken: int = Field(ge=0, le=120)
    pauses_interest: bool


class _Policy(_Strict):
    starts: Any
    source: str = Field(min_length=3, max_length=1000)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    reminder_min: str = Field(pattern=AMOUNT_PATTERN)
    owing_premises_min: int = Field(ge=1, le=1000)
    reminder: list[_Stage] = []
    interest: _Interest
    arrangement: _Arrangement


def read_policies(text: str) -> tuple[Policy, ...]:
    """Read a utility's policies from TOML; amounts and rates are in quotes, so that they are exact."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyUnreadable(f"not TOML: {error}") from error
    adapter, rows = content.get("adapter"), content.get("policy")
    if not isinstance(adapter, str) or not isinstance(rows, list) or set(content) - {"adapter", "policy"}:
        raise PolicyUnreadable("a file has `adapter` and tables `[[policy]]`, nothing else")
    return tuple(_policy(adapter, row, position=position) for position, row in enumerate(rows, start=1))


def _policy(adapter: str, row: Mapping[str, Any], *, position: int) -> Policy:
    try:
        read = _Policy.model_validate(row)
        stages = tuple(
            ReminderStage(
                number=number,
                days_after_due=stage.days_after_due,
                channel=ReminderChannel[stage.channel],
                fee_code=stage.fee_code,
            )
            for number, stage in enumerate(read.reminder, start=1)
        )
        day_count = DayCount[read.interest.day_count]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PolicyUnreadable(f"policy {position}, `{where}`: {first['msg']}") from error
    except KeyError as error:
        raise PolicyUnreadable(f"policy {position}: there is no {error}") from error
    days = [stage.days_after_due for stage in stages]
    if days != sorted(set(days)):
        raise PolicyUnreadable(f"policy {position}: each reminder comes later than the one before")
    if type(read.starts).__name__ != "date":
        raise PolicyUnreadable(f"policy {position}, `starts`: write a day such as 2022-03-01")
    return Policy(
        adapter=adapter,
        starts=read.starts,
        source=read.source,
        currency=read.currency,
        reminder_min=parse_amount(read.reminder_min),
        stages=stages,
        interest=InterestTerms(
            household_rate=_rate(read.interest.household_rate),
            business_rate=_rate(read.interest.business_rate),
            cap_share=_rate(read.interest.cap_share),
            day_count=day_count,
            charge_day=read.interest.charge_day,
        ),
        arrangement=_arrangement(read.arrangement),
        owing_premises_min=read.owing_premises_min,
    )


def _rate(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _arrangement(read: _Arrangement) -> ArrangementTerms:
    return ArrangementTerms(
        first_share_min=Decimal(read.first_share_min),
        debt_min=parse_amount(read.debt_min),
        parts_max=read.parts_max,
        staff_parts_max=read.staff_parts_max,
        first_within_days=read.first_within_days,
        grace_days=read.grace_days,
        months_after_broken=read.months_after_broken,
        pauses_interest=read.pauses_interest,
    )
