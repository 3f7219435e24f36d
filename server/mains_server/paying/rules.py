"""The state machine of payments through providers, and what may be paid. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from mains_spi import PaymentProvider, ProviderOutcome, ProviderReport

from mains_server.access.records import Refusal
from mains_server.money.records import NotMoney, require_amount
from mains_server.money.rules import is_creditor_reference
from mains_server.paying.records import IntentStatus, RefundStatus

S = IntentStatus
AGAIN_AFTER = timedelta(minutes=1)
AGAIN_AFTER_MAX = timedelta(hours=6)
URL_LENGTH_MAX = 500
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_BODY = re.compile(r"([A-Z]{1,6})([0-9]{1,19})", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_OPEN = (S.CREATED, S.PENDING, S.UNKNOWN)
_UNDECIDED = (*_OPEN, S.AUTHORIZED, S.CAPTURING, S.VOIDING)


class AmountNotPayable(Refusal):
    """Only a positive amount to the cent can be paid, within what the provider takes."""

    code = "AMOUNT_NOT_PAYABLE"
    path = "amount"


class ReturnUrlNotUsable(Refusal):
    """A payer comes back to an address of the web."""

    code = "RETURN_URL_NOT_USABLE"
    path = "returnUrl"


class PaymentCapturedBefore(Refusal):
    """What was captured is not captured again, and not voided: it is refunded."""

    code = "PAYMENT_CAPTURED_BEFORE"


class PaymentVoided(Refusal):
    """What was voided cannot be captured."""

    code = "PAYMENT_VOIDED"


class PaymentNotAuthorized(Refusal):
    """Only what the payer has agreed to can be captured or voided."""

    code = "PAYMENT_NOT_AUTHORIZED"


# Where a report of a provider leads from where we are; what is not here is stale. Money that came is money, also after
# an end that was taken for one; nothing else leaves an end.
_LEADS: Mapping[ProviderOutcome, Mapping[IntentStatus, IntentStatus]] = {
    ProviderOutcome.PENDING: {S.CREATED: S.PENDING, S.UNKNOWN: S.PENDING},
    ProviderOutcome.AUTHORIZED: dict.fromkeys((*_OPEN, S.FAILED), S.AUTHORIZED),
    ProviderOutcome.CAPTURED: {one: S.CAPTURED for one in S if one is not S.CAPTURED},
    ProviderOutcome.FAILED: dict.fromkeys(_UNDECIDED, S.FAILED),
    ProviderOutcome.VOIDED: dict.fromkeys(_UNDECIDED, S.VOIDED),
    ProviderOutcome.MISSING: {S.CREATED: S.FAILED, S.PENDING: S.UNKNOWN},
    ProviderOutcome.UNKNOWN: {S.CREATED: S.UNKNOWN, S.PENDING: S.UNKNOWN},
}
_REFUND_LEADS: Mapping[ProviderOutcome, RefundStatus] = {
    ProviderOutcome.REFUNDED: RefundStatus.REFUNDED,
    ProviderOutcome.FAILED: RefundStatus.FAILED,
    ProviderOutcome.UNKNOWN: RefundStatus.UNKNOWN,
}


def next_status(current: IntentStatus, outcome: ProviderOutcome, *, was_reached: bool) -> IntentStatus | None:
    """Tell where a report leads; None for one that is stale or that says what is known.

    A payment that the provider has never heard of (`was_reached` is false) has failed; one that it named before and
    does not know now is unknown, which is not failed.
    """
    if outcome is ProviderOutcome.MISSING and current is S.UNKNOWN and not was_reached:
        return S.FAILED
    return _LEADS.get(outcome, {}).get(current)


def next_refund_status(current: RefundStatus, outcome: ProviderOutcome) -> RefundStatus | None:
    """Tell where a report leads a refund; None for one that is stale, or where it never came to the provider."""
    if current not in (RefundStatus.REQUESTED, RefundStatus.UNKNOWN):
        return None
    found = _REFUND_LEADS.get(outcome)
    return None if found is current else found


def require_capturable(status: IntentStatus) -> None:
    """Refuse to capture what was captured, voided or never agreed to."""
    _require_not_over(status)
    if status not in (S.AUTHORIZED, S.CAPTURING):
        raise PaymentNotAuthorized("the payer has not agreed to this payment yet")


def require_voidable(status: IntentStatus) -> None:
    """Refuse to void what was captured or is being captured."""
    if status is S.CAPTURING:
        raise PaymentCapturedBefore("this payment is being captured; refund it afterwards")
    _require_not_over(status)
    if status not in (S.AUTHORIZED, S.VOIDING):
        raise PaymentNotAuthorized("there is nothing reserved to let go of")


def _require_not_over(status: IntentStatus) -> None:
    if status is S.CAPTURED:
        raise PaymentCapturedBefore("this payment has been captured; refund it instead")
    if status in (S.VOIDED, S.FAILED):
        raise PaymentVoided("this payment has ended without money; begin another")


def again_after(checks: int) -> timedelta:
    """Tell how long to wait before a provider is asked again: twice as long each time, six hours at most."""
    doublings: int = 2 ** min(checks, 10)
    return min(AGAIN_AFTER * doublings, AGAIN_AFTER_MAX)


def require_payable(amount: Decimal, *, currency: str, card: PaymentProvider) -> None:
    """Refuse an amount that is none, or that the provider does not take."""
    try:
        require_amount(amount)
    except NotMoney as refusal:
        raise AmountNotPayable(str(refusal)) from refusal
    if currency not in card.currencies or not card.amount_min <= amount <= card.amount_max:
        raise AmountNotPayable(f"this provider takes {card.amount_min} to {card.amount_max} {card.currencies[0]}")


def require_url(url: str | None) -> None:
    """Refuse an address to come back to that is not of https (http on this machine alone)."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        is_local = parts.scheme == "http" and parts.hostname in LOOPBACK
    except ValueError:
        raise ReturnUrlNotUsable("give an address of https to come back to") from None
    if len(url) > URL_LENGTH_MAX or not url.isprintable() or not parts.hostname:
        raise ReturnUrlNotUsable(f"give an address of at most {URL_LENGTH_MAX} signs to come back to")
    if parts.scheme != "https" and not is_local:
        raise ReturnUrlNotUsable("give an address of https to come back to")


