"""When a utility sends its invoices, and how long customers have to pay them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mains_spi.record import Record

DAY_LATEST = 28
TERM_DAYS_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicingRules(Record):
    """When a utility sends its invoices and how long customers have to pay; 0 and "" turn a rule off.

    The regular invoices of a month are issued by ``by_day`` of the next one. A business that takes its invoice by
    e-mail has ``e_invoice_days`` more to pay if the whole term is then at most ``e_invoice_term_max`` days, and where
    ``e_invoice_on_readings`` is set it gets the invoice on the working day after all readings are in. Public holidays
    of the country ``holidays`` (ISO 3166, such as ``LV``) are no working days.
    """

    by_day: int = 15
    e_invoice_days: int = 0
    e_invoice_term_max: int = 0
    e_invoice_on_readings: bool = False
    holidays: str = ""


USUAL_INVOICING_RULES = InvoicingRules()


def invoicing_rules_mistakes(rules: InvoicingRules) -> Iterator[str]:
    """Find what no utility can mean by its rules for invoices."""
    if not 1 <= rules.by_day <= DAY_LATEST:
        yield f"invoicing_rules.by_day is {rules.by_day}: give a day of every month, 1 to {DAY_LATEST}"
    for field in ("e_invoice_days", "e_invoice_term_max"):
        days = getattr(rules, field)
        if not 0 <= days <= TERM_DAYS_MAX:
            yield f"invoicing_rules.{field} is {days}: give 0 to {TERM_DAYS_MAX} days"
    if rules.e_invoice_days and not rules.e_invoice_term_max:
        yield "invoicing_rules.e_invoice_days never count: give e_invoice_term_max, the longest term they may lead to"
    if rules.holidays and not (len(rules.holidays) == 2 and rules.holidays.isascii() and rules.holidays.isupper()):
        yield f"invoicing_rules.holidays is {rules.holidays!r}: give a country such as LV"
    if rules.e_invoice_on_readings and not rules.holidays:
        yield "invoicing_rules.e_invoice_on_readings counts working days: give the country whose holidays are none"
