"""Refunds through a bank: asked for by one employee, put into a file by another, and booked.

They are of credit that came by bank, or that a bill below nothing gave.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.records import CLERKS, Refusal, Viewer
from mains_server.db.idempotency import keep_answer
from mains_server.db.outbox import append_event
from mains_server.invoices.queries import sellers
from mains_server.invoices.records import Seller
from mains_server.paying import queries
from mains_server.paying.pain import Transfer, pain_file
from mains_server.paying.records import RefundStatus
from mains_server.paying.rules import is_iban
from mains_server.paying.tables import PaymentRefund, PayoutFile
from mains_server.payments import rules as money_rules
from mains_server.payments.queries import customer_of_payment, payment_by_id, return_by_id
from mains_server.payments.records import PaymentMethod, ReceivedPayment, ReturnKind, ReturnRequest
from mains_server.payments.returning import confirm_refund, reserve_refund, undo_refund

STAFF_WHO_PAY_OUT = CLERKS
REFUNDS_IN_FILE_MAX = 500
NAME_LENGTH_MAX = 70
# By which roads came what goes back through a bank; what a bill below nothing gave came by none.
BY_BANK = frozenset({PaymentMethod.BANK_TRANSFER, PaymentMethod.INVOICE})
OPEN = (RefundStatus.REQUESTED, RefundStatus.IN_FILE)


class PaymentUnknown(Refusal):
    """There is no such payment."""

    code = "PAYMENT_UNKNOWN"
    path = "paymentId"


class RefundNotPossible(Refusal):
    """The payment came by another road than a bank transfer, or who asks is no employee who refunds."""

    code = "REFUND_NOT_POSSIBLE"
    path = "paymentId"


class NotCredit(Refusal):
    """Only what no invoice and no levelled contract uses can be refunded, and at most what came."""

    code = "NOT_CREDIT"
    path = "amount"


class AmountNotPayable(Refusal):
    """Only a positive amount to the cent can be refunded."""

    code = "AMOUNT_NOT_PAYABLE"
    path = "amount"


class ReasonWrong(Refusal):
    """Money goes back for a reason that is written down."""

    code = "REASON_WRONG"
    path = "reason"


class IbanWrong(Refusal):
    """The account is not an IBAN, or its check digits are wrong."""

    code = "IBAN_WRONG"
    path = "iban"


class PayeeWrong(Refusal):
    """A bank needs the name of whose account it is."""

    code = "PAYEE_WRONG"
    path = "payeeName"


class NoRefundsWait(Refusal):
    """No refund waits that another employee asked for."""

    code = "NO_REFUNDS"


class AccountNotOurs(Refusal):
    """No seller has this account."""

    code = "ACCOUNT_NOT_OURS"
    path = "fromIban"


class PayoutFileUnknown(Refusal):
    """There is no such file."""

    code = "PAYOUT_FILE_UNKNOWN"
    path = "number"


class PayoutFileOver(Refusal):
    """The file was confirmed or cancelled before."""

    code = "PAYOUT_FILE_OVER"
    path = "number"


class PayoutFileNotTaken(Refusal):
    """Nobody has taken the file to the bank yet."""

    code = "PAYOUT_FILE_NOT_TAKEN"
    path = "number"


class PayoutFileTaken(Refusal):
    """The file was taken before; it is given out once."""

    code = "PAYOUT_FILE_TAKEN"
    path = "number"


class RefundUnknown(Refusal):
    """There is no such refund by bank."""

    code = "REFUND_UNKNOWN"
    path = "refundId"


class RefundOver(Refusal):
    """The refund has come to its end."""

    code = "REFUND_OVER"
    path = "refundId"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankRefundAsked:
    """Credit of a payment that is to go to an account of the customer's, once by the employee's `key`."""

    payment_id: int
    amount: Decimal
    reason: str
    iban: str
    payee_name: str
    key: str

    def body(self) -> dict[str, object]:
        """Give what is asked as JSON, to tell a repetition from another request."""
        return {
            "payment": self.payment_id,
            "amount": str(self.amount),
            "reason": self.reason,
            "iban": self.iban,
            "payee": self.payee_name,
        }


async def request_bank_refund(session: AsyncSession, *, viewer: Viewer, asked: BankRefundAsked, now: datetime) -> int:
    """Set credit that goes back through a bank aside to go to the customer's account, and give the refund's id."""
    mine = {"person_id": _person(viewer), "operation": "refundCreate", "key": asked.key}
    earlier = await claim_request(session, **mine, body=asked.body(), now=now)  # type: ignore[arg-type]
    if earlier is not None:
        return int(earlier["refund"])
    iban, name = asked.iban.replace(" ", "").upper(), " ".join(asked.payee_name.split())
    payment = await _refundable(session, viewer=viewer, payment_id=asked.payment_id)
    if not is_iban(iban):
        raise IbanWrong("this is no IBAN, or its check digits are wrong")
    if not name.isprintable() or not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise PayeeWrong(f"the name of whose account it is has 1 to {NAME_LENGTH_MAX} printable characters")
    request = ReturnRequest(
        payment_id=payment.id,
        kind=ReturnKind.REFUND,
        reason=asked.reason,
        key=f"refund:{viewer.person_id}:{asked.key}"[: money_rules.KEY_LENGTH_MAX],
        amount=asked.amount,
    )
    row = PaymentRefund(
        customer_id=payment.customer_id,
        payment_id=payment.id,
        return_id=await _reserved(session, request=request, now=now),
        amount=asked.amount,
        currency=payment.currency,
        reason=asked.reason,
        reference=f"mains-r-{secrets.token_hex(12)}",
        status=RefundStatus.REQUESTED,
        iban=iban,
        payee_name=name,
        requested_by_person_id=_person(viewer),
        requested_at=now,
        changed_at=now,
    )
    session.add(row)
    await session.flush()
    await keep_answer(session, **mine, answer={"refund": row.id})  # type: ignore[arg-type]
    return row.id


async def make_payout_file(session: AsyncSession, *, viewer: Viewer, from_iban: str, key: str, now: datetime) -> int:
    """Put refunds that wait, and that another employee asked for, into a file for the bank; give its number.

    Two at once never take the same refund, and who asked for money to go never sends it themselves.
    """
    mine = {"person_id": _person(viewer), "operation": "payoutFileMake", "key": key}
    earlier = await claim_request(session, **mine, body={"from": from_iban}, now=now)  # type: ignore[arg-type]
    if earlier is not None:
        return int(earlier["file"])
    payer = await _payer(session, iban=from_iban.replace(" ", "").upper())
    refunds = await queries.waiting_payouts(session, not_by=_person(viewer), most=REFUNDS_IN_FILE_MAX)
    if not refunds:
        raise NoRefundsWait("no refund waits that another employee asked for")
    transfers = [await _transfer(session, refund=refund) for refund in refunds]
    name = f"mains-{secrets.token_hex(12)}"
    content = pain_file(name=name, payer_name=payer.name, payer_iban=payer.iban, transfers=transfers, now=now)
    row = PayoutFile(
        name=name,
        iban=payer.iban,
        refunds=len(refunds),
        total=sum((refund.amount for refund in refunds), Decimal(0)),
        currency="EUR",
        sha256=sha256(content).hexdigest(),
        content=content,
        made_at=now,
        made_by_person_id=_person(viewer),
    )
    session.add(row)
    await session.flush()
    for refund in refunds:
        refund.file_id = row.id
        _move(session, refund, RefundStatus.IN_FILE, now=now)
    await keep_answer(session, **mine, answer={"file": row.id})  # type: ignore[arg-type]
    return row.id


async def take_payout_file(session: AsyncSession, *, viewer: Viewer, number: int, now: datetime) -> bytes:
    """Give the file to bring to the bank, once; PayoutFileTaken, PayoutFileOver and PayoutFileUnknown refuse."""
    row = await _file(session, number=number)
    if row.taken_at is not None:
        raise PayoutFileTaken("this file was taken before; cancel it and make another if it never came to the bank")
    row.taken_at, row.taken_by_person_id = now, _person(viewer)
    await session.flush()
    return row.content


async def confirm_payout_file(session: AsyncSession, *, viewer: Viewer, number: int, now: datetime) -> None:
    """Book that the bank has sent a file's refunds, but those that were rejected before."""
    row = await _file(session, number=number)
    if row.taken_at is None:
        raise PayoutFileNotTaken("nobody has taken this file to the bank yet")
    for refund in await queries.refunds_in_file(session, file_id=row.id):
        returned = await return_by_id(session, return_id=refund.return_id)
        await confirm_refund(session, returned=returned, on=now.date(), now=now)
        _move(session, refund, RefundStatus.REFUNDED, now=now)
    row.confirmed_at, row.confirmed_by_person_id = now, _person(viewer)
    await session.flush()


