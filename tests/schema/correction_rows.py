"""Rows of corrections, and of the differences that a next bill settles."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.schema import town


def corrected(n: int) -> dict[str, Any]:
    """Make a correction of customer n's contract n, whose next bill settles it."""
    own = {"id": n, "customer_id": n, "contract_id": n, "invoice_id": n * 100}
    came_of_it = {"reason": "READING", "note": "a true reading", "outcome": "NEXT_BILL", "difference": Decimal("-2.36")}
    return {**own, **came_of_it, "currency": "EUR", "corrected_on": town.THEN.date(), "corrected_at": town.THEN}


def settled(n: int) -> dict[str, Any]:
    """Make a difference of that correction."""
    own = {"id": n, "customer_id": n, "contract_id": n, "correction_id": n, "invoice_id": n * 100, "position": 1}
    days = {"period_from": town.month(0), "period_to": town.month(1)}
    terms = {
        "adapter": "heat_co",
        "code": "heat",
        "tax_code": "vat",
        "tax_rate": Decimal("0.21"),
        "is_after_tax": False,
    }
    sums = {"billed": Decimal("5.00"), "due": Decimal("2.64"), "net": Decimal("-2.36"), "currency": "EUR"}
    return {**own, **days, **terms, **sums}
