"""What delegates pay: within their limits, with the owner's word where it is asked for, and counted once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.queries import hold_grants
from mains_server.access.records import Grant, GrantRole, Permission, Refusal, Viewer
from mains_server.delegation import queries, rules
from mains_server.delegation.operations import log, tell
from mains_server.delegation.records import ActivityKind, Admission, ApprovalStatus, Deed, PaymentWanted
from mains_server.delegation.tables import DelegatedPayment, PaymentApproval


class DelegationEnded(Refusal):
    """The right to pay for this customer ended a moment ago."""

    code = "CONTRACT_NOT_PAYABLE"


class ApprovalNeeded(Refusal):
    """The payment waits for the owner's word; with the same key it goes on once they agree."""

    code = "APPROVAL_NEEDED"
    is_retryable = True

    def __init__(self, wanted: PaymentWanted) -> None:
        super().__init__("the owner has to agree; ask again with the same key once they did")
        self.wanted = wanted


class ApprovalRefused(Refusal):
    """The owner said no to this payment."""

    code = "APPROVAL_REFUSED"


class ApprovalUnknown(Refusal):
    """There is no such payment that waits for the viewer's word."""

    code = "APPROVAL_UNKNOWN"
    path = "approvalId"


async def admit_payment(
    session: AsyncSession, *, viewer: Viewer, wanted: PaymentWanted, now: datetime
) -> Admission | None:
    """Let a delegate's payment through within their limits, or say why not; None for who pays as no delegate.

    The delegate's rights stay locked until the transaction ends, so that payments of one delegate take turns.
    """
    assert viewer.person_id is not None, "whoever pays is signed in"
    mine = [grant for grant in viewer.grants if grant.customer_id == wanted.customer_id]
    if not mine or wanted.customer_id in viewer.customers_owned:
        return None
    held = await hold_grants(session, customer_id=wanted.customer_id, now=now, person_id=viewer.person_id)
    grant = _best([one.grant for one in held], wanted=wanted)
    if grant is None and wanted.is_by_reference:
        return None
    if grant is None:
        raise DelegationEnded("your right to pay here has ended")
    assert grant.id is not None, "a held grant is stored"
    spent = await queries.spent_in_month(
        session, customer_id=wanted.customer_id, person_id=viewer.person_id, month=rules.month_of(now)
    )
    rules.check_caps(wanted.amount, limits=grant.limits, spent_this_month=spent)
    above = grant.limits.approval_above
    if above is not None and wanted.amount > above:
        await _use_approval(session, viewer=viewer, wanted=wanted)
    return Admission(grant_id=grant.id, wanted=wanted)


async def note_begun(
    session: AsyncSession, *, admission: Admission, person_id: int, intent_id: int, now: datetime
) -> None:
    """Count a payment that was let through, in the transaction that writes it down."""
    wanted = admission.wanted
    row = DelegatedPayment(
        customer_id=wanted.customer_id,
        grant_id=admission.grant_id,
        person_id=person_id,
        intent_id=intent_id,
        month=rules.month_of(now),
        amount=wanted.amount,
        freed=Decimal("0.00"),
        currency=wanted.currency,
        begun_at=now,
    )
    session.add(row)
    _log(session, row, ActivityKind.PAYMENT_BEGUN, wanted.amount, note=wanted.shown_reference, now=now)
    await session.flush()


async def ask_approval(session: AsyncSession, *, viewer: Viewer, wanted: PaymentWanted, now: datetime) -> None:
    """Write down that a payment waits for the owner; asked again with its key it is the same one."""
    assert viewer.person_id is not None, "whoever pays is signed in"
    held = await hold_grants(session, customer_id=wanted.customer_id, now=now, person_id=viewer.person_id)
    grant = _best([one.grant for one in held], wanted=wanted)
    if grant is None:
        raise DelegationEnded("your right to pay here has ended")
    assert grant.id is not None, "a held grant is stored"
    named = {"customer_id": wanted.customer_id, "person_id": viewer.person_id, "request_key": wanted.key}
    if await queries.lock_approval_of_request(session, **named) is not None:  # type: ignore[arg-type]
        return
    row = PaymentApproval(
        customer_id=wanted.customer_id,
        grant_id=grant.id,
        person_id=viewer.person_id,
        request_key=wanted.key,
        amount=wanted.amount,
        currency=wanted.currency,
        shown_reference=wanted.shown_reference,
        status=ApprovalStatus.WAITING,
        asked_at=now,
    )
    session.add(row)
    await session.flush()
    _log(session, row, ActivityKind.APPROVAL_ASKED, row.amount, note=row.shown_reference, now=now)
    tell(session, wanted.customer_id, "delegation.approval_asked", {"approval_id": row.id}, now=now)


