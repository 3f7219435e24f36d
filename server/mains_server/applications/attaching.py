"""Files that belong to applications: who may send and read them, and that they are what they say."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Permission, Refusal, Viewer
from mains_server.applications import queries, rules
from mains_server.applications.links import AttachmentSent
from mains_server.applications.operations import STAFF_WHO_DECIDE, ApplicationUnknown, is_applicant
from mains_server.applications.records import AttachmentFile
from mains_server.applications.tables import Application, ApplicationAttachment

ATTACHMENTS_MAX = 10


class AttachmentsTooMany(Refusal):
    """The application has as many files as one may have."""

    code = "ATTACHMENTS_TOO_MANY"
    path = "applicationId"


async def announce_attachment(session: AsyncSession, *, viewer: Viewer, application_id: int, name: str) -> str:
    """Give the name under which the viewer may send a file to an open application; refuse what could not be taken."""
    await _open_application(session, viewer=viewer, application_id=application_id)
    kept = rules.require_file_name(name)
    await _require_room(session, application_id=application_id)
    return kept


async def take_attachment(
    session: AsyncSession, *, viewer: Viewer, sent: AttachmentSent, content: bytes, now: datetime
) -> AttachmentFile:
    """Keep a file of an application that is still open. The same file again is the one that was kept.

    Raises a `Refusal` if it is none of the types that are taken, or the application has too many; nothing is kept then.
    """
    assert viewer.person_id is not None, "who sends a file is signed in"
    await _open_application(session, viewer=viewer, application_id=sent.application_id)
    media_type = rules.require_media_type(content)
    digest = sha256(content).hexdigest()
    row = await queries.attachment_like(session, application_id=sent.application_id, sha256=digest)
    if row is None:
        await _require_room(session, application_id=sent.application_id)
        row = ApplicationAttachment(
            application_id=sent.application_id,
            person_id=viewer.person_id,
            name=rules.require_file_name(sent.name),
            media_type=media_type,
            size=len(content),
            sha256=digest,
            content=content,
            created_at=now,
        )
        session.add(row)
        await session.flush()
    return _file(row)


async def attachment_for(
    session: AsyncSession, *, viewer: Viewer, attachment_id: int
) -> tuple[AttachmentFile, bytes] | None:
    """Give a file with its content to who sees its application; None to everybody else."""
    row = await queries.attachment_by_id(session, attachment_id=attachment_id)
    if row is None:
        return None
    application = await queries.application_by_id(session, application_id=row.application_id)
    assert application is not None, "an attachment is an application's"
    return (_file(row), row.content) if _sees(viewer, application) else None


async def _open_application(session: AsyncSession, *, viewer: Viewer, application_id: int) -> None:
    row = await queries.hold_application(session, application_id=application_id)
    if row is None or not (viewer.staff & STAFF_WHO_DECIDE or is_applicant(viewer, row)):
        raise ApplicationUnknown("there is no such application on which you may do this")
    if row.state not in rules.OPEN:
        raise rules.StepNotPossible(f"this cannot be done while the application is {row.state.name}")


async def _require_room(session: AsyncSession, *, application_id: int) -> None:
    if await queries.attachments_count(session, application_id=application_id) >= ATTACHMENTS_MAX:
        raise AttachmentsTooMany(f"an application has at most {ATTACHMENTS_MAX} files")


def _sees(viewer: Viewer, row: Application) -> bool:
    if viewer.is_staff:
        return True
    if row.customer_id is None:
        return viewer.person_id == row.person_id
    if row.customer_id in viewer.customers_with(Permission.VIEW):
        return True
    return row.contract_id is not None and viewer.may(
        Permission.VIEW, customer_id=row.customer_id, contract_id=row.contract_id
    )


def _file(row: ApplicationAttachment) -> AttachmentFile:
    return AttachmentFile(
        id=row.id,
        application_id=row.application_id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        created_at=row.created_at,
    )
