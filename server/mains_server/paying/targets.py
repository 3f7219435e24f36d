"""What may be paid by whom: one's own invoices and contracts, in advance, and others' by what they quote."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Permission, Refusal, Viewer
from mains_server.contracts.queries import contract_by_id, contract_by_number
from mains_server.contracts.records import Contract, Settlement
from mains_server.invoices.queries import (
    InvoiceNotFound,
    SellerNotFound,
    invoice_by_id,
    invoice_by_number,
    open_invoices,
    seller_on,
)
from mains_server.invoices.records import OpenInvoice
from mains_server.invoices.rules import payment_reference
from mains_server.paying.records import Part, Payable, Target
from mains_server.paying.rules import named_by
from mains_server.payments.rules import contract_reference

CURRENCY = "EUR"
PARTS_MAX = 50
NOTHING = Decimal("0.00")
Instalment = Callable[[AsyncSession, int], Awaitable[tuple[date, Decimal] | None]]


class InvoiceNotPayable(Refusal):
    """There is no such invoice that the viewer may pay."""

    code = "INVOICE_NOT_PAYABLE"
    path = "invoices"


class InvoicesOfSeveralCustomers(Refusal):
    """One payment is for the account of one customer."""

    code = "INVOICES_OF_SEVERAL_CUSTOMERS"
    path = "invoices"


class NothingToPay(Refusal):
    """Nothing is open on what is to be paid."""

    code = "NOTHING_TO_PAY"


class MoreThanOpen(Refusal):
    """An invoice is paid with what is open on it at most."""

    code = "MORE_THAN_OPEN"
    path = "invoices"


class ContractNotPayable(Refusal):
    """There is no such contract or customer that the viewer may pay for."""

    code = "CONTRACT_NOT_PAYABLE"


class ReferenceUnknown(Refusal):
    """Nothing can be paid by this reference; also where something like it exists."""

    code = "REFERENCE_UNKNOWN"
    path = "reference"


class AmountMissing(Refusal):
    """What is paid in advance has an amount of its own."""

    code = "AMOUNT_MISSING"
    path = "amount"


async def invoices_target(
    session: AsyncSession, *, viewer: Viewer, asked: Sequence[tuple[int, Decimal | None]]
) -> Target:
    """Let somebody pay invoices of one customer, each wholly or in part."""
    if not 1 <= len(asked) <= PARTS_MAX or len({invoice_id for invoice_id, _ in asked}) < len(asked):
        raise InvoiceNotPayable(f"name 1 to {PARTS_MAX} invoices, each once")
    found = []
    for invoice_id, amount in asked:
        invoice = await invoice_by_id(session, invoice_id=invoice_id)
        if invoice is None or not viewer.may(
            Permission.PAY, customer_id=invoice.customer_id, contract_id=invoice.contract_id
        ):
            raise InvoiceNotPayable("there is no such invoice for you to pay")
        found.append((invoice, invoice.open_amount if amount is None else amount))
    if len({invoice.customer_id for invoice, _ in found}) > 1:
        raise InvoicesOfSeveralCustomers("pay the invoices of one customer at a time")
    return await _target_of_parts(session, found)


async def contract_target(
    session: AsyncSession, *, viewer: Viewer, contract_id: int, amount: Decimal | None, instalment: Instalment
) -> Target:
    """Let somebody pay for a contract: its next instalment or all that is open on it, or an amount of their own."""
    contract = await contract_by_id(session, contract_id=contract_id)
    if contract is None or not viewer.may(Permission.PAY, customer_id=contract.customer_id, contract_id=contract_id):
        raise ContractNotPayable("there is no such contract for you to pay for")
    return await _target_of_contract(session, contract=contract, amount=amount, instalment=instalment)


async def reference_target(
    session: AsyncSession, *, quoted: str, amount: Decimal | None, instalment: Instalment
) -> Target:
    """Let anybody pay what they can quote: an invoice by its payment reference, a contract by number or reference."""
    invoice, contract = await _named(session, quoted=quoted)
    if invoice is not None:
        return await _target_of_parts(session, [(invoice, invoice.open_amount if amount is None else amount)])
    if contract is not None:
        return await _target_of_contract(session, contract=contract, amount=amount, instalment=instalment)
    raise ReferenceUnknown("nothing can be paid by this reference")


async def payable(session: AsyncSession, *, quoted: str, instalment: Instalment, today: date) -> Payable | None:
    """Tell to whom, how much and until when is to be paid by what somebody quotes; nothing to pay is 0.00."""
    invoice, contract = await _named(session, quoted=quoted)
    if invoice is not None:
        return Payable(
            payee=await _payee(session, adapter=invoice.adapter, on=invoice.issued_on),
            reference=payment_reference(invoice.document_number),
            amount=max(invoice.open_amount, NOTHING),
            currency=invoice.currency,
            due_on=invoice.due_on,
        )
    if contract is None:
        return None
    amount, due_on = await _due(session, contract=contract, instalment=instalment)
    return Payable(
        payee=await _payee(session, adapter=contract.adapter, on=today),
        reference=contract_reference(contract.number) or contract.number,
        amount=amount,
        currency=CURRENCY,
        due_on=due_on,
    )


async def _named(session: AsyncSession, *, quoted: str) -> tuple[OpenInvoice | None, Contract | None]:
    document_number, contract_number = named_by(quoted)
    if document_number is not None:
        try:
            invoice = await invoice_by_number(session, document_number=document_number)
        except (InvoiceNotFound, ValueError):
            return None, None
        is_meant = payment_reference(invoice.document_number) == quoted.replace(" ", "").upper()
        return (invoice if is_meant and invoice.kind.name != "CREDIT" else None), None
    if contract_number is None:
        return None, None
    return None, await contract_by_number(session, number=contract_number)


async def _target_of_parts(session: AsyncSession, found: Sequence[tuple[OpenInvoice, Decimal]]) -> Target:
    for invoice, amount in found:
        if invoice.open_amount <= 0:
            raise NothingToPay(f"0.00 is open on {invoice.document_number}")
        if not 0 < amount <= invoice.open_amount:
            raise MoreThanOpen(f"{invoice.open_amount} is open on {invoice.document_number}")
    first = found[0][0]
    return Target(
        customer_id=first.customer_id,
        payee=await _payee(session, adapter=first.adapter, on=first.issued_on),
        shown_reference=", ".join(payment_reference(invoice.document_number) for invoice, _ in found[:3]),
        amount=sum((amount for _, amount in found), Decimal(0)),
        currency=first.currency,
        parts=tuple(
            Part(invoice_id=invoice.id, contract_id=invoice.contract_id, amount=amount) for invoice, amount in found
        ),
    )


async def _target_of_contract(
    session: AsyncSession, *, contract: Contract, amount: Decimal | None, instalment: Instalment
) -> Target:
    if amount is None:
        amount, _ = await _due(session, contract=contract, instalment=instalment)
        if amount <= 0:
            raise NothingToPay("0.00 is to be paid on this contract; name an amount to pay in advance")
    return Target(
        customer_id=contract.customer_id,
        payee=await _payee(session, adapter=contract.adapter, on=contract.starts),
        shown_reference=contract_reference(contract.number) or contract.number,
        amount=amount,
        currency=CURRENCY,
        contract_id=contract.id,
    )


async def _due(session: AsyncSession, *, contract: Contract, instalment: Instalment) -> tuple[Decimal, date | None]:
    found = await instalment(session, contract.id) if contract.settlement is Settlement.LEVELLED else None
    if found is not None:
        return found[1], found[0]
    # Without a plan that asks for anything, what is open on its bills is due: those before it, or the last one.
    mine = [
        invoice
        for invoice in await open_invoices(session, customer_id=contract.customer_id)
        if invoice.contract_id == contract.id and invoice.open_amount > 0
    ]
    due_on = min((invoice.due_on for invoice in mine), default=None)
    return sum((invoice.open_amount for invoice in mine), NOTHING), due_on


async def _payee(session: AsyncSession, *, adapter: str, on: date) -> str:
    try:
        return (await seller_on(session, adapter=adapter, on=on)).name
    except SellerNotFound:
        return adapter