def named_by(quoted: str) -> tuple[str | None, str | None]:
    """Read what people quote: the number of the invoice it may be, and that of the contract it may be.

    A contract's own reference begins with 0 where an invoice's begins with its series; its number stands alone.
    """
    plain = quoted.replace(" ", "").upper()
    if not is_creditor_reference(plain):
        found = _BODY.fullmatch(plain.replace("-", ""))
        return None, None if found is None else f"{found[1]}-{found[2]}"
    found = _BODY.fullmatch(plain[4:].removeprefix("0"))
    number = None if found is None else f"{found[1]}-{found[2]}"
    return (None, number) if plain[4] == "0" else (number, None)


def address_hash(address: str) -> bytes:
    """Hash a network address, so that tries are counted without keeping it."""
    return hashlib.sha256(b"reference:" + address.encode("utf-8", "surrogatepass")).digest()


def document_of(report: ProviderReport) -> dict[str, str]:
    """Make JSON of a report, with amounts as text."""
    told = {name: value for name, value in asdict(report).items() if value is not None}
    return {name: value.name if isinstance(value, ProviderOutcome) else str(value) for name, value in told.items()}


def report_of(document: dict[str, Any]) -> ProviderReport:
    """Read a report that was kept."""
    told = {**document, "outcome": ProviderOutcome[document["outcome"]]}
    if "amount" in told:
        told["amount"] = Decimal(told["amount"])
    return ProviderReport(**told)


def is_iban(text: str) -> bool:
    """Tell whether a text without spaces is an IBAN: its form, and its check digits (ISO 13616, remainder 97)."""
    if _IBAN.fullmatch(text) is None:
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1
