"""Questions to the delegation room: invitations, what a delegate paid in a month, and what waits for the owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import person_by_id
from mains_server.access.records import GrantRole, PaymentLimits, Permission
from mains_server.customers.queries import customer_by_id
from mains_server.delegation.records import DelegationTerms, Invitation, InvitationStatus
from mains_server.delegation.tables import DelegatedPayment, DelegationInvitation, PaymentApproval


async def invitation_by_id(session: AsyncSession, *, invitation_id: int) -> Invitation | None:
    """Show an invitation as whoever has its link sees it."""
    row = await session.scalar(select(DelegationInvitation).where(col(DelegationInvitation.id) == invitation_id))
    if row is None:
        return None
    customer = await customer_by_id(session, customer_id=row.customer_id)
    inviter = await person_by_id(session, person_id=row.invited_by_person_id)
    assert customer is not None and inviter is not None, "an invitation points to both"
    return _invitation(row, customer.name, inviter.name)


async def lock_invitation(session: AsyncSession, *, invitation_id: int) -> DelegationInvitation | None:
    """Take hold of an invitation until the transaction ends, for a change inside this room."""
    return await session.scalar(
        select(DelegationInvitation)
        .where(col(DelegationInvitation.id) == invitation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def lock_open_invitations(session: AsyncSession, *, customer_id: int) -> Sequence[DelegationInvitation]:
    """Take hold of a customer's unanswered invitations, in order."""
    found = await session.scalars(
        select(DelegationInvitation)
        .where(
            col(DelegationInvitation.customer_id) == customer_id,
            col(DelegationInvitation.status) == InvitationStatus.OPEN,
        )
        .order_by(col(DelegationInvitation.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.all()


async def open_invitations_count(session: AsyncSession, *, customer_id: int, now: datetime) -> int:
    """Count a customer's invitations that can still be answered."""
    found = await session.scalar(
        select(func.count()).where(
            col(DelegationInvitation.customer_id) == customer_id,
            col(DelegationInvitation.status) == InvitationStatus.OPEN,
            col(DelegationInvitation.expires_at) > now,
        )
    )
    return int(found or 0)


async def spent_in_month(session: AsyncSession, *, customer_id: int, person_id: int, month: date) -> Decimal:
    """Sum what somebody paid for a customer as a delegate in a month, without what failed or came back."""
    found = await session.scalar(
        select(func.sum(col(DelegatedPayment.amount) - col(DelegatedPayment.freed))).where(
            col(DelegatedPayment.customer_id) == customer_id,
            col(DelegatedPayment.person_id) == person_id,
            col(DelegatedPayment.month) == month,
        )
    )
    return Decimal("0.00") if found is None else Decimal(found)


async def lock_delegated_payment(session: AsyncSession, *, intent_id: int) -> DelegatedPayment | None:
    """Take hold of what a delegate began to pay, until the transaction ends."""
    return await session.scalar(
        select(DelegatedPayment)
        .where(col(DelegatedPayment.intent_id) == intent_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def lock_approval(session: AsyncSession, *, approval_id: int) -> PaymentApproval | None:
    """Take hold of a payment that waits for the owner, until the transaction ends."""
    return await session.scalar(
        select(PaymentApproval)
        .where(col(PaymentApproval.id) == approval_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def lock_approval_of_request(
    session: AsyncSession, *, customer_id: int, person_id: int, request_key: str
) -> PaymentApproval | None:
    """Take hold of the approval that a request asked for before, if it did."""
    return await session.scalar(
        select(PaymentApproval)
        .where(
            col(PaymentApproval.customer_id) == customer_id,
            col(PaymentApproval.person_id) == person_id,
            col(PaymentApproval.request_key) == request_key,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def terms_of(row: DelegationInvitation) -> DelegationTerms:
    """Give what an invitation offers."""
    is_owner = row.role is GrantRole.OWNER
    return DelegationTerms(
        permissions=frozenset(Permission) if is_owner else frozenset(Permission[word] for word in row.permissions),
        contract_ids=None if row.contract_ids is None else frozenset(row.contract_ids),
        ends_at=row.ends_at,
        limits=PaymentLimits(cap_payment=row.cap_payment, cap_month=row.cap_month, approval_above=row.approval_above),
    )


def _invitation(row: DelegationInvitation, customer_name: str, invited_by: str) -> Invitation:
    return Invitation(
        id=row.id,
        customer_id=row.customer_id,
        role=row.role,
        name=row.name,
        email=row.email,
        phone=row.phone,
        status=row.status,
        expires_at=row.expires_at,
        terms=terms_of(row),
        customer_name=customer_name,
        invited_by=invited_by,
    )
