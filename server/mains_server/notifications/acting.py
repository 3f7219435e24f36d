"""What people who act for each other are told: the invited of the invitation, owners and delegates of what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import GrantRole
from mains_server.delegation.links import InvitationLinks
from mains_server.delegation.queries import invitation_by_id
from mains_server.notifications import statements
from mains_server.notifications.events import Teller
from mains_server.notifications.operations import supersede
from mains_server.notifications.queries import addressees
from mains_server.notifications.records import Amount, Event, Message, Recipient, Topic, Value
from mains_server.notifications.sealing import Seal

INVITATIONS: Mapping[GrantRole, str] = {GrantRole.DELEGATE: "invitation", GrantRole.OWNER: "ownership_offered"}


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """Where the invited answer: `address` is the front end's page, `secret` signs its links as the API reads them.

    The token stands behind `#`, which browsers send to no server, so that it is in no log. Without a page the message
    carries the token alone.
    """

    secret: bytes
    address: str | None = None

    def link(self, invitation_id: int) -> str:
        """Make an invitation's link, the same each time."""
        token = InvitationLinks(self.secret).sign(invitation_id)
        return token if self.address is None else f"{self.address}#{token}"


async def invited(session: AsyncSession, event: Event, *, page: InvitationPage) -> Sequence[Message]:
    """Send the invited their link, while the invitation is open; who they are to us makes no difference."""
    found = await invitation_by_id(session, invitation_id=event.payload["invitation_id"])
    if found is None or not found.is_open(event.occurred_at):
        return ()
    customers, _ = await addressees(session, customer_ids=[found.customer_id], person_ids=[])
    language = customers[found.customer_id].language
    return (
        Message(
            occasion=occasion_of(found.id),
            topic=Topic.ACCOUNT,
            template=INVITATIONS[found.role],
            to=Recipient(email=found.email, phone=found.phone, language=language),
            values={"inviter": found.invited_by, "customer": found.customer_name, "until": found.expires_at},
            secrets={"link": page.link(found.id)},
            holds_until=found.expires_at,
        ),
    )


