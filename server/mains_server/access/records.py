"""What leaves the access room: who somebody is and what they may see and do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import ClassVar


class Refusal(Exception):
    """What somebody asked for cannot be done, for a reason they can act on; every room's refusals descend from it.

    `code` is stable and typed, `path` names the input it is about, and the message says what to do.
    """

    code: ClassVar[str]
    path: ClassVar[str | None] = None
    is_retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Permission(Enum):
    """What a grant allows on a contract; an owner has them all."""

    VIEW = "VIEW"
    PAY = "PAY"
    SUBMIT_READINGS = "SUBMIT_READINGS"
    REQUEST_SERVICES = "REQUEST_SERVICES"


class GrantRole(Enum):
    """How a person stands to a customer."""

    OWNER = "OWNER"
    DELEGATE = "DELEGATE"


class StaffRole(Enum):
    """What an employee of the utility may do; roles add up."""

    OPERATOR = "OPERATOR"
    BILLING_CLERK = "BILLING_CLERK"
    ADMIN = "ADMIN"


# What is whose work. Roles add up: who does the work of two has both, and an administrator as such has neither's.
OPERATORS = frozenset({StaffRole.OPERATOR})
CLERKS = frozenset({StaffRole.BILLING_CLERK})
ADMINS = frozenset({StaffRole.ADMIN})
OFFICE = OPERATORS | CLERKS


class MachineScope(Enum):
    """What the token of somebody's software opens; nothing is open to it besides."""

    READ_METERS = "READ_METERS"
    READ_CONSUMPTION = "READ_CONSUMPTION"
    READ_OUTAGES = "READ_OUTAGES"
    READ_CONTRACTS = "READ_CONTRACTS"
    READ_INVOICES = "READ_INVOICES"
    SUBMIT_READINGS = "SUBMIT_READINGS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The token that a request of somebody's software came with: what it opens, and how many rows a minute it reads."""

    token_id: int
    scopes: frozenset[MachineScope]
    rows_a_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A human being who can sign in."""

    id: int
    email: str
    name: str
    language: str
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A person to be made known."""

    email: str
    name: str
    language: str
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLimits:
    """How much a delegate may pay, in euro; None is no limit. Above `approval_above` the owner has to agree."""

    cap_payment: Decimal | None = None
    cap_month: Decimal | None = None
    approval_above: Decimal | None = None


NO_LIMITS = PaymentLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelegate:
    """A right to be given on a customer: on all its contracts, or the named ones, until a moment or until ended."""

    customer_id: int
    person_id: int
    permissions: frozenset[Permission]
    contract_ids: frozenset[int] | None = None
    ends_at: datetime | None = None
    limits: PaymentLimits = NO_LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One person's right on one customer: all its contracts, or the named ones."""

    customer_id: int
    role: GrantRole
    permissions: frozenset[Permission]
    contract_ids: frozenset[int] | None = None
    id: int | None = None
    limits: PaymentLimits = NO_LIMITS

    def allows(self, permission: Permission, *, customer_id: int, contract_id: int) -> bool:
        """Tell whether this grant has the permission on this contract of this customer."""
        is_covered = self.contract_ids is None or contract_id in self.contract_ids
        return permission in self.permissions and customer_id == self.customer_id and is_covered


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldGrant:
    """A right that is held until the transaction ends, and whose it is."""

    person_id: int
    grant: Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks, resolved once a request; every read and write is checked against it.

    `looks_as` is the customer whose account an employee sees as that customer does; nothing can be changed then.
    `machine` is the token of software that asks for the person: it opens what its scopes name, and nothing else.
    """

    person_id: int | None = None
    session_id: int | None = None
    looks_as: int | None = None
    machine: Machine | None = None
    language: str = "lv"
    grants: tuple[Grant, ...] = ()
    staff: frozenset[StaffRole] = field(default_factory=frozenset)

    @property
    def is_signed_in(self) -> bool:
        """Tell whether a valid session stands behind the request."""
        return self.person_id is not None

    @property
    def is_employee(self) -> bool:
        """Tell whether the viewer has any role as an employee."""
        return bool(self.staff)

    @property
    def is_staff(self) -> bool:
        """Tell whether the viewer deals with customers, and so reads what they have; administrators do not."""
        return bool(self.staff & OFFICE)

    @property
    def customers_owned(self) -> frozenset[int]:
        """Return the customers whose one owner the viewer is."""
        return frozenset(grant.customer_id for grant in self.grants if grant.role is GrantRole.OWNER)

    def customers_with(self, permission: Permission) -> frozenset[int]:
        """Return the customers on all of whose contracts, also future ones, the viewer has the permission."""
        return frozenset(g.customer_id for g in self.grants if permission in g.permissions and g.contract_ids is None)

    def contracts_with(self, permission: Permission) -> frozenset[int]:
        """Return the single contracts that were delegated with the permission."""
        named = (g.contract_ids for g in self.grants if permission in g.permissions and g.contract_ids is not None)
        return frozenset(contract for contracts in named for contract in contracts)

    def may(self, permission: Permission, *, customer_id: int, contract_id: int) -> bool:
        """Tell whether the viewer has the permission on this contract; staff have their own checks."""
        return any(grant.allows(permission, customer_id=customer_id, contract_id=contract_id) for grant in self.grants)


ANONYMOUS = Viewer()
