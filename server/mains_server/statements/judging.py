"""Says whose a movement is, and how sure that is (decision 0024). Pure.

In this order: a reference, an invoice's number, a customer's or contract's number, an account that paid before together
with the amount. A reference proves itself by its check digits. A number has none and people mistype, so it is sure only
together with something else that agrees: the amount, the name, or an account that paid for this customer before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from mains_server.contracts.records import NumberedContract
from mains_server.invoices.records import PayableInvoice
from mains_server.statements.evidence import (
    Evidence,
    contract_of_reference,
    invoice_of_reference,
    plain_name,
)
from mains_server.statements.records import (
    BankLine,
    Confidence,
    CustomerFound,
    MatchRule,
    QueueReason,
    Suggestion,
    Verdict,
)

SUGGESTIONS_MAX = 5
_ORDER = {confidence: place for place, confidence in enumerate(Confidence)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the books know of all that a bundle of movements quotes."""

    invoices: Mapping[tuple[str, int], PayableInvoice] = field(default_factory=dict)
    contracts: Mapping[str, Sequence[NumberedContract]] = field(default_factory=dict)
    customers_by_number: Mapping[str, Sequence[int]] = field(default_factory=dict)
    customers: Mapping[int, CustomerFound] = field(default_factory=dict)
    payers: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    namesakes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    payouts: Mapping[str, str] = field(default_factory=dict)


def judge(line: BankLine, *, evidence: Evidence, known: Known) -> Verdict:
    """Say whose a movement is; what is not sure waits for somebody, with suggestions."""
    if line.amount < 0:
        return Verdict(reason=QueueReason.REVERSAL if line.is_reversal else QueueReason.MONEY_OUT)
    if not line.is_reversal and line.party_iban in known.payouts:
        return Verdict(payout_of=known.payouts[line.party_iban])
    suggestions = _ranked(_all(line, evidence=evidence, known=known))
    if line.is_reversal or line.is_undetailed:
        reason = QueueReason.REVERSAL if line.is_reversal else QueueReason.WITHOUT_DETAILS
        return Verdict(reason=reason, suggestions=suggestions)
    sure = [one for one in suggestions if one.confidence is Confidence.SURE]
    if len({one.customer_id for one in sure}) > 1:
        return Verdict(reason=QueueReason.SEVERAL_CUSTOMERS, suggestions=suggestions)
    if not sure:
        reason = QueueReason.DOUBTFUL if suggestions else QueueReason.UNMATCHED
        return Verdict(reason=reason, suggestions=suggestions)
    return _sure(sure[0], suggestions=suggestions, evidence=evidence, known=known)


def _sure(best: Suggestion, *, suggestions: tuple[Suggestion, ...], evidence: Evidence, known: Known) -> Verdict:
    """Book by the surest evidence: the levelled contract that it names, or the invoices of that customer in order."""
    if best.contract_id is not None and best.invoice_id is None:
        contract = next(one for found in known.contracts.values() for one in found if one.id == best.contract_id)
        return Verdict(sure=best, contract_number=contract.number, suggestions=suggestions)
    quoted = [invoice_of_reference(reference) for reference in evidence.references]
    numbers = [one for one in (*quoted, *evidence.invoice_numbers) if one is not None]
    named = [known.invoices[one] for one in numbers if one in known.invoices]
    mine = dict.fromkeys(one.document_number for one in named if one.customer_id == best.customer_id)
    return Verdict(sure=best, settles=tuple(mine), suggestions=suggestions)


def _all(line: BankLine, *, evidence: Evidence, known: Known) -> Iterable[Suggestion]:
    quoted = [
        *_by_reference(evidence, known=known),
        *_by_invoice_number(line, evidence=evidence, known=known),
        *_by_number(line, evidence=evidence, known=known),
    ]
    yield from quoted
    yield from _by_payer(line, is_silent=not quoted and not evidence.references, known=known)
    for customer_id in known.namesakes.get(line.party_name, ()):
        yield Suggestion(customer_id=customer_id, rule=MatchRule.NAME, confidence=Confidence.POSSIBLE)


