"""What may be received, and how a payment is shared over the invoices it names. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from mains_server.invoices.records import OpenInvoice
from mains_server.ledger.records import Booking, BookingKind, Entry
from mains_server.ledger.rules import DEFERRED, PREPAID, RECEIVABLE, REFUNDS, bank, booking_of, clearing
from mains_server.money.records import NotMoney, require_amount
from mains_server.money.rules import NotAReference, creditor_reference
from mains_server.payments.records import (
    Allocation,
    Held,
    PaymentMethod,
    PaymentRequest,
    ReceivedPayment,
    ReturnedPayment,
    ReturnKind,
    ReturnRequest,
    Settle,
)

ACCEPTED_CURRENCIES = frozenset({"EUR"})
KEY_LENGTH_MAX = 200
REASON_LENGTH_MAX = 1000
PAYMENT_CHANGED = "payment.changed"
# The key of what a bill below nothing gave is this and the bill's id; no payment that comes may have such a key.
GIVEN_KEY = "invoice:"


class PaymentRefused(ValueError):
    """A payment cannot be received as asked; the message says why."""


class AmountNotPayable(PaymentRefused):
    """Only a positive amount to the cent can be paid."""


class CurrencyNotAccepted(PaymentRefused):
    """The house keeps its accounts in other currencies, or the named invoice is in another."""


class KeyNotUsable(PaymentRefused):
    """An idempotency key is missing or too long."""


class NotReceived(PaymentRefused):
    """What a bill below nothing gave is no money that came: nobody receives it, and no bank takes it back."""


class ReceivedInTheFuture(PaymentRefused):
    """Money cannot have come on a day that has not begun anywhere."""


class InvoiceNamedTwice(PaymentRefused):
    """A payment names an invoice more than once."""


class MoreThanOpen(PaymentRefused):
    """A payment allots an invoice more than is open on it, or anything where nothing is."""


class MoreThanPaid(PaymentRefused):
    """A payment allots its invoices more than it brings."""


class InvoiceAndContractNamed(PaymentRefused):
    """A payment is for invoices or for a levelled contract, not for both."""


class ContractNotPayable(PaymentRefused):
    """The customer has no contract by the number that a payment names."""


class PaymentKeyReused(PaymentRefused):
    """The idempotency key stands for another payment of this customer."""


class PaymentNotFound(PaymentRefused):
    """There is no such payment to give back."""


class NothingLeftToReturn(PaymentRefused):
    """Less is left of a payment than is to go back; at most what came can go."""


class NothingTakenBack(PaymentRefused):
    """Less was taken back of a payment than is to come again."""


class NotCredit(PaymentRefused):
    """Only what no invoice and no levelled contract uses can be refunded."""


class ReasonMissing(PaymentRefused):
    """Money goes back for a reason that is written down."""


class ReturnKeyReused(PaymentRefused):
    """The key stands for another return of this payment."""


def require_receivable(request: PaymentRequest, *, today: date) -> None:
    """Refuse what is wrong with a payment whatever the books say."""
    _require_positive(request.amount)
    if request.currency not in ACCEPTED_CURRENCIES:
        accepted = ", ".join(sorted(ACCEPTED_CURRENCIES))
        raise CurrencyNotAccepted(f"payments in {request.currency!r} are not accepted; accepted: {accepted}")
    if request.method is PaymentMethod.INVOICE:
        raise NotReceived("INVOICE is what a bill below nothing gave, and is written with the bill; say how money came")
    if not 1 <= len(request.idempotency_key) <= KEY_LENGTH_MAX:
        raise KeyNotUsable(f"an idempotency key has 1 to {KEY_LENGTH_MAX} signs")
    if request.idempotency_key.startswith(GIVEN_KEY):
        raise KeyNotUsable(f"keys that begin with {GIVEN_KEY} are kept for what bills below nothing gave")
    if request.received_on > today + timedelta(days=1):
        raise ReceivedInTheFuture(f"{request.received_on} is after {today}")
    numbers = [settle.document_number for settle in request.settles]
    if len(set(numbers)) < len(numbers):
        raise InvoiceNamedTwice(f"an invoice is named twice: {', '.join(numbers)}")
    for settle in request.settles:
        if settle.amount is not None:
            _require_positive(settle.amount)
    if request.settles and request.contract_number is not None:
        raise InvoiceAndContractNamed("name invoices or a contract, not both")


def _require_positive(amount: Decimal) -> None:
    try:
        require_amount(amount)
    except NotMoney as refusal:
        raise AmountNotPayable(str(refusal)) from refusal
    if amount <= 0:
        raise AmountNotPayable(f"{amount} is not a positive amount")


def allocate_as_named(
    *, amount: Decimal, currency: str, named: Sequence[tuple[Settle, OpenInvoice]]
) -> tuple[Allocation, ...]:
    """Share a payment over the invoices it names, in the order named; what they do not take is credit.

    A stated amount must be open on its invoice; without one an invoice takes what is open and left.
    """
    stated = sum((settle.amount for settle, _ in named if settle.amount is not None), Decimal(0))
    if stated > amount:
        raise MoreThanPaid(f"the named amounts sum to {stated}, the payment is {amount}")
    unstated = amount - stated
    allocations = []
    for settle, invoice in named:
        _require_open(settle, invoice, currency=currency)
        if settle.amount is None:
            part = min(invoice.open_amount, unstated)
            unstated -= part
        else:
            part = settle.amount
        if not part:
            raise MoreThanPaid(f"nothing of the payment is left for {invoice.document_number}")
        allocations.append(Allocation(invoice_id=invoice.id, contract_id=invoice.contract_id, amount=part))
    return tuple(allocations)


def _require_open(settle: Settle, invoice: OpenInvoice, *, currency: str) -> None:
    if invoice.currency != currency:
        raise CurrencyNotAccepted(f"{invoice.document_number} is in {invoice.currency}, the payment in {currency}")
    asked = settle.amount or Decimal("0.01")
    if asked > invoice.open_amount:
        raise MoreThanOpen(f"{invoice.open_amount} is open on {invoice.document_number}; {asked} cannot be allotted")


def booking_of_payment(request: PaymentRequest, *, payment_id: int) -> Booking:
    """Make what a payment posts: the money came in, and the customer owes so much less."""
    return booking_of(
        customer_id=request.customer_id,
        kind=BookingKind.PAYMENT,
        document_id=payment_id,
        effective_on=request.received_on,
        entries=(
            Entry(money_account(request.method, request.provider), request.currency, request.amount),
            Entry(RECEIVABLE, request.currency, -request.amount),
        ),
    )


def money_account(method: PaymentMethod, provider: str | None) -> str:
    """Name the account where a payment's money lies: at its provider until paid out, or else at our bank.

    What a bill below nothing gave lies nowhere; where it is refunded, it leaves as a bank transfer.
    """
    road = PaymentMethod.BANK_TRANSFER if method is PaymentMethod.INVOICE else method
    return bank(road.name) if provider is None else clearing(provider)


def require_returnable(request: ReturnRequest, *, payment: ReceivedPayment) -> Decimal:
    """Work out what goes back, or refuse: at most what is left, and as a refund only what is credit."""
    if request.kind is ReturnKind.REVERSAL and payment.method is PaymentMethod.INVOICE:
        raise NotReceived(f"payment {payment.id} is what {payment.reference} gave; no bank has it to take back")
    left = payment.amount - payment.returned
    amount = left if request.amount is None else request.amount
    if not request.reason.strip() or len(request.reason) > REASON_LENGTH_MAX:
        raise ReasonMissing(f"give a reason of 1 to {REASON_LENGTH_MAX} signs")
    if not 1 <= len(request.key) <= KEY_LENGTH_MAX:
        raise KeyNotUsable(f"an idempotency key has 1 to {KEY_LENGTH_MAX} signs")
    if not left or amount > left:
        raise NothingLeftToReturn(f"{left} is left of payment {payment.id}; {amount} cannot go back")
    _require_positive(amount)
    if request.kind is ReturnKind.REFUND and amount > payment.credit:
        raise NotCredit(f"{payment.credit} of payment {payment.id} is credit; {amount} cannot be refunded")
    return amount


def require_same_return(*, earlier: ReturnedPayment, asked: ReturnRequest) -> None:
    """Refuse a key that already stands for another return of the payment."""
    is_same = earlier.kind is asked.kind and asked.amount in {None, earlier.amount}
    if not is_same:
        raise ReturnKeyReused(f"key {asked.key} stands for another return of payment {asked.payment_id}")


def booking_of_return(returned: ReturnedPayment, *, account: str) -> Booking:
    """Make what money that goes back posts: the customer owes so much more, and the account has so much less.

    A refund leaves the account when its provider says so; until then it is on its way, on `refunds`.
    """
    return booking_of(
        customer_id=returned.customer_id,
        kind=BookingKind.PAYMENT_RETURN,
        document_id=returned.id,
        effective_on=returned.returned_on,
        entries=(
            Entry(RECEIVABLE, returned.currency, returned.amount),
            Entry(REFUNDS if returned.kind is ReturnKind.REFUND else account, returned.currency, -returned.amount),
        ),
    )


def booking_of_arrival(returned: ReturnedPayment, *, account: str, effective_on: date) -> Booking:
    """Make what a refund that has arrived posts: it is on its way no longer, and the account has so much less."""
    return booking_of(
        customer_id=returned.customer_id,
        kind=BookingKind.REFUND_SENT,
        document_id=returned.id,
        effective_on=effective_on,
        entries=(
            Entry(REFUNDS, returned.currency, returned.amount),
            Entry(account, returned.currency, -returned.amount),
        ),
    )


def latest_first(allocations: Sequence[Allocation], *, amount: Decimal) -> tuple[Allocation, ...]:
    """Take an amount back from what a payment settled, the latest first; give the negative allocations."""
    settled: dict[int, Decimal] = {}
    contracts: dict[int, int] = {}
    for part in allocations:
        before = settled.pop(part.invoice_id, Decimal(0))
        settled[part.invoice_id] = before + part.amount
        contracts[part.invoice_id] = part.contract_id
    taken = []
    for invoice_id, has in reversed(settled.items()):
        share = min(has, amount)
        if share > 0:
            taken.append(Allocation(invoice_id=invoice_id, contract_id=contracts[invoice_id], amount=-share))
            amount -= share
    assert not amount, f"{amount} is more than the payment settled"
    return tuple(taken)


def contract_reference(number: str) -> str | None:
    """Make the creditor reference that payments for a levelled contract quote; None where its number is too long.

    It begins with a digit, as no invoice number does, so that it is never that of an invoice.
    """
    try:
        return creditor_reference(f"0{number}")
    except NotAReference:
        return None


def entries_of_move(*, before: Decimal, change: Decimal, currency: str) -> tuple[Entry, ...]:
    """Work out what a change of a levelled account's balance posts against the receivable.

    A balance above nothing is prepaid, which we owe; below nothing it is deferred, which the customer owes.
    """
    after = before + change
    moves = (
        (RECEIVABLE, change),
        (PREPAID, max(before, Decimal(0)) - max(after, Decimal(0))),
        (DEFERRED, max(-after, Decimal(0)) - max(-before, Decimal(0))),
    )
    return tuple(Entry(account, currency, amount) for account, amount in moves if amount)


def taken_from(parts: Sequence[Held], *, amount: Decimal) -> tuple[Held, ...]:
    """Take an amount from parts in their order, from each as much as it has."""
    taken = []
    for part in parts:
        share = min(part.amount, amount)
        if share > 0:
            taken.append(Held(document_id=part.document_id, contract_id=part.contract_id, amount=share))
        amount -= share
    assert not amount, f"{amount} is more than there is"
    return tuple(taken)


def require_same_payment(
    *, received: ReceivedPayment, asked: PaymentRequest, named: Sequence[OpenInvoice], contract_id: int | None
) -> None:
    """Refuse a key that already stands for another payment; `contract_id` is the contract it is asked to be for."""
    settled = {allocation.invoice_id for allocation in received.allocations}
    stands = received.amount, received.currency, received.method, received.received_on, received.provider
    wanted = asked.amount, asked.currency, asked.method, asked.received_on, asked.provider
    said = received.reference, received.payer_name
    is_same = stands == wanted and said == (asked.reference, asked.payer_name)
    is_for_another = any(held.contract_id != contract_id for held in received.prepaid)
    if not is_same or is_for_another or any(invoice.id not in settled for invoice in named):
        raise PaymentKeyReused(f"key {asked.idempotency_key} stands for another payment of this customer")
