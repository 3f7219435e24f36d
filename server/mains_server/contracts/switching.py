"""A contract gets another product: in the portal by a new contract, through staff with its number kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.live import LiveAdapter
from mains_server.contracts import queries
from mains_server.contracts.charging import SWITCH_FEE, NewFee, forget_fee, note_fee, switch_fee_key
from mains_server.contracts.concluding import AUTOMATIC_PAYMENTS, BY_INVOICE, Planned, complete, draft_of, write_down
from mains_server.contracts.desk import Desk
from mains_server.contracts.ending import end_by_switch
from mains_server.contracts.life import check_unbilled, earliest_first, first_of_next_month, switch_fee
from mains_server.contracts.records import Contract, ContractStep, Delivery, NewContract, Settlement
from mains_server.contracts.terms import NothingChanges, agree, check_day


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProduct:
    """Which product a contract is to have from a first of a month on."""

    contract_id: int
    product: str
    starts: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSwitch:
    """What a switch would bring: the new contract or terms, the fee of leaving the old product, and what to know."""

    planned: Planned
    fee: Decimal
    keeps_number: bool


async def plan_switch(session: AsyncSession, *, desk: Desk, wanted: NewProduct) -> PlannedSwitch:
    """Work out what a switch would bring, or refuse it by name, telling the next day on which it could be."""
    contract = await desk.contract(session, wanted.contract_id)
    adapter = desk.adapter(contract.adapter)
    earliest = (
        first_of_next_month(desk.today)
        if desk.is_staff
        else earliest_first(told_on=desk.today, rules=adapter.utility.contract_rules)
    )
    check_day(contract, starts=wanted.starts, earliest=earliest)
    if contract.terms_on(wanted.starts).product == wanted.product:
        raise NothingChanges(f"contract {contract.number} has {wanted.product} already")
    check_unbilled(wanted.starts, billed_until=await desk.billed_until(session, contract.id))
    draft = _continued(contract, wanted=wanted, keeps_number=desk.is_staff)
    planned = await complete(session, desk=desk, adapter=adapter, draft=draft)
    stays = contract.terms_on(wanted.starts - timedelta(days=1)).product == wanted.product
    leaving = await fee_of_leaving(contract, adapter=adapter, leaves_on=wanted.starts)
    fee = Decimal(0) if stays else leaving
    warnings = () if desk.is_staff else (AUTOMATIC_PAYMENTS, BY_INVOICE)
    return PlannedSwitch(planned=replace(planned, warnings=warnings), fee=fee, keeps_number=desk.is_staff)


async def switch_product(session: AsyncSession, *, desk: Desk, wanted: NewProduct) -> int:
    """Switch as planned, and return the id of the contract that has the new product."""
    contract = await desk.held_contract(session, wanted.contract_id)
    switch = await plan_switch(session, desk=desk, wanted=wanted)
    if desk.is_staff:
        changed = await _keep_number(session, desk=desk, contract=contract, switch=switch)
    else:
        changed = await _begin_anew(session, desk=desk, contract=contract, switch=switch)
    if switch.fee:
        fee = NewFee(
            code=SWITCH_FEE,
            quantity=switch.fee,
            day=wanted.starts - timedelta(days=1),
            reason=f"{contract.terms_on(wanted.starts - timedelta(days=1)).product} left before its price ran out",
            source="switch",
            key=switch_fee_key(wanted.starts),
        )
        held = await queries.contract_by_id(session, contract_id=contract.id)
        assert held is not None
        await note_fee(session, contract=held, fee=fee, adapter=desk.adapter(contract.adapter), now=desk.now)
    else:
        # Whoever goes back to what they have, before the day of a switch, leaves nothing.
        await forget_fee(session, contract=contract, key=switch_fee_key(wanted.starts))
    return changed


async def fee_of_leaving(contract: Contract, *, adapter: LiveAdapter, leaves_on: date) -> Decimal:
    """Tell what a contract owes in euros for leaving its product for another one on a day."""
    left = contract.terms_on(leaves_on - timedelta(days=1))
    if leaves_on <= left.starts:
        return Decimal(0)
    for product in adapter.products(on=left.starts):
        if product.code == left.product:
            return switch_fee(product, price_fixed_until=left.price_fixed_until, leaves_on=leaves_on)
    return Decimal(0)


def _continued(contract: Contract, *, wanted: NewProduct, keeps_number: bool) -> NewContract:
    """Begin the contract that follows another on its places, with what was agreed there and lasts.

    A new contract has no plan of levelled amounts yet, so it begins with settlement by invoice.
    """
    day = wanted.starts
    places = tuple(
        replace(cover, starts=max(cover.starts or day, day))
        for cover in contract.covers
        if cover.ends is None or day < cover.ends
    )
    lasting = tuple(
        replace(one, starts=max(one.starts or day, day))
        for one in contract.attributes
        if one.ends is None or day < one.ends
    )
    draft = draft_of(
        code=wanted.product, starts=day, customer_id=contract.customer_id, adapter=contract.adapter, covers=places
    )
    return replace(
        draft,
        settlement=contract.terms_on(day).settlement if keeps_number else Settlement.INVOICE,
        # A bank shows the invoices of one contract number; those of another come to the portal until a bank is told.
        delivery=Delivery.PORTAL if contract.delivery is Delivery.BANK and not keeps_number else contract.delivery,
        payment_term_days=contract.payment_term_days,
        attributes=lasting,
        is_distance=True,
    )


async def _begin_anew(session: AsyncSession, *, desk: Desk, contract: Contract, switch: PlannedSwitch) -> int:
    await end_by_switch(session, contract=contract, ends=switch.planned.contract.starts, step=desk.step)
    return await write_down(session, planned=switch.planned, step=desk.step)


async def _keep_number(session: AsyncSession, *, desk: Desk, contract: Contract, switch: PlannedSwitch) -> int:
    new = switch.planned.contract
    terms = replace(
        contract.terms_on(new.starts),
        starts=new.starts,
        product=new.product,
        settlement=new.settlement,
        price_fixed_until=new.price_fixed_until,
        terms_document_id=new.terms_document_id,
    )
    await agree(session, contract=contract, terms=terms, what=ContractStep.PRODUCT_SWITCHED, step=desk.step)
    return contract.id
