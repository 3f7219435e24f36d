"""Verifies issued invoices: asks the stored question again, and tells whether it gives the same cents, or where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from mains_spi import SpiError
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.host import AdapterHost, UnknownAdapter
from mains_server.billing.explain import Answered, NotExplained, answers_of
from mains_server.billing.snapshot import SnapshotUnreadable

UNANSWERABLE = (SpiError, AdapterFailed, UnknownAdapter, SnapshotUnreadable, LookupError)


class VerificationOutcome(Enum):
    """Whether an invoice comes out the same when its stored question is asked again."""

    EQUAL = "EQUAL"
    DIFFERENT = "DIFFERENT"
    NOT_VERIFIABLE = "NOT_VERIFIABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedDifference:
    """A line, by its place, or the total without one, that comes out otherwise; None for a line that is not there."""

    position: int | None
    code: str | None
    stored: Decimal | None
    now: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of verifying an invoice, and why where it could not be done."""

    outcome: VerificationOutcome
    differences: tuple[VerifiedDifference, ...] = ()
    reason: str | None = None


async def verify_invoice(session: AsyncSession, *, host: AdapterHost, invoice_id: int) -> Verification:
    """Rate an issued invoice again from its stored inputs, and compare every line and the total to the cent.

    It never raises at whoever asks: what cannot be asked again is told as that.
    """
    try:
        (answered,) = (await answers_of(session, host=host, invoice_ids=[invoice_id])).values()
    except NotExplained:
        reason = "nothing is stored that it was worked out by; of a credit note verify the invoice that it takes back"
        return Verification(outcome=VerificationOutcome.NOT_VERIFIABLE, reason=reason)
    except UNANSWERABLE as failure:
        reason = f"its question cannot be asked again: {type(failure).__name__}: {failure}"
        return Verification(outcome=VerificationOutcome.NOT_VERIFIABLE, reason=reason)
    return _verified(answered)


async def verify_invoices(
    session: AsyncSession, *, host: AdapterHost, invoice_ids: Sequence[int]
) -> dict[int, Verification]:
    """Verify invoices as `verify_invoice` does, with as many statements for a hundred of them as for one."""
    try:
        answered = await answers_of(session, host=host, invoice_ids=invoice_ids)
    except (NotExplained, *UNANSWERABLE):
        return {number: await verify_invoice(session, host=host, invoice_id=number) for number in invoice_ids}
    return {number: _verified(found) for number, found in answered.items()}


def _verified(answered: Answered) -> Verification:
    found = _differences(answered)
    outcome = VerificationOutcome.DIFFERENT if found else VerificationOutcome.EQUAL
    return Verification(outcome=outcome, differences=tuple(found))


def _differences(answered: Answered) -> Sequence[VerifiedDifference]:
    found = []
    for at in range(max(len(answered.lines), len(answered.kept))):
        line = answered.lines[at] if at < len(answered.lines) else None
        kept = answered.kept[at] if at < len(answered.kept) else None
        told = () if line is None else line.told
        if kept is None or told != kept[2:]:
            code, now = (told[0], told[4]) if told else (None, None)
            found.append(
                VerifiedDifference(
                    position=at + 1,
                    code=code if kept is None else kept.code,
                    stored=None if kept is None else kept.net,
                    now=now,
                )
            )
    if answered.total != answered.stored_total:
        found.append(VerifiedDifference(position=None, code=None, stored=answered.stored_total, now=answered.total))
    return found
