"""What leaves the invoices room."""

from __future__ import annotations

from enum import Enum


class InvoiceKind(Enum):
    """Why an invoice was issued; a credit note and its replacement point to what they correct."""

    REGULAR = "REGULAR"
    INSTANT = "INSTANT"
    ESTIMATED = "ESTIMATED"
    CREDIT = "CREDIT"
    FINAL = "FINAL"


class InvoiceStatus(Enum):
    """How far an invoice is paid; CREDITED once a credit note has taken it back, and for the credit note itself."""

    OPEN = "OPEN"
    PARTLY_PAID = "PARTLY_PAID"
    PAID = "PAID"
    CREDITED = "CREDITED"


class LineQuality(Enum):
    """How the quantity of a line came about; NOT_METERED for fees."""

    ACTUAL = "ACTUAL"
    ESTIMATED = "ESTIMATED"
    APPORTIONED = "APPORTIONED"
    NOT_METERED = "NOT_METERED"
