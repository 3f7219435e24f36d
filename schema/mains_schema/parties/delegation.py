"""Who may act for whom, as owners and those who act for them see it: rights, invitations, and the log of acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import OFFICE, GrantRole, Permission, StaffRole, Viewer
from mains_server.access.rules import is_active
from mains_server.access.tables import AccessGrant as AG
from mains_server.access.tables import Person as PE
from mains_server.customers.tables import Customer as CU
from mains_server.db.unit_of_work import read_session
from mains_server.delegation.queries import spent_in_month
from mains_server.delegation.records import CURRENCY, ActivityKind, ApprovalStatus, InvitationStatus
from mains_server.delegation.rules import month_of
from mains_server.delegation.tables import DelegationActivity as DA
from mains_server.delegation.tables import DelegationInvitation as DI
from mains_server.delegation.tables import PaymentApproval as PA
from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, bindparam, false, or_

from mains_schema.declaring.expressions import plain
from mains_schema.declaring.mapping import (
    OrderBy,
    asked,
    column,
    computed,
    constant,
    descending,
    described,
    embed,
    key,
    known,
    looked_up,
    mapped,
    one,
    orders,
)
from mains_schema.declaring.node import Node, encode_id
from mains_schema.declaring.scalars import Money

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads
    from mains_schema.parties.customer import Customer

described(
    GrantRole,
    "How somebody stands to a customer.",
    {"OWNER": "Owns it: may do everything, and says who else may.", "DELEGATE": "Acts for the owner."},
)
described(
    InvitationStatus,
    "What became of an invitation.",
    {
        "OPEN": "It waits for an answer until it expires.",
        "ACCEPTED": "Whoever had its link acts for the customer now.",
        "DECLINED": "Whoever had its link said no.",
        "WITHDRAWN": "The owner took it back, or the customer changed hands.",
    },
)
described(
    ApprovalStatus,
    "What the owner said to a delegate's payment.",
    {
        "WAITING": "Nothing yet.",
        "APPROVED": "Yes; the delegate asks again with the same key and pays.",
        "REFUSED": "No.",
        "USED": "Yes, and the payment was begun.",
    },
)
described(
    ActivityKind,
    "What somebody did for a customer, or about who may.",
    {
        "INVITED": "Invited somebody.",
        "INVITATION_WITHDRAWN": "Took an invitation back.",
        "INVITATION_DECLINED": "Said no to an invitation.",
        "ACCEPTED": "Accepted an invitation.",
        "CHANGED": "Changed what a delegate may.",
        "REVOKED": "Took a delegate's rights back.",
        "LEFT": "Gave their own rights back.",
        "OWNERSHIP_TRANSFERRED": "Became the owner.",
        "PAYMENT_BEGUN": "Began to pay as a delegate.",
        "PAID": "Paid as a delegate.",
        "PAYMENT_ENDED": "A delegate's payment ended without money.",
        "PAYMENT_RETURNED": "Money of a delegate's payment went back.",
        "APPROVAL_ASKED": "Asked for the owner's word on a payment.",
        "APPROVED": "Agreed to a delegate's payment.",
        "REFUSED": "Refused a delegate's payment.",
        "APPLIED": "Sent an application in as a delegate; `note` names the utility and the form.",
        "STAFF_LOOKED": "An employee looked at everything as the customer sees it; `note` says why.",
    },
)


@dataclass(frozen=True, slots=True, eq=False)
class OwnersAndPersons:
    """Rows of customers whose owner the viewer is, and rows about the viewer; employees with a role see all."""

    customer: ColumnElement[int]
    persons: tuple[ColumnElement[int], ...]
    roles: frozenset[StaffRole]

    def condition(self, viewer: Viewer) -> ColumnElement[bool] | None:
        """Compare the customer with those owned, and the persons with the viewer."""
        if viewer.staff & self.roles:
            return None
        if viewer.person_id is None:
            return false()
        own = sorted(viewer.customers_owned)
        matches = [one == bindparam("viewer_person", viewer.person_id, type_=BigInteger) for one in self.persons]
        if own:
            owned = bindparam("viewer_owned_customers", own, type_=ARRAY(BigInteger))
            matches.append(self.customer == any_(owned))
        return or_(*matches) if matches else false()


def owners_and(customer: object, *persons: object, roles: frozenset[StaffRole] = OFFICE) -> OwnersAndPersons:
    """Limit rows to a customer's owner, the persons they are about, and employees with one of the roles."""
    return OwnersAndPersons(plain(customer), tuple(plain(one) for one in persons), roles)


