"""What customers and staff do with a levelled payment: begin it, change its amount or forecast, end it; shown first.

Each is one transaction that holds the contract from the first look to the last row, so that a payment, a settlement or
another change at the same moment comes before or after it, never in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from mains_spi import Capability
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.records import Permission, Refusal, Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.live import LiveAdapter
from mains_server.billing.expected import ExpectedUsage
from mains_server.contracts.admission import check_allowed
from mains_server.contracts.life import first_of_next_month
from mains_server.contracts.queries import contract_by_id, lock_contract
from mains_server.contracts.records import Contract, ContractBilling, Settlement, Terms
from mains_server.contracts.terms import Step, change_settlement
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.invoices.queries import billed_until
from mains_server.levelling import operations, queries, rules
from mains_server.levelling.records import (
    Amounts,
    CountedUsage,
    Expectation,
    NewVersion,
    Plan,
    PlanReason,
    Preview,
    UsageBasis,
)
from mains_server.levelling.working_out import (
    USAGE_PLACES,
    CostQuestion,
    expected_cost,
    next_start,
    usage_before,
    used_by,
)
from mains_server.money.rules import round_half_up
from mains_server.payments.queries import levelled_account
from mains_server.payments.records import LevelledAccount, PrepaidOwner

CURRENCY = "EUR"
FORECAST_MAX = Decimal(10_000_000)
FORETOLD = "foretold by the customer"


class ContractUnknown(Refusal):
    """There is no such contract, or the viewer may not change how it is paid; the two look alike."""

    code = "CONTRACT_UNKNOWN"
    path = "contractId"


class LevellingNotOffered(Refusal):
    """The utility does not level payments, or not for this contract."""

    code = "LEVELLING_NOT_OFFERED"


class LevelledAlready(Refusal):
    """The contract has a levelled payment already."""

    code = "LEVELLED_ALREADY"


class NotLevelled(Refusal):
    """The contract has no levelled payment that could be changed."""

    code = "NOT_LEVELLED"


class EndsAlready(Refusal):
    """The levelled payment ends already."""

    code = "ENDS_ALREADY"


class AmountNotPossible(Refusal):
    """A monthly amount is below nothing, has fractions of a cent, or is too large."""

    code = "AMOUNT_NOT_POSSIBLE"
    path = "amount"


class ForecastWrong(Refusal):
    """A forecast is below nothing, too large, or is not for each of the contract's tariff zones once."""

    code = "FORECAST_WRONG"
    path = "forecast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How much will be used in a year in a tariff zone, or in all where there are none."""

    zone: str | None
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to become of a contract's levelled payment: a monthly amount, or an amount by forecast or by history."""

    contract_id: int
    amount: Decimal | None = None
    forecast: tuple[Forecast, ...] | None = None

    def body(self) -> Mapping[str, object]:
        """Write the change down as plain JSON."""
        told = None if self.forecast is None else [[one.zone, str(one.value)] for one in self.forecast]
        amount = None if self.amount is None else str(self.amount)
        return {"contract": self.contract_id, "amount": amount, "forecast": told}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, where and when; `today` is the civil day at the place of supply."""

    engine: AsyncEngine
    host: AdapterHost
    viewer: Viewer
    now: datetime
    today: date

    @property
    def person_id(self) -> int:
        """Give the person who asks; nobody else gets here."""
        assert self.viewer.person_id is not None, "only who is signed in changes anything"
        return self.viewer.person_id


async def preview_change(asker: Asker, *, change: Change) -> Preview:
    """Tell what a change would ask each month and what it would leave over, by the code that makes it."""
    async with read_session(asker.engine) as session:
        contract = await _contract(session, asker=asker, contract_id=change.contract_id)
        plan = await queries.plan_of(session, contract_id=contract.id)
        if plan is None:
            await _check_startable(session, asker=asker, contract=contract)
        version = await _version(session, asker=asker, contract=contract, plan=plan, change=change)
    due_day = _due_day(asker, contract=contract, plan=plan)
    return Preview(
        starts=version.starts,
        expectation=version.expectation,
        amounts=version.amounts,
        instalments=tuple(rules.instalments(version.amounts, starts=version.starts, due_day=due_day)),
    )


async def start_plan(asker: Asker, *, change: Change, key: str) -> int:
    """Begin a contract's levelled payment from the next month on, and return the plan's id; the key does it once.

    A contract that is settled by invoice changes its method on that day; what it owes by invoice stays due.
    """
    async with unit_of_work(asker.engine) as session:
        done = await _claim(session, asker=asker, operation="levelled_start", key=key, body=change.body())
        if done is not None:
            return done
        contract = await _held_contract(session, asker=asker, contract_id=change.contract_id)
        if await queries.plan_of(session, contract_id=contract.id) is not None:
            raise LevelledAlready(f"contract {contract.number} has a levelled payment already; change that")
        await _check_startable(session, asker=asker, contract=contract)
        version = await _version(session, asker=asker, contract=contract, plan=None, change=change)
        settles_from = version.starts
        if _is_levelled(contract, day=version.starts):
            billed = await billed_until(session, contract.id)
            settles_from = max(contract.starts, contract.terms_on(version.starts).starts, billed or date.min)
        else:
            await _change_method(session, asker=asker, contract=contract, starts=version.starts, to=Settlement.LEVELLED)
        plan_id = await operations.begin_plan(
            session,
            contract=contract,
            version=version,
            settles_from=settles_from,
            due_day=_due_day(asker, contract=contract, plan=None),
            now=asker.now,
        )
        return await _kept(session, asker=asker, operation="levelled_start", key=key, plan_id=plan_id)


async def change_plan(asker: Asker, *, change: Change, key: str) -> int:
    """Change the amount or the forecast of a levelled payment from the next instalment on; return the plan's id."""
    operation = "levelled_change"
    async with unit_of_work(asker.engine) as session:
        done = await _claim(session, asker=asker, operation=operation, key=key, body=change.body())
        if done is not None:
            return done
        contract = await _held_contract(session, asker=asker, contract_id=change.contract_id)
        plan = await _running(session, contract=contract)
        version = await _version(session, asker=asker, contract=contract, plan=plan, change=change)
        await operations.add_version(session, contract=contract, plan=plan, version=version, now=asker.now)
        return await _kept(session, asker=asker, operation=operation, key=key, plan_id=plan.plan_id)


