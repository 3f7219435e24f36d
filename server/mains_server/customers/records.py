"""What leaves the customers room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum


class CustomerKind(Enum):
    """What a customer is before the tax law and the contract."""

    PRIVATE = "PRIVATE"
    BUSINESS = "BUSINESS"
    BUILDING_MANAGER = "BUILDING_MANAGER"


class ProtectionKind(Enum):
    """Why a customer is protected; the utility's adapter says what that is worth."""

    LOW_INCOME = "LOW_INCOME"
    LARGE_FAMILY = "LARGE_FAMILY"
    DISABILITY = "DISABILITY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where somebody is reached, or where something stands."""

    line: str
    city: str
    postcode: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """A customer to be added."""

    number: str
    kind: CustomerKind
    name: str
    language: str
    address: Address
    personal_code: str | None = None
    registration_number: str | None = None
    vat_number: str | None = None
    email: str | None = None
    phone: str | None = None
    iban: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(NewCustomer):
    """A party to contracts."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """A protected status over civil days, half-open, with its proof."""

    kind: ProtectionKind
    starts: date
    ends: date | None
    proof: str
