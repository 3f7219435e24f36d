"""Payments through payment providers as the API shows them: intents, refunds, events, providers and what is payable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import strawberry
from mains_server.access.records import Viewer
from mains_server.access.tables import AccessGrant
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.levelling.queries import shown_plan
from mains_server.paying.guessing import claim_try, give_back
from mains_server.paying.records import EventOutcome, EventSettlement, IntentStatus, RefundStatus
from mains_server.paying.tables import PaymentEvent as E
from mains_server.paying.tables import PaymentIntent as N
from mains_server.paying.tables import PaymentRefund as R
from mains_server.paying.targets import payable as look_up
from sqlalchemy import ColumnElement, Numeric, String, and_, cast, exists, or_
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.common.words import in_language
from mains_schema.declaring.context import Context
from mains_schema.declaring.errors import rate_limited
from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import (
    OrderBy,
    column,
    descending,
    described,
    embed,
    filters,
    key,
    mapped,
    one,
    one_of,
    orders,
    where,
)
from mains_schema.declaring.node import Node
from mains_schema.declaring.scalars import Money
from mains_schema.declaring.scope import CLERKS_ONLY, Scope, allowed, oneself

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads
    from mains_schema.money.payment import Payment

PAYABLE_ROWS = 3
PROVIDERS_MAX = 20

described(
    IntentStatus,
    "How far a payment through a provider has come.",
    {
        "CREATED": "Written down; the provider has not answered yet.",
        "PENDING": "The payer has not decided yet; `pageUrl` is where they do.",
        "AUTHORIZED": "The payer has agreed; the money is reserved.",
        "CAPTURING": "The reserved money is being taken.",
        "VOIDING": "The reserved money is being let go of: nothing it was for is open any more.",
        "UNKNOWN": "The provider does not say. It is asked until it does; do not begin another payment meanwhile.",
        "CAPTURED": "The money came; `payment` shows what it settled.",
        "FAILED": "It ended without money, such as by the payer's or the bank's refusal.",
        "VOIDED": "It ended without money: what was reserved was let go of.",
    },
)
described(
    RefundStatus,
    "How far a refund has come.",
    {
        "REQUESTED": "Set aside, and on its way to the provider, or waiting for a file to the bank.",
        "IN_FILE": "In a file that the bank is to send.",
        "UNKNOWN": "The provider does not say; it is asked until it does.",
        "REFUNDED": "It left for the payer's account.",
        "FAILED": "It did not go and is the customer's credit again.",
    },
)
described(
    EventOutcome,
    "What an event of a provider did.",
    {
        "APPLIED": "It was booked, or moved a payment or refund on.",
        "STALE": "It came late, or said what was known.",
        "IGNORED": "It says nothing of a payment.",
        "WAITING": "It comes before the event that it follows, and waits for that.",
        "UNMATCHED": "It is about a payment that is not ours.",
        "HELD": "It contradicts the books; somebody must look at it.",
        "SETTLED": "It was HELD or UNMATCHED, and an employee decided: `settlement` says what.",
    },
)
described(
    EventSettlement,
    "What an employee decided about an event that waited.",
    {
        "BOOKED": "Its money is a customer's payment.",
        "TAKEN_BACK": "It took a payment back.",
        "REFUND_BOOKED": "The refund that it tells of is booked as it tells.",
        "SET_ASIDE": "It changes nothing in the books.",
    },
)


@dataclass(frozen=True, slots=True, eq=False)
class PayersOrStaff:
    """Payments that the viewer began; staff see all.

    Who looks as nobody's person, such as a customer's webhook, sees those that were begun by who acted for the customer
    then: what a stranger pays, who may quote a reference, is the stranger's affair.
    """

    own: Scope
    customers: Scope

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Compare the person, or the customer if nobody looks, except for employees."""
        if viewer.is_staff:
            return None
        if viewer.is_signed_in:
            return self.own.condition(viewer)
        theirs = self.customers.condition(viewer)
        return None if theirs is None else and_(theirs, _BY_WHO_ACTED)


