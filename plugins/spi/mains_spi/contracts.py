"""How a utility takes contracts: when they may start, how long they may be withdrawn from, what comes after a price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mains_spi.record import Record

EVERY_MONTH_HAS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRules(Record):
    """How a utility takes contracts.

    Who comes from another supplier, or switches product, tells it until ``told_by_day`` of a month to start on the
    first of the next one, else of the one after; 0 lets them start on any first to come. A contract concluded at a
    distance may be withdrawn from for ``withdraw_days`` days. A new offer is made ``offer_days_before`` the agreed
    price ends; where nothing is accepted ``universal_product`` follows, as it does where nobody chose anything.
    None leaves the product as it is, at the prices then in force.
    """

    told_by_day: int = 15
    withdraw_days: int = 14
    offer_days_before: int = 60
    universal_product: str | None = None


USUAL_CONTRACT_RULES = ContractRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeFall(Record):
    """How a fee gets less: by ``share`` of the whole for each ``months`` months that the agreed price has run."""

    share: Decimal
    months: int


def contract_rules_mistakes(rules: ContractRules) -> Iterator[str]:
    """Find what no utility can mean by its rules for contracts."""
    if not 0 <= rules.told_by_day <= EVERY_MONTH_HAS:
        yield f"contract_rules.told_by_day is {rules.told_by_day}: give a day of every month, or 0 for no bound"
    for field in ("withdraw_days", "offer_days_before"):
        if getattr(rules, field) < 0:
            yield f"contract_rules.{field} is {getattr(rules, field)}: give 0 or more days"
