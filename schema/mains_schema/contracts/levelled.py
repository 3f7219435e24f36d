"""Levelled payment: what a contract pays each month and why, and what a change would mean."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import strawberry
from mains_server.billing.due import Problem
from mains_server.billing.expected import ExpectedUsage
from mains_server.db.unit_of_work import read_session
from mains_server.levelling.queries import shown_plan
from mains_server.levelling.records import PlanReason, ShownPlan, ShownVersion, UsageBasis
from mains_server.levelling.rules import MONTHS, twelfth
from mains_server.levelling.working_out import CostQuestion, year_bill
from mains_server.payments.rules import contract_reference

from mains_schema.declaring.mapping import described
from mains_schema.declaring.scalars import Money, Quantity, UnitPrice

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

described(
    PlanReason,
    "Why a version of a levelled payment was made.",
    {
        "START": "The levelled payment began.",
        "SETTLEMENT": "What was used was billed; what was not paid, or paid too much, is spread.",
        "YEARLY": "All of the utility's plans were worked out anew.",
        "SIGNIFICANT_READING": "A reading showed a use that differs significantly from the expected one.",
        "PRICE_CHANGE": "A new price became known.",
        "CUSTOMER_AMOUNT": "The customer chose another amount.",
        "CUSTOMER_FORECAST": "The customer foretold another use.",
    },
)
described(
    UsageBasis,
    "What an expected use rests on.",
    {"FORECAST": "On what was foretold.", "HISTORY": "On what was used in about a year."},
)


@strawberry.type(description="How much of a quantity is expected to be used in twelve months.")
class LevelledUsage:
    """An expected use."""

    code: str = strawberry.field(description="Code of what is used, as the utility declares it.")
    zone: str | None = strawberry.field(description="Tariff zone; null where there are none.")
    quantity: Quantity = strawberry.field(description="How much.")
    source: str = strawberry.field(description="Where the figure comes from, in English.")


@strawberry.type(description="What a levelled contract is asked to pay for one month.")
class LevelledInstalment:
    """A month's amount."""

    version: int = strawberry.field(description="Number of the version that asks for it.")
    due_on: date = strawberry.field(description="Last day to pay it.")
    amount: Money = strawberry.field(description="What is asked: base part and difference part.")
    base_part: Money = strawberry.field(description="The share of what twelve months cost.")
    difference_part: Money = strawberry.field(
        description="The share of what was used and not paid before; negative where more was paid than used."
    )
    paid: Money = strawberry.field(description="What is paid of it: payments fill the oldest instalment first.")


@strawberry.type(description="A version of a levelled payment as it was made; never changed.")
class LevelledVersion:
    """What was worked out, from what."""

    number: int = strawberry.field(description="1 for the first; the newest version asks from its first month on.")
    reason: PlanReason = strawberry.field(description="Why it was made.")
    starts: date = strawberry.field(description="First day of its first month.")
    made_at: datetime = strawberry.field(description="When it was made.")
    amount: Money = strawberry.field(description="What its first month asks; a later month may ask a cent less.")
    base_part: Money = strawberry.field(description="The base part of its first month.")
    difference_part: Money = strawberry.field(description="The difference part of its first month.")
    yearly_cost: Money = strawberry.field(description="What the expected use costs in twelve months, tax included.")
    used_before: Money = strawberry.field(description="What counted as used until then, over all the time.")
    paid_before: Money = strawberry.field(description="What had been paid until then, over all the time.")
    difference: Money = strawberry.field(description="Used less paid; spread over twelve months.")
    left_over: Money = strawberry.field(
        description="What twelve months leave over if all comes as expected: due later, or negative and prepaid."
    )
    expected_usage: list[LevelledUsage] = strawberry.field(description="What it expects for twelve months; a handful.")
    basis: UsageBasis = strawberry.field(description="What the expectation rests on.")
    prices_known_on: date = strawberry.field(description="The day whose knowledge of prices it is worked out by.")


@strawberry.type(description="How a contract pays by levelled amounts.")
class LevelledPlan:
    """A plan as it stands."""

    starts: date = strawberry.field(description="First day of the first month that was asked for.")
    ends: date | None = strawberry.field(description="The day from which nothing is asked; null while it runs.")
    due_day: int = strawberry.field(description="Day of the month by which an instalment is to be paid.")
    payment_reference: str | None = strawberry.field(
        description="Creditor reference to quote with payments; null if the contract's number is too long for one."
    )
    current: LevelledVersion = strawberry.field(description="The newest version.")
    paid_so_far: Money = strawberry.field(description="Paid since the newest version was made.")
    prepaid: Money = strawberry.field(description="Paid ahead of the next settlement, beyond what was billed.")
    deferred: Money = strawberry.field(
        description="Billed and not paid; instalments bring it in, it is not due at once."
    )
    next_due_on: date | None = strawberry.field(
        description="When the oldest unpaid instalment is due; null without one."
    )
    next_amount: Money | None = strawberry.field(description="What is unpaid of that instalment; null if none is.")
    instalments: list[LevelledInstalment] = strawberry.field(
        description="All months asked for, in order, up to 24 ahead; paid and unpaid."
    )
    versions: list[LevelledVersion] = strawberry.field(description="Its history, the newest first; at most 50.")