def _by_reference(evidence: Evidence, *, known: Known) -> Iterable[Suggestion]:
    for reference in evidence.references:
        invoice = known.invoices.get(invoice_of_reference(reference) or ("", 0))
        if invoice is not None:
            yield Suggestion(
                customer_id=invoice.customer_id,
                contract_id=invoice.contract_id,
                invoice_id=invoice.id,
                rule=MatchRule.REFERENCE,
                confidence=Confidence.SURE,
            )
        contracts = known.contracts.get(contract_of_reference(reference) or "", ())
        for contract in contracts:
            yield Suggestion(
                customer_id=contract.customer_id,
                contract_id=contract.id,
                rule=MatchRule.REFERENCE,
                confidence=Confidence.SURE if len(contracts) == 1 else Confidence.LIKELY,
            )


def _by_invoice_number(line: BankLine, *, evidence: Evidence, known: Known) -> Iterable[Suggestion]:
    found = [known.invoices[number] for number in evidence.invoice_numbers if number in known.invoices]
    asked = sum((invoice.open_amount for invoice in found), Decimal(0))
    for invoice in found:
        fits = line.amount in (invoice.open_amount, invoice.total, asked) and line.amount > 0
        agrees = (
            fits
            or _is_known(line, customer_id=invoice.customer_id, known=known)
            or (bool(line.party_name) and plain_name(line.party_name) == plain_name(invoice.customer_name))
        )
        yield Suggestion(
            customer_id=invoice.customer_id,
            contract_id=invoice.contract_id,
            invoice_id=invoice.id,
            rule=MatchRule.INVOICE_NUMBER,
            confidence=Confidence.SURE if agrees else Confidence.LIKELY,
        )


def _by_number(line: BankLine, *, evidence: Evidence, known: Known) -> Iterable[Suggestion]:
    for number in evidence.plain_numbers:
        for customer_id in known.customers_by_number.get(number, ()):
            yield Suggestion(
                customer_id=customer_id,
                rule=MatchRule.CUSTOMER_NUMBER,
                confidence=_corroborated(line, customer_id=customer_id, known=known),
            )
    for number in evidence.plain_numbers:
        for contract in known.contracts.get(number, ()):
            yield Suggestion(
                customer_id=contract.customer_id,
                contract_id=contract.id,
                rule=MatchRule.CONTRACT_NUMBER,
                confidence=_corroborated(line, customer_id=contract.customer_id, known=known),
            )


def _by_payer(line: BankLine, *, is_silent: bool, known: Known) -> Iterable[Suggestion]:
    """See who paid from the account before; what the payer wrote speaks louder, also a reference that is not ours."""
    before = known.payers.get(line.party_iban, ()) if line.party_iban else ()
    for customer_id in before:
        customer = known.customers.get(customer_id)
        fits = customer is not None and _fits(line.amount, customer)
        is_sure = fits and is_silent and len(before) == 1
        yield Suggestion(
            customer_id=customer_id,
            rule=MatchRule.PAYER_AND_AMOUNT if fits else MatchRule.PAYER,
            confidence=Confidence.SURE if is_sure else Confidence.LIKELY,
        )


def _corroborated(line: BankLine, *, customer_id: int, known: Known) -> Confidence:
    customer = known.customers.get(customer_id)
    is_named = (
        customer is not None and bool(line.party_name) and plain_name(customer.name) == plain_name(line.party_name)
    )
    fits = customer is not None and _fits(line.amount, customer)
    if is_named or fits or _is_known(line, customer_id=customer_id, known=known):
        return Confidence.SURE
    return Confidence.LIKELY


def _is_known(line: BankLine, *, customer_id: int, known: Known) -> bool:
    return bool(line.party_iban) and customer_id in known.payers.get(line.party_iban, ())


def _fits(amount: Decimal, customer: CustomerFound) -> bool:
    """Tell whether an amount is what one open invoice asks, or all of them, or the oldest so many."""
    upto = Decimal(0)
    for open_amount in customer.open_amounts:
        upto += open_amount
        if amount in (open_amount, upto):
            return True
    return False


def _ranked(found: Iterable[Suggestion]) -> tuple[Suggestion, ...]:
    """Rank by confidence, then by the order of the rules; a customer stands once, with the best that speaks for it."""
    best: dict[int, Suggestion] = {}
    for one in found:
        seen = best.get(one.customer_id)
        if seen is None or _ORDER[one.confidence] < _ORDER[seen.confidence]:
            best[one.customer_id] = one
    ranked = sorted(best.values(), key=lambda one: _ORDER[one.confidence])
    return tuple(ranked[:SUGGESTIONS_MAX])
