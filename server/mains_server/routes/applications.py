"""`PUT /uploads/applications/{token}` takes a file of an application; `GET /attachments/{token}` gives one to read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.access.queries import viewer_of_person
from mains_server.access.records import Refusal
from mains_server.applications.attaching import attachment_for, take_attachment
from mains_server.applications.links import AttachmentLinks
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.routes.answers import RouteRefused, answered, json_answer, receive_body, utc_now
from mains_server.signin.queries import viewer_of_session

FILE_BYTES_MAX = 10_000_000
SENT_SIDE_BY_SIDE = 4
"""A file is held in memory while it is looked at: 40 MB a process at most."""
HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def attachment_routes(
    *, engine: AsyncEngine, links: AttachmentLinks, clock: Callable[[], datetime] = utc_now
) -> tuple[Route, Route]:
    """Make the routes on an engine; a process takes a few files at a time."""
    busy: set[object] = set()

    @answered
    async def put(request: Request) -> Response:
        if len(busy) >= SENT_SIDE_BY_SIDE:
            raise RouteRefused(503, "UPLOADS_BUSY", "other files are being taken; send yours again in a minute")
        ticket = object()
        busy.add(ticket)
        try:
            return await _put(request, engine=engine, links=links, now=clock())
        finally:
            busy.discard(ticket)

    @answered
    async def get(request: Request) -> Response:
        return await _get(request, engine=engine, links=links, now=clock())

    return (
        Route("/uploads/applications/{token}", put, methods=["PUT"]),
        Route("/attachments/{token}", get, methods=["GET"]),
    )


async def _put(request: Request, *, engine: AsyncEngine, links: AttachmentLinks, now: datetime) -> Response:
    sent = links.sent(request.path_params["token"], now=now)
    if sent is None:
        raise RouteRefused(404, "UPLOAD_UNKNOWN", "this address does not hold; ask by applicationAttachmentCreate")
    content = BytesIO()
    await receive_body(request, into=content, bytes_max=FILE_BYTES_MAX)
    try:
        async with unit_of_work(engine) as session:
            viewer = await viewer_of_person(session, person_id=sent.person_id, now=now)
            if viewer is None:
                raise RouteRefused(403, "UPLOAD_NOT_ALLOWED", "who was given this address is not known any more")
            kept = await take_attachment(session, viewer=viewer, sent=sent, content=content.getvalue(), now=now)
    except Refusal as refusal:
        raise RouteRefused(422, refusal.code, refusal.message) from None
    return json_answer({"status": "TAKEN", "name": kept.name, "mediaType": kept.media_type, "size": kept.size})


async def _get(request: Request, *, engine: AsyncEngine, links: AttachmentLinks, now: datetime) -> Response:
    asked = links.read(request.path_params["token"], now=now)
    found = None
    if asked is not None:
        async with read_session(engine) as session:
            viewer = await viewer_of_session(session, session_id=asked.session_id, now=now)
            if viewer is not None:
                found = await attachment_for(session, viewer=viewer, attachment_id=asked.attachment_id)
    if found is None:
        raise RouteRefused(404, "ATTACHMENT_UNKNOWN", "this link does not hold; ask for a new one")
    file, content = found
    saved = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"}
    return Response(content, headers={**HEADERS, **saved, "Content-Type": file.media_type})
