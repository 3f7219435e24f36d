"""Charges that an adapter worked out itself: what they must be like, and how they are kept to explain a bill by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from mains_spi import Charge, Period, Tariff

from mains_server.billing.due import Problem

CURRENCY = "EUR"


def charges_problem(charges: Iterable[Charge], *, known: Mapping[str, Any], period: Period) -> Problem | None:
    """Find a charge that the adapter did not declare, or that lies outside the period."""
    for charge in charges:
        if charge.code not in known:
            return Problem("unknown_charge", f"the adapter charges `{charge.code}`, which it does not declare")
        if not period.covers(charge.period):
            return Problem("charge_outside_period", f"charge `{charge.code}` is for {charge.period}, outside {period}")
        if charge.base == 0:
            return Problem("charge_without_base", f"charge `{charge.code}` is divided by zero")
    return None


def tariff_of(*, product: str) -> Tariff:
    """Make the tariff that an adapter's own charges are rounded by."""
    return Tariff(product, CURRENCY, ())


def write_charges(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    """Write charges as JSON-able values, since the adapter is not asked again to explain an invoice."""
    return [
        {
            "code": charge.code,
            "period": [charge.period.start.isoformat(), charge.period.end.isoformat()],
            "quantity": f"{charge.quantity:f}",
            "unit": charge.unit,
            "unit_price": f"{charge.unit_price:f}",
            "base": f"{charge.base:f}",
            "key": charge.key,
        }
        for charge in charges
    ]


def read_charges(written: Iterable[Mapping[str, Any]]) -> tuple[Charge, ...]:
    """Read charges back."""
    return tuple(
        Charge(
            code=charge["code"],
            period=Period(*(date.fromisoformat(day) for day in charge["period"])),
            quantity=Decimal(charge["quantity"]),
            unit=charge["unit"],
            unit_price=Decimal(charge["unit_price"]),
            base=Decimal(charge["base"]),
            key=charge["key"],
        )
        for charge in written
    )
