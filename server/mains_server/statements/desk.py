"""What staff do with movements: say whose they are, set them aside, take a decision back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal, Viewer
from mains_server.contracts.queries import contract_by_id
from mains_server.db.idempotency import keep_answer
from mains_server.invoices.queries import InvoiceNotFound, document_numbers
from mains_server.ledger.operations import post
from mains_server.money.records import AMOUNT_MAX
from mains_server.payments.operations import CustomerNotFound, apply_credit, receive_payment
from mains_server.payments.records import PaymentMethod, PaymentRequest, Settle
from mains_server.payments.returning import reverse_payment
from mains_server.payments.rules import ContractNotPayable, MoreThanOpen, MoreThanPaid, NothingLeftToReturn
from mains_server.statements import queries, rules
from mains_server.statements.operations import STAFF_WHO_BOOK
from mains_server.statements.records import (
    AsideBooking,
    AsideReason,
    AsideRequest,
    Confidence,
    LineState,
    MatchRequest,
    MatchRule,
    NewPart,
    PartRequest,
    QueueReason,
    ReverseRequest,
    TakeBackRequest,
)
from mains_server.statements.reversing import reverse_line, write_part
from mains_server.statements.tables import StatementLine

NOTE_LENGTH_MAX = 1_000
PARTS_MAX = 50


class DeskNotAllowed(Refusal):
    """Only billing clerks and administrators say whose money is."""

    code = "NOT_ALLOWED"


class LineUnknown(Refusal):
    """There is no such movement."""

    code = "LINE_UNKNOWN"
    path = "lineId"


class LineDecided(Refusal):
    """The movement does not wait for a decision (any more)."""

    code = "LINE_DECIDED"
    path = "lineId"


class LineNotDecided(Refusal):
    """There is no decision on the movement that could be taken back."""

    code = "LINE_NOT_DECIDED"
    path = "lineId"


class LineNotMoneyIn(Refusal):
    """Only money that came can be a customer's payment."""

    code = "LINE_NOT_MONEY_IN"
    path = "lineId"


class PartsDoNotAddUp(Refusal):
    """The parts of a movement are each more than nothing, and make all of it."""

    code = "PARTS_DO_NOT_ADD_UP"
    path = "parts"


class CustomerUnknown(Refusal):
    """There is no such customer."""

    code = "CUSTOMER_UNKNOWN"
    path = "customerId"


class InvoiceNotPayable(Refusal):
    """An invoice is not this customer's, or nothing is open on it, or the money does not reach for it."""

    code = "INVOICE_NOT_PAYABLE"
    path = "invoiceIds"


class ContractUnknown(Refusal):
    """The customer has no such contract, or invoices are named besides."""

    code = "CONTRACT_UNKNOWN"
    path = "contractId"


class NoteWrong(Refusal):
    """A decision that needs a reason has one of 1 to 1,000 characters."""

    code = "NOTE_WRONG"
    path = "note"


class PayoutWrong(Refusal):
    """A payout names a payment provider that is set up here, and a fee that is an amount; nothing else does."""

    code = "PAYOUT_WRONG"
    path = "provider"


class MoneyGone(Refusal):
    """The payment was refunded or taken back since, so that it cannot be another's any more."""

    code = "MONEY_GONE"
    path = "lineId"


class OriginalWrong(Refusal):
    """A reversal takes back a matched movement of the same account and amount, in the other direction."""

    code = "ORIGINAL_WRONG"
    path = "originalId"


async def match_line(session: AsyncSession, *, viewer: Viewer, request: MatchRequest, now: datetime) -> None:
    """Receive a movement as payments of the customers whose it is, once by the key; the parts make all of it."""
    body = {"line": request.line_id, "parts": [_said(part) for part in request.parts]}
    claim = _claim(viewer, operation="bankLineMatch", key=request.idempotency_key)
    if await claim_request(session, **claim, body=body, now=now) is not None:
        return
    line = await _queued(session, line_id=request.line_id)
    if line.amount <= 0:
        raise LineNotMoneyIn("money that went out is no payment; set it aside, or say what it takes back")
    amounts = _amounts(request.parts, line=line)
    for turn, (part, amount) in enumerate(zip(request.parts, amounts, strict=True), start=1):
        payment = await _payment(session, line=line, part=part, amount=amount, turn=turn)
        payment_id = await _receive(session, payment=payment, now=now)
        new = NewPart(
            customer_id=part.customer_id,
            payment_id=payment_id,
            amount=amount,
            rule=MatchRule.BY_HAND,
            confidence=Confidence.SURE,
        )
        await write_part(session, line=line, part=new, now=now)
    _decide(line, state=LineState.MATCHED, viewer=viewer, now=now)
    await session.flush()
    await keep_answer(session, **claim, answer={"line": line.id})


