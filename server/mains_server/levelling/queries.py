"""What the levelling room reads: plans as they stand, what contracts are asked to pay by, and what waits for work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from mains_spi import Period
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.billing.expected import ExpectedUsage
from mains_server.contracts.queries import contract_by_id
from mains_server.levelling import statements
from mains_server.levelling.records import (
    Amounts,
    CountedUsage,
    OpenSettlement,
    Plan,
    PlanDays,
    RecalculationState,
    ShownInstalment,
    ShownPlan,
    ShownVersion,
    ToldReading,
)
from mains_server.levelling.tables import LevelledInstalment, LevelledPlan, LevelledRun, LevelledState, LevelledVersion
from mains_server.payments.queries import levelled_account
from mains_server.payments.records import LevelledAccount, PrepaidOwner

VERSIONS_SHOWN_MAX = 50


async def plan_of(session: AsyncSession, *, contract_id: int) -> Plan | None:
    """Find a contract's plan that is not closed, with its newest version; None where there is none."""
    wanted = select(LevelledPlan).where(
        col(LevelledPlan.contract_id) == contract_id, col(LevelledPlan.closed_at).is_(None)
    )
    row = await session.scalar(wanted.execution_options(populate_existing=True))
    if row is None:
        return None
    newest = select(LevelledVersion).where(
        col(LevelledVersion.plan_id) == row.id, col(LevelledVersion.customer_id) == row.customer_id
    )
    version = (await session.scalars(newest.order_by(col(LevelledVersion.number).desc()).limit(1))).one()
    owner = PrepaidOwner(customer_id=row.customer_id, contract_id=row.contract_id, currency=row.currency)
    return _plan(row, version, account=await levelled_account(session, owner=owner))


async def shown_plan(session: AsyncSession, *, contract_id: int) -> ShownPlan | None:
    """Give a contract's plan that is not closed for people to see, with its latest versions and all it asks for."""
    wanted = select(LevelledState).where(
        col(LevelledState.contract_id) == contract_id, col(LevelledState.closed_at).is_(None)
    )
    state = await session.scalar(wanted)
    contract = None if state is None else await contract_by_id(session, contract_id=contract_id)
    if state is None or contract is None:
        return None
    of_plan = col(LevelledVersion.plan_id) == state.id, col(LevelledVersion.customer_id) == state.customer_id
    newest = select(LevelledVersion).where(*of_plan).order_by(col(LevelledVersion.number).desc())
    versions = tuple(await session.scalars(newest.limit(VERSIONS_SHOWN_MAX)))
    numbers = {version.id: version.number for version in versions}
    months = select(LevelledInstalment).where(
        col(LevelledInstalment.customer_id) == state.customer_id, col(LevelledInstalment.version_id).in_(numbers)
    )
    rows = await session.scalars(months.order_by(col(LevelledInstalment.due_on), col(LevelledInstalment.version_id)))
    return ShownPlan(
        plan_id=state.id,
        contract_id=contract_id,
        contract_number=contract.number,
        adapter=contract.adapter,
        starts=state.starts,
        ends=state.ends,
        due_day=state.due_day,
        currency=state.currency,
        paid=state.paid,
        prepaid=state.prepaid,
        deferred=state.deferred,
        next_due_on=state.next_due_on,
        next_amount=state.next_amount,
        versions=tuple(_shown(version) for version in versions),
        instalments=tuple(_instalment(row, version=numbers[row.version_id]) for row in rows),
    )


async def has_version(session: AsyncSession, *, contract_id: int, key: str) -> bool:
    """Tell whether a contract's plan has a version by a key."""
    wanted = select(col(LevelledVersion.id)).where(
        col(LevelledVersion.contract_id) == contract_id, col(LevelledVersion.once_key) == key
    )
    return await session.scalar(wanted) is not None


async def counted_usage(session: AsyncSession, *, contract_id: int, day: date) -> tuple[CountedUsage, ...]:
    """List what the registers of a contract's places count on a day, by quantity, zone and unit."""
    rows = await session.execute(text(statements.COUNTED), {"contract": contract_id, "day": day})
    return tuple(CountedUsage(quantity=row.quantity, zone=row.zone, unit=row.unit) for row in rows)


async def unsettled(session: AsyncSession, *, stretch: PlanDays) -> tuple[Period, ...]:
    """List the days of a plan, up to one, that no standing bill covers; a bill that was taken back leaves a gap."""
    asked = {
        "contract": stretch.contract_id,
        "customer": stretch.customer_id,
        "since": stretch.settles_from,
        "upto": stretch.upto,
    }
    rows = await session.execute(text(statements.UNSETTLED), asked)
    return tuple(Period(row.starts, row.ends) for row in rows)


async def settled_last(session: AsyncSession, *, plan: Plan) -> date:
    """Tell the day up to which a plan's latest standing bill reaches, whatever lies before it."""
    asked = {"contract": plan.contract_id, "customer": plan.customer_id, "since": plan.settles_from}
    found = await session.scalar(text(statements.SETTLED_LAST), asked)
    return max(plan.settles_from, found or plan.settles_from)


async def taken_back(session: AsyncSession, *, adapter: str, today: date) -> tuple[PlanDays, ...]:
    """List plans, closed ones too, with days whose bill was taken back and not replaced, and up to which day."""
    rows = await session.execute(text(statements.TAKEN_BACK), {"adapter": adapter, "today": today})
    return tuple(PlanDays(**row._mapping) for row in rows)


async def left_over(session: AsyncSession, *, adapter: str, today: date) -> tuple[PrepaidOwner, ...]:
    """List accounts of closed plans on which something stands, though no instalment and no bill will settle it."""
    waiting = {stretch.contract_id for stretch in await taken_back(session, adapter=adapter, today=today)}
    rows = await session.execute(text(statements.LEFT_OVER), {"adapter": adapter})
    return tuple(PrepaidOwner(**row._mapping) for row in rows if row.contract_id not in waiting)