def permissions_of(_reads: Reads, role: GrantRole, words: list[str]) -> list[Permission]:
    """List what a right allows; an owner may everything."""
    return [one for one in Permission if role is GrantRole.OWNER or one.name in words]


def contracts_of(_reads: Reads, numbers: list[int] | None) -> list[strawberry.ID] | None:
    """Give the global ids of the contracts that a right is limited to."""
    if numbers is None:
        return None
    return [strawberry.ID(encode_id(type_name="Contract", number=number)) for number in numbers]


def holds(reads: Reads, starts_at: datetime, ends_at: datetime | None) -> bool:
    """Tell whether a right holds now."""
    return is_active(starts_at=starts_at, ends_at=ends_at, now=reads.now)


def while_it_holds(reads: Reads, text: str, customer_id: int) -> str | None:
    """Give what only who has a right on the customer now is told."""
    viewer = reads.viewer
    return text if viewer.is_staff or any(grant.customer_id == customer_id for grant in viewer.grants) else None


async def spent_this_month(reads: Reads, customer_id: int, person_id: int) -> Money:
    """Sum what somebody paid for a customer as a delegate this month."""
    async with read_session(reads.engine) as session:
        month = month_of(reads.now)
        found = await spent_in_month(session, customer_id=customer_id, person_id=person_id, month=month)
    return Money(amount=found, currency=CURRENCY)


@orders
class CustomerAccessOrder(OrderBy):
    """Order of rights."""

    NEWEST = descending("Last given first.", AG.starts_at)


@mapped(AG, scope=owners_and(AG.customer_id, AG.person_id))
class CustomerAccess(Node):
    """Somebody's right on a customer: its owner's, or a delegate's. For the owner, whose right it is, and employees."""

    id: strawberry.ID = key("Global id.", AG.id)
    role: GrantRole = column("Whether it is the owner's or a delegate's.", AG.role)
    person_name: str = column("Whose right it is.", looked_up(PE.name, PE.id == AG.person_id))
    customer_number: str | None = computed(
        "Number of the customer; null once the right has ended.",
        while_it_holds,
        looked_up(CU.number, CU.id == AG.customer_id),
        AG.customer_id,
    )
    customer_name: str | None = computed(
        "Name of the customer, to switch by; null once the right has ended.",
        while_it_holds,
        looked_up(CU.name, CU.id == AG.customer_id),
        AG.customer_id,
    )
    permissions: list[Permission] = computed("What it allows.", permissions_of, AG.role, AG.permissions)
    contract_ids: list[strawberry.ID] | None = computed(
        "Global ids of the contracts it is limited to; null if it is for all, also future ones.",
        contracts_of,
        AG.contract_ids,
    )
    starts_at: datetime = column("When it began.", AG.starts_at)
    ends_at: datetime | None = column("When it ends or ended; null if no end is known.", AG.ends_at)
    is_active: bool = computed("Whether it holds now.", holds, AG.starts_at, AG.ends_at)
    cap_per_payment: Money | None = embed(
        "The most that may be paid by it at a time; null if there is no cap.",
        Money,
        amount=known(AG.cap_payment),
        currency=constant(CURRENCY),
    )
    cap_per_month: Money | None = embed(
        "The most that may be paid by it in a calendar month; null if there is no cap.",
        Money,
        amount=known(AG.cap_month),
        currency=constant(CURRENCY),
    )
    approval_above: Money | None = embed(
        "The owner has to agree to payments of more than this; null if to none.",
        Money,
        amount=known(AG.approval_above),
        currency=constant(CURRENCY),
    )
    spent_this_month: Money = asked(
        "What the person paid for the customer as a delegate this month, without what failed or came back.",
        spent_this_month,
        AG.customer_id,
        AG.person_id,
    )
    customer: Customer | None = one(
        "The customer; null for a delegate who sees only some of its contracts, or nothing any more.", AG.customer_id
    )


