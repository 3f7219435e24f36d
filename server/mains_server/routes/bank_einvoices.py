"""`GET /bank-einvoices/{number}`: a file of e-invoices for a bank, to employees with their session's token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.bank_einvoices.queries import bank_file, bank_file_content
from mains_server.db.unit_of_work import read_session
from mains_server.routes.answers import RouteRefused, answered, utc_now
from mains_server.signin.queries import viewer_of_token

SCHEME = "bearer "


def bank_einvoice_route(*, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now) -> Route:
    """Make the route; whoever is no employee is told that there is nothing."""

    @answered
    async def get(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not given.lower().startswith(SCHEME):
            raise _unknown()
        async with read_session(engine) as session:
            viewer = await viewer_of_token(session, token=given[len(SCHEME) :].strip(), now=clock())
            is_staff = viewer is not None and viewer.is_staff
            number = request.path_params["number"]
            file = await bank_file(session, file_id=number) if is_staff else None
            content = None if file is None else await bank_file_content(session, file_id=number)
        if file is None or content is None:
            raise _unknown()
        headers = {
            "Content-Disposition": f'attachment; filename="{file.name}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(content, media_type="application/xml", headers=headers)

    return Route("/bank-einvoices/{number:int}", get, methods=["GET"])


def _unknown() -> RouteRefused:
    return RouteRefused(404, "BANK_FILE_UNKNOWN", "there is no such file for you to take, or it is kept no longer")