async def set_line_aside(session: AsyncSession, *, viewer: Viewer, request: AsideRequest, now: datetime) -> None:
    """Book a movement as no customer's payment, with why, once by the key."""
    body = {
        "line": request.line_id,
        "reason": request.reason.name,
        "note": request.note,
        "provider": request.provider,
        "fee": None if request.fee is None else str(request.fee),
    }
    claim = _claim(viewer, operation="bankLineSetAside", key=request.idempotency_key)
    if await claim_request(session, **claim, body=body, now=now) is not None:
        return
    _require_note(request.note)
    _require_payout(request)
    line = await _queued(session, line_id=request.line_id)
    is_payout = request.reason is AsideReason.PROVIDER_PAYOUT
    line.payout_provider, line.payout_fee = request.provider, (request.fee or Decimal("0.00")) if is_payout else None
    booking = rules.booking_of_aside(_aside(line, sign=1), reason=request.reason)
    await post(session, booking=booking, now=now)
    line.aside, line.note = request.reason, request.note.strip()
    _decide(line, state=LineState.SET_ASIDE, viewer=viewer, now=now)
    await session.flush()
    await keep_answer(session, **claim, answer={"line": line.id})


async def take_back_line(session: AsyncSession, *, viewer: Viewer, request: TakeBackRequest, now: datetime) -> None:
    """Take back what was decided on a movement, once by the key: its payments, or that it was set aside.

    Invoices that were settled are open again, and the movement waits in the queue.
    """
    body = {"line": request.line_id, "note": request.note}
    claim = _claim(viewer, operation="bankLineTakeBack", key=request.idempotency_key)
    if await claim_request(session, **claim, body=body, now=now) is not None:
        return
    _require_note(request.note)
    line = await _line(session, line_id=request.line_id)
    if line.state is LineState.MATCHED and line.amount > 0:
        await _take_back_payments(session, line=line, note=request.note.strip(), now=now)
    elif line.state is LineState.SET_ASIDE and line.aside is not None:
        booking = rules.booking_of_aside(_aside(line, sign=-1), reason=line.aside)
        await post(session, booking=booking, now=now)
        line.aside, line.payout_provider, line.payout_fee = None, None, None
    else:
        raise LineNotDecided("only a movement that is matched, or set aside, can be taken back")
    _decide(line, state=LineState.QUEUED, viewer=viewer, now=now)
    line.reason, line.note = QueueReason.TAKEN_BACK, request.note.strip()
    await session.flush()
    await keep_answer(session, **claim, answer={"line": line.id})


async def reverse_by_line(session: AsyncSession, *, viewer: Viewer, request: ReverseRequest, now: datetime) -> None:
    """Take back the payments of an earlier movement because the bank took its money back, once by the key."""
    body = {"line": request.line_id, "original": request.original_id}
    claim = _claim(viewer, operation="bankLineReverse", key=request.idempotency_key)
    if await claim_request(session, **claim, body=body, now=now) is not None:
        return
    first, second = sorted((request.line_id, request.original_id))
    held = {id_: await queries.lock_line(session, line_id=id_) for id_ in (first, second)}
    line, original = held[request.line_id], held[request.original_id]
    if line is None:
        raise LineUnknown("there is no such movement")
    if line.state is not LineState.QUEUED:
        raise LineDecided(f"this movement is {line.state.name}")
    fits = original is not None and original.bank_account_id == line.bank_account_id and original.amount == -line.amount
    if original is None or not fits or line.amount >= 0 or original.state is not LineState.MATCHED:
        raise OriginalWrong("name a matched movement of the same account that brought the same amount")
    try:
        await reverse_line(session, line=line, original=original, now=now)
    except NothingLeftToReturn as refusal:
        raise MoneyGone(f"{refusal}") from refusal
    _decide(line, state=LineState.MATCHED, viewer=viewer, now=now)
    await session.flush()
    await keep_answer(session, **claim, answer={"line": line.id})


def _claim(viewer: Viewer, *, operation: str, key: str) -> dict[str, Any]:
    if not viewer.staff & STAFF_WHO_BOOK or viewer.person_id is None:
        raise DeskNotAllowed("billing clerks and administrators of the utility can do this")
    return {"person_id": viewer.person_id, "operation": operation, "key": key}


def _said(part: PartRequest) -> Mapping[str, object]:
    return {
        "customer": part.customer_id,
        "amount": None if part.amount is None else str(part.amount),
        "invoices": list(part.invoice_ids),
        "contract": part.contract_id,
    }


async def _line(session: AsyncSession, *, line_id: int) -> StatementLine:
    line = await queries.lock_line(session, line_id=line_id)
    if line is None:
        raise LineUnknown("there is no such movement")
    return line


async def _queued(session: AsyncSession, *, line_id: int) -> StatementLine:
    line = await _line(session, line_id=line_id)
    if line.state is not LineState.QUEUED:
        raise LineDecided(f"this movement is {line.state.name}; take that back first if it is wrong")
    return line