@orders
class DelegationInvitationOrder(OrderBy):
    """Order of invitations."""

    NEWEST = descending("Last made first.", DI.created_at)


@mapped(DI, scope=owners_and(DI.customer_id))
class DelegationInvitation(Node):
    """Somebody invited to act for a customer, or to become its owner. For the owner and employees."""

    id: strawberry.ID = key("Global id.", DI.id)
    role: GrantRole = column("What they are invited to be.", DI.role)
    name: str = column("Whom the owner meant.", DI.name)
    email: str | None = column("Where the link went; null if it went by phone.", DI.email)
    phone: str | None = column("Where the link went; null if it went by e-mail.", DI.phone)
    permissions: list[Permission] = computed("What it offers.", permissions_of, DI.role, DI.permissions)
    contract_ids: list[strawberry.ID] | None = computed(
        "Global ids of the contracts it is limited to; null if it is for all.", contracts_of, DI.contract_ids
    )
    ends_at: datetime | None = column("Until when the right would hold; null for no end.", DI.ends_at)
    status: InvitationStatus = column("What became of it.", DI.status)
    created_at: datetime = column("When it was made.", DI.created_at)
    expires_at: datetime = column("Until when it can be answered.", DI.expires_at)
    answered_at: datetime | None = column("When it was answered or withdrawn; null before that.", DI.answered_at)


@orders
class PaymentApprovalOrder(OrderBy):
    """Order of payments that wait for the owner."""

    NEWEST = descending("Last asked for first.", PA.asked_at)


@mapped(PA, scope=owners_and(PA.customer_id, PA.person_id))
class PaymentApproval(Node):
    """A delegate's payment that needs the owner's word. For the owner, the delegate, and employees."""

    id: strawberry.ID = key("Global id.", PA.id)
    person_name: str = column("Who wants to pay.", looked_up(PE.name, PE.id == PA.person_id))
    amount: Money = embed("How much.", Money, amount=PA.amount, currency=PA.currency)
    reference: str = column("What for: payment references.", PA.shown_reference)
    status: ApprovalStatus = column("What the owner said.", PA.status)
    asked_at: datetime = column("When it was asked for.", PA.asked_at)
    decided_at: datetime | None = column("When the owner said so; null while it waits.", PA.decided_at)


@orders
class ActivityOrder(OrderBy):
    """Order of the log."""

    NEWEST = descending("Last done first.", DA.at)


@mapped(DA, scope=owners_and(DA.customer_id, DA.person_id, DA.about_person_id))
class Activity(Node):
    """Something that somebody did for a customer, or about who may. For the owner, who did it, and whom it is about."""

    id: strawberry.ID = key("Global id.", DA.id)
    kind: ActivityKind = column("What was done.", DA.kind)
    person_name: str | None = column(
        "Who did it; null for who was not signed in.", looked_up(PE.name, PE.id == DA.person_id)
    )
    about: str | None = column("Whom an invitation meant; null for other acts.", DA.name)
    amount: Money | None = embed(
        "How much was paid; null where no money is meant.",
        Money,
        amount=known(DA.amount),
        currency=known(DA.currency),
    )
    note: str | None = column("A payment reference, or an employee's reason; null if there is none.", DA.note)
    at: datetime = column("When.", DA.at)
