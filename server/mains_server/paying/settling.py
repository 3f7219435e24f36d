"""What employees do with events that wait for a person: book money that came, take money back, or set them aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from mains_spi import ProviderOutcome, ProviderReport
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal, Viewer
from mains_server.contracts.queries import contract_by_id
from mains_server.customers.queries import customer_by_id
from mains_server.db.idempotency import keep_answer
from mains_server.delegation.spending import note_returned
from mains_server.money.records import NotMoney, require_amount
from mains_server.paying import queries
from mains_server.paying.booking import differs_key, refund_differs
from mains_server.paying.records import EventOutcome, EventSettlement, RefundStatus
from mains_server.paying.rules import report_of
from mains_server.paying.tables import PaymentEvent
from mains_server.payments import rules as money_rules
from mains_server.payments.operations import receive_payment
from mains_server.payments.queries import provider_of_payment, return_by_key
from mains_server.payments.records import PaymentMethod, PaymentRequest
from mains_server.payments.returning import reverse_payment

WAITS = (EventOutcome.HELD, EventOutcome.UNMATCHED)
TELLS_OF_REFUND = (ProviderOutcome.REFUNDED, ProviderOutcome.FAILED)
TAKES_BACK = (ProviderOutcome.REVERSED, ProviderOutcome.REFUNDED, ProviderOutcome.CAPTURED)


class EventUnknown(Refusal):
    """There is no such event."""

    code = "EVENT_UNKNOWN"
    path = "eventId"


class EventNotWaiting(Refusal):
    """The event waits for nobody (any more)."""

    code = "EVENT_NOT_WAITING"
    path = "eventId"


class EventNotMoney(Refusal):
    """The event does not tell of money that moved in this direction."""

    code = "EVENT_NOT_MONEY"
    path = "eventId"


class CustomerUnknown(Refusal):
    """There is no such customer."""

    code = "CUSTOMER_UNKNOWN"
    path = "customerId"


class ContractUnknown(Refusal):
    """The customer has no such contract."""

    code = "CONTRACT_UNKNOWN"
    path = "contractId"


class PaymentNotThere(Refusal):
    """There is no such payment that came through this provider."""

    code = "PAYMENT_UNKNOWN"
    path = "paymentId"


class MoreThanTold(Refusal):
    """No more is booked than the provider told of, less what is booked of it already."""

    code = "MORE_THAN_TOLD"
    path = "amount"


class AmountWrong(Refusal):
    """The event names no amount, or the one that was given is no positive amount to the cent."""

    code = "AMOUNT_NOT_PAYABLE"
    path = "amount"


class CurrencyNotAccepted(Refusal):
    """The money is in a currency in which no accounts are kept."""

    code = "CURRENCY_NOT_ACCEPTED"


class MoneyGone(Refusal):
    """Less is left of the payment than is to be taken back."""

    code = "MONEY_GONE"
    path = "paymentId"


class ReasonWrong(Refusal):
    """What is decided has a reason that is written down."""

    code = "REASON_WRONG"
    path = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDecision:
    """What is to become of an event, decided once by the employee's `key`.

    With `customer_id` its money is booked for them, and with `contract_id` held by that contract if it is levelled;
    with `payment_id` it takes that payment back; with `books_refund` the refund that it tells of is booked as it tells;
    with none of them it is set aside.
    """

    event_id: int
    reason: str
    key: str
    customer_id: int | None = None
    contract_id: int | None = None
    payment_id: int | None = None
    amount: Decimal | None = None
    books_refund: bool = False

    @property
    def settlement(self) -> EventSettlement:
        """Tell what is decided."""
        if self.books_refund:
            return EventSettlement.REFUND_BOOKED
        if self.customer_id is not None:
            return EventSettlement.BOOKED
        return EventSettlement.SET_ASIDE if self.payment_id is None else EventSettlement.TAKEN_BACK

    def body(self) -> dict[str, object]:
        """Give what is decided as JSON, to tell a repetition from another request."""
        return {
            "event": self.event_id,
            "reason": self.reason,
            "customer": self.customer_id,
            "contract": self.contract_id,
            "payment": self.payment_id,
            "amount": None if self.amount is None else str(self.amount),
            **({"refund": True} if self.books_refund else {}),
        }


async def settle_event(
    session: AsyncSession, *, viewer: Viewer, decision: EventDecision, roads: Mapping[str, str], now: datetime
) -> None:
    """Decide on an event that waits, and book what follows in the same transaction; who comes second is refused.

    `roads` are those of the providers' money, by code. Whether the viewer may decide is for who calls to know.
    """
    assert viewer.person_id is not None, "whoever decides is signed in"
    mine = {"person_id": viewer.person_id, "operation": "paymentEvent", "key": decision.key}
    if await claim_request(session, **mine, body=decision.body(), now=now) is not None:  # type: ignore[arg-type]
        return
    row = await queries.lock_event(session, event_id=decision.event_id)
    if row is None:
        raise EventUnknown("there is no such event")
    if row.outcome not in WAITS:
        raise EventNotWaiting("this event waits for nobody; HELD and UNMATCHED ones do")
    if not decision.reason.strip() or len(decision.reason) > money_rules.REASON_LENGTH_MAX:
        raise ReasonWrong(f"give a reason of 1 to {money_rules.REASON_LENGTH_MAX} signs")
    if decision.settlement is EventSettlement.BOOKED:
        row.payment_id = await _booked(session, row=row, decision=decision, roads=roads, now=now)
    elif decision.settlement is EventSettlement.TAKEN_BACK:
        row.payment_id = await _taken_back(session, row=row, decision=decision, now=now)
    elif decision.settlement is EventSettlement.REFUND_BOOKED:
        row.payment_id = await _refund_booked(session, row=row, decision=decision, now=now)
    else:
        await _ask_again(session, row=row, now=now)
    row.outcome, row.settlement, row.settled_because = EventOutcome.SETTLED, decision.settlement, decision.reason
    row.settled_at, row.settled_by_person_id = now, viewer.person_id
    await keep_answer(session, **mine, answer={"event": row.id})  # type: ignore[arg-type]
    await session.flush()


async def _booked(
    session: AsyncSession, *, row: PaymentEvent, decision: EventDecision, roads: Mapping[str, str], now: datetime
) -> int:
    """Receive money that an event tells of as a payment of its own, once by the event."""
    report = _told(row)
    if report.outcome is not ProviderOutcome.CAPTURED:
        raise EventNotMoney("this event does not tell of money that came; take a payment back by it, or set it aside")
    customer_id = decision.customer_id
    if customer_id is None or await customer_by_id(session, customer_id=customer_id) is None:
        raise CustomerUnknown("there is no such customer")
    request = PaymentRequest(
        customer_id=customer_id,
        amount=await _amount_to_book(session, row=row, report=report, asked=decision.amount),
        currency=report.currency or "EUR",
        method=PaymentMethod[roads.get(row.provider, PaymentMethod.BANK_TRANSFER.name)],
        received_on=min(row.occurred_at, now).date(),
        reference=report.reference or row.event_id,
        idempotency_key=f"event:{row.id}",
        contract_number=await _contract_number(session, decision=decision),
        provider=row.provider,
    )
    try:
        payment = await receive_payment(session, request=request, now=now)
    except money_rules.AmountNotPayable as refusal:
        raise AmountWrong(str(refusal)) from refusal
    except money_rules.CurrencyNotAccepted as refusal:
        raise CurrencyNotAccepted(str(refusal)) from refusal
    return payment.id


async def _taken_back(session: AsyncSession, *, row: PaymentEvent, decision: EventDecision, now: datetime) -> int:
    """Take a payment of the same provider back by what an event tells, once by the event."""
    report, payment_id = _told(row), decision.payment_id
    if report.outcome not in TAKES_BACK:
        raise EventNotMoney("this event does not tell of money that went; set it aside")
    if payment_id is None or await provider_of_payment(session, payment_id=payment_id) != row.provider:
        raise PaymentNotThere("there is no such payment that came through this provider")
    amount = report.amount if decision.amount is None else decision.amount
    if amount is None:
        raise AmountWrong("the event names no amount; say how much")
    if report.amount is not None and amount > report.amount:
        raise MoreThanTold(f"the provider told of {report.amount}")
    try:
        returned = await reverse_payment(
            session,
            payment_id=payment_id,
            reason=decision.reason,
            now=now,
            amount=amount,
            key=f"event:{row.provider}:{row.event_id}"[: money_rules.KEY_LENGTH_MAX],
        )
    except money_rules.NothingLeftToReturn as refusal:
        raise MoneyGone(str(refusal)) from refusal
    except money_rules.AmountNotPayable as refusal:
        raise AmountWrong(str(refusal)) from refusal
    intent = await queries.intent_of_payment(session, payment_id=payment_id)
    if intent is not None:
        await note_returned(session, intent_id=intent.id, amount=returned.amount, now=now)
    return payment_id


async def _refund_booked(session: AsyncSession, *, row: PaymentEvent, decision: EventDecision, now: datetime) -> int:
    """Book the refund that an event tells of as it tells, once by the refund."""
    report = _told(row)
    refund = await queries.lock_refund(session, reference=report.refund_reference or "")
    is_of_it = refund is not None and row.intent_id is not None and refund.intent_id == row.intent_id
    if refund is None or not is_of_it or report.outcome not in TELLS_OF_REFUND:
        raise EventNotMoney("this event does not tell what became of a refund of ours")
    if report.currency not in (None, refund.currency):
        raise CurrencyNotAccepted(f"the refund was to be in {refund.currency}")
    _require_sum(report)
    if await return_by_key(session, payment_id=refund.payment_id, key=differs_key(refund)) is not None:
        raise EventNotMoney("this refund was put right before; take the payment back by the event, or set it aside")
    try:
        await refund_differs(session, row=refund, report=report, reason=decision.reason, now=now)
    except money_rules.NothingLeftToReturn as refusal:
        raise MoneyGone(str(refusal)) from refusal
    except money_rules.AmountNotPayable as refusal:
        raise AmountWrong(str(refusal)) from refusal
    return refund.payment_id


def _require_sum(report: ProviderReport) -> None:
    """Refuse an amount that is no money, or below nothing; what left is at least nothing."""
    try:
        is_sum = report.amount is None or require_amount(report.amount) >= 0
    except NotMoney as refusal:
        raise AmountWrong(str(refusal)) from refusal
    if not is_sum:
        raise AmountWrong(f"{report.amount} cannot have been refunded; set the event aside")


async def _ask_again(session: AsyncSession, *, row: PaymentEvent, now: datetime) -> None:
    """Have the provider asked again about a refund whose event is set aside, since its end is still not known."""
    reference = None if row.report is None else report_of(row.report).refund_reference
    refund = None if reference is None else await queries.lock_refund(session, reference=reference)
    if refund is not None and refund.status in (RefundStatus.REQUESTED, RefundStatus.UNKNOWN):
        refund.next_check_at = now


async def _amount_to_book(
    session: AsyncSession, *, row: PaymentEvent, report: ProviderReport, asked: Decimal | None
) -> Decimal:
    """Work out how much of an event's money is not booked yet; whoever books it holds all events of the payment."""
    if report.amount is None:
        if asked is None:
            raise AmountWrong("the event names no amount; say how much")
        return asked
    booked = await queries.booked_of(session, provider=row.provider, reference=report.reference)
    left = report.amount - booked
    amount = left if asked is None else asked
    if left <= 0 or amount > left:
        raise MoreThanTold(f"the provider told of {report.amount}, and {booked} of it is booked")
    return amount


async def _contract_number(session: AsyncSession, *, decision: EventDecision) -> str | None:
    if decision.contract_id is None:
        return None
    contract = await contract_by_id(session, contract_id=decision.contract_id)
    if contract is None or contract.customer_id != decision.customer_id:
        raise ContractUnknown("the customer has no such contract")
    return contract.number


def _told(row: PaymentEvent) -> ProviderReport:
    if row.report is None:
        raise EventNotMoney("this event tells of no money; set it aside")
    return report_of(row.report)