_grant = AccessGrant.__table__.c  # type: ignore[attr-defined]
_begun = N.__table__.c  # type: ignore[attr-defined]
_BY_WHO_ACTED = (
    exists()
    .where(
        _grant.customer_id == _begun.customer_id,
        _grant.person_id == _begun.person_id,
        _grant.starts_at <= _begun.created_at,
        or_(_grant.ends_at.is_(None), _grant.ends_at > _begun.created_at),
    )
    .correlate(N.__table__)  # type: ignore[attr-defined]
)


@orders
class PaymentIntentOrder(OrderBy):
    """Order of payments through providers."""

    NEWEST = descending("Last begun first.", N.created_at)


@filters
class PaymentIntentFilter:
    """Which payments through providers."""

    status: list[IntentStatus] | None = where("In one of these states.", one_of(N.status))


@mapped(N, scope=PayersOrStaff(oneself(N.person_id), allowed(N.customer_id)))
class PaymentIntent(Node):
    """A payment through a payment provider, for who began it: from the hosted page to the money."""

    id: strawberry.ID = key("Global id; poll by `node`, or ask at once by `paymentRefresh`.", N.id)
    status: IntentStatus = column("How far it has come.", N.status)
    amount: Money = embed("What is to be paid.", Money, amount=N.amount, currency=N.currency)
    provider: str = column("Code of the provider.", N.provider)
    payee: str = column("Who is paid.", N.payee)
    reference: str = column("What it is for, as the payer could quote it.", N.shown_reference)
    page_url: str | None = column(
        "The provider's page, where the payer decides; null until the provider has answered.", N.page_url
    )
    reason: str | None = column("Why it ended without money, in English; null otherwise.", N.reason)
    created_at: datetime = column("When it was begun.", N.created_at)
    changed_at: datetime = column("When its state last changed.", N.changed_at)
    payment: Payment | None = one(
        "The money that came; null before that, and for who may not see the customer's payments.", N.payment_id
    )


@orders
class PaymentRefundOrder(OrderBy):
    """Order of refunds."""

    NEWEST = descending("Last asked for first.", R.requested_at)


@mapped(R, scope=allowed(R.customer_id))
class PaymentRefund(Node):
    """Credit that goes back the way it came, or by bank to an account of the customer's."""

    id: strawberry.ID = key("Global id.", R.id)
    status: RefundStatus = column("How far it has come.", R.status)
    amount: Money = embed("What goes back.", Money, amount=R.amount, currency=R.currency)
    reason: str = column("Why, as it was asked for.", R.reason)
    iban: str | None = column("The account it goes to; null for what goes back through a provider.", R.iban)
    payee_name: str | None = column("Whose account that is; null for what goes back through a provider.", R.payee_name)
    failure: str | None = column("Why it did not go, in English; null otherwise.", R.failure)
    requested_at: datetime = column("When it was asked for.", R.requested_at)
    changed_at: datetime = column("When its state last changed.", R.changed_at)
    payment: Payment = one("The payment it is of.", R.payment_id)


@orders
class PaymentEventOrder(OrderBy):
    """Order of events."""

    NEWEST = descending("Last received first.", E.received_at)


@filters
class PaymentEventFilter:
    """Which events of providers."""

    outcome: list[EventOutcome] | None = where("That did one of these.", one_of(E.outcome))


def _told(name: str, kind: Any = String) -> Any:
    return cast(plain(E.report)[name].astext, kind)


