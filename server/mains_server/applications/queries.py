"""Questions to the applications room."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.applications.rules import OPEN
from mains_server.applications.tables import Application, ApplicationStep


async def hold_application(session: AsyncSession, *, application_id: int) -> Application | None:
    """Give an application, held until the transaction ends; None where there is none."""
    wanted = select(Application).where(col(Application.id) == application_id).with_for_update()
    return (await session.scalars(wanted, execution_options={"populate_existing": True})).one_or_none()


async def last_step(session: AsyncSession, *, application_id: int) -> int:
    """Give the number of an application's last step."""
    wanted = select(func.max(col(ApplicationStep.number))).where(col(ApplicationStep.application_id) == application_id)
    return int(await session.scalar(wanted) or 0)


async def open_count(session: AsyncSession, *, person_id: int) -> int:
    """Count a person's applications that are not closed."""
    mine = col(Application.person_id) == person_id, col(Application.state).in_(OPEN)
    return int(await session.scalar(select(func.count()).select_from(Application).where(*mine)) or 0)
