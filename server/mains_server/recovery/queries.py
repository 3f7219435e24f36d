"""Questions to the recovery room: which way back is this, and where does everything about its person go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.access.queries import viewer_of_person
from mains_server.access.records import GrantRole, Person
from mains_server.customers.queries import customer_by_id
from mains_server.notifications.records import Recipient
from mains_server.recovery.tables import AccountRecovery
from mains_server.signin.rules import token_hash


async def lock_recovery(session: AsyncSession, *, recovery_id: int) -> AccountRecovery | None:
    """Take hold of a way back until the transaction ends."""
    return await _lock(session, col(AccountRecovery.id) == recovery_id)


async def lock_open_of_person(session: AsyncSession, *, person_id: int) -> AccountRecovery | None:
    """Take hold of the way back that is open for a person; one that is too old is among them until it is noted."""
    return await _lock(session, col(AccountRecovery.person_id) == person_id, col(AccountRecovery.ended_at).is_(None))


async def lock_by_stop_token(session: AsyncSession, *, token: str) -> AccountRecovery | None:
    """Take hold of the way back that a token stops."""
    return await _lock(session, col(AccountRecovery.stop_hash) == token_hash(token))


async def lock_by_link_token(session: AsyncSession, *, token: str) -> AccountRecovery | None:
    """Take hold of the way back that a token uses."""
    return await _lock(session, col(AccountRecovery.link_hash) == token_hash(token))


async def due_links(session: AsyncSession, *, now: datetime) -> Sequence[int]:
    """List the ways back whose wait is over and whose link was not sent."""
    found = await session.scalars(
        select(col(AccountRecovery.id))
        .where(
            col(AccountRecovery.ended_at).is_(None),
            col(AccountRecovery.link_sent_at).is_(None),
            col(AccountRecovery.acts_at) <= now,
            col(AccountRecovery.expires_at) > now,
            or_(col(AccountRecovery.approved_at).is_not(None), col(AccountRecovery.needs_approval).is_(False)),
        )
        .order_by(col(AccountRecovery.id))
    )
    return found.all()


async def everywhere(session: AsyncSession, *, person: Person, now: datetime) -> tuple[Recipient, ...]:
    """List every address and number on file of a person and of the customers they own, each once."""
    viewer = await viewer_of_person(session, person_id=person.id, now=now)
    grants = () if viewer is None else viewer.grants
    owned = [grant.customer_id for grant in grants if grant.role is GrantRole.OWNER]
    customers = [await customer_by_id(session, customer_id=one) for one in owned]
    known = [(person.email, person.phone), *((one.email, one.phone) for one in customers if one is not None)]
    mails = dict.fromkeys(mail.lower() for mail, _ in known if mail)
    phones = dict.fromkeys(phone for _, phone in known if phone)
    return (
        *(Recipient(person_id=person.id, email=mail, language=person.language) for mail in mails),
        *(Recipient(person_id=person.id, phone=phone, language=person.language) for phone in phones),
    )


async def _lock(session: AsyncSession, *conditions: ColumnElement[bool]) -> AccountRecovery | None:
    return await session.scalar(
        select(AccountRecovery).where(*conditions).with_for_update().execution_options(populate_existing=True)
    )