@mapped(E, scope=CLERKS_ONLY)
class PaymentEvent(Node):
    """What a payment provider told, by a webhook or in answer to a question, and what that did."""

    id: strawberry.ID = key("Global id.", E.id)
    provider: str = column("Code of the provider.", E.provider)
    kind: str = column("The provider's word for it; `answer.*` for what it answered.", E.kind)
    outcome: EventOutcome = column("What it did.", E.outcome)
    note: str | None = column("Why it waits or is held, in English; null otherwise.", E.note)
    occurred_at: datetime = column("When it happened, by the provider's clock.", E.occurred_at)
    received_at: datetime = column("When it came.", E.received_at)
    told_amount: Decimal | None = column(
        "How much it tells of, in `toldCurrency`; null where it names no amount.", _told("amount", Numeric(14, 2))
    )
    told_currency: str | None = column("Currency of what it tells of; null where it names none.", _told("currency"))
    told_reference: str | None = column(
        "Our reference of the payment, as the provider names it; null if it does not.", _told("reference")
    )
    settlement: EventSettlement | None = column("What an employee decided; null before that.", E.settlement)
    settled_because: str | None = column("Why, as the employee wrote; null before that.", E.settled_because)
    settled_at: datetime | None = column("When it was decided; null before that.", E.settled_at)
    intent: PaymentIntent | None = one("The payment it is about; null for one of nothing of ours.", E.intent_id)
    payment: Payment | None = one(
        "The payment that the decision booked or took back; null where there is none.", E.payment_id
    )


@strawberry.type(description="A payment provider that can be paid through.")
class PaymentProvider:
    """One provider."""

    code: str = strawberry.field(description="Its code, for `paymentCreate`.")
    label: str = strawberry.field(description="What payers call it, in the viewer's language.")
    pays_by: str = strawberry.field(description="The road of the money: `CARD` or `BANK_TRANSFER`.")
    can_refund: bool = strawberry.field(description="Whether what came through it can go back through it.")
    amount_min: Decimal = strawberry.field(description="The least it takes.")
    amount_max: Decimal = strawberry.field(description="The most it takes at a time.")


@strawberry.type(description="What whoever can quote a reference may know of it; nothing about whose it is.")
class Payable:
    """To whom, how much and until when."""

    payee: str = strawberry.field(description="Who is paid.")
    reference: str = strawberry.field(description="The payment reference.")
    amount: Money = strawberry.field(description="What is to be paid now; 0.00 if nothing is.")
    due_on: date | None = strawberry.field(description="Last day to pay; null if nothing is due.")


def payment_providers(context: Context) -> list[PaymentProvider]:
    """List the providers that can be used."""
    terminals, reads = context.services.terminals, context.reads
    cards = [terminals.card(code) for code in terminals.codes]
    return [
        PaymentProvider(
            code=card.code,
            label=in_language(reads, card.labels.lv, card.labels.en, card.labels.ru),
            pays_by=card.pays_by,
            can_refund=card.can_refund,
            amount_min=card.amount_min,
            amount_max=card.amount_max,
        )
        for card in cards[:PROVIDERS_MAX]
    ]


async def payable(reads: Reads, *, reference: str) -> Payable | None:
    """Tell what is to be paid by what somebody quotes; guesses are bounded, and all look alike."""
    await counted(reads)
    async with read_session(reads.engine) as session:
        found = await look_up(session, quoted=reference[:100], instalment=next_instalment, today=reads.today)
    if found is None:
        return None
    await uncounted(reads)
    return Payable(
        payee=found.payee,
        reference=found.reference,
        amount=Money(amount=found.amount, currency=found.currency),
        due_on=found.due_on,
    )


async def next_instalment(session: AsyncSession, contract_id: int) -> tuple[date, Decimal] | None:
    """Give what a levelled contract pays next and when; None where nothing is left to pay."""
    plan = await shown_plan(session, contract_id=contract_id)
    if plan is None or plan.next_due_on is None or plan.next_amount is None:
        return None
    return plan.next_due_on, plan.next_amount


async def counted(reads: Any) -> None:
    """Count a try of a reference before it is made, and refuse it where too many were of nothing."""
    async with unit_of_work(reads.engine) as session:
        may_try = await claim_try(session, address=reads.address or "unknown", now=reads.now)
    if not may_try:
        raise rate_limited(
            "Too many references were tried that there are not; try again in a quarter of an hour.", seconds=900
        )


async def uncounted(reads: Any) -> None:
    """Take a try back that was no guess."""
    async with unit_of_work(reads.engine) as session:
        await give_back(session, address=reads.address or "unknown")
