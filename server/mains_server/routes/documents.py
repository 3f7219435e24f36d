"""`GET /documents/{token}`: a document, or the archive of a period, for whom its link was signed for.

Whether its person may still see the invoice is asked anew each time, so that a right that was taken away ends the link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.access.records import Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.db.unit_of_work import read_session
from mains_server.documents.archive import ArchiveNotReady, ArchiveTooLarge, archive_of, may_see
from mains_server.documents.links import ArchiveAsked, ArchiveForm, DocumentAsked, DocumentLinks
from mains_server.documents.operations import AdapterSilent, DocumentsExtraMissing, Press, document_of
from mains_server.documents.queries import owners_of
from mains_server.documents.records import DocumentWanted
from mains_server.documents.rules import MEDIA_TYPES
from mains_server.routes.answers import RouteRefused, answered, utc_now
from mains_server.signin.queries import viewer_of_session

MADE_SIDE_BY_SIDE = 2
HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def document_route(
    *, engine: AsyncEngine, host: AdapterHost, links: DocumentLinks, clock: Callable[[], datetime] = utc_now
) -> Route:
    """Make the route that serves documents; a link that does not hold, or leads to another's, leads nowhere."""
    turns = asyncio.Semaphore(MADE_SIDE_BY_SIDE)

    @answered
    async def get(request: Request) -> Response:
        now = clock()
        asked = links.read(request.path_params["token"], now=now)
        viewer = None if asked is None else await _viewer(engine, session_id=asked.session_id, now=now)
        if asked is None or viewer is None:
            raise _unknown()
        press = Press(engine=engine, host=host, now=now)
        try:
            async with turns:
                if isinstance(asked, DocumentAsked):
                    return await _document(press, asked=asked, viewer=viewer)
                return await _archive(press, asked=asked, viewer=viewer)
        except DocumentsExtraMissing as missing:
            raise RouteRefused(503, "DOCUMENTS_NOT_INSTALLED", str(missing)) from missing
        except (AdapterSilent, ArchiveNotReady) as early:
            raise RouteRefused(503, early.code, early.message) from early
        except ArchiveTooLarge as large:
            raise RouteRefused(422, large.code, large.message) from large

    return Route("/documents/{token}", get, methods=["GET"])


async def _viewer(engine: AsyncEngine, *, session_id: int, now: datetime) -> Viewer | None:
    async with read_session(engine) as session:
        return await viewer_of_session(session, session_id=session_id, now=now)


async def _document(press: Press, *, asked: DocumentAsked, viewer: Viewer) -> Response:
    async with read_session(press.engine) as session:
        owner = (await owners_of(session, invoice_ids=[asked.invoice_id])).get(asked.invoice_id)
    if owner is None or not may_see(viewer, customer_id=owner.customer_id, contract_id=owner.contract_id):
        raise _unknown()
    wanted = DocumentWanted(invoice_id=asked.invoice_id, kind=asked.kind, language=asked.language)
    file = await document_of(press, wanted=wanted)
    etag = {"ETag": f'"{file.document.sha256}"'}
    return _saved(file.content, name=file.document.file_name, media_type=MEDIA_TYPES[asked.kind], more=etag)


async def _archive(press: Press, *, asked: ArchiveAsked, viewer: Viewer) -> Response:
    if not may_see(viewer, customer_id=asked.customer_id, contract_id=asked.contract_id):
        raise _unknown()
    content = await archive_of(press, asked=asked)
    name = f"invoices-{asked.starts:%Y-%m-%d}-{asked.ends:%Y-%m-%d}.{asked.form.value.lower()}"
    media_type = "application/zip" if asked.form is ArchiveForm.ZIP else "text/csv; charset=utf-8"
    return _saved(content, name=name, media_type=media_type, more={})


def _saved(content: bytes, *, name: str, media_type: str, more: dict[str, str]) -> Response:
    """Answer with a file to save; its name has letters, digits, dots and hyphens alone."""
    headers = {**HEADERS, **more, "Content-Disposition": f'attachment; filename="{name}"', "Content-Type": media_type}
    return Response(content, headers=headers)


def _unknown() -> RouteRefused:
    return RouteRefused(404, "DOCUMENT_UNKNOWN", "this document's link does not hold; ask for a new one")
