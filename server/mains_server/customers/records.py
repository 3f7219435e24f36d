"""What leaves the customers room."""

from __future__ import annotations

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
