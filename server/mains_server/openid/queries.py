"""Questions to the OpenID Connect room: who is linked to a subject, and which ticket is this."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import viewer_of_person
from mains_server.access.records import GrantRole
from mains_server.customers.queries import customer_by_id
from mains_server.openid.tables import OpenidLink, OpenidTicket
from mains_server.signin.rules import token_hash


async def lock_link_of_subject(session: AsyncSession, *, provider: str, subject: str) -> OpenidLink | None:
    """Take hold of the link of a provider's subject until the transaction ends, for a change inside this room."""
    return await session.scalar(
        select(OpenidLink)
        .where(col(OpenidLink.provider) == provider, col(OpenidLink.subject) == subject)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def lock_ticket(session: AsyncSession, *, ticket: str, now: datetime) -> OpenidTicket | None:
    """Take hold of a ticket that still links somebody; None if it was used, is too old or is none."""
    return await session.scalar(
        select(OpenidTicket)
        .where(
            col(OpenidTicket.token_hash) == token_hash(ticket),
            col(OpenidTicket.used_at).is_(None),
            col(OpenidTicket.expires_at) > now,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def personal_codes_owned(session: AsyncSession, *, person_id: int, now: datetime) -> tuple[str, ...]:
    """List the personal codes of the customers that a person owns."""
    viewer = await viewer_of_person(session, person_id=person_id, now=now)
    grants = () if viewer is None else viewer.grants
    owned = [grant.customer_id for grant in grants if grant.role is GrantRole.OWNER]
    customers = [await customer_by_id(session, customer_id=one) for one in owned]
    return tuple(one.personal_code for one in customers if one is not None and one.personal_code)