async def stop_plan(asker: Asker, *, contract_id: int, key: str) -> int:
    """Go back to invoices from the next first of a month on; the days before are settled then. Return the plan's id."""
    async with unit_of_work(asker.engine) as session:
        body = {"contract": contract_id}
        done = await _claim(session, asker=asker, operation="levelled_stop", key=key, body=body)
        if done is not None:
            return done
        contract = await _held_contract(session, asker=asker, contract_id=contract_id)
        plan = await _running(session, contract=contract)
        ends = max(first_of_next_month(asker.today), plan.starts)
        if contract.ends is None or ends < contract.ends:
            await _change_method(session, asker=asker, contract=contract, starts=ends, to=Settlement.INVOICE)
        await operations.end_plan(session, plan=plan, ends=min(ends, contract.ends or ends), now=asker.now)
        return await _kept(session, asker=asker, operation="levelled_stop", key=key, plan_id=plan.plan_id)


async def _version(
    session: AsyncSession, *, asker: Asker, contract: Contract, plan: Plan | None, change: Change
) -> NewVersion:
    """Work out the version that a change asks for."""
    if change.amount is not None:
        problem = rules.amount_problem(change.amount)
        if problem is not None:
            raise AmountNotPossible(problem)
    starts = _first_start(asker, contract=contract) if plan is None else next_start(plan, today=asker.today)
    question = CostQuestion(
        adapter=_adapter(asker, contract=contract), contract_id=contract.id, starts=starts, known_on=asker.today
    )
    usage, basis = await _usage(session, asker=asker, plan=plan, change=change, question=question)
    expectation = await expected_cost(asker.engine, question=question, usage=usage, basis=basis)
    account = await _account(session, contract=contract, currency=expectation.currency)
    used = account.used if plan is None else used_by(plan, starts)
    number = 1 if plan is None else plan.number + 1
    return NewVersion(
        key=f"start:{asker.now.isoformat()}" if plan is None else f"plan:{plan.plan_id}:{number}",
        reason=_reason(plan, change),
        starts=starts,
        expectation=expectation,
        amounts=_amounts(change, expectation=expectation, used=used, paid=account.paid),
        used=used,
        paid=account.paid,
    )


