"""Calculations of the statements room: which movement is which, tokens, and what lines post. Pure."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from mains_server.ledger.records import Booking, BookingKind, Entry
from mains_server.ledger.rules import BROUGHT_FORWARD, HOUSE, UNMATCHED, bank, booking_of, clearing, fee, set_aside
from mains_server.payments.records import PaymentMethod
from mains_server.statements.records import AsideBooking, AsideReason, BankLine, MatchRule, StatementHead, Verdict
from mains_server.statements.refusals import BankFileRefused

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

BY_NUMBER = frozenset({MatchRule.INVOICE_NUMBER, MatchRule.CUSTOMER_NUMBER, MatchRule.CONTRACT_NUMBER})
TOKEN_BYTES = 32
TOKEN_CHARACTERS_MAX = 100
UPLOAD_LASTS = timedelta(minutes=15)
FILE_BYTES_MAX = 134_217_728
REFERENCE_SHOWN_MAX = 140
TRANSFERS = bank(PaymentMethod.BANK_TRANSFER.name)


def new_token() -> str:
    """Make a token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Hash a token; it is random, so a plain hash is enough."""
    return hashlib.sha256(token[:TOKEN_CHARACTERS_MAX].encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint(line: BankLine) -> str:
    """Tell a movement from another of its account, wherever and in whichever version of the format it is reported.

    By the bank's own reference where it gives one, otherwise by all that it says; equal ones are told apart by their
    turn in the day (decision 0024). The entry's number in its file is left out: an overlapping file numbers otherwise.
    """
    said = (line.end_to_end_id, line.party_iban, line.party_name, line.reference, line.text)
    parts = (line.booked_on.isoformat(), str(line.amount), str(line.is_reversal), line.servicer_reference, *said)
    kept = parts[:4] if line.servicer_reference else parts
    return hashlib.sha256("\x1f".join(kept).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def head_hash(head: StatementHead) -> Hash:
    """Begin hashing the content of a statement by its head."""
    return hashlib.sha256(f"{head.opening}|{head.closing}|{head.closes_on}|".encode())


def require_possible(head: StatementHead, *, ibans: Iterable[str], currencies: frozenset[str], today: date) -> None:
    """Refuse a statement that cannot be ours: of another account, in another currency, or of days to come."""
    if head.iban not in ibans:
        raise BankFileRefused(
            "ACCOUNT_UNKNOWN",
            f"{head.iban} is none of our accounts; a seller's IBAN or MAINS_BANK_ACCOUNTS makes it one",
        )
    if head.currency not in currencies:
        raise BankFileRefused(
            "CURRENCY_NOT_ACCEPTED", f"{head.iban} is in {head.currency[:3]}, which we keep no accounts in"
        )
    require_begun(head.closes_on, today=today, what=f"statement {head.statement_id[:40]}")


def require_begun(day: date, *, today: date, what: str) -> None:
    """Refuse a day that has not begun anywhere."""
    if day > today + timedelta(days=1):
        raise BankFileRefused("DATE_IN_FUTURE", f"{what} is of {day}, a day to come")


def require_sum(head: StatementHead, *, moved: Decimal) -> None:
    """Refuse a statement whose movements do not lead from its opening balance to its closing one."""
    if head.opening + moved != head.closing:
        raise BankFileRefused(
            "TOTALS_DO_NOT_FIT",
            f"statement {head.statement_id[:40]}: {head.opening} and movements of {moved} do not make {head.closing}",
        )


def shown_reference(line: BankLine) -> str:
    """Give what the payer wrote, for the payment: the reference, or else the text."""
    return (line.reference or line.text)[:REFERENCE_SHOWN_MAX]


def takes_back(line: BankLine) -> bool:
    """Tell whether the bank takes money back by a movement."""
    return line.is_reversal and line.amount < 0


def independent_count(lines: Sequence[BankLine], *, verdicts: Sequence[Verdict]) -> int:
    """Count the first movements whose verdicts stand whatever becomes of those before them; one at least.

    A verdict by references alone always does. Any other looks at what is open of its customers and at who paid from
    the account before, and so may turn with an earlier movement of theirs. Taking money back may turn any.
    """
    customers: set[int] = set()
    payers: set[str] = set()
    for place, (line, verdict) in enumerate(zip(lines, verdicts, strict=True)):
        if line.amount > 0 and not _is_proved(verdict):
            is_named = any(one.customer_id in customers for one in verdict.suggestions)
            if is_named or (line.party_iban and line.party_iban in payers):
                return place
        if takes_back(line):
            return place + 1
        if verdict.sure is not None:
            customers.add(verdict.sure.customer_id)
            payers.add(line.party_iban)
    return len(lines)


def _is_proved(verdict: Verdict) -> bool:
    """Tell whether references decide; beside one, payers and names never do, but other numbers may."""
    rules = {one.rule for one in verdict.suggestions}
    return MatchRule.REFERENCE in rules and not rules & BY_NUMBER


def plain_iban(text: str) -> str:
    """Write an IBAN without spaces, in capitals."""
    return text.replace(" ", "").upper()


def plain_payouts(payouts: Mapping[str, str]) -> dict[str, str]:
    """Give the payment provider of each account that pays out, by its plain IBAN."""
    return {plain_iban(iban): provider for iban, provider in payouts.items()}


def booking_of_opening(*, statement_id: int, iban: str, currency: str, amount: Decimal, effective_on: date) -> Booking:
    """Make what an account's balance before the first movement we know posts, or a change of it by older statements."""
    return booking_of(
        customer_id=HOUSE,
        kind=BookingKind.STATEMENT_OPENING,
        document_id=statement_id,
        effective_on=effective_on,
        entries=(Entry(bank(iban), currency, amount), Entry(BROUGHT_FORWARD, currency, -amount)),
    )


