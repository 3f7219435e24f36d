"""Bank statements: our accounts, every movement on them, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import strawberry
from mains_server.access.records import Viewer
from mains_server.statements.records import (
    AsideReason,
    Confidence,
    LineState,
    MatchRule,
    QueueReason,
    StatementUploadStatus,
)
from mains_server.statements.tables import BankAccount as BA
from mains_server.statements.tables import BankStatement as BS
from mains_server.statements.tables import StatementLine as L
from mains_server.statements.tables import StatementPart as SP
from mains_server.statements.tables import StatementSuggestion as SS
from mains_server.statements.tables import StatementUpload as SU
from sqlalchemy import ColumnElement, Numeric, cast, func, literal_column, select

from mains_schema.declaring.connection import Connection
from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import (
    OrderBy,
    ascending,
    column,
    connection,
    descending,
    described,
    embed,
    equals,
    filters,
    key,
    many,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Money
from mains_schema.declaring.scope import CLERKS_ONLY

if TYPE_CHECKING:
    from mains_schema.billing.invoice import Invoice
    from mains_schema.contracts.contract import Contract
    from mains_schema.money.payment import Payment
    from mains_schema.parties.customer import Customer

described(
    LineState,
    "How far a movement has come.",
    {
        "NEW": "It is on the books and nobody has looked at it yet; this takes seconds.",
        "MATCHED": "It is payments of the customers whose it is, or took such payments back.",
        "QUEUED": "Somebody must say whose it is.",
        "SET_ASIDE": "It is no customer's payment.",
        "REVERSED": "It was matched, and a later movement took the money back.",
    },
)
described(
    QueueReason,
    "Why a movement waits for somebody.",
    {
        "UNMATCHED": "Nothing tells whose it is.",
        "DOUBTFUL": "It may be a customer's, but is not sure.",
        "SEVERAL_CUSTOMERS": "It quotes several customers.",
        "WITHOUT_DETAILS": "It is several payments in one, and the bank does not say which.",
        "MONEY_OUT": "It went out.",
        "REVERSAL": "It takes another movement back, and it is not sure which.",
        "TAKEN_BACK": "Somebody took back what had been decided; `note` says why.",
    },
)
described(
    MatchRule,
    "By what it was seen whose a movement is; the surest first.",
    {
        "REFERENCE": "A payment reference, right by its check digits.",
        "INVOICE_NUMBER": "The number of an invoice.",
        "CUSTOMER_NUMBER": "The number of a customer.",
        "CONTRACT_NUMBER": "The number of a contract.",
        "PAYER_AND_AMOUNT": "The account paid for this customer before, and the amount is what is open.",
        "PAYER": "The account paid for this customer before.",
        "NAME": "The payer is called like the customer.",
        "BY_HAND": "An employee said so.",
    },
)
described(
    Confidence,
    "How sure it is.",
    {
        "SURE": "It proves itself, or two things agree.",
        "LIKELY": "One thing says so.",
        "POSSIBLE": "It may be chance.",
    },
)
described(
    AsideReason,
    "What a movement is that is no customer's payment.",
    {
        "TO_RETURN": "It came by mistake and goes back; set aside likewise what went back.",
        "OTHER_BOOKS": "It belongs to other books of the utility: charges of the bank, salaries, the state's support.",
        "RECEIVED_ALREADY": "It is a payment that an employee entered before it was on a statement.",
        "PROVIDER_PAYOUT": "A payment provider paid out what customers had paid through it.",
    },
)
described(
    StatementUploadStatus,
    "How far a file of bank statements is.",
    {
        "WAITING": "It has not come.",
        "TAKEN": "It was taken whole.",
        "REFUSED": "Nothing of it was taken.",
    },
)


def _latest() -> Decimal:
    closing: Any = (
        select(plain(BS.closing))
        .where(plain(BS.bank_account_id) == plain(BA.id), plain(BS.is_proved))
        .order_by(plain(BS.closes_on).desc(), plain(BS.id).desc())
        .limit(1)
        .scalar_subquery()
    )
    latest: Decimal = cast(func.coalesce(closing, 0), Numeric(14, 2))  # type: ignore[assignment]
    return latest


@dataclass(frozen=True, slots=True, eq=False)
class Queued:
    """Movements that wait for somebody, worded as the index on them is."""

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Compare the state; who asks does not matter here."""
        is_queued: ColumnElement[bool] = plain(L.state).op("=")(literal_column("'QUEUED'"))
        return is_queued