async def withdrawn(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Keep back an invitation that was withdrawn before its message left; nobody need hear of it."""
    await supersede(
        session, occasion=occasion_of(event.payload["invitation_id"]), reason="the invitation was withdrawn"
    )
    return ()


async def declined(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell the customer that somebody said no, by the name that the owner had given them."""
    found = await invitation_by_id(session, invitation_id=event.payload["invitation_id"])
    assert found is not None, "an invitation is never deleted before its customer"
    return (_to_customer(event, f"declined {found.id}", "delegation_declined", {"delegate": found.name}),)


async def revoked(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell both that somebody may not act any more."""
    delegate = event.payload["person_id"]
    words: dict[str, Value] = {"delegate": await _name(session, delegate)}
    return (
        _to_customer(event, f"delegation ended {event.payload['grant_id']}", "delegation_ended", words),
        await _about_customer(session, event, "delegation_taken_back", person_id=delegate),
    )


async def changed(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell a delegate that they may something else from now on."""
    return (await _about_customer(session, event, "delegation_changed", person_id=event.payload["person_id"]),)


async def approval_asked(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell the customer of a payment that waits for the owner's word."""
    row = await _approval(session, event)
    words: dict[str, Value] = {"delegate": row.name, "reference": row.shown_reference, "amount": _amount(row)}
    return (_to_customer(event, f"approval asked {row.id}", "approval_asked", words),)


async def approval_decided(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell a delegate what the owner said to their payment."""
    row = await _approval(session, event)
    words: dict[str, Value] = {"reference": row.shown_reference, "amount": _amount(row)}
    template = "approval_given" if event.payload["said"] == "APPROVED" else "approval_refused"
    return (await _about_customer(session, event, template, person_id=row.person_id, more=words),)


async def payment_made(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell the customer that a delegate paid for them, and how much."""
    found = await session.execute(
        text(statements.DELEGATED_PAYMENT), {"intent": event.payload["intent_id"], "customer": event.customer_id}
    )
    row = found.one()
    amount = Amount(amount=Decimal(event.payload["amount"]), currency=row.currency)
    words: dict[str, Value] = {"delegate": row.name, "amount": amount}
    return (_to_customer(event, f"delegate paid {event.payload['intent_id']}", "delegate_paid", words),)


async def ownership_transferred(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell who had a customer and who has it now, each by their own address, and the address left behind, once.

    The channels that the seller chose, and fees that they accepted, are not the new owner's wishes.
    """
    await session.execute(text(statements.FORGET_PREFERENCES), {"customer": event.customer_id})
    told = [
        await _about_customer(session, event, "ownership_given", person_id=event.payload["from"]),
        await _about_customer(session, event, "ownership_taken", person_id=event.payload["to"]),
    ]
    left = event.payload.get("left")
    if left is not None:
        given = await _about_customer(session, event, "contact_left", person_id=event.payload["to"])
        told.append(replace(given, to=Recipient(email=left["email"], language=left["language"])))
    return told


async def staff_looked(session: AsyncSession, event: Event) -> Sequence[Message]:
    """Tell the customer that an employee looks at their account, until when and why, without the employee's name."""
    values = {"id": event.payload["impersonation_id"], "customer": event.customer_id}
    row = (await session.execute(text(statements.IMPERSONATION), values)).one()
    words: dict[str, Value] = {"begins": row.began_at, "until": row.ends_at, "reason": row.reason}
    return (_to_customer(event, f"staff looked {row.id}", "staff_looked", words),)


def acting(*, seal: Seal, page_address: str | None) -> Mapping[str, Teller]:
    """Give who tells of each kind of event about acting for each other."""
    page = InvitationPage(seal.secret, page_address)
    return {
        "delegation.invited": partial(invited, page=page),
        "delegation.invitation_withdrawn": withdrawn,
        "delegation.declined": declined,
        "delegation.revoked": revoked,
        "delegation.changed": changed,
        "delegation.approval_asked": approval_asked,
        "delegation.approval_decided": approval_decided,
        "delegation.payment_made": payment_made,
        "delegation.ownership_transferred": ownership_transferred,
        "access.staff_looked": staff_looked,
    }


def occasion_of(invitation_id: int) -> str:
    """Name the occasion of an invitation's message."""
    return f"invitation {invitation_id}"


async def _about_customer(
    session: AsyncSession, event: Event, template: str, *, person_id: int, more: Mapping[str, Value] | None = None
) -> Message:
    """Tell a person, by their own address and in their language, about the customer that an event is of."""
    assert event.customer_id is not None, "acting for each other is always about a customer"
    customers, _ = await addressees(session, customer_ids=[event.customer_id], person_ids=[])
    return Message(
        occasion=f"{template.replace('_', ' ')} {event.id}",
        topic=Topic.ACCOUNT,
        template=template,
        to=Recipient(person_id=person_id),
        values={"customer": customers[event.customer_id].name, **(more or {})},
    )


def _to_customer(event: Event, occasion: str, template: str, values: Mapping[str, Value]) -> Message:
    to = Recipient(customer_id=event.customer_id)
    return Message(occasion=occasion, topic=Topic.ACCOUNT, template=template, to=to, values=values)


async def _name(session: AsyncSession, person_id: int) -> str:
    _, persons = await addressees(session, customer_ids=[], person_ids=[person_id])
    return persons[person_id].name


async def _approval(session: AsyncSession, event: Event) -> _Approval:
    values = {"id": event.payload["approval_id"], "customer": event.customer_id}
    row = (await session.execute(text(statements.PAYMENT_APPROVAL), values)).one()
    return _Approval(**row._mapping)


def _amount(row: _Approval) -> Amount:
    return Amount(amount=row.amount, currency=row.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Approval:
    """A payment that waits or waited, and who wants to make it."""

    id: int
    person_id: int
    name: str
    shown_reference: str
    amount: Decimal
    currency: str
