"""Questions to the applications room."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.applications.records import AttachmentFile
from mains_server.applications.rules import OPEN
from mains_server.applications.tables import Application, ApplicationAttachment, ApplicationStep

HOLD_APPLICANT = "select id from person where id = :person for no key update"


async def hold_application(session: AsyncSession, *, application_id: int) -> Application | None:
    """Give an application, held until the transaction ends; None where there is none."""
    wanted = select(Application).where(col(Application.id) == application_id).with_for_update()
    return (await session.scalars(wanted, execution_options={"populate_existing": True})).one_or_none()


async def last_step(session: AsyncSession, *, application_id: int) -> int:
    """Give the number of an application's last step."""
    wanted = select(func.max(col(ApplicationStep.number))).where(col(ApplicationStep.application_id) == application_id)
    return int(await session.scalar(wanted) or 0)


async def held_open_count(session: AsyncSession, *, person_id: int) -> int:
    """Count a person's applications that are not closed; who else counts the same person's waits for this transaction.

    Two that come at once are so counted one after the other, and cannot both be the last that one may have.
    """
    await session.execute(text(HOLD_APPLICANT), {"person": person_id})
    mine = col(Application.person_id) == person_id, col(Application.state).in_(OPEN)
    return int(await session.scalar(select(func.count()).select_from(Application).where(*mine)) or 0)


async def application_by_id(session: AsyncSession, *, application_id: int) -> Application | None:
    """Give an application as it stands."""
    return await session.get(Application, application_id)


async def attachment_by_id(session: AsyncSession, *, attachment_id: int) -> ApplicationAttachment | None:
    """Give a file with its content."""
    return await session.get(ApplicationAttachment, attachment_id)


async def attachment_like(session: AsyncSession, *, application_id: int, sha256: str) -> ApplicationAttachment | None:
    """Give the file of an application that has this content."""
    one = ApplicationAttachment
    wanted = select(one).where(col(one.application_id) == application_id, col(one.sha256) == sha256)
    return (await session.scalars(wanted)).one_or_none()


async def attachments_count(session: AsyncSession, *, application_id: int) -> int:
    """Count an application's files."""
    its = col(ApplicationAttachment.application_id) == application_id
    return int(await session.scalar(select(func.count()).select_from(ApplicationAttachment).where(its)) or 0)


async def attachments_of(session: AsyncSession, *, application_ids: Sequence[int]) -> list[AttachmentFile]:
    """List applications' files in the order they came, without their content."""
    one = ApplicationAttachment
    columns = (one.id, one.application_id, one.name, one.media_type, one.size, one.created_at)
    wanted = select(*(col(part) for part in columns)).where(col(one.application_id).in_(application_ids))
    return [AttachmentFile(**row._mapping) for row in await session.execute(wanted.order_by(col(one.id)))]