@orders
class BankStatementOrder(OrderBy):
    """Order of bank statements."""

    NEWEST = descending("Last closed first.", BS.closes_on)


@orders
class BankLineOrder(OrderBy):
    """Order of movements."""

    OLDEST = ascending("First booked first.", L.booked_on)
    NEWEST = descending("Last booked first.", L.booked_on)


@orders
class BankStatementLineOrder(OrderBy):
    """Order of a statement's movements."""

    POSITION = ascending("As they stand in the statement.", L.position)


@filters
class BankLineFilter:
    """Which movements; conditions add up."""

    states: list[LineState] | None = where("Which have come so far.", one_of(L.state))
    reasons: list[QueueReason] | None = where("Which wait for one of these reasons.", one_of(L.reason))
    amount: Decimal | None = where("Of exactly this amount; below nothing for money out.", equals(L.amount))
    party_iban: str | None = where("With this account, without spaces.", equals(L.party_iban))


@mapped(SS, scope=CLERKS_ONLY)
class BankLineSuggestion:
    """Whose a movement may be, as it looked when it came."""

    rank: int = column("1 for the likeliest.", SS.rank)
    rule: MatchRule = column("What says so.", SS.rule)
    confidence: Confidence = column("How sure that is.", SS.confidence)
    customer: Customer = one("The customer.", SS.customer_id)
    contract: Contract | None = one("The contract that was quoted; null if none was.", SS.contract_id)
    invoice: Invoice | None = one("The invoice that was quoted; null if none was.", SS.invoice_id)


@mapped(SP, scope=CLERKS_ONLY)
class BankLinePart:
    """The part of a movement that is a customer's payment; below nothing it takes one back."""

    amount: Money = embed("How much of the movement it is.", Money, amount=SP.amount, currency=SP.currency)
    rule: MatchRule = column("By what it was seen.", SP.rule)
    confidence: Confidence = column("How sure it was.", SP.confidence)
    matched_at: datetime = column("When it was booked.", SP.matched_at)
    customer: Customer = one("Whose it is.", SP.customer_id)
    payment: Payment = one("The payment.", SP.payment_id)


@mapped(L, scope=CLERKS_ONLY)
class BankLine(Node):
    """A movement on one of our bank accounts, and what became of it."""

    id: strawberry.ID = key("Global id.", L.id)
    booked_on: date = column("Day on which the bank booked it.", L.booked_on)
    amount: Money = embed("How much came; below nothing it went out.", Money, amount=L.amount, currency=L.currency)
    is_reversal: bool = column("Whether the bank says that it takes another movement back.", L.is_reversal)
    party_name: str = column("Who paid, or was paid; empty if the bank does not say.", L.party_name)
    party_iban: str = column("Their account; empty if the bank does not say.", L.party_iban)
    reference: str = column("Structured reference that the payer gave; empty for none.", L.reference)
    text: str = column("What the payer wrote, or the bank; empty for nothing.", L.text)
    end_to_end_id: str = column("The payer's own id of the payment; empty for none.", L.end_to_end_id)
    servicer_reference: str = column("The bank's reference; empty for none.", L.servicer_reference)
    state: LineState = column("How far it has come.", L.state)
    reason: QueueReason | None = column("Why it waits for somebody; null if it does not.", L.reason)
    aside: AsideReason | None = column("What it is, if it was set aside; null if it was not.", L.aside)
    payout_provider: str | None = column(
        "Code of the payment provider whose payout it is; null if it is none.", L.payout_provider
    )
    payout_fee: Decimal | None = column(
        "What the provider kept of a payout, in the movement's currency; null if it is none.", L.payout_fee
    )
    note: str | None = column("What the last decision was taken for; null if nobody wrote anything.", L.note)
    decided_at: datetime | None = column("When somebody decided last; null if nobody did.", L.decided_at)
    statement: BankStatement = one("The statement that brought it first.", L.statement_id)
    suggestions: list[BankLineSuggestion] = many(
        "Whose it may be, the likeliest first, as it looked when it came; at most 5.",
        SS.line_id,
        order=(SS.rank, SS.id),
        about=2,
    )
    parts: list[BankLinePart] = many(
        "Which payments it is, and those taken back; a handful.", SP.line_id, order=(SP.id,), about=1
    )


