"""What leaves the delegation room: invitations, limits, payments that wait, and the log of acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from mains_server.access.records import NO_LIMITS, GrantRole, PaymentLimits, Permission

CURRENCY = "EUR"


class InvitationStatus(Enum):
    """What became of an invitation; OPEN ones may have expired."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"


class ApprovalStatus(Enum):
    """What the owner said to a delegate's payment above the amount that needs their word."""

    WAITING = "WAITING"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    USED = "USED"


class ActivityKind(Enum):
    """What somebody did for, or about acting for, a customer."""

    INVITED = "INVITED"
    INVITATION_WITHDRAWN = "INVITATION_WITHDRAWN"
    INVITATION_DECLINED = "INVITATION_DECLINED"
    ACCEPTED = "ACCEPTED"
    CHANGED = "CHANGED"
    REVOKED = "REVOKED"
    LEFT = "LEFT"
    OWNERSHIP_TRANSFERRED = "OWNERSHIP_TRANSFERRED"
    PAYMENT_BEGUN = "PAYMENT_BEGUN"
    PAID = "PAID"
    PAYMENT_ENDED = "PAYMENT_ENDED"
    PAYMENT_RETURNED = "PAYMENT_RETURNED"
    APPROVAL_ASKED = "APPROVAL_ASKED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    STAFF_LOOKED = "STAFF_LOOKED"
    APPLIED = "APPLIED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationTerms:
    """What a delegate may: permissions on all contracts or named ones, until when, and limits of money in euro."""

    permissions: frozenset[Permission]
    contract_ids: frozenset[int] | None = None
    ends_at: datetime | None = None
    limits: PaymentLimits = NO_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """Somebody to be invited, by e-mail or phone, as delegate or as the next owner."""

    customer_id: int
    role: GrantRole
    name: str
    terms: DelegationTerms
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation as whoever has its link sees it."""

    id: int
    customer_id: int
    role: GrantRole
    name: str
    email: str | None
    phone: str | None
    status: InvitationStatus
    expires_at: datetime
    terms: DelegationTerms
    customer_name: str
    invited_by: str

    def is_open(self, now: datetime) -> bool:
        """Tell whether it can be answered."""
        return self.status is InvitationStatus.OPEN and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentWanted:
    """A payment that somebody wants to begin: for whose account, on which contracts, and under which key."""

    customer_id: int
    contract_ids: frozenset[int]
    amount: Decimal
    currency: str
    key: str
    shown_reference: str
    is_by_reference: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody did: who, for or to whom, with how much money."""

    kind: ActivityKind
    person_id: int | None
    about_person_id: int | None = None
    name: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A delegate's payment that was let through; `grant_id` is the right it is made by."""

    grant_id: int
    wanted: PaymentWanted
