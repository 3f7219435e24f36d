"""What employees do with events of payment providers that wait for them."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import strawberry
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import unit_of_work
from mains_server.paying.settling import EventDecision, settle_event

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.money.paying import PaymentEvent

EVENT = "Global id of the event: one that is HELD or UNMATCHED."
BECAUSE = "Why, for the file; 1 to 1,000 characters."


class PaymentEventErrorCode(Enum):
    """Why nothing was decided on an event."""

    EVENT_UNKNOWN = "EVENT_UNKNOWN"
    EVENT_NOT_WAITING = "EVENT_NOT_WAITING"
    EVENT_NOT_MONEY = "EVENT_NOT_MONEY"
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    PAYMENT_UNKNOWN = "PAYMENT_UNKNOWN"
    MORE_THAN_TOLD = "MORE_THAN_TOLD"
    AMOUNT_NOT_PAYABLE = "AMOUNT_NOT_PAYABLE"
    CURRENCY_NOT_ACCEPTED = "CURRENCY_NOT_ACCEPTED"
    MONEY_GONE = "MONEY_GONE"
    REASON_WRONG = "REASON_WRONG"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    PaymentEventErrorCode,
    "Why nothing was decided on an event.",
    {
        "EVENT_UNKNOWN": "There is no such event.",
        "EVENT_NOT_WAITING": "It waits for nobody (any more); HELD and UNMATCHED events do.",
        "EVENT_NOT_MONEY": "It does not tell of money that moved in this direction.",
        "CUSTOMER_UNKNOWN": "There is no such customer.",
        "CONTRACT_UNKNOWN": "The customer has no such contract.",
        "PAYMENT_UNKNOWN": "There is no such payment that came through this provider.",
        "MORE_THAN_TOLD": "It is more than the provider told of, less what is booked of it already.",
        "AMOUNT_NOT_PAYABLE": "The event names no amount, or the amount is no positive one to the cent.",
        "CURRENCY_NOT_ACCEPTED": "The money is not in euro; exchange it at the provider and set the event aside.",
        "MONEY_GONE": "Less is left of the payment than is to be taken back.",
        "REASON_WRONG": "The reason is missing, or longer than 1,000 characters.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


@strawberry.type(description="Why nothing was decided on an event.")
class PaymentEventUserError:
    """A refusal."""

    code: PaymentEventErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.type(description="What became of an event.")
class PaymentEventPayload:
    """The event, or why nothing was done."""

    payment_event: PaymentEvent | None = strawberry.field(
        description="The event as it stands now; null if it was refused."
    )
    user_errors: list[PaymentEventUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.input(description="Whose the money is that an event tells of.")
class PaymentEventBookInput:
    """An event and a customer."""

    event_id: strawberry.ID = strawberry.field(description=EVENT)
    customer_id: strawberry.ID = strawberry.field(description="Global id of the customer; the oldest is settled first.")
    contract_id: strawberry.ID | None = strawberry.field(
        description="Global id of the levelled contract that is to hold it.", default=strawberry.UNSET
    )
    amount: Decimal | None = strawberry.field(
        description="How much, to the cent; what the provider told of and is not booked, if left out.",
        default=strawberry.UNSET,
    )
    reason: str = strawberry.field(description=BECAUSE)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which payment went back, as an event tells.")
class PaymentEventTakeBackInput:
    """An event and a payment."""

    event_id: strawberry.ID = strawberry.field(description=EVENT)
    payment_id: strawberry.ID = strawberry.field(description="Global id of a payment that came through this provider.")
    amount: Decimal | None = strawberry.field(
        description="How much, to the cent; what the provider told of if left out.", default=strawberry.UNSET
    )
    reason: str = strawberry.field(description=BECAUSE)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which event tells what became of a refund.")
class PaymentEventBookRefundInput:
    """An event and a reason."""

    event_id: strawberry.ID = strawberry.field(description=EVENT)
    reason: str = strawberry.field(description=BECAUSE)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which event changes nothing in the books.")
class PaymentEventSetAsideInput:
    """An event and a reason."""

    event_id: strawberry.ID = strawberry.field(description=EVENT)
    reason: str = strawberry.field(description=BECAUSE)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


async def payment_event_book(info: Info, given: PaymentEventBookInput) -> PaymentEventPayload:
    """Book money that an event tells of."""
    decision = EventDecision(
        event_id=number_of(given.event_id, type_name="PaymentEvent"),
        customer_id=number_of(given.customer_id, type_name="Customer"),
        contract_id=number_of(given.contract_id, type_name="Contract") if given.contract_id else None,
        amount=_given(given.amount),
        reason=given.reason,
        key=given.idempotency_key,
    )
    return await _settled(info, decision)


async def payment_event_take_back(info: Info, given: PaymentEventTakeBackInput) -> PaymentEventPayload:
    """Take a payment back by an event."""
    decision = EventDecision(
        event_id=number_of(given.event_id, type_name="PaymentEvent"),
        payment_id=number_of(given.payment_id, type_name="Payment"),
        amount=_given(given.amount),
        reason=given.reason,
        key=given.idempotency_key,
    )
    return await _settled(info, decision)


async def payment_event_book_refund(info: Info, given: PaymentEventBookRefundInput) -> PaymentEventPayload:
    """Book the refund that an event tells of, as it tells."""
    number = number_of(given.event_id, type_name="PaymentEvent")
    decision = EventDecision(event_id=number, books_refund=True, reason=given.reason, key=given.idempotency_key)
    return await _settled(info, decision)


async def payment_event_set_aside(info: Info, given: PaymentEventSetAsideInput) -> PaymentEventPayload:
    """Set an event aside."""
    number = number_of(given.event_id, type_name="PaymentEvent")
    return await _settled(info, EventDecision(event_id=number, reason=given.reason, key=given.idempotency_key))


async def _settled(info: Info, decision: EventDecision) -> PaymentEventPayload:
    context = info.context
    try:
        async with unit_of_work(context.engine) as session:
            await settle_event(
                session,
                viewer=context.viewer,
                decision=decision,
                roads=context.services.terminals.roads,
                now=context.now,
            )
    except Refusal as refusal:
        error = user_error(PaymentEventUserError, PaymentEventErrorCode, refusal)
        return PaymentEventPayload(payment_event=None, user_errors=[error])
    return PaymentEventPayload(payment_event=changed(PaymentEvent, decision.event_id), user_errors=[])


def _given(amount: Decimal | None) -> Decimal | None:
    return None if amount is strawberry.UNSET else amount
