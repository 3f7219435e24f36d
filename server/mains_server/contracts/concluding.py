"""A contract is concluded: planned first, so that a preview and the conclusion are the same; then numbered and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from mains_spi import Product
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.adapters.live import LiveAdapter
from mains_server.contracts import queries, statements
from mains_server.contracts.admission import ChannelNotAllowed, ProductNotOffered, check_allowed, offered
from mains_server.contracts.desk import Desk
from mains_server.contracts.life import (
    DayOutside,
    LifeRefusal,
    StartsTooEarly,
    check_first,
    earliest_first,
    first_of_next_month,
    fixed_until,
)
from mains_server.contracts.operations import SupplyPointTaken, SupplyPointUnknown, conclude_contract
from mains_server.contracts.records import (
    Contract,
    ContractBilling,
    ContractStep,
    Coverage,
    DatedAttribute,
    Delivery,
    NewContract,
    Settlement,
    SupplyPoint,
    Terms,
)
from mains_server.contracts.terms import Step, note_step

AHEAD_DAYS_MAX = 366
POINTS_MAX = 30
PAYMENT_TERM_DAYS = 15
AUTOMATIC_PAYMENTS = "AUTOMATIC_PAYMENTS_NAME_OLD_NUMBER"
OUTSIDE_ADVICE = "USAGE_OUTSIDE_RECOMMENDED"
UNIVERSAL = "UNIVERSAL_SERVICE"
BY_INVOICE = "SETTLED_BY_INVOICE"


class AttributeWrong(LifeRefusal):
    """The utility asks for no such attribute, or takes other values."""

    code = "ATTRIBUTE_WRONG"
    path = "attributes"


class SupplyPointsWrong(Refusal):
    """A contract covers supply points of one commodity, each once."""

    code = "SUPPLY_POINTS_WRONG"
    path = "supplyPoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedContract:
    """What somebody wants to conclude. Without a product it is the universal service; supply points by identifier."""

    customer_id: int
    adapter: str
    supply_points: tuple[str, ...]
    starts: date
    product: str | None = None
    settlement: Settlement = Settlement.INVOICE
    delivery: Delivery = Delivery.PORTAL
    is_from_other_utility: bool = False
    is_distance: bool = True
    attributes: tuple[tuple[str, str], ...] = ()
    monthly_usage: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would be concluded, or what would follow on a change: the contract without its number, and what to know."""

    contract: NewContract
    product: Product
    warnings: tuple[str, ...] = ()


async def plan_contract(session: AsyncSession, *, desk: Desk, wanted: WantedContract) -> Planned:
    """Work out the contract that would be concluded, or refuse it by name, telling the next day it could start."""
    desk.admit_customer(wanted.customer_id)
    if wanted.delivery is Delivery.BANK:
        raise ChannelNotAllowed("agree on the bank account once the contract has its number")
    adapter = desk.adapter(wanted.adapter)
    code = wanted.product or adapter.utility.contract_rules.universal_product
    if code is None:
        raise ProductNotOffered(f"{adapter.code} has no universal service; choose a product")
    _check_start(wanted, desk=desk, adapter=adapter)
    points = await _points(session, wanted=wanted)
    draft = draft_of(
        code=code, starts=wanted.starts, customer_id=wanted.customer_id, adapter=adapter.code,
        covers=tuple(Coverage(supply_point_id=point.id) for point in points),
    )  # fmt: skip
    draft = replace(
        draft,
        settlement=wanted.settlement,
        delivery=wanted.delivery,
        is_distance=wanted.is_distance and not desk.is_staff,
        attributes=_attributes(wanted.attributes, adapter=adapter),
    )
    planned = await complete(session, desk=desk, adapter=adapter, draft=draft)
    await _check_free(session, points=points, starts=wanted.starts)
    return replace(planned, warnings=warnings_of(wanted, desk=desk))


async def conclude(session: AsyncSession, *, desk: Desk, wanted: WantedContract) -> int:
    """Conclude what was planned, with the next number of the utility's series, and return the contract's id."""
    planned = await plan_contract(session, desk=desk, wanted=wanted)
    return await write_down(session, planned=planned, step=desk.step)


def warnings_of(wanted: WantedContract, *, desk: Desk) -> tuple[str, ...]:
    """Tell what who concludes a contract should know: that it is the universal service, or advised for another use."""
    adapter = desk.adapter(wanted.adapter)
    code = wanted.product or adapter.utility.contract_rules.universal_product or ""
    product = offered(adapter, code=code, on=desk.today, is_had=True)
    universal = () if wanted.product else (UNIVERSAL,)
    return (*universal, *advice(product, monthly_usage=wanted.monthly_usage))


async def write_down(session: AsyncSession, *, planned: Planned, step: Step) -> int:
    """Number a planned contract and keep it; its supply points are held meanwhile."""
    number = await statements.draw_number(session, adapter=planned.contract.adapter)
    contract_id = await conclude_contract(session, contract=replace(planned.contract, number=number))
    contract = await queries.contract_by_id(session, contract_id=contract_id)
    assert contract is not None
    note_step(session, contract=contract, what=ContractStep.CONCLUDED, day=contract.starts, step=step)
    await session.flush()
    return contract_id


