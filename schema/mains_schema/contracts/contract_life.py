"""Steps in the life of a contract, asked for by customers and by the utility's employees, and what would happen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

import strawberry
from mains_server.access.records import Refusal
from mains_server.bank_einvoices.choosing import DeliveryChange, change_with_account
from mains_server.contracts.concluding import Planned, conclude, plan_contract, warnings_of
from mains_server.contracts.desk import Desk, StepAsked, once
from mains_server.contracts.ending import plan_termination, take_back_termination, terminate, withdraw
from mains_server.contracts.offering import accept_offer
from mains_server.contracts.points import NewCoverage, add_point, end_point
from mains_server.contracts.switching import NewProduct, plan_switch, switch_product
from mains_server.db.unit_of_work import read_session, unit_of_work
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.common.desk import desk_of
from mains_schema.compiling.changed import changed
from mains_schema.contracts.contract import Contract
from mains_schema.contracts.contract_errors import ContractUserError, ContractWarning, contract_error
from mains_schema.contracts.contract_inputs import (
    ContractAcceptOfferInput,
    ContractAddSupplyPointInput,
    ContractConcludeInput,
    ContractDeliveryChangeInput,
    ContractEndSupplyPointInput,
    ContractPlanInput,
    ContractStepInput,
    ContractSwitchProductInput,
    ContractTerminateInput,
    body_of,
    wanted_of,
)
from mains_schema.declaring.context import Info
from mains_schema.declaring.node import encode_id, number_of
from mains_schema.declaring.payload import USER_ERRORS
from mains_schema.declaring.resolve import Reads
from mains_schema.declaring.scalars import Money

PREVIEW_ROWS = 30


@strawberry.type(description="A contract after a step in its life, or why the step was not taken.")
class ContractPayload:
    """A contract, or why it was not changed."""

    contract: Contract | None = strawberry.field(
        description="The contract as it is now, after a switch in the portal the new one; null if it was refused."
    )
    warnings: list[ContractWarning] = strawberry.field(description="What the customer should know.")
    user_errors: list[ContractUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="What would happen on a step in a contract's life; asking changes nothing.")
class ContractPreview:
    """Days, fee and terms of a step that was not taken."""

    product_code: str | None = strawberry.field(
        description="Code of the product; null if it would be refused, or for an end."
    )
    starts_on: date | None = strawberry.field(description="First day with it; null if refused, or for an end.")
    ends_on: date | None = strawberry.field(description="First day without supply; null but for an end.")
    price_fixed_until: date | None = strawberry.field(
        description="The day until which, exclusive, the price would hold; for an end, holds. Null if it may change."
    )
    fee: Money | None = strawberry.field(
        description="What leaving costs, on the next bill or the final one; null if nothing or if it would be refused."
    )
    keeps_number: bool = strawberry.field(description="Whether the contract keeps its number.")
    terms_id: strawberry.ID | None = strawberry.field(
        description="Global id of the `TermsDocument` that would be agreed on; `node` reads it. Null if there is none."
    )
    warnings: list[ContractWarning] = strawberry.field(description="What the customer should know.")
    user_errors: list[ContractUserError] = strawberry.field(description="Why it would be refused; empty if not.")


async def contract_conclude(info: Info, given: ContractConcludeInput) -> ContractPayload:
    """Conclude a contract, or say why not."""
    wanted = wanted_of(given)

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await conclude(session, desk=desk, wanted=wanted)

    asked = StepAsked("contract_conclude", given.idempotency_key, body_of(given))
    payload = await taken(info, asked, do)
    if payload.contract is not None:
        payload.warnings = [ContractWarning[one] for one in warnings_of(wanted, desk=desk_of(info.context.reads))]
    return payload


async def contract_conclude_preview(reads: Reads, *, contract: ContractPlanInput) -> ContractPreview:
    """Tell what concluding a contract would bring."""
    wanted = wanted_of(contract)

    async def plan(session: AsyncSession, desk: Desk) -> ContractPreview:
        return _previewed(await plan_contract(session, desk=desk, wanted=wanted))

    return await _planned(reads, plan)


async def contract_switch_product(info: Info, given: ContractSwitchProductInput) -> ContractPayload:
    """Give a contract another product, or say why not."""
    wanted = NewProduct(
        contract_id=number_of(given.contract_id, type_name="Contract"),
        product=given.product,
        starts=given.starts_on,
    )

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await switch_product(session, desk=desk, wanted=wanted)

    asked = StepAsked("contract_switch_product", given.idempotency_key, body_of(given))
    number_changes = [ContractWarning.AUTOMATIC_PAYMENTS_NAME_OLD_NUMBER, ContractWarning.SETTLED_BY_INVOICE]
    warnings = [] if info.context.viewer.is_staff else number_changes
    return await taken(info, asked, do, warnings=warnings)


async def contract_switch_preview(
    reads: Reads, *, contract_id: strawberry.ID, product: str, starts_on: date
) -> ContractPreview:
    """Tell what switching a contract's product would bring."""
    number = number_of(contract_id, type_name="Contract")
    wanted = NewProduct(contract_id=number, product=product, starts=starts_on)

    async def plan(session: AsyncSession, desk: Desk) -> ContractPreview:
        switch = await plan_switch(session, desk=desk, wanted=wanted)
        return _previewed(switch.planned, fee=switch.fee, keeps_number=switch.keeps_number)

    return await _planned(reads, plan)


