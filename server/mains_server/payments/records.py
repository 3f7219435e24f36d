"""What leaves the payments room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum


class PaymentMethod(Enum):
    """By which road money came; INVOICE is what a bill below nothing gave, for which no money came."""

    BANK_TRANSFER = "BANK_TRANSFER"
    CARD = "CARD"
    CASH = "CASH"
    DIRECT_DEBIT = "DIRECT_DEBIT"
    INVOICE = "INVOICE"


class ReturnKind(Enum):
    """Why money of a payment went back: we refunded it, a bank took it back, or its bill below nothing was taken back.

    The last is no money: it takes back what that bill gave.
    """

    REFUND = "REFUND"
    REVERSAL = "REVERSAL"
    WITHDRAWAL = "WITHDRAWAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """An invoice that a payment is meant for: the amount, or as much as is open and left of the payment."""

    document_number: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """Money that came, once by its key; without named invoices it settles the oldest first.

    A levelled contract, named by its number or by its payment reference, keeps it until it is settled. `provider` is
    the code of the payment provider that holds the money for us, if one does.
    """

    customer_id: int
    amount: Decimal
    currency: str
    method: PaymentMethod
    received_on: date
    reference: str
    idempotency_key: str
    payer_name: str | None = None
    contract_number: str | None = None
    settles: tuple[Settle, ...] = ()
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """The part of a payment that settled an invoice."""

    invoice_id: int
    contract_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A part of a payment or invoice (`document_id`) that a levelled contract has; the amount is above nothing."""

    document_id: int
    contract_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidOwner:
    """Whose levelled account it is, and in which currency."""

    customer_id: int
    contract_id: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrepayment:
    """A payment, or a part of it, that a levelled contract is to hold."""

    owner: PrepaidOwner
    payment_id: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelledAccount:
    """What a levelled contract was paid, and what of its invoices it took over, in one currency."""

    paid: Decimal
    used: Decimal

    @property
    def balance(self) -> Decimal:
        """What is prepaid; below nothing, what is deferred until the instalments bring it in."""
        return self.paid - self.used

    def moved(self, *, paid: Decimal) -> LevelledAccount:
        """Give the account after a payment."""
        return LevelledAccount(paid=self.paid + paid, used=self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedPayment:
    """A payment as it stands: what it settled, what contracts hold of it (`prepaid`), what went back, what is credit.

    `is_new` is false for a repeated request. `invoice_id` is the bill below nothing that gave it, if one did.
    """

    id: int
    customer_id: int
    amount: Decimal
    currency: str
    method: PaymentMethod
    received_on: date
    reference: str
    payer_name: str | None
    allocations: tuple[Allocation, ...]
    prepaid: tuple[Held, ...]
    credit: Decimal
    is_new: bool
    provider: str | None = None
    returned: Decimal = Decimal(0)
    invoice_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequest:
    """Money of a payment that goes back, once by the payment's own `key`; without an amount all that is left of it."""

    payment_id: int
    kind: ReturnKind
    reason: str
    key: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedPayment:
    """Money of a payment that went back; `is_new` is false for a repeated request."""

    id: int
    payment_id: int
    customer_id: int
    kind: ReturnKind
    amount: Decimal
    currency: str
    reason: str
    returned_on: date
    is_new: bool


class AccountItemKind(Enum):
    """What changed what a customer owes."""

    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"
    PAYMENT = "PAYMENT"
    PAYMENT_BACK = "PAYMENT_BACK"
    LEVELLED_HELD = "LEVELLED_HELD"
    LEVELLED_SETTLED = "LEVELLED_SETTLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountItem:
    """An entry of an account statement: by how much more is owed, and what is owed after it."""

    day: date
    kind: AccountItemKind
    text: str
    amount: Decimal
    balance: Decimal
    invoice_id: int | None = None
    payment_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatement:
    """A customer's account over days [starts, ends) in one currency."""

    currency: str
    starts: date
    ends: date
    opening: Decimal
    items: tuple[AccountItem, ...]
    closing: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What a customer owes in one currency by the ledger, by the documents and by the account statement: all equal."""

    currency: str
    ledger: Decimal
    open_invoices: Decimal
    credit: Decimal
    statement: Decimal

    @property
    def documents(self) -> Decimal:
        """What is owed by the documents: open invoices less unallocated payments."""
        return self.open_invoices - self.credit

    @property
    def is_equal(self) -> bool:
        """Tell whether the ledger, the documents and the account statement agree."""
        return self.ledger == self.documents == self.statement


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBill:
    """A levelled contract's bill with what is open of it, and how the contract's account stands."""

    invoice_id: int
    owner: PrepaidOwner
    open_amount: Decimal
    account: LevelledAccount