@mapped(BS, scope=CLERKS_ONLY)
class BankStatement(Node):
    """A bank's statement, as it was taken in."""

    id: strawberry.ID = key("Global id.", BS.id)
    statement_id: str = column("The bank's id of it.", BS.statement_id)
    message_id: str = column("The bank's id of the message that brought it.", BS.message_id)
    opens_on: date = column("Its first day.", BS.opens_on)
    closes_on: date = column("Its last day.", BS.closes_on)
    opening: Money = embed("Balance before its movements.", Money, amount=BS.opening, currency=BS.currency)
    closing: Money = embed("Balance after them.", Money, amount=BS.closing, currency=BS.currency)
    lines_new: int = column("Movements that it brought.", BS.lines_new)
    lines_known: int = column("Movements that had come before, in another statement.", BS.lines_known)
    pending: int = column("Entries that were left out because they are not booked yet, or move nothing.", BS.pending)
    is_proved: bool = column(
        "Whether the account by the ledger has its closing balance; false where it only repeats part of a day.",
        BS.is_proved,
    )
    imported_at: datetime = column("When it was taken in.", BS.imported_at)
    account: BankAccount = one("The account.", BS.bank_account_id)
    lines: Connection[BankLine] = connection(
        "Movements that it brought first.", L.statement_id, orders=BankStatementLineOrder, filters=BankLineFilter
    )


@mapped(BA, scope=CLERKS_ONLY)
class BankAccount(Node):
    """One of the utility's accounts at a bank."""

    id: strawberry.ID = key("Global id.", BA.id)
    iban: str = column("Its IBAN, without spaces.", BA.iban)
    opened_on: date = column("First day of its first statement.", BA.opened_on)
    brought_forward: Money = embed(
        "What was on it before that.", Money, amount=BA.brought_forward, currency=BA.currency
    )
    balance: Money = embed(
        "What its latest statement closes with, which is what the ledger has.",
        Money,
        amount=_latest(),
        currency=BA.currency,
    )
    statements: Connection[BankStatement] = connection("Its statements.", BS.bank_account_id, orders=BankStatementOrder)


@mapped(SU, scope=CLERKS_ONLY)
class BankStatementUpload(Node):
    """A file of bank statements that an employee announced, and its report."""

    id: strawberry.ID = key("Global id.", SU.id)
    status: StatementUploadStatus = column("How far it is.", SU.status)
    created_at: datetime = column("When it was announced.", SU.created_at)
    expires_at: datetime = column("Until when its file can be sent.", SU.expires_at)
    taken_at: datetime | None = column("When its file came; null before that.", SU.taken_at)
    code: str | None = column(
        "Short stable code of why the file was refused, such as `TOTALS_DO_NOT_FIT` (docs/accounting.md lists them);"
        " null if it was not.",
        SU.code,
    )
    message: str | None = column("The same for people, in English; null if there is nothing to say.", SU.message)
    statements: Connection[BankStatement] = connection("The statements that it brought.", BS.upload_id)