async def contract_terminate(info: Info, given: ContractTerminateInput) -> ContractPayload:
    """End a contract, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await terminate(session, desk=desk, contract_id=number, ends=given.ends_on)

    return await taken(info, StepAsked("contract_terminate", given.idempotency_key, body_of(given)), do)


async def contract_termination_preview(reads: Reads, *, contract_id: strawberry.ID, ends_on: date) -> ContractPreview:
    """Tell what terminating a contract would cost."""
    number = number_of(contract_id, type_name="Contract")

    async def plan(session: AsyncSession, desk: Desk) -> ContractPreview:
        end = await plan_termination(session, desk=desk, contract_id=number, ends=ends_on)
        return ContractPreview(
            product_code=None,
            starts_on=None,
            ends_on=end.ends,
            price_fixed_until=end.price_fixed_until,
            fee=_money(end.fee),
            keeps_number=True,
            terms_id=None,
            warnings=[],
            user_errors=[],
        )

    return await _planned(reads, plan)


async def contract_termination_withdraw(info: Info, given: ContractStepInput) -> ContractPayload:
    """Let a terminated contract go on, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await take_back_termination(session, desk=desk, contract_id=number)

    return await taken(info, StepAsked("contract_termination_withdraw", given.idempotency_key, body_of(given)), do)


async def contract_withdraw(info: Info, given: ContractStepInput) -> ContractPayload:
    """Withdraw from a contract, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await withdraw(session, desk=desk, contract_id=number)

    return await taken(info, StepAsked("contract_withdraw", given.idempotency_key, body_of(given)), do)


async def contract_add_supply_point(info: Info, given: ContractAddSupplyPointInput) -> ContractPayload:
    """Let a contract cover a supply point, or say why not."""
    wanted = NewCoverage(
        contract_id=number_of(given.contract_id, type_name="Contract"),
        supply_point=given.supply_point,
        starts=given.starts_on,
        is_from_other_utility=bool(given.from_other_utility or False),
    )

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await add_point(session, desk=desk, wanted=wanted)

    return await taken(info, StepAsked("contract_add_supply_point", given.idempotency_key, body_of(given)), do)


async def contract_end_supply_point(info: Info, given: ContractEndSupplyPointInput) -> ContractPayload:
    """Let a contract no longer cover a supply point, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await end_point(
            session, desk=desk, contract_id=number, supply_point=given.supply_point, ends=given.ends_on
        )

    return await taken(info, StepAsked("contract_end_supply_point", given.idempotency_key, body_of(given)), do)


async def contract_accept_offer(info: Info, given: ContractAcceptOfferInput) -> ContractPayload:
    """Agree on what was offered, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await accept_offer(session, desk=desk, contract_id=number, product=given.product or None)

    return await taken(info, StepAsked("contract_accept_offer", given.idempotency_key, body_of(given)), do)


async def contract_delivery_change(info: Info, given: ContractDeliveryChangeInput) -> ContractPayload:
    """Deliver a contract's invoices in another way, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")

    async def do(session: AsyncSession, desk: Desk) -> int:
        contract = await desk.held_contract(session, number)
        adapter = desk.adapter(contract.adapter)
        banks = info.context.services.einvoice_banks
        change = DeliveryChange(delivery=given.delivery, iban=given.iban or None, banks=banks)
        await change_with_account(session, contract=contract, change=change, adapter=adapter, step=desk.step)
        return number

    return await taken(info, StepAsked("contract_delivery_change", given.idempotency_key, body_of(given)), do)


async def taken(
    info: Info,
    asked: StepAsked,
    do: Callable[[AsyncSession, Desk], Awaitable[int]],
    *,
    warnings: list[ContractWarning] | None = None,
) -> ContractPayload:
    """Take a step once, in one transaction, and show the contract after it."""
    context, desk = info.context, desk_of(info.context.reads)
    try:
        async with unit_of_work(context.engine) as session:
            number = await once(session, desk=desk, asked=asked, do=lambda: do(session, desk))
    except Refusal as refusal:
        return ContractPayload(contract=None, warnings=[], user_errors=[contract_error(refusal)])
    return ContractPayload(contract=changed(Contract, number), warnings=warnings or [], user_errors=[])


async def _planned(reads: Reads, plan: Callable[[AsyncSession, Desk], Awaitable[ContractPreview]]) -> ContractPreview:
    desk = desk_of(reads)
    try:
        async with read_session(reads.engine) as session:
            return await plan(session, desk)
    except Refusal as refusal:
        return ContractPreview(
            product_code=None,
            starts_on=None,
            ends_on=None,
            price_fixed_until=None,
            fee=None,
            keeps_number=True,
            terms_id=None,
            warnings=[],
            user_errors=[contract_error(refusal)],
        )


def _previewed(planned: Planned, *, fee: Decimal = Decimal(0), keeps_number: bool = False) -> ContractPreview:
    contract, document = planned.contract, planned.contract.terms_document_id
    return ContractPreview(
        product_code=contract.product,
        starts_on=contract.starts,
        ends_on=None,
        price_fixed_until=contract.price_fixed_until,
        fee=_money(fee),
        keeps_number=keeps_number,
        terms_id=None if document is None else encode_id(type_name="TermsDocument", number=document),
        warnings=[ContractWarning[warning] for warning in planned.warnings],
        user_errors=[],
    )


def _money(fee: Decimal) -> Money | None:
    return Money(amount=fee, currency="EUR") if fee else None
