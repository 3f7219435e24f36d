"""What rooms published becomes messages: each kind of event that customers hear of, with its words' values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.dunning.reminding import take_back_fee
from mains_server.notifications import statements
from mains_server.notifications.acting import acting
from mains_server.notifications.applications import application_changed
from mains_server.notifications.charging import WITH_FEE, WITHOUT_FEE
from mains_server.notifications.events import Ears, Teller
from mains_server.notifications.operations import tell_all
from mains_server.notifications.queries import addressees
from mains_server.notifications.records import Amount, Channel, Event, Message, Recipient, Topic, Value
from mains_server.notifications.sealing import Seal
from mains_server.notifications.wordings import THE_SERVERS, Wordings

HEARD_WITHIN = timedelta(days=14)
"""What happened longer ago is no news: an archive that is taken over tells nobody anything."""
BY_REMINDER = {"EMAIL": (Channel.EMAIL, Channel.POST), "SMS": (Channel.SMS, Channel.POST), "LETTER": (Channel.POST,)}


@dataclass(frozen=True, slots=True)
class Told:
    """Listens for one kind of event, and tells what it makes of it in the transaction of its delivery."""

    teller: Teller
    seal: Seal
    now: datetime
    wordings: Wordings = THE_SERVERS

    async def __call__(self, session: AsyncSession, event: Event) -> None:
        """Tell it, unless it is old."""
        if event.occurred_at < self.now - HEARD_WITHIN:
            return
        messages = await self.teller(session, event)
        if messages:
            await tell_all(session, messages=messages, seal=self.seal, now=self.now, wordings=self.wordings)


def ears(*, seal: Seal, now: datetime, invitation_page: str | None = None, wordings: Wordings = THE_SERVERS) -> Ears:
    """Give everything that listens; `invitation_page` is the address that links of invitations lead to."""
    tellers = {**TELLERS, **acting(seal=seal, page_address=invitation_page)}
    return Ears(by_kind={kind: Told(teller, seal, now, wordings) for kind, teller in tellers.items()})


async def invoice_ready(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell of an invoice whose documents are there, where it is only shown; mailed and posted, it tells itself."""
    if event.payload["channel"] != "PORTAL":
        return ()
    row = await _row(session, statements.INVOICE, id=event.payload["invoiceId"], customer=event.customer_id)
    template, amount, more = _ready(row)
    values = {"invoice": row.document_number, "amount": Amount(amount=amount, currency=row.currency), **more}
    message = _to_customer(event, f"invoice ready {row.id}", Topic.INVOICE, template, values)
    return (replace(message, adapter=row.adapter),)


def _ready(row: Any) -> tuple[str, Decimal, Mapping[str, Value]]:
    """Choose the words for an invoice, its amount, and what else they tell: what it takes back, or when to pay.

    A bill asks or, below nothing, gives; a credit note gives back, or withdraws what was given.
    """
    if row.kind == "CREDIT":
        template = "credit_ready" if row.total <= 0 else "credit_withdrawn"
        return template, abs(row.total), {"taken": row.corrected_number}
    if row.total < 0:
        return "invoice_below_nothing", -row.total, {}
    return "invoice_ready", row.open_amount, {"due": row.due_on}


