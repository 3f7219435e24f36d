"""The yearly version of many plans: worked out in cents by the rule for one plan, and written as rows for COPY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

import orjson

from mains_server.billing.binary import cents, day, instant, jsonb, text
from mains_server.billing.expected import Counted, ExpectedYear, millionths_told
from mains_server.contracts.records import Delivery
from mains_server.levelling import rules
from mains_server.levelling.operations import MANY_CHANGED
from mains_server.levelling.records import LetterChannel, PlanReason, RecalculationRequest

VERSION_COLUMNS = (
    "id, customer_id, plan_id, contract_id, number, starts, usage, basis, base_total, used_before, paid_before,"
    " difference, total, going_on, currency, once_key, reason, known_on, priced_from, made_at"
)
LETTER_COLUMNS = (
    "customer_id, contract_id, version_id, starts, channel, language, old_amount, new_amount, base_part,"
    " difference_part, currency, made_at"
)
EVENT_COLUMNS = "payload, kind, occurred_at"
PLANS_PER_EVENT = 20
"""So few that one which cannot be told keeps few others waiting, and so many that events cost next to nothing."""

# Known before, since asking an enum anew for each of many plans costs more than writing them.
BY_POST, POST, EMAIL = Delivery.POST.name, LetterChannel.POST.name, LetterChannel.EMAIL.name

_version_head = Struct("!hiqiqiqiqii").pack
_letter_head = Struct("!hiqiqiq").pack
_event_head = Struct("!h").pack
_word = lru_cache(maxsize=1024)(text)


class StandingPlan(NamedTuple):
    """A plan with its newest version as it stands, with what was paid on it; amounts in cents."""

    plan_id: int
    customer_id: int
    contract_id: int
    currency: str
    number: int
    usage: str
    basis: str
    starts: date
    base_total: int
    total: int
    going_on: int
    used_before: int
    paid: int
    delivery: str
    language: str
    traits: str

    def expected(self) -> ExpectedYear:
        """Say what a year's use is, to have it priced among others."""
        usage = orjson.loads(self.usage)
        counted: Counted = tuple([(one["quantity"], one["zone"], one["unit"]) for one in usage])
        micros = tuple([millionths_told(one["value"]) for one in usage])
        return ExpectedYear(self.contract_id, self.traits, counted, micros)


class RenewedPlan(NamedTuple):
    """A plan's new version, in cents: what twelve months cost, what counts as used, what they ask, and the letter."""

    plan: StandingPlan
    starts: date
    cost: int
    used: int
    total: int
    old_amount: int
    new_amount: int
    base_part: int


def renewed(plan: StandingPlan, *, cost: int, starts: date) -> RenewedPlan:
    """Work a plan out anew from a month on, as `rules.amounts_by_rule` and `rules.used_upto` do for one contract."""
    begins, months = _begins(plan.starts, starts)
    used = plan.used_before + rules.upto_cents(plan.base_total, months=months)
    total = max(cost + used - plan.paid, 0)
    asked = plan.total if months < rules.MONTHS else plan.going_on
    return RenewedPlan(
        plan=plan,
        starts=begins,
        cost=cost,
        used=used,
        total=total,
        old_amount=rules.twelfth_cents(asked, month=months),
        new_amount=rules.twelfth_cents(total, month=0),
        base_part=rules.twelfth_cents(cost, month=0),
    )


@lru_cache(maxsize=1024)
def _begins(stands_from: date, starts: date) -> tuple[date, int]:
    begins = max(stands_from, starts)
    return begins, rules.months_between(stands_from, begins)


def version_rows(
    plans: Sequence[RenewedPlan], *, ids: Sequence[int], request: RecalculationRequest, key: str
) -> Iterator[bytes]:
    """Write the versions as rows of `VERSION_COLUMNS`."""
    days = day(request.known_on) + day(request.starts)
    tail = text(key) + text(PlanReason.YEARLY.name) + days + instant(request.now)
    for version_id, one in zip(ids, plans, strict=True):
        plan, cost = one.plan, cents(one.cost)
        yield b"".join(
            (
                _version_head(
                    20, 8, version_id, 8, plan.customer_id, 8, plan.plan_id, 8, plan.contract_id, 4, plan.number + 1
                ),
                day(one.starts),
                jsonb(plan.usage.encode()),
                _word(plan.basis),
                cost,
                cents(one.used),
                cents(plan.paid),
                cents(one.used - plan.paid),
                cents(one.total),
                cost,
                _word(plan.currency),
                tail,
            )
        )


def letter_rows(plans: Sequence[RenewedPlan], *, ids: Sequence[int], request: RecalculationRequest) -> Iterator[bytes]:
    """Write the letters about the versions as rows of `LETTER_COLUMNS`."""
    made_at = instant(request.now)
    for version_id, one in zip(ids, plans, strict=True):
        plan = one.plan
        yield b"".join(
            (
                _letter_head(12, 8, plan.customer_id, 8, plan.contract_id, 8, version_id),
                day(one.starts),
                _word(_channel(plan)),
                _word(plan.language),
                cents(one.old_amount),
                cents(one.new_amount),
                cents(one.base_part),
                cents(one.new_amount - one.base_part),
                _word(plan.currency),
                made_at,
            )
        )


def event_rows(*, ids: Sequence[int], request: RecalculationRequest) -> Iterator[bytes]:
    """Write that plans have these versions as rows of `EVENT_COLUMNS`, some plans in each."""
    tail = text(MANY_CHANGED) + instant(request.now)
    for at in range(0, len(ids), PLANS_PER_EVENT):
        payload = {"versionIds": ids[at : at + PLANS_PER_EVENT], "reason": PlanReason.YEARLY.name}
        yield _event_head(3) + jsonb(orjson.dumps(payload)) + tail


def _channel(plan: StandingPlan) -> str:
    return POST if plan.delivery == BY_POST else EMAIL