async def cancel_payout_file(session: AsyncSession, *, number: int, reason: str, now: datetime) -> None:
    """Let the refunds of a file that will not come to the bank wait again, for another file."""
    row = await _file(session, number=number)
    _require_reason(reason)
    for refund in await queries.refunds_in_file(session, file_id=row.id):
        refund.file_id = None
        _move(session, refund, RefundStatus.REQUESTED, now=now)
    row.cancelled_at, row.cancelled_because = now, reason
    await session.flush()


async def reject_refund(session: AsyncSession, *, refund_id: int, reason: str, now: datetime) -> None:
    """End a refund by bank that does not go: the bank rejected it, or it was a mistake; it is credit again."""
    row = await queries.lock_refund(session, refund_id=refund_id)
    if row is None or row.iban is None:
        raise RefundUnknown("there is no such refund by bank")
    if row.status not in OPEN:
        raise RefundOver("this refund has come to its end")
    _require_reason(reason)
    returned = await return_by_id(session, return_id=row.return_id)
    await undo_refund(session, returned=returned, reason=reason, now=now)
    row.failure = reason
    _move(session, row, RefundStatus.FAILED, now=now)
    await session.flush()


async def _refundable(session: AsyncSession, *, viewer: Viewer, payment_id: int) -> ReceivedPayment:
    customer_id = await customer_of_payment(session, payment_id=payment_id)
    if not viewer.staff & STAFF_WHO_PAY_OUT or customer_id is None:
        raise PaymentUnknown("there is no such payment for you to have refunded to an account")
    payment = await payment_by_id(session, customer_id=customer_id, payment_id=payment_id)
    if payment.provider is not None or payment.method not in BY_BANK:
        raise RefundNotPossible("this payment did not come by bank transfer; what a provider took goes back through it")
    return payment