async def overdue(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Send a reminder by the channel of its stage, or by letter, since its last step may be a cut-off or a court.

    Who has no phone gets a letter at once, and is not charged for a text message.
    """
    row = await _row(session, statements.REMINDER, id=event.payload["reminderId"], customer=event.customer_id)
    values: dict[str, Value] = {
        "invoice": row.document_number,
        "stage": row.stage,
        "due": row.due_on,
        "days": (row.day - row.due_on).days,
        "amount": Amount(amount=row.open_amount, currency=row.currency),
    }
    has_fee = row.fee_code is not None
    if has_fee and row.channel == "SMS" and not await _has_phone(session, event):
        has_fee = not await take_back_fee(session, reminder_id=row.id, customer_id=event.customer_id or 0)
    template = WITH_FEE if has_fee else WITHOUT_FEE
    message = _to_customer(event, f"reminder {row.id}", Topic.REMINDER, template, values)
    return (replace(message, channels=BY_REMINDER[row.channel], adapter=row.adapter),)


async def _has_phone(session: AsyncSession, event: Event) -> bool:
    customers, _ = await addressees(session, customer_ids=[event.customer_id or 0], person_ids=[])
    return any(one.phone is not None for one in customers.values())


async def levelled_changed(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Send the letter that a levelled payment's change has, by the road that it names, in its language."""
    found = await session.execute(
        text(statements.LEVELLED_LETTER), {"id": event.payload["versionId"], "customer": event.customer_id}
    )
    return [_of_letter(row) for row in found]


async def levelled_many_changed(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Send the letters of some plans that the yearly recalculation worked out anew."""
    found = await session.execute(text(statements.LEVELLED_LETTERS), {"ids": event.payload["versionIds"]})
    return [_of_letter(row) for row in found]


def _of_letter(row: Any) -> Message:
    amounts = {
        "new_amount": row.new_amount,
        "old_amount": row.old_amount,
        "base": row.base_part,
        "difference": row.difference_part,
    }
    values: dict[str, Value] = {"contract": row.contract, "starts": row.starts}
    values |= {name: Amount(amount=amount, currency=row.currency) for name, amount in amounts.items()}
    return Message(
        occasion=f"levelled {row.version_id}",
        topic=Topic.CONTRACT,
        template="levelled_changed",
        to=Recipient(customer_id=row.customer_id, language=row.language),
        values=values,
        channels=(Channel.POST,) if row.channel == "POST" else (Channel.EMAIL, Channel.POST),
        adapter=row.adapter,
    )


async def payment_returned(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell that a bank took a payment back."""
    row = await _row(session, statements.PAYMENT, id=event.payload["payment_id"], customer=event.customer_id)
    values = {"amount": Amount(amount=Decimal(event.payload["amount"]), currency=row.currency)}
    return (_to_customer(event, f"payment returned {event.id}", Topic.REMINDER, "payment_returned", values),)


async def refund_done(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell that credit went back."""
    if event.payload["status"] != "REFUNDED":
        return ()
    row = await _row(session, statements.REFUND, id=event.payload["refund_id"], customer=event.customer_id)
    values = {"amount": Amount(amount=row.amount, currency=row.currency)}
    template = "refund_by_transfer" if row.method == "INVOICE" else "refund_done"
    return (_to_customer(event, f"refund {row.id}", Topic.PAYMENT, template, values),)


async def debt_arranged(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell that a debt is paid in parts."""
    row = await _row(session, statements.CONTRACT, id=event.payload["contractId"], customer=event.customer_id)
    occasion = f"debt arranged {event.payload['arrangementId']}"
    message = _to_customer(event, occasion, Topic.REMINDER, "debt_arranged", {"contract": row.number})
    return (replace(message, adapter=row.adapter),)


async def delegation_accepted(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell the customer that somebody may act for them now."""
    return await _of_delegate(session, event, "delegation_accepted")


async def delegation_ended(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell the customer that somebody may not act for them any more."""
    return await _of_delegate(session, event, "delegation_ended")


async def _of_delegate(session: AsyncSession, event: Event, template: str) -> Sequence[Message]:
    found = await session.execute(text(statements.PERSONS), {"ids": [event.payload["person_id"]]})
    occasion = f"{template.replace('_', ' ')} {event.payload['grant_id']}"
    return (_to_customer(event, occasion, Topic.ACCOUNT, template, {"delegate": found.one().name}),)


TELLERS: Mapping[str, Teller] = {
    "application.changed": application_changed,
    "invoice.ready": invoice_ready,
    "dunning.reminded": overdue,
    "dunning.debt_arranged": debt_arranged,
    "levelled.plan_changed": levelled_changed,
    "levelled.plans_changed": levelled_many_changed,
    "payment.reversed": payment_returned,
    "payment.refund_changed": refund_done,
    "delegation.accepted": delegation_accepted,
    "delegation.left": delegation_ended,
}


def _to_customer(event: Event, occasion: str, topic: Topic, template: str, values: Mapping[str, Value]) -> Message:
    to = Recipient(customer_id=event.customer_id)
    return Message(occasion=occasion, topic=topic, template=template, to=to, values=values)


async def _row(session: AsyncSession, statement: str, **values: Any) -> Any:
    return (await session.execute(text(statement), values)).one()
