"""Charges that an adapter worked out itself, as a tariff of their own: one evaluator rounds and taxes everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from mains_spi import (
    Attribute,
    Charge,
    Const,
    Period,
    PerUnit,
    Price,
    PriceRow,
    PriceVersion,
    Qty,
    RatingRequest,
    Tariff,
    Usage,
    When,
)

from mains_server.billing.due import Problem

LIST = "rated"
CURRENCY = "EUR"
CHARGED = "yes"


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


def tariff_of(charges: Sequence[Charge], *, product: str) -> Tariff:
    """Make the tariff that charges exactly these charges, each on its own days."""
    return Tariff(product, CURRENCY, tuple(_component(charge, at=at) for at, charge in enumerate(charges)))


def question_of(charges: Sequence[Charge], *, asked: RatingRequest) -> RatingRequest:
    """Make the question whose answer by that tariff is the bill; the contract's kind and the taxes stay."""
    rows = tuple(
        PriceRow(_name(at), charge.unit_price, f"{CURRENCY}/{charge.unit}") for at, charge in enumerate(charges)
    )
    version = PriceVersion(id="adapter", list=LIST, period=asked.period, rows=rows)
    return replace(
        asked,
        prices=(version,),
        series=(),
        usage=tuple(Usage(_name(at), c.period, c.quantity, c.unit) for at, c in enumerate(charges)),
        attributes=(
            *(attribute for attribute in asked.attributes if attribute.name == "kind"),
            *(Attribute(_name(at), CHARGED, charge.period) for at, charge in enumerate(charges)),
        ),
    )


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


def _component(charge: Charge, *, at: int) -> PerUnit:
    price = Price(f"{LIST}.{_name(at)}", f"{CURRENCY}/{charge.unit}", (_name(at),))
    divided = price if charge.base == 1 else price / Const(charge.base)
    return PerUnit(charge.code, Qty(_name(at), charge.unit), divided, when=(When(_name(at), (CHARGED,)),))


def _name(at: int) -> str:
    return f"charge_{at}"