async def decide_approval(
    session: AsyncSession, *, viewer: Viewer, approval_id: int, is_approved: bool, now: datetime
) -> None:
    """Let the owner say yes or no to a payment that waits; said again it is as it was."""
    row = await queries.lock_approval(session, approval_id=approval_id)
    held = () if row is None else await hold_grants(
        session, customer_id=row.customer_id, now=now, person_id=viewer.person_id
    )  # fmt: skip
    if row is None or not any(one.grant.role is GrantRole.OWNER for one in held):
        raise ApprovalUnknown("there is no payment that waits for your word")
    said = ApprovalStatus.APPROVED if is_approved else ApprovalStatus.REFUSED
    if row.status is not ApprovalStatus.WAITING:
        if row.status is said:
            return
        raise ApprovalUnknown("this payment does not wait for your word any more")
    row.status, row.decided_at, row.decided_by_person_id = said, now, viewer.person_id
    await session.flush()
    kind = ActivityKind.APPROVED if is_approved else ActivityKind.REFUSED
    about = {"about_person_id": row.person_id, "amount": row.amount, "currency": row.currency}
    log(session, row.customer_id, Deed(kind=kind, person_id=viewer.person_id, **about), now=now)  # type: ignore[arg-type]
    tell(session, row.customer_id, "delegation.approval_decided", {"approval_id": row.id, "said": said.name}, now=now)


async def note_captured(session: AsyncSession, *, intent_id: int, amount: Decimal, now: datetime) -> None:
    """Write down that a delegate's payment came; one that was thought to have failed counts again.

    Where a provider took less than was asked for, the rest counts no longer.
    """
    row = await queries.lock_delegated_payment(session, intent_id=intent_id)
    if row is None:
        return
    row.freed, row.is_ended = max(row.amount - amount, Decimal("0.00")), False
    await session.flush()
    _log(session, row, ActivityKind.PAID, amount, now=now)
    payload: dict[str, object] = {"intent_id": intent_id, "person_id": row.person_id, "amount": str(amount)}
    tell(session, row.customer_id, "delegation.payment_made", payload, now=now)


async def note_ended(session: AsyncSession, *, intent_id: int, now: datetime) -> None:
    """Write down that a delegate's payment ended without money, which frees what it took of their caps."""
    row = await queries.lock_delegated_payment(session, intent_id=intent_id)
    if row is None or row.is_ended:
        return
    row.freed, row.is_ended = row.amount, True
    await session.flush()
    _log(session, row, ActivityKind.PAYMENT_ENDED, row.amount, now=now)


async def note_returned(session: AsyncSession, *, intent_id: int, amount: Decimal, now: datetime) -> None:
    """Write down that money of a delegate's payment went back, which frees as much of their caps."""
    row = await queries.lock_delegated_payment(session, intent_id=intent_id)
    if row is None:
        return
    row.freed = min(row.freed + amount, row.amount)
    await session.flush()
    _log(session, row, ActivityKind.PAYMENT_RETURNED, amount, now=now)


async def note_came_again(session: AsyncSession, *, intent_id: int, amount: Decimal, now: datetime) -> None:
    """Write down that money of a delegate's payment that had gone back is here again, and counts again."""
    row = await queries.lock_delegated_payment(session, intent_id=intent_id)
    if row is None:
        return
    row.freed = max(row.freed - amount, Decimal("0.00"))
    await session.flush()
    _log(session, row, ActivityKind.PAID, amount, now=now)


def _log(
    session: AsyncSession,
    row: DelegatedPayment | PaymentApproval,
    kind: ActivityKind,
    amount: Decimal,
    *,
    now: datetime,
    note: str | None = None,
) -> None:
    deed = Deed(kind=kind, person_id=row.person_id, amount=amount, currency=row.currency, note=note)
    log(session, row.customer_id, deed, now=now)


def _best(grants: list[Grant], *, wanted: PaymentWanted) -> Grant | None:
    """Choose the right that a payment is made by: the latest that may pay on all its contracts."""
    found = [
        grant
        for grant in grants
        if Permission.PAY in grant.permissions
        and (grant.contract_ids is None or wanted.contract_ids <= grant.contract_ids)
    ]
    return found[-1] if found else None


async def _use_approval(session: AsyncSession, *, viewer: Viewer, wanted: PaymentWanted) -> None:
    assert viewer.person_id is not None, "whoever pays is signed in"
    row = await queries.lock_approval_of_request(
        session, customer_id=wanted.customer_id, person_id=viewer.person_id, request_key=wanted.key
    )
    if row is not None and row.status is ApprovalStatus.REFUSED:
        raise ApprovalRefused("the owner said no to this payment")
    if row is None or row.status is not ApprovalStatus.APPROVED:
        raise ApprovalNeeded(wanted)
    if row.amount != wanted.amount or row.shown_reference != wanted.shown_reference:
        raise ApprovalRefused(f"the owner agreed to {row.amount} EUR for {row.shown_reference}; ask with another key")
    row.status = ApprovalStatus.USED
    await session.flush()
