"""How a utility levels what its customers pay: when an instalment is due, and when a plan is worked out anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mains_spi.record import Record

DUE_DAY_LATEST = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelledRules(Record):
    """The rules of levelled payment.

    The instalment of a month is to be paid by its ``due_day``. A reading that shows a use further from the expected one
    than by ``significant_share`` of it (0.25 is a quarter) has the plan worked out anew; 0 turns this off.
    """

    due_day: int = 20
    significant_share: Decimal = Decimal(0)


USUAL_LEVELLED_RULES = LevelledRules()


def levelled_rules_mistakes(rules: LevelledRules) -> Iterator[str]:
    """Find what no utility can mean by its rules for levelled payment."""
    if not 1 <= rules.due_day <= DUE_DAY_LATEST:
        yield f"levelled_rules.due_day is {rules.due_day}: give a day of every month, 1 to {DUE_DAY_LATEST}"
    if not 0 <= rules.significant_share < 1:
        yield f"levelled_rules.significant_share is {rules.significant_share}: give a share from 0 up to but without 1"