def booking_of_line(line: BankLine, *, line_id: int, iban: str, currency: str) -> Booking:
    """Make what a movement posts the moment it is known: it is on the account, and nobody's yet."""
    return booking_of(
        customer_id=HOUSE,
        kind=BookingKind.STATEMENT_LINE,
        document_id=line_id,
        effective_on=line.booked_on,
        entries=(Entry(bank(iban), currency, line.amount), Entry(UNMATCHED, currency, -line.amount)),
    )


def booking_of_match(*, part_id: int, currency: str, amount: Decimal, effective_on: date) -> Booking:
    """Make what it posts that a part of a line was received as a payment, which is on `bank:bank_transfer`."""
    return booking_of(
        customer_id=HOUSE,
        kind=BookingKind.STATEMENT_MATCH,
        document_id=part_id,
        effective_on=effective_on,
        entries=(Entry(UNMATCHED, currency, amount), Entry(TRANSFERS, currency, -amount)),
    )


def booking_of_aside(line: AsideBooking, *, reason: AsideReason) -> Booking:
    """Make what it posts that a line is no customer's payment; with the amount turned, that it may be one after all.

    A payout takes what came and what the provider kept from what the provider holds for us.
    """
    if reason is AsideReason.PROVIDER_PAYOUT:
        assert line.provider is not None
        kept = (Entry(fee(line.provider), line.currency, line.fee),) if line.fee else ()
        entries = (*kept, Entry(clearing(line.provider), line.currency, -line.amount - line.fee))
    else:
        account = TRANSFERS if reason is AsideReason.RECEIVED_ALREADY else set_aside(reason.name)
        entries = (Entry(account, line.currency, -line.amount),)
    return Booking(
        customer_id=HOUSE,
        key=f"statement_aside:{line.line_id}:{line.turn}",
        kind=BookingKind.STATEMENT_ASIDE,
        document_id=line.line_id,
        effective_on=line.effective_on,
        entries=(Entry(UNMATCHED, line.currency, line.amount), *entries),
    )