def _amounts(change: Change, *, expectation: Expectation, used: Decimal, paid: Decimal) -> Amounts:
    if change.amount is None:
        return rules.amounts_by_rule(cost=expectation.cost, used=used, paid=paid)
    return rules.amounts_by_customer(monthly=change.amount, cost=expectation.cost, used=used, paid=paid)


def _reason(plan: Plan | None, change: Change) -> PlanReason:
    if plan is None:
        return PlanReason.START
    return PlanReason.CUSTOMER_FORECAST if change.amount is None else PlanReason.CUSTOMER_AMOUNT


async def _usage(
    session: AsyncSession, *, asker: Asker, plan: Plan | None, change: Change, question: CostQuestion
) -> tuple[tuple[ExpectedUsage, ...], UsageBasis]:
    """Take what was foretold, else what the plan expects already, else what was used."""
    if change.forecast is not None:
        day = max(asker.today, question.starts)
        counted = await queries.counted_usage(session, contract_id=question.contract_id, day=day)
        quantities = {quantity.name for quantity in question.adapter.utility.quantities}
        return foretold(change.forecast, counted=[one for one in counted if one.quantity in quantities]), (
            UsageBasis.FORECAST
        )
    if plan is not None:
        return plan.usage, plan.basis
    return await usage_before(asker.engine, question=question), UsageBasis.HISTORY


def foretold(forecast: Sequence[Forecast], *, counted: Sequence[CountedUsage]) -> tuple[ExpectedUsage, ...]:
    """Turn a forecast into expected usage, or refuse one that is not for what the registers count."""
    zones = [one.zone for one in forecast]
    if not counted or sorted(zones, key=str) != sorted((one.zone for one in counted), key=str):
        wanted = ", ".join(one.zone or "all in one" for one in counted) or "nothing: no meter counts for this contract"
        raise ForecastWrong(f"a forecast is needed once for: {wanted}")
    values = {one.zone: one.value for one in forecast}
    for value in values.values():
        if not value.is_finite() or not 0 <= value <= FORECAST_MAX:
            raise ForecastWrong(f"a year's use is from 0 to {FORECAST_MAX}")
        if value != round_half_up(value, places=USAGE_PLACES):
            raise ForecastWrong(f"a year's use has at most {USAGE_PLACES} decimals")
    return tuple(
        ExpectedUsage(quantity=one.quantity, zone=one.zone, unit=one.unit, value=values[one.zone], source=FORETOLD)
        for one in counted
    )


async def _check_startable(session: AsyncSession, *, asker: Asker, contract: Contract) -> None:
    """Refuse what the utility, the product or the customer's status rules out."""
    adapter = _adapter(asker, contract=contract)
    if Capability.LEVELLED not in adapter.utility.capabilities or contract.billing is not ContractBilling.DIRECT:
        raise LevellingNotOffered(f"{contract.adapter} does not level the payments of contract {contract.number}")
    starts = _first_start(asker, contract=contract)
    if contract.ends is not None and contract.ends <= starts:
        raise LevellingNotOffered(f"contract {contract.number} ends on {contract.ends}, before the first instalment")
    had = contract.terms_on(starts)
    terms = Terms(
        starts=starts,
        product=had.product,
        settlement=Settlement.LEVELLED,
        price_fixed_until=had.price_fixed_until,
        terms_document_id=had.terms_document_id,
    )
    await check_allowed(session, adapter=adapter, contract=contract, terms=terms, today=asker.today)