async def billed_days(session: AsyncSession, *, invoice_id: int) -> Period:
    """Tell the days that a bill is for."""
    row = (await session.execute(text(statements.BILLED_DAYS), {"invoice": invoice_id})).one()
    return Period(row.period_from, row.period_to)


async def open_settlements(
    session: AsyncSession, *, adapter: str, contract_id: int | None = None
) -> tuple[OpenSettlement, ...]:
    """List bills of running plans, or of one contract's, whose plan was not worked out anew yet: something stopped."""
    asked = {"adapter": adapter, "contract": contract_id}
    rows = await session.execute(text(statements.OPEN_SETTLEMENTS), asked)
    return tuple(
        OpenSettlement(contract_id=row.contract_id, invoice_id=row.id, document_number=row.document_number)
        for row in rows
    )


async def told_readings(session: AsyncSession, *, adapter: str, today: date) -> tuple[ToldReading, ...]:
    """List, for plans with readings that nothing was done with yet, the last day on which all registers were read."""
    rows = await session.execute(text(statements.TOLD_READINGS), {"adapter": adapter, "today": today})
    return tuple(ToldReading(contract_id=row.contract_id, settled_upto=row.settled_upto, day=row.day) for row in rows)


async def automatic_years(session: AsyncSession, *, adapter: str, today: date) -> tuple[ToldReading, ...]:
    """List plans whose meters all tell themselves and whose last settlement was a year ago, with the day that it is."""
    rows = await session.execute(text(statements.AUTOMATIC_YEARS), {"adapter": adapter, "today": today})
    return tuple(ToldReading(contract_id=row.contract_id, settled_upto=row.settled_upto, day=row.day) for row in rows)


async def plans_parted(session: AsyncSession, *, adapter: str) -> tuple[int, ...]:
    """List contracts that are settled by invoice, now or from some day on, while their plan goes on."""
    return tuple(await session.scalars(text(statements.PARTED), {"adapter": adapter}))


async def plans_ending(session: AsyncSession, *, adapter: str, today: date) -> tuple[int, ...]:
    """List contracts whose plan has ended by a day, or whose supply has, and is not closed."""
    rows = await session.scalars(text(statements.ENDING), {"adapter": adapter, "today": today})
    return tuple(rows)


async def plans_priced_before(
    session: AsyncSession, *, adapter: str, lists: Sequence[tuple[str, str]], today: date
) -> tuple[tuple[int, str], ...]:
    """List contracts whose plan rests on prices that newer ones have replaced, each with what names the newest.

    `lists` pairs products with the price lists that they are priced by.
    """
    asked = {"products": [product for product, _ in lists], "lists": [name for _, name in lists]}
    rows = await session.execute(text(statements.PRICED_BEFORE), {"adapter": adapter, "today": today, **asked})
    return tuple((row.contract_id, row.news) for row in rows)


async def recalculation_state(session: AsyncSession, *, run_id: int) -> RecalculationState:
    """Tell how far a mass recalculation is."""
    row = (await session.execute(text(statements.RUN_STATE), {"run": run_id})).one()
    return RecalculationState(
        run_id=run_id,
        contracts=row.contracts,
        contracts_done=row.done,
        recalculated=row.recalculated,
        held=row.held,
    )


async def run_of_year(session: AsyncSession, *, adapter: str, year: int) -> int:
    """Find the run of a utility's recalculation of a year."""
    wanted = select(col(LevelledRun.id)).where(col(LevelledRun.adapter) == adapter, col(LevelledRun.year) == year)
    return (await session.scalars(wanted)).one()


def usage_of(document: Sequence[dict[str, str | None]]) -> tuple[ExpectedUsage, ...]:
    """Read an expected usage as it is stored."""
    return tuple(
        ExpectedUsage(
            quantity=str(one["quantity"]),
            zone=one["zone"],
            unit=str(one["unit"]),
            value=Decimal(str(one["value"])),
            source=str(one["source"]),
        )
        for one in document
    )


def _plan(row: LevelledPlan, version: LevelledVersion, *, account: LevelledAccount) -> Plan:
    return Plan(
        plan_id=row.id,
        customer_id=row.customer_id,
        contract_id=row.contract_id,
        due_day=row.due_day,
        settles_from=row.settles_from,
        starts=row.starts,
        ends=row.ends,
        version_id=version.id,
        number=version.number,
        reason=version.reason,
        version_starts=version.starts,
        usage=usage_of(version.usage),
        basis=version.basis,
        amounts=_amounts(version),
        used_before=version.used_before,
        paid_before=version.paid_before,
        currency=version.currency,
        known_on=version.known_on,
        paid=account.paid,
        used=account.used,
    )


def _shown(version: LevelledVersion) -> ShownVersion:
    return ShownVersion(
        number=version.number,
        reason=version.reason,
        starts=version.starts,
        made_at=version.made_at,
        known_on=version.known_on,
        priced_from=version.priced_from,
        usage=usage_of(version.usage),
        basis=version.basis,
        amounts=_amounts(version),
        used_before=version.used_before,
        paid_before=version.paid_before,
    )


def _amounts(version: LevelledVersion) -> Amounts:
    return Amounts(
        base_total=version.base_total,
        difference=version.difference,
        total=version.total,
        going_on=version.going_on,
    )


def _instalment(row: LevelledInstalment, *, version: int) -> ShownInstalment:
    return ShownInstalment(
        version=version,
        number=row.number,
        due_on=row.due_on,
        amount=row.amount,
        base_part=row.base_part,
        difference_part=row.difference_part,
        paid=row.paid,
    )
