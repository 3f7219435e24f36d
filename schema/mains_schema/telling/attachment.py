"""Files of applications: where to send one, and links to read those that were sent."""

from __future__ import annotations

from datetime import datetime

import strawberry
from mains_server.access.records import Refusal
from mains_server.applications.attaching import announce_attachment
from mains_server.applications.links import AttachmentLinks, AttachmentRead, AttachmentSent
from mains_server.applications.queries import attachments_of
from mains_server.applications.records import AttachmentFile
from mains_server.db.unit_of_work import read_session, unit_of_work

from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import USER_ERRORS, user_error
from mains_schema.declaring.resolve import Reads
from mains_schema.telling.application_errors import ApplicationErrorCode, ApplicationUserError

UPLOADS = "/uploads/applications/{token}"
ATTACHMENTS = "/attachments/{token}"
ATTACHMENT_ROWS = 10


@strawberry.type(description="A file that was sent to an application.")
class ApplicationAttachment:
    """One file."""

    name: str = strawberry.field(description="Its name, as whoever sent it calls it.")
    media_type: str = strawberry.field(description="Its type, told by its content: PDF, PNG or JPEG.")
    size: int = strawberry.field(description="Bytes of the file.")
    created_at: datetime = strawberry.field(description="When it came.")
    url: str = strawberry.field(
        description="Path on this server, to GET without a token within a quarter of an hour. Whoever opens it must"
        " still see the application, and the session that asked must still hold; else 404 `ATTACHMENT_UNKNOWN`."
    )


@strawberry.input(description="A file to be sent to an application.")
class ApplicationAttachmentCreateInput:
    """Which application, and what the file is called."""

    application_id: strawberry.ID = strawberry.field(description="Global id of the application.")
    name: str = strawberry.field(description="Name of the file: 1 to 120 printable characters, no slashes or quotes.")


@strawberry.type(description="Where to send a file, or why it would not be taken.")
class ApplicationAttachmentCreatePayload:
    """An address, or a refusal."""

    upload_url: str | None = strawberry.field(
        description="Path on this server to send the file to by PUT within a quarter of an hour: a PDF, PNG or JPEG of"
        " at most 10 MB, which it is by its content. The same file again is kept once. Null if it was refused."
    )
    user_errors: list[ApplicationUserError] = strawberry.field(description=USER_ERRORS)


async def attachment_create(info: Info, given: ApplicationAttachmentCreateInput) -> ApplicationAttachmentCreatePayload:
    """Give an address for a file; nothing is written."""
    context = info.context
    viewer = context.viewer
    if viewer.person_id is None:
        raise unauthenticated()
    number = number_of(given.application_id, type_name="Application")
    try:
        async with unit_of_work(context.engine) as session:
            name = await announce_attachment(session, viewer=viewer, application_id=number, name=given.name)
    except Refusal as refusal:
        error = user_error(ApplicationUserError, ApplicationErrorCode, refusal)
        return ApplicationAttachmentCreatePayload(upload_url=None, user_errors=[error])
    sent = AttachmentSent(application_id=number, person_id=viewer.person_id, name=name)
    token = AttachmentLinks(context.services.links.secret).sign_sent(sent, now=context.now)
    return ApplicationAttachmentCreatePayload(upload_url=UPLOADS.format(token=token), user_errors=[])


async def attachments(reads: Reads, application_id: int) -> list[ApplicationAttachment]:
    """Give links to an application's files, those of a request together; none without a session to come back with."""
    session_id = reads.viewer.session_id
    if session_id is None or reads.document_links is None:
        return []

    async def run(applications: list[int]) -> list[list[AttachmentFile]]:
        async with read_session(reads.engine) as session:
            found = await attachments_of(session, application_ids=applications)
        return [[file for file in found if file.application_id == one] for one in applications]

    links = AttachmentLinks(reads.document_links.secret)
    files: list[AttachmentFile] = await reads.load("attachments", application_id, run)
    return [
        ApplicationAttachment(
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            created_at=file.created_at,
            url=ATTACHMENTS.format(
                token=links.sign_read(AttachmentRead(attachment_id=file.id, session_id=session_id), now=reads.now)
            ),
        )
        for file in files
    ]
