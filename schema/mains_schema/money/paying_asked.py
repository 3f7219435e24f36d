"""What payers and employees do: begin a payment through a provider, look at it again, and refund credit."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.paying.desk import PaymentAsked, create_payment, create_refund, refresh_payment
from mains_server.paying.flow import Counter
from mains_server.paying.payouts import BankRefundAsked, request_bank_refund

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.money.paying import PaymentIntent, PaymentRefund, counted, next_instalment, uncounted


class PayingErrorCode(Enum):
    """Why a payment or refund was not begun."""

    PROVIDER_UNKNOWN = "PROVIDER_UNKNOWN"
    TARGET_NOT_ONE = "TARGET_NOT_ONE"
    INVOICE_NOT_PAYABLE = "INVOICE_NOT_PAYABLE"
    INVOICES_OF_SEVERAL_CUSTOMERS = "INVOICES_OF_SEVERAL_CUSTOMERS"
    NOTHING_TO_PAY = "NOTHING_TO_PAY"
    MORE_THAN_OPEN = "MORE_THAN_OPEN"
    CONTRACT_NOT_PAYABLE = "CONTRACT_NOT_PAYABLE"
    REFERENCE_UNKNOWN = "REFERENCE_UNKNOWN"
    AMOUNT_NOT_PAYABLE = "AMOUNT_NOT_PAYABLE"
    RETURN_URL_NOT_USABLE = "RETURN_URL_NOT_USABLE"
    INTENT_UNKNOWN = "INTENT_UNKNOWN"
    PAYMENT_UNKNOWN = "PAYMENT_UNKNOWN"
    REFUND_NOT_POSSIBLE = "REFUND_NOT_POSSIBLE"
    NOT_CREDIT = "NOT_CREDIT"
    REASON_WRONG = "REASON_WRONG"
    ABOVE_CAP_PER_PAYMENT = "ABOVE_CAP_PER_PAYMENT"
    ABOVE_CAP_PER_MONTH = "ABOVE_CAP_PER_MONTH"
    APPROVAL_NEEDED = "APPROVAL_NEEDED"
    APPROVAL_REFUSED = "APPROVAL_REFUSED"
    IBAN_WRONG = "IBAN_WRONG"
    PAYEE_WRONG = "PAYEE_WRONG"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    PayingErrorCode,
    "Why a payment or refund was not begun.",
    {
        "PROVIDER_UNKNOWN": "No such payment provider is set up; `paymentProviders` lists those that are.",
        "TARGET_NOT_ONE": "A payment names invoices, or a contract, or a reference; an amount only with the last two.",
        "INVOICE_NOT_PAYABLE": "There is no such invoice that the viewer may pay, or one is named twice.",
        "INVOICES_OF_SEVERAL_CUSTOMERS": "The invoices are of several customers; pay those of one at a time.",
        "NOTHING_TO_PAY": "0.00 is open on it.",
        "MORE_THAN_OPEN": "An invoice is to be paid with more than is open on it; pay in advance on the contract.",
        "CONTRACT_NOT_PAYABLE": "There is no such contract that the viewer may pay for.",
        "REFERENCE_UNKNOWN": "Nothing can be paid by this reference.",
        "AMOUNT_NOT_PAYABLE": "It is no positive amount to the cent, or not within what the provider takes.",
        "RETURN_URL_NOT_USABLE": "The address to come back to is not of https, or is too long.",
        "INTENT_UNKNOWN": "There is no such payment of the viewer's.",
        "PAYMENT_UNKNOWN": "There is no such payment that the viewer may have refunded.",
        "REFUND_NOT_POSSIBLE": "It came by no provider that refunds; with an IBAN, it came by no bank transfer.",
        "NOT_CREDIT": "Only what no invoice and no levelled contract uses can be refunded, at most what came.",
        "ABOVE_CAP_PER_PAYMENT": "A delegate pays at most their cap at a time.",
        "ABOVE_CAP_PER_MONTH": "With it a delegate would pay more than their cap of the month.",
        "APPROVAL_NEEDED": "It waits for the owner's word; ask again with the same key once they agreed.",
        "APPROVAL_REFUSED": "The owner said no to it, or agreed to another amount.",
        "REASON_WRONG": "The reason is missing, or longer than 1,000 characters.",
        "IBAN_WRONG": "The account is no IBAN, or its check digits are wrong.",
        "PAYEE_WRONG": "The name of whose account it is is missing, or longer than 70 characters.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why a payment or refund was not begun.")
class PayingUserError:
    """A refusal."""

    code: PayingErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.input(description="An invoice to pay, wholly or in part.")
class PaymentInvoiceInput:
    """One invoice."""

    invoice_id: strawberry.ID = strawberry.field(description="Global id of the invoice.")
    amount: Decimal | None = strawberry.field(
        description="How much of it, to the cent; all that is open if left out.", default=strawberry.UNSET
    )


@strawberry.input(description="What to pay: name `invoices`, or `contractId`, or `reference`.")
class PaymentCreateInput:
    """A payment."""

    provider: str = strawberry.field(description="Code of a provider, from `paymentProviders`.")
    invoices: list[PaymentInvoiceInput] | None = strawberry.field(
        description="1 to 50 invoices of one customer, which the viewer may pay.", default=strawberry.UNSET
    )
    contract_id: strawberry.ID | None = strawberry.field(
        description="Global id of a contract: its instalment, what is open on it, or with `amount` in advance.",
        default=strawberry.UNSET,
    )
    reference: str | None = strawberry.field(
        description="A payment reference or contract number, also of somebody else; `payable` shows what it asks for.",
        default=strawberry.UNSET,
    )
    amount: Decimal | None = strawberry.field(
        description="How much, to the cent; what is to be paid now if left out.", default=strawberry.UNSET
    )
    return_url: str | None = strawberry.field(
        description="Address of https that the payer comes back to; at most 500 characters.", default=strawberry.UNSET
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="A payment begun, or why it was not.")
class PaymentCreatePayload:
    """The intent, or a refusal."""

    payment_intent: PaymentIntent | None = strawberry.field(
        description="The payment; send the payer to its `pageUrl`. Null if it was refused."
    )
    user_errors: list[PayingUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="Which payment to ask its provider about.")
class PaymentRefreshInput:
    """One payment."""

    intent_id: strawberry.ID = strawberry.field(description="Global id of the payment through a provider.")


@strawberry.input(description="Credit to give back the way it came, or by bank.")
class RefundCreateInput:
    """A refund."""

    payment_id: strawberry.ID = strawberry.field(description="Global id of the payment.")
    amount: Decimal = strawberry.field(description="How much, to the cent; at most the payment's `unallocated`.")
    reason: str = strawberry.field(description="Why; 1 to 1,000 characters.")
    iban: str | None = strawberry.field(
        description="Account of the customer's that credit of a bank transfer goes to; for billing clerks."
        " Another of them puts it into a file for the bank (`payoutFileMake`).",
        default=strawberry.UNSET,
    )
    payee_name: str | None = strawberry.field(
        description="Whose account that is, as the bank knows them; at most 70 characters. With `iban` alone.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="A refund on its way, or why there is none.")
class RefundCreatePayload:
    """The refund, or a refusal."""

    refund: PaymentRefund | None = strawberry.field(description="The refund as it stands; null if it was refused.")
    user_errors: list[PayingUserError] = strawberry.field(description=USER_ERRORS)


async def payment_create(info: Info, given: PaymentCreateInput) -> PaymentCreatePayload:
    """Begin a payment, or say why not."""
    counter = _counter(info)
    asked = PaymentAsked(
        provider=given.provider,
        key=given.idempotency_key,
        invoices=tuple(
            (number_of(one.invoice_id, type_name="Invoice"), _given(one.amount)) for one in given.invoices or ()
        ),
        contract_id=number_of(given.contract_id, type_name="Contract") if given.contract_id else None,
        reference=given.reference[:100] if given.reference else None,
        amount=_given(given.amount),
        return_url=given.return_url or None,
    )
    reads = info.context.reads
    if asked.reference is not None:
        await counted(reads)
    try:
        intent = await create_payment(counter, viewer=info.context.viewer, asked=asked, instalment=next_instalment)
    except Refusal as refusal:
        return PaymentCreatePayload(payment_intent=None, user_errors=[_error(refusal)])
    if asked.reference is not None:
        await uncounted(reads)
    return PaymentCreatePayload(payment_intent=changed(PaymentIntent, intent.id), user_errors=[])


async def payment_refresh(info: Info, given: PaymentRefreshInput) -> PaymentCreatePayload:
    """Ask a provider how a payment stands, or say why not."""
    counter = _counter(info)
    number = number_of(given.intent_id, type_name="PaymentIntent")
    try:
        intent = await refresh_payment(counter, viewer=info.context.viewer, intent_id=number)
    except Refusal as refusal:
        return PaymentCreatePayload(payment_intent=None, user_errors=[_error(refusal)])
    return PaymentCreatePayload(payment_intent=changed(PaymentIntent, intent.id), user_errors=[])


async def refund_create(info: Info, given: RefundCreateInput) -> RefundCreatePayload:
    """Refund credit, or say why not."""
    counter = _counter(info)
    if given.iban:
        return await _by_bank(info, given)
    try:
        refund = await create_refund(
            counter,
            viewer=info.context.viewer,
            payment_id=number_of(given.payment_id, type_name="Payment"),
            amount=given.amount,
            reason=given.reason,
            key=given.idempotency_key,
        )
    except Refusal as refusal:
        return RefundCreatePayload(refund=None, user_errors=[_error(refusal)])
    return RefundCreatePayload(refund=changed(PaymentRefund, refund.id), user_errors=[])


async def _by_bank(info: Info, given: RefundCreateInput) -> RefundCreatePayload:
    context = info.context
    asked = BankRefundAsked(
        payment_id=number_of(given.payment_id, type_name="Payment"),
        amount=given.amount,
        reason=given.reason,
        iban=(given.iban or "")[:50],
        payee_name=given.payee_name or "",
        key=given.idempotency_key,
    )
    try:
        async with unit_of_work(context.engine) as session:
            number = await request_bank_refund(session, viewer=context.viewer, asked=asked, now=context.now)
    except Refusal as refusal:
        return RefundCreatePayload(refund=None, user_errors=[_error(refusal)])
    return RefundCreatePayload(refund=changed(PaymentRefund, number), user_errors=[])


def _counter(info: Info) -> Counter:
    context = info.context
    if not context.viewer.is_signed_in:
        raise unauthenticated()
    return Counter(engine=context.engine, terminals=context.services.terminals, clock=lambda: context.now)


def _given(amount: Decimal | None) -> Decimal | None:
    return None if amount is strawberry.UNSET else amount


def _error(refusal: Refusal) -> PayingUserError:
    return user_error(PayingUserError, PayingErrorCode, refusal)
