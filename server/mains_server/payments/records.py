"""What leaves the payments room."""

from __future__ import annotations

from enum import Enum


class PaymentMethod(Enum):
    """By which road money came."""

    BANK_TRANSFER = "BANK_TRANSFER"
    CARD = "CARD"
    CASH = "CASH"
    DIRECT_DEBIT = "DIRECT_DEBIT"