def draft_of(*, code: str, starts: date, customer_id: int, adapter: str, covers: tuple[Coverage, ...]) -> NewContract:
    """Begin a contract that has no number yet."""
    return NewContract(
        customer_id=customer_id, number="", adapter=adapter, product=code, starts=starts, covers=covers,
        payment_term_days=PAYMENT_TERM_DAYS,
    )  # fmt: skip


async def complete(session: AsyncSession, *, desk: Desk, adapter: LiveAdapter, draft: NewContract) -> Planned:
    """Fix the price for the product's months, take its terms document, and refuse what is not allowed."""
    terms = Terms(starts=draft.starts, product=draft.product, settlement=draft.settlement)
    product = await check_allowed(
        session, adapter=adapter, contract=as_contract(draft), terms=terms, today=desk.today, is_new=True
    )
    contract = replace(
        draft,
        signed_on=desk.today,
        price_fixed_until=price_until(product, starts=draft.starts),
        terms_document_id=await statements.terms_document_on(
            session, adapter=adapter.code, product=product.code, day=desk.today
        ),
    )
    return Planned(contract=contract, product=product)


def price_until(product: Product, *, starts: date) -> date | None:
    """Tell until when a price is agreed: the product's whole months, after the one begun where it starts inside one."""
    return fixed_until(product, starts=starts if starts.day == 1 else first_of_next_month(starts))


def advice(product: Product, *, monthly_usage: Decimal | None) -> tuple[str, ...]:
    """Warn where a product is recommended for another usage; the usage of all supply points counts together."""
    if monthly_usage is None:
        return ()
    low, high = product.recommended_from, product.recommended_upto
    is_outside = (low is not None and monthly_usage < low) or (high is not None and monthly_usage > high)
    return (OUTSIDE_ADVICE,) if is_outside else ()


def as_contract(new: NewContract) -> Contract:
    """Look at a contract to be concluded as at any other; it has no id yet."""
    terms = Terms(starts=new.starts, product=new.product, settlement=new.settlement)
    return Contract(
        id=0, customer_id=new.customer_id, number=new.number, adapter=new.adapter, product=new.product,
        billing=ContractBilling.DIRECT, settlement=new.settlement, delivery=new.delivery,
        payment_term_days=new.payment_term_days, signed_on=new.starts, starts=new.starts, ends=None,
        price_fixed_until=None, covers=new.covers, attributes=new.attributes, terms=(terms,), terms_document_id=None,
        is_distance=new.is_distance,
    )  # fmt: skip


def _check_start(wanted: WantedContract, *, desk: Desk, adapter: LiveAdapter) -> None:
    """Refuse a first day: from another supplier a first of a month that it was told for in time; else any to come."""
    last = desk.today + timedelta(days=AHEAD_DAYS_MAX)
    if wanted.starts > last:
        raise DayOutside(f"conclude a contract at most a year ahead, until {last}")
    if wanted.is_from_other_utility:
        earliest = earliest_first(told_on=desk.today, rules=adapter.utility.contract_rules)
        check_first(wanted.starts, earliest=earliest)
    elif wanted.starts < desk.today and not desk.is_staff:
        raise StartsTooEarly(f"a contract starts today, {desk.today}, or later", next_allowed=desk.today)


async def _points(session: AsyncSession, *, wanted: WantedContract) -> Sequence[SupplyPoint]:
    names = wanted.supply_points
    if not 1 <= len(names) <= POINTS_MAX or len(set(names)) != len(names):
        raise SupplyPointsWrong(f"name 1 to {POINTS_MAX} supply points, each once")
    found = await queries.points_by_identifiers(session, identifiers=names)
    by_name = {point.identifier: point for point in found}
    missing = [name for name in names if name not in by_name]
    if missing or len(found) != len(names):
        raise SupplyPointUnknown(f"there is no supply point {missing[0] if missing else names[0]}")
    if len({point.commodity for point in found}) > 1:
        raise SupplyPointsWrong("the supply points of a contract are of one commodity")
    return found


async def _check_free(session: AsyncSession, *, points: Sequence[SupplyPoint], starts: date) -> None:
    """Refuse a place that a contract has from the day on or later, and tell when it will be free."""
    for point in points:
        taken = await statements.coverage_after(session, supply_point_id=point.id, day=starts)
        if taken is not None:
            until = "it has no end" if taken.ends is None else f"it is free from {taken.ends}"
            raise SupplyPointTaken(
                f"a contract has supply point {point.identifier} already; {until}", next_allowed=taken.ends
            )


def _attributes(given: tuple[tuple[str, str], ...], *, adapter: LiveAdapter) -> tuple[DatedAttribute, ...]:
    declared = {attribute.name: attribute for attribute in adapter.utility.attributes}
    for name, value in given:
        known = declared.get(name)
        if known is None or name in ("protected", "delivery", "settlement", "kind"):
            raise AttributeWrong(f"{adapter.code} takes no attribute {name!r} with a contract")
        if known.values and value not in known.values:
            raise AttributeWrong(f"attribute {name!r} takes: {', '.join(known.values)}")
    if len({name for name, _ in given}) != len(given):
        raise AttributeWrong("give each attribute once")
    return tuple(DatedAttribute(name=name, value=value) for name, value in given)
