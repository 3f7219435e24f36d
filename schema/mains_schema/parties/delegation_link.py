"""What an invitation's link shows to whoever has it, signed in or not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import strawberry
from mains_server.access.records import GrantRole, PaymentLimits, Permission
from mains_server.db.unit_of_work import read_session
from mains_server.delegation.queries import invitation_by_id
from mains_server.delegation.records import CURRENCY

from mains_schema.declaring.scalars import Money

if TYPE_CHECKING:
    from mains_schema.declaring.resolve import Reads

INVITATION_ROWS = 1


@strawberry.type(description="What an invitation offers, for whoever has its link.")
class DelegationOffer:
    """An open invitation."""

    role: GrantRole = strawberry.field(description="What one is invited to be.")
    customer_name: str = strawberry.field(description="For whom one would act.")
    invited_by: str = strawberry.field(description="Who invites.")
    permissions: list[Permission] = strawberry.field(description="What one could do.")
    is_for_all_contracts: bool = strawberry.field(description="Whether it is for all contracts, also future ones.")
    ends_at: datetime | None = strawberry.field(description="Until when it would hold; null for no end.")
    cap_per_payment: Money | None = strawberry.field(description="The most at a time; null if there is no cap.")
    cap_per_month: Money | None = strawberry.field(description="The most in a month; null if there is no cap.")
    approval_above: Money | None = strawberry.field(
        description="Above this the owner has to agree; null if to no payment."
    )
    expires_at: datetime = strawberry.field(description="Until when it can be answered.")


async def delegation_offer(reads: Reads, *, token: str) -> DelegationOffer | None:
    """Show what an open invitation offers; None for all other tokens, which look alike."""
    links = reads.invitation_links
    number = None if links is None else links.read(token)
    if number is None:
        return None
    async with read_session(reads.engine) as session:
        found = await invitation_by_id(session, invitation_id=number)
    if found is None or not found.is_open(reads.now):
        return None
    limits: PaymentLimits = found.terms.limits
    return DelegationOffer(
        role=found.role,
        customer_name=found.customer_name,
        invited_by=found.invited_by,
        permissions=[one for one in Permission if one in found.terms.permissions],
        is_for_all_contracts=found.terms.contract_ids is None,
        ends_at=found.terms.ends_at,
        cap_per_payment=None if limits.cap_payment is None else Money(amount=limits.cap_payment, currency=CURRENCY),
        cap_per_month=None if limits.cap_month is None else Money(amount=limits.cap_month, currency=CURRENCY),
        approval_above=None
        if limits.approval_above is None
        else Money(amount=limits.approval_above, currency=CURRENCY),
        expires_at=found.expires_at,
    )
