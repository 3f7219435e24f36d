"""A bill that was worked out and not booked yet: whole cents and millionths, and what alike lines share said once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from mains_server.billing.due import DueRow
from mains_server.invoices.records import InvoiceDraft, InvoiceKind, LineDraft, LineQuality
from mains_server.money.rules import TaxSubtotal

CENTS_PLACES = 2
MICRO_PLACES = 6
ESTIMATED = LineQuality.ESTIMATED.name
PRICE_PLACES = 8
NO_TAX = "none"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineTerms:
    """What a line has in common in all bills of alike contracts; told apart by identity, since one is made per cohort.

    `unit_price` is in 1/10**8 of the currency; None where each line's price is its own net with the sign turned.
    `supply_point_id` is the place that is charged by itself; None for charges of the whole contract.
    """

    code: str
    period_from: date
    period_to: date
    unit: str
    unit_price: int | None
    price_unit: str
    tax_code: str
    tax_rate: Decimal
    is_after_tax: bool
    account: str
    supply_point_id: int | None = None


class DraftLine(NamedTuple):
    """One line: millionths of its unit, cents, and its unit price where its terms leave that open."""

    terms: LineTerms
    quantity: int
    net: int
    unit_price: int
    quality: str


class DraftTax(NamedTuple):
    """The tax at one rate, in cents."""

    code: str
    rate: Decimal
    base: int
    tax: int


class Draft(NamedTuple):
    """One contract's bill: the sums in cents, total = net + tax - support, and the inputs that rebuild the question.

    `kind` is told where it does not follow from the bill itself, `follows` names the bill in whose place it comes.
    `fees` are the rows of `contract_fee` that are on it, `settles` those of `settlement_line`.
    """

    due: DueRow
    currency: str
    rounding: str
    lines: tuple[DraftLine, ...]
    taxes: tuple[DraftTax, ...]
    net: int
    tax: int
    support: int
    total: int
    inputs: bytes
    house: int | None = None
    kind: InvoiceKind | None = None
    revision: int = 0
    follows: int | None = None
    fees: tuple[int, ...] = ()
    settles: tuple[int, ...] = ()


class KeptFigure(NamedTuple):
    """A figure that a bill keeps as a fact for later bills."""

    name: str
    subject: str
    unit: str
    starts: date
    ends: date
    value: Decimal
    time_zone: str


def kind_of(draft: Draft) -> InvoiceKind:
    """Tell a contract's last bill from its regular ones, and of these those that rest on an estimate."""
    if draft.kind is not None:
        return draft.kind
    if draft.due.is_final:
        return InvoiceKind.FINAL
    is_estimated = any(line.quality == ESTIMATED for line in draft.lines)
    return InvoiceKind.ESTIMATED if is_estimated else InvoiceKind.REGULAR


def as_invoice(draft: Draft, *, adapter: str) -> InvoiceDraft:
    """Show a draft as the invoice that would be issued."""
    due = draft.due
    return InvoiceDraft(
        customer_id=due.customer_id,
        contract_id=due.contract_id,
        adapter=adapter,
        kind=kind_of(draft),
        revision=draft.revision,
        period_from=due.starts,
        period_to=due.ends,
        currency=draft.currency,
        rounding=draft.rounding,
        customer_name=due.customer_name,
        billing_address=due.billing_address,
        supply_address=due.supply_address,
        lines=tuple(_line(line) for line in draft.lines),
        taxes=tuple(
            TaxSubtotal(code=tax.code, rate=tax.rate, base=_cents(tax.base), tax=_cents(tax.tax)) for tax in draft.taxes
        ),
    )


def _line(line: DraftLine) -> LineDraft:
    terms = line.terms
    return LineDraft(
        code=terms.code,
        period_from=terms.period_from,
        period_to=terms.period_to,
        quantity=Decimal(line.quantity).scaleb(-MICRO_PLACES),
        unit=terms.unit,
        unit_price=Decimal(line.unit_price).scaleb(-PRICE_PLACES),
        price_unit=terms.price_unit,
        net=_cents(line.net),
        tax_code=terms.tax_code,
        tax_rate=terms.tax_rate,
        is_after_tax=terms.is_after_tax,
        quality=LineQuality[line.quality],
        supply_point_id=terms.supply_point_id,
    )


def _cents(units: int) -> Decimal:
    return Decimal(units).scaleb(-CENTS_PLACES)