async def _reserved(session: AsyncSession, *, request: ReturnRequest, now: datetime) -> int:
    try:
        return (await reserve_refund(session, request=request, now=now)).id
    except (money_rules.NotCredit, money_rules.NothingLeftToReturn) as refusal:
        raise NotCredit(str(refusal)) from refusal
    except money_rules.AmountNotPayable as refusal:
        raise AmountNotPayable(str(refusal)) from refusal
    except money_rules.ReasonMissing as refusal:
        raise ReasonWrong(str(refusal)) from refusal


async def _payer(session: AsyncSession, *, iban: str) -> Seller:
    ours = [seller for seller in await sellers(session) if seller.iban.replace(" ", "") == iban]
    if not ours:
        raise AccountNotOurs("no seller has this account")
    return max(ours, key=lambda seller: seller.starts)


async def _transfer(session: AsyncSession, *, refund: PaymentRefund) -> Transfer:
    payment = await payment_by_id(session, customer_id=refund.customer_id, payment_id=refund.payment_id)
    assert refund.iban is not None and refund.payee_name is not None, "refunds by bank have an account"
    return Transfer(
        reference=refund.reference,
        amount=refund.amount,
        currency=refund.currency,
        name=refund.payee_name,
        iban=refund.iban,
        words=payment.reference or refund.reference,
    )


async def _file(session: AsyncSession, *, number: int) -> PayoutFile:
    row = await queries.lock_payout_file(session, file_id=number)
    if row is None:
        raise PayoutFileUnknown("there is no such file")
    if row.confirmed_at is not None or row.cancelled_at is not None:
        raise PayoutFileOver("this file was confirmed or cancelled before")
    return row


def _move(session: AsyncSession, row: PaymentRefund, status: RefundStatus, *, now: datetime) -> None:
    row.status, row.changed_at = status, now
    payload = {"refund_id": row.id, "status": status.name}
    append_event(session, kind="payment.refund_changed", payload=payload, customer_id=row.customer_id, now=now)


def _require_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > money_rules.REASON_LENGTH_MAX:
        raise ReasonWrong(f"give a reason of 1 to {money_rules.REASON_LENGTH_MAX} signs")


def _person(viewer: Viewer) -> int:
    assert viewer.person_id is not None, "employees are signed in"
    return viewer.person_id