def _first_start(asker: Asker, *, contract: Contract) -> date:
    """A contract that is levelled already begins with the next instalment, others with the next month."""
    first = first_of_next_month(asker.today)
    if _is_levelled(contract, day=first):
        due_day = _due_day(asker, contract=contract, plan=None)
        return max(rules.first_month(today=asker.today, due_day=due_day), contract.starts.replace(day=1))
    return max(first, contract.starts if contract.starts.day == 1 else first_of_next_month(contract.starts))


def _is_levelled(contract: Contract, *, day: date) -> bool:
    return contract.terms_on(day).settlement is Settlement.LEVELLED


def _due_day(asker: Asker, *, contract: Contract, plan: Plan | None) -> int:
    return _adapter(asker, contract=contract).utility.levelled_rules.due_day if plan is None else plan.due_day


def _adapter(asker: Asker, *, contract: Contract) -> LiveAdapter:
    adapter = asker.host.live.get(contract.adapter)
    if adapter is None:
        raise LevellingNotOffered(f"the adapter of {contract.adapter} is not at work")
    return adapter


async def _change_method(
    session: AsyncSession, *, asker: Asker, contract: Contract, starts: date, to: Settlement
) -> None:
    await change_settlement(
        session,
        contract_id=contract.id,
        settlement=to,
        starts=starts,
        adapter=_adapter(asker, contract=contract),
        billed_until=billed_until,
        step=Step(now=asker.now, today=asker.today, person_id=asker.viewer.person_id),
    )


async def _account(session: AsyncSession, *, contract: Contract, currency: str) -> LevelledAccount:
    owner = PrepaidOwner(customer_id=contract.customer_id, contract_id=contract.id, currency=currency)
    return await levelled_account(session, owner=owner)


async def _running(session: AsyncSession, *, contract: Contract) -> Plan:
    plan = await queries.plan_of(session, contract_id=contract.id)
    if plan is None:
        raise NotLevelled(f"contract {contract.number} has no levelled payment")
    if plan.ends is not None:
        raise EndsAlready(f"the levelled payment of contract {contract.number} ends on {plan.ends}")
    return plan


async def _contract(session: AsyncSession, *, asker: Asker, contract_id: int) -> Contract:
    contract = await contract_by_id(session, contract_id=contract_id)
    if contract is None or not (asker.viewer.is_staff or _may(asker.viewer, contract)):
        raise ContractUnknown("there is no such contract whose payment you may change")
    return contract


async def _held_contract(session: AsyncSession, *, asker: Asker, contract_id: int) -> Contract:
    """Take hold of a contract before anything of its plan is read."""
    await lock_contract(session, contract_id=contract_id)
    return await _contract(session, asker=asker, contract_id=contract_id)


def _may(viewer: Viewer, contract: Contract) -> bool:
    return viewer.may(Permission.REQUEST_SERVICES, customer_id=contract.customer_id, contract_id=contract.id)


async def _claim(
    session: AsyncSession, *, asker: Asker, operation: str, key: str, body: Mapping[str, object]
) -> int | None:
    before = await claim_request(
        session, person_id=asker.person_id, operation=operation, key=key, body=body, now=asker.now
    )
    return None if before is None else int(before["plan"])


async def _kept(session: AsyncSession, *, asker: Asker, operation: str, key: str, plan_id: int) -> int:
    await keep_answer(session, person_id=asker.person_id, operation=operation, key=key, answer={"plan": plan_id})
    return plan_id