@strawberry.type(description="A charge of the twelve months that an amount is worked out from.")
class LevelledLine:
    """What would be charged."""

    code: str = strawberry.field(description="Code of the charge, as the utility declares it.")
    quantity: Quantity = strawberry.field(description="How much would be charged for.")
    unit_price: UnitPrice = strawberry.field(description="Price without tax.")
    net: Money = strawberry.field(description="Charge without tax; negative for support.")


@strawberry.type(description="How the amount of a levelled payment came about, worked out again.")
class LevelledExplanation:
    """Steps and figures."""

    text: str = strawberry.field(description="The calculation in one line, exact to the cent.")
    version: LevelledVersion = strawberry.field(description="The version that is explained: the newest.")
    lines: list[LevelledLine] = strawberry.field(
        description="The charges of twelve months at the prices known on that day; a few dozen, or none if held."
    )
    tax: Money | None = strawberry.field(description="The tax on them; null where they cannot be worked out again.")
    cost: Money | None = strawberry.field(description="What they cost with tax; null where that cannot be told again.")
    is_equal: bool = strawberry.field(
        description="Whether working it out again gives the stored cost; not if contract or prices were changed since."
    )


async def levelled_plan(reads: Reads, contract_id: int) -> LevelledPlan | None:
    """Read a contract's plan."""
    shown = await _shown(reads, contract_id)
    return None if shown is None else plan_of(shown)


async def levelled_explanation(reads: Reads, contract_id: int) -> LevelledExplanation | None:
    """Work the newest version of a contract's plan out again, as it was worked out."""
    shown = await _shown(reads, contract_id)
    adapter = None if reads.host is None or shown is None else reads.host.live.get(shown.adapter)
    if shown is None or adapter is None:
        return None
    newest = shown.versions[0]
    question = CostQuestion(
        adapter=adapter, contract_id=contract_id, starts=newest.priced_from, known_on=newest.known_on
    )
    bill = await year_bill(reads.engine, question=question, usage=newest.usage)
    amounts, currency = newest.amounts, shown.currency
    text = (
        f"{amounts.base_total} + ({newest.used_before} - {newest.paid_before}) = "
        f"{amounts.base_total + amounts.difference} {currency}; {amounts.total} in {MONTHS} months"
    )
    version = version_of(newest, currency=currency)
    if isinstance(bill, Problem):
        return LevelledExplanation(text=text, version=version, lines=[], tax=None, cost=None, is_equal=False)
    tax = sum((entry.tax for entry in bill.taxes), Decimal(0))
    cost = sum((line.net for line in bill.lines), tax)
    lines = [
        LevelledLine(
            code=line.code,
            quantity=Quantity(value=line.quantity, unit=line.unit),
            unit_price=UnitPrice(amount=line.unit_price, unit=line.price_unit),
            net=_money(line.net, currency),
        )
        for line in bill.lines
    ]
    return LevelledExplanation(
        text=text,
        version=version,
        lines=lines,
        tax=_money(tax, currency),
        cost=_money(cost, currency),
        is_equal=cost == amounts.base_total,
    )


def plan_of(shown: ShownPlan) -> LevelledPlan:
    """Show a plan."""
    currency = shown.currency
    return LevelledPlan(
        starts=shown.starts,
        ends=shown.ends,
        due_day=shown.due_day,
        payment_reference=contract_reference(shown.contract_number),
        current=version_of(shown.versions[0], currency=currency),
        paid_so_far=_money(shown.paid, currency),
        prepaid=_money(shown.prepaid, currency),
        deferred=_money(shown.deferred, currency),
        next_due_on=shown.next_due_on,
        next_amount=None if shown.next_amount is None else _money(shown.next_amount, currency),
        instalments=[
            LevelledInstalment(
                version=one.version,
                due_on=one.due_on,
                amount=_money(one.amount, currency),
                base_part=_money(one.base_part, currency),
                difference_part=_money(one.difference_part, currency),
                paid=_money(one.paid, currency),
            )
            for one in shown.instalments
        ],
        versions=[version_of(version, currency=currency) for version in shown.versions],
    )


def version_of(version: ShownVersion, *, currency: str) -> LevelledVersion:
    """Show a version."""
    amounts = version.amounts
    amount, base = twelfth(amounts.total, month=0), twelfth(amounts.base_total, month=0)
    return LevelledVersion(
        number=version.number,
        reason=version.reason,
        starts=version.starts,
        made_at=version.made_at,
        amount=_money(amount, currency),
        base_part=_money(base, currency),
        difference_part=_money(amount - base, currency),
        yearly_cost=_money(amounts.base_total, currency),
        used_before=_money(version.used_before, currency),
        paid_before=_money(version.paid_before, currency),
        difference=_money(amounts.difference, currency),
        left_over=_money(amounts.left_over, currency),
        expected_usage=[usage_of(one) for one in version.usage],
        basis=version.basis,
        prices_known_on=version.known_on,
    )


def usage_of(one: ExpectedUsage) -> LevelledUsage:
    """Show an expected use."""
    return LevelledUsage(
        code=one.quantity, zone=one.zone, quantity=Quantity(value=one.value, unit=one.unit), source=one.source
    )


async def _shown(reads: Reads, contract_id: int) -> ShownPlan | None:
    async def run(contracts: list[int]) -> list[ShownPlan | None]:
        async with read_session(reads.engine) as session:
            return [await shown_plan(session, contract_id=contract) for contract in contracts]

    shown: ShownPlan | None = await reads.load("levelled plans", contract_id, run)
    return shown


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount, currency=currency)
