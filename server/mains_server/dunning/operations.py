"""Policies are laid down, and invoices are disputed until somebody has looked."""

from __future__ import annotations

from datetime import UTC, datetime, time

from sqlalchemy import update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.contracts.desk import Desk, NotPermitted
from mains_server.contracts.operations import ContractUnknown
from mains_server.contracts.queries import contract_by_id
from mains_server.db.outbox import append_event
from mains_server.dunning.queries import ARRANGEMENT_TERMS, STAGES, held_invoice, owner_of_invoice, policies_of
from mains_server.dunning.records import OverdueInvoice, Policy
from mains_server.dunning.rules import DunningRefusal
from mains_server.dunning.tables import DunningPolicy, DunningWatch, InvoiceDispute

DISPUTED, DISPUTE_CLOSED = "dunning.invoice_disputed", "dunning.dispute_closed"
REASON_CHARACTERS_MAX = 1000


class PolicyStands(DunningRefusal):
    """A policy begins on that day already, and says something else; a policy is followed, never changed."""

    code = "POLICY_STANDS"


class InvoiceUnknown(DunningRefusal):
    """There is no such invoice for the viewer to see."""

    code = "INVOICE_UNKNOWN"
    path = "invoiceId"


class NothingOpen(DunningRefusal):
    """Nothing is open on the invoice."""

    code = "NOTHING_OPEN"


class DisputedAlready(DunningRefusal):
    """The invoice is disputed already."""

    code = "DISPUTED_ALREADY"


class NotDisputed(DunningRefusal):
    """The invoice is not disputed."""

    code = "NOT_DISPUTED"


class ReasonWrong(DunningRefusal):
    """What is said about a dispute is missing or too long."""

    code = "REASON_WRONG"
    path = "reason"


async def lay_down_policy(session: AsyncSession, *, policy: Policy) -> bool:
    """Lay down a utility's policy from its day on, once; tell whether it is new.

    Its day may be past: then debts that were paid since are looked at again for interest.
    """
    values = {
        "adapter": policy.adapter,
        "starts": policy.starts,
        "source": policy.source,
        "currency": policy.currency,
        "reminder_min": policy.reminder_min,
        "stages": STAGES.dump_python(policy.stages, mode="json"),
        "household_rate": policy.interest.household_rate,
        "business_rate": policy.interest.business_rate,
        "cap_share": policy.interest.cap_share,
        "day_count": policy.interest.day_count,
        "charge_day": policy.interest.charge_day,
        "arrangement": ARRANGEMENT_TERMS.dump_python(policy.arrangement, mode="json"),
        "owing_premises_min": policy.owing_premises_min,
    }
    statement = postgresql.insert(DunningPolicy).values(**values)
    added = await session.execute(statement.on_conflict_do_nothing(constraint="dunning_policy_once"))
    if added.rowcount:  # type: ignore[attr-defined]
        await _look_again(session, policy=policy)
        return True
    standing = {known.starts: known for known in await policies_of(session, adapter=policy.adapter)}
    if standing[policy.starts] != policy:
        raise PolicyStands(f"{policy.adapter} has another policy from {policy.starts} on; lay one down for a later day")
    return False


async def _look_again(session: AsyncSession, *, policy: Policy) -> None:
    """Have the next day of debts look at what was paid since a policy's first day; before it nothing changes."""
    since = datetime.combine(policy.starts, time.min, tzinfo=UTC)
    is_seen = (col(DunningWatch.adapter) == policy.adapter, col(DunningWatch.seen_until) > since)
    await session.execute(update(DunningWatch).where(*is_seen).values(seen_until=since))


async def open_dispute(session: AsyncSession, *, desk: Desk, invoice_id: int, reason: str) -> int:
    """Note that a customer holds an invoice to be wrong; no reminder goes out for it until somebody has looked."""
    invoice = await admitted_invoice(session, desk=desk, invoice_id=invoice_id)
    if invoice.is_disputed:
        raise DisputedAlready(f"{invoice.document_number} is disputed already; somebody is looking")
    if invoice.open_amount <= 0:
        raise NothingOpen(f"nothing is open on {invoice.document_number}")
    session.add(
        InvoiceDispute(
            customer_id=invoice.customer_id,
            contract_id=invoice.contract_id,
            invoice_id=invoice.id,
            reason=_said(reason),
            opened_at=desk.now,
            opened_by_person_id=desk.viewer.person_id,
        )
    )
    _tell(session, kind=DISPUTED, invoice=invoice, now=desk.now)
    return invoice.id


async def close_dispute(session: AsyncSession, *, desk: Desk, invoice_id: int, answer: str) -> int:
    """Close an invoice's dispute with what was found; reminders go on where it still is open."""
    if not desk.is_staff:
        raise NotPermitted("only operators and administrators close a dispute")
    invoice = await admitted_invoice(session, desk=desk, invoice_id=invoice_id)
    if not invoice.is_disputed:
        raise NotDisputed(f"{invoice.document_number} is not disputed")
    await session.execute(
        update(InvoiceDispute)
        .where(
            col(InvoiceDispute.invoice_id) == invoice.id,
            col(InvoiceDispute.customer_id) == invoice.customer_id,
            col(InvoiceDispute.closed_at).is_(None),
        )
        .values(closed_at=desk.now, closed_by_person_id=desk.viewer.person_id, answer=_said(answer))
    )
    _tell(session, kind=DISPUTE_CLOSED, invoice=invoice, now=desk.now)
    return invoice.id


async def admitted_invoice(session: AsyncSession, *, desk: Desk, invoice_id: int) -> OverdueInvoice:
    """Hold an invoice of a contract that the viewer may change; one that is not theirs to see looks like none."""
    owner = await owner_of_invoice(session, invoice_id=invoice_id)
    if owner is None:
        raise InvoiceUnknown("there is no such invoice")
    try:
        desk.admit_contract(await contract_by_id(session, contract_id=owner.contract_id))
    except ContractUnknown as refusal:
        raise InvoiceUnknown("there is no such invoice") from refusal
    held = await held_invoice(session, invoice_id=invoice_id, customer_id=owner.customer_id)
    assert held is not None, "what was issued is not removed"
    return held


def _said(words: str) -> str:
    plain = " ".join(words.split())
    if not 1 <= len(plain) <= REASON_CHARACTERS_MAX:
        raise ReasonWrong(f"say it in 1 to {REASON_CHARACTERS_MAX} characters")
    return plain


def _tell(session: AsyncSession, *, kind: str, invoice: OverdueInvoice, now: datetime) -> None:
    payload = {"contractId": invoice.contract_id, "invoiceId": invoice.id}
    append_event(session, kind=kind, payload=payload, customer_id=invoice.customer_id, now=now)
