"""Numbers, dates, references and bookings of invoices. Pure; the billing run calls these for every invoice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from mains_spi import InvoicingRules

from mains_server.invoices.records import InvoiceDraft, InvoiceKind, InvoiceSums
from mains_server.ledger.rules import RECEIVABLE, revenue, support, tax
from mains_server.money.rules import creditor_reference

NUMBER_DIGITS_MIN = 6
# The job that makes the documents of what was issued; the room above that does it is asked by name.
DOCUMENTS_TASK = "documents"
INVOICES_PER_JOB = 250
PAYMENT_TERM_DAYS_MAX = 120
_DOCUMENT_NUMBER = re.compile(r"([A-Z]{1,6})-([0-9]{6,15})", re.ASCII)

Amount = TypeVar("Amount", Decimal, int)


class NotADocumentNumber(ValueError):
    """A text is not the number of an invoice, such as H-000123."""


class PaymentTermNotPossible(ValueError):
    """A payment term is negative or longer than anybody grants."""


class InvoiceDoesNotAddUp(ValueError):
    """The lines and taxes of an invoice do not make its total."""


def entries_of_invoice(
    *, total: Amount, lines: Iterable[tuple[str, Amount, bool]], taxes: Iterable[tuple[str, Amount]]
) -> list[tuple[str, Amount]]:
    """Work out what an invoice posts: (account, amount), the receivable first, zero amounts left out but that one.

    Lines are (account of the charge, net, is after tax), taxes (code, tax); amounts all Decimals, or all cents.
    A line after tax is support: it lowers the total, and the state owes it.
    """
    sums: dict[str, Amount] = {}
    rest = total
    for account, net, is_after_tax in lines:
        name = support(account) if is_after_tax else revenue(account)
        sums[name] = sums[name] - net if name in sums else -net
        rest -= net
    for code, amount in taxes:
        name = tax(code)
        sums[name] = sums[name] - amount if name in sums else -amount
        rest -= amount
    if rest:
        raise InvoiceDoesNotAddUp(f"the total {total} is {rest} more than the lines and taxes")
    entries = [(RECEIVABLE, total)]
    entries += [entry for entry in sums.items() if entry[1]]
    return entries


def document_jobs(invoice_ids: Iterable[int]) -> list[dict[str, int]]:
    """Divide invoices among jobs that make their documents: each from a first id to a last one.

    Ids that were drawn by others meanwhile may lie between; who makes documents makes each once.
    """
    ids = sorted(invoice_ids)
    parts = (ids[start : start + INVOICES_PER_JOB] for start in range(0, len(ids), INVOICES_PER_JOB))
    return [{"first": part[0], "last": part[-1]} for part in parts]


def document_number(*, series: str, number: int) -> str:
    """Write an invoice number as people read it: `H-000123`."""
    return f"{series}-{number:0{NUMBER_DIGITS_MIN}d}"


def parse_document_number(text: str) -> tuple[str, int]:
    """Read `H-000123` as its series and number."""
    found = _DOCUMENT_NUMBER.fullmatch(text)
    if found is None or (len(found[2]) > NUMBER_DIGITS_MIN and found[2].startswith("0")):
        raise NotADocumentNumber(f"{text[:40]!r} is not an invoice number such as H-000123")
    return found[1], int(found[2])


def payment_reference(number: str) -> str:
    """Make the creditor reference that a payer quotes for a document: `RF04H000123`."""
    return creditor_reference(number)


def payment_term(days: int, *, is_business_by_email: bool, rules: InvoicingRules) -> int:
    """Work out the days to pay an invoice: the contract's, and for a business's e-invoice those that the utility adds.

    They are added whole or not at all, if the term is then within the utility's longest (docs/decisions/0009).
    """
    longer = days + rules.e_invoice_days
    return longer if is_business_by_email and longer <= rules.e_invoice_term_max else days


def due_on(*, issued_on: date, payment_term_days: int) -> date:
    """Work out the last day to pay, counted from the day of issue."""
    if not 0 <= payment_term_days <= PAYMENT_TERM_DAYS_MAX:
        raise PaymentTermNotPossible(f"a payment term of {payment_term_days} days is not within 0 to 120")
    return issued_on + timedelta(days=payment_term_days)


def sums_of(draft: InvoiceDraft) -> InvoiceSums:
    """Sum an invoice: lines before tax make the net, lines after tax (negative) the support that lowers the total."""
    net = sum((line.net for line in draft.lines if not line.is_after_tax), Decimal(0))
    support = -sum((line.net for line in draft.lines if line.is_after_tax), Decimal(0))
    tax = sum((subtotal.tax for subtotal in draft.taxes), Decimal(0))
    return InvoiceSums(net=net, tax=tax, support=support, total=net + tax - support)


def credit_of(draft: InvoiceDraft, *, invoice_id: int, revision: int) -> InvoiceDraft:
    """Turn an invoice round into the credit note that takes it back: every quantity and amount negated."""
    return replace(
        draft,
        kind=InvoiceKind.CREDIT,
        revision=revision,
        corrects_invoice_id=invoice_id,
        lines=tuple(replace(line, quantity=-line.quantity, net=-line.net) for line in draft.lines),
        taxes=tuple(replace(subtotal, base=-subtotal.base, tax=-subtotal.tax) for subtotal in draft.taxes),
    )