def _amounts(parts: Sequence[PartRequest], *, line: StatementLine) -> list[Decimal]:
    if not 1 <= len(parts) <= PARTS_MAX:
        raise PartsDoNotAddUp(f"divide a movement into 1 to {PARTS_MAX} parts")
    if len(parts) == 1 and parts[0].amount is None:
        return [line.amount]
    amounts = [part.amount for part in parts if part.amount is not None and part.amount > 0]
    if len(amounts) != len(parts) or sum(amounts, Decimal(0)) != line.amount:
        raise PartsDoNotAddUp(f"the parts are to be above 0.00 and to make {line.amount} together")
    if any(amount != amount.quantize(Decimal("0.01")) for amount in amounts):
        raise PartsDoNotAddUp("an amount has two decimals at most")
    return amounts


async def _payment(
    session: AsyncSession, *, line: StatementLine, part: PartRequest, amount: Decimal, turn: int
) -> PaymentRequest:
    said = queries.bank_line(line)
    contract = None if part.contract_id is None else await contract_by_id(session, contract_id=part.contract_id)
    is_wrong = contract is None or contract.customer_id != part.customer_id or bool(part.invoice_ids)
    if part.contract_id is not None and is_wrong:
        raise ContractUnknown("this customer has no such contract, or invoices are named besides")
    numbers = await document_numbers(session, customer_id=part.customer_id, ids=part.invoice_ids)
    if len(numbers) != len(set(part.invoice_ids)):
        raise InvoiceNotPayable("one of the invoices is not this customer's")
    return PaymentRequest(
        customer_id=part.customer_id,
        amount=amount,
        currency=line.currency,
        method=PaymentMethod.BANK_TRANSFER,
        received_on=line.booked_on,
        reference=rules.shown_reference(said),
        payer_name=line.party_name or None,
        idempotency_key=f"statement_line:{line.id}:{line.decisions}:{turn}",
        contract_number=None if contract is None else contract.number,
        settles=tuple(Settle(document_number=numbers[id_]) for id_ in dict.fromkeys(part.invoice_ids)),
    )


async def _receive(session: AsyncSession, *, payment: PaymentRequest, now: datetime) -> int:
    try:
        received = await receive_payment(session, request=payment, now=now)
    except CustomerNotFound as refusal:
        raise CustomerUnknown("there is no such customer") from refusal
    except (InvoiceNotFound, MoreThanOpen, MoreThanPaid) as refusal:
        raise InvoiceNotPayable(f"{refusal}") from refusal
    except ContractNotPayable as refusal:
        raise ContractUnknown(f"{refusal}") from refusal
    await apply_credit(session, customer_ids=[payment.customer_id], now=now)
    return received.id


async def _take_back_payments(session: AsyncSession, *, line: StatementLine, note: str, now: datetime) -> None:
    for part in await queries.parts_of(session, line_id=line.id):
        try:
            await reverse_payment(
                session,
                payment_id=part.payment_id,
                reason=note,
                now=now,
                amount=part.amount,
                key=f"statement_line:{line.id}:{line.decisions}",
            )
        except NothingLeftToReturn as refusal:
            raise MoneyGone(f"{refusal}") from refusal
        back = NewPart(
            customer_id=part.customer_id,
            payment_id=part.payment_id,
            amount=-part.amount,
            rule=MatchRule.BY_HAND,
            confidence=Confidence.SURE,
        )
        await write_part(session, line=line, part=back, now=now)


def _aside(line: StatementLine, *, sign: int) -> AsideBooking:
    return AsideBooking(
        line_id=line.id,
        turn=line.decisions,
        amount=sign * line.amount,
        currency=line.currency,
        effective_on=line.booked_on,
        provider=line.payout_provider,
        fee=sign * (line.payout_fee or Decimal("0.00")),
    )


def _require_payout(request: AsideRequest) -> None:
    if request.reason is not AsideReason.PROVIDER_PAYOUT:
        if request.provider is not None or request.fee is not None:
            raise PayoutWrong("only a payout has a provider and a fee")
        return
    if request.provider not in request.providers:
        known = ", ".join(sorted(request.providers)) or "none"
        raise PayoutWrong(f"name the payment provider whose payout it is; set up here: {known}")
    fee = request.fee or Decimal("0.00")
    if not fee.is_finite() or not 0 <= fee <= AMOUNT_MAX or fee != fee.quantize(Decimal("0.01")):
        raise PayoutWrong("a fee is 0.00 or more, with two decimals at most")


def _decide(line: StatementLine, *, state: LineState, viewer: Viewer, now: datetime) -> None:
    line.state, line.reason = state, None
    line.decided_at, line.decided_by_person_id = now, viewer.person_id
    line.decisions += 1


def _require_note(note: str) -> None:
    if not note.strip() or len(note) > NOTE_LENGTH_MAX:
        raise NoteWrong(f"say why, in 1 to {NOTE_LENGTH_MAX} characters")
