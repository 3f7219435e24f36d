"""The utility's own work on contracts: protected statuses with their proof, and fees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

import strawberry
from mains_server.access.records import Refusal
from mains_server.contracts.charging import NewFee, note_fee, require_bill_to_come
from mains_server.contracts.desk import Desk, NotPermitted, StepAsked, once
from mains_server.contracts.protecting import grant_protection, stop_protection
from mains_server.customers.records import Protection, ProtectionKind
from mains_server.db.unit_of_work import unit_of_work
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.common.desk import desk_of
from mains_schema.compiling.changed import changed
from mains_schema.contracts.contract_errors import ContractUserError, contract_error
from mains_schema.contracts.contract_inputs import CONTRACT_ID, body_of
from mains_schema.contracts.contract_life import ContractPayload, taken
from mains_schema.declaring.context import Info
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import KEY_WORDS, USER_ERRORS
from mains_schema.parties.customer import Customer

CUSTOMER_ID = "Global id of the customer."
REASON_CHARACTERS_MAX = 200


@strawberry.input(description="A protected status to be recorded.")
class CustomerProtectionGrantInput:
    """Whom, why, when, and the proof."""

    customer_id: strawberry.ID = strawberry.field(description=CUSTOMER_ID)
    kind: ProtectionKind = strawberry.field(description="Why the customer is protected.")
    starts_on: date = strawberry.field(description="First day with the status.")
    ends_on: date | None = strawberry.field(
        description="First day without it; left out while nobody knows.", default=strawberry.UNSET
    )
    proof: str = strawberry.field(description="Number of the certificate or decision; 1 to 200 characters.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="A protected status that ends.")
class CustomerProtectionEndInput:
    """Whose status, and when it ends."""

    customer_id: strawberry.ID = strawberry.field(description=CUSTOMER_ID)
    kind: ProtectionKind = strawberry.field(description="Which status.")
    ends_on: date = strawberry.field(description="First day without it.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="A customer with its protected statuses, or why they were not changed.")
class CustomerProtectionPayload:
    """A customer, or why it was not changed."""

    customer: Customer | None = strawberry.field(description="The customer; null if it was refused.")
    user_errors: list[ContractUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="A fee to be noted on a contract.")
class ContractFeeAddInput:
    """What is charged besides what is used."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    code: str = strawberry.field(description="Which fee, by the code of the utility's quantity: `reminder_sms`.")
    quantity: Decimal = strawberry.field(
        description="How many, or how much of an agreed sum, in the utility's unit; above 0, up to 10,000."
    )
    day: date = strawberry.field(description="The civil day it is for; billed already, it goes onto the next bill.")
    reason: str = strawberry.field(description="Why, for the customer to read; 1 to 200 characters are kept.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


async def customer_protection_grant(info: Info, given: CustomerProtectionGrantInput) -> CustomerProtectionPayload:
    """Record a protected status, or say why not."""
    customer_id = number_of(given.customer_id, type_name="Customer")
    protection = Protection(
        kind=given.kind, starts=given.starts_on, ends=given.ends_on or None, proof=given.proof.strip()
    )

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await grant_protection(session, desk=desk, customer_id=customer_id, protection=protection)

    return await _protected(info, StepAsked("customer_protection_grant", given.idempotency_key, body_of(given)), do)


async def customer_protection_end(info: Info, given: CustomerProtectionEndInput) -> CustomerProtectionPayload:
    """Let a protected status end, or say why not."""
    customer_id = number_of(given.customer_id, type_name="Customer")

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await stop_protection(session, desk=desk, customer_id=customer_id, kind=given.kind, ends=given.ends_on)

    return await _protected(info, StepAsked("customer_protection_end", given.idempotency_key, body_of(given)), do)


async def contract_fee_add(info: Info, given: ContractFeeAddInput) -> ContractPayload:
    """Note a fee on a contract, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")
    fee = NewFee(
        code=given.code,
        quantity=given.quantity,
        day=given.day,
        reason=" ".join(given.reason.split())[:REASON_CHARACTERS_MAX] or given.code,
        source="staff",
        key=f"staff {given.idempotency_key}",
    )

    async def do(session: AsyncSession, desk: Desk) -> int:
        contract = await desk.held_contract(session, number)
        if not desk.is_staff:
            raise NotPermitted("only operators note fees")
        await require_bill_to_come(session, contract=contract, billed_until=desk.billed_until)
        await note_fee(session, contract=contract, fee=fee, adapter=desk.adapter(contract.adapter), now=desk.now)
        return number

    return await taken(info, StepAsked("contract_fee_add", given.idempotency_key, body_of(given)), do)


async def _protected(
    info: Info, asked: StepAsked, do: Callable[[AsyncSession, Desk], Awaitable[int]]
) -> CustomerProtectionPayload:
    context, desk = info.context, desk_of(info.context.reads)
    try:
        async with unit_of_work(context.engine) as session:
            number = await once(session, desk=desk, asked=asked, do=lambda: do(session, desk))
    except Refusal as refusal:
        return CustomerProtectionPayload(customer=None, user_errors=[contract_error(refusal)])
    return CustomerProtectionPayload(customer=changed(Customer, number), user_errors=[])
