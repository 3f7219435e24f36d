"""What is done about debts: paying in parts, disputing an invoice, and what employees decide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

import strawberry
from mains_server.access.records import Refusal
from mains_server.contracts.desk import Desk, StepAsked, once
from mains_server.db.unit_of_work import unit_of_work
from mains_server.dunning.arranging import arrange, cancel_arrangement
from mains_server.dunning.operations import close_dispute, open_dispute
from mains_server.dunning.records import PartsAsked
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.billing.invoice import Invoice
from mains_schema.common.desk import desk_of
from mains_schema.compiling.changed import changed
from mains_schema.contracts.contract import Contract
from mains_schema.contracts.contract_inputs import CONTRACT_ID, body_of
from mains_schema.declaring.context import Info
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import KEY_WORDS, USER_ERRORS
from mains_schema.money.debt_errors import DebtUserError, debt_error

INVOICE_ID = "Global id of the invoice."


@strawberry.input(description="How the overdue debt of a contract is to be paid in parts.")
class DebtArrangeInput:
    """Which debt, and how."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    first_amount: Decimal = strawberry.field(description="The first part; `debtArrangementPreview` shows the others.")
    parts: int = strawberry.field(description="How many parts in all, the first with them; 2 or more.")
    first_due_on: date = strawberry.field(description="When the first is due; the others follow a month apart.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which arrangement is ended, and why.")
class DebtArrangementCancelInput:
    """Whose arrangement ends."""

    contract_id: strawberry.ID = strawberry.field(description=CONTRACT_ID)
    note: str = strawberry.field(description="Why, for the file; 1,000 characters are kept.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which invoice is held to be wrong, and why.")
class InvoiceDisputeInput:
    """An invoice and what is wrong with it."""

    invoice_id: strawberry.ID = strawberry.field(description=INVOICE_ID)
    reason: str = strawberry.field(description="What is wrong; 1 to 1,000 characters.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which dispute is closed, and what was found.")
class InvoiceDisputeCloseInput:
    """An invoice and the answer."""

    invoice_id: strawberry.ID = strawberry.field(description=INVOICE_ID)
    answer: str = strawberry.field(description="What was found; 1 to 1,000 characters.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="The contract with its debt, or why nothing was changed.")
class DebtPayload:
    """A contract, or why it is as it was."""

    contract: Contract | None = strawberry.field(description="The contract as it is now; null if it was refused.")
    user_errors: list[DebtUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="The invoice, or why nothing was changed.")
class InvoiceDisputePayload:
    """An invoice, or why it is as it was."""

    invoice: Invoice | None = strawberry.field(description="The invoice as it is now; null if it was refused.")
    user_errors: list[DebtUserError] = strawberry.field(description=USER_ERRORS)


async def debt_arrange(info: Info, given: DebtArrangeInput) -> DebtPayload:
    """Let a debt be paid in parts, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")
    parts = PartsAsked(first_amount=given.first_amount, parts=given.parts, first_due_on=given.first_due_on)

    async def do(session: AsyncSession, desk: Desk) -> int:
        await arrange(session, desk=desk, contract_id=number, asked=parts)
        return number

    return await _contract(info, StepAsked("debt_arrange", given.idempotency_key, body_of(given)), do)


async def debt_arrangement_cancel(info: Info, given: DebtArrangementCancelInput) -> DebtPayload:
    """End an arrangement, or say why not."""
    number = number_of(given.contract_id, type_name="Contract")

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await cancel_arrangement(session, desk=desk, contract_id=number, note=given.note)

    return await _contract(info, StepAsked("debt_arrangement_cancel", given.idempotency_key, body_of(given)), do)


async def invoice_dispute(info: Info, given: InvoiceDisputeInput) -> InvoiceDisputePayload:
    """Note that an invoice is held to be wrong, or say why not."""
    number = number_of(given.invoice_id, type_name="Invoice")

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await open_dispute(session, desk=desk, invoice_id=number, reason=given.reason)

    return await _invoice(info, StepAsked("invoice_dispute", given.idempotency_key, body_of(given)), do)


async def invoice_dispute_close(info: Info, given: InvoiceDisputeCloseInput) -> InvoiceDisputePayload:
    """Close a dispute, or say why not."""
    number = number_of(given.invoice_id, type_name="Invoice")

    async def do(session: AsyncSession, desk: Desk) -> int:
        return await close_dispute(session, desk=desk, invoice_id=number, answer=given.answer)

    return await _invoice(info, StepAsked("invoice_dispute_close", given.idempotency_key, body_of(given)), do)


async def _contract(info: Info, asked: StepAsked, do: Callable[[AsyncSession, Desk], Awaitable[int]]) -> DebtPayload:
    done = await _done(info, asked, do)
    if isinstance(done, Refusal):
        return DebtPayload(contract=None, user_errors=[debt_error(done)])
    return DebtPayload(contract=changed(Contract, done), user_errors=[])


async def _invoice(
    info: Info, asked: StepAsked, do: Callable[[AsyncSession, Desk], Awaitable[int]]
) -> InvoiceDisputePayload:
    done = await _done(info, asked, do)
    if isinstance(done, Refusal):
        return InvoiceDisputePayload(invoice=None, user_errors=[debt_error(done)])
    return InvoiceDisputePayload(invoice=changed(Invoice, done), user_errors=[])


async def _done(info: Info, asked: StepAsked, do: Callable[[AsyncSession, Desk], Awaitable[int]]) -> int | Refusal:
    context, desk = info.context, desk_of(info.context.reads)
    try:
        async with unit_of_work(context.engine) as session:
            return await once(session, desk=desk, asked=asked, do=lambda: do(session, desk))
    except Refusal as refusal:
        return refusal
