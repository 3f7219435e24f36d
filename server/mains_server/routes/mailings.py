"""`GET /mailings/{number}`, `/notice-mailings/{number}`: the ZIP of a mailing for the printer, to employees alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.db.unit_of_work import read_session
from mains_server.delivery.queries import print_file
from mains_server.notifications.queries import mailing_file
from mains_server.routes.answers import RouteRefused, answered, utc_now
from mains_server.signin.queries import viewer_of_token

SCHEME = "bearer "
Clock = Callable[[], datetime]


def mailing_routes(*, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now) -> list[Route]:
    """Make the routes, for mailings of invoices and of notices; whoever is no employee is told that there is nothing.

    Both are the same but for what they read.
    """
    given = {"mailings": print_file, "notice-mailings": mailing_file}
    return [_route(folder, read=read, engine=engine, clock=clock) for folder, read in given.items()]


def _route(folder: str, *, read: Callable[..., Awaitable[bytes | None]], engine: AsyncEngine, clock: Clock) -> Route:

    @answered
    async def get(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not given.lower().startswith(SCHEME):
            raise _unknown()
        async with read_session(engine) as session:
            viewer = await viewer_of_token(session, token=given[len(SCHEME) :].strip(), now=clock())
            is_staff = viewer is not None and viewer.is_staff
            number = request.path_params["number"]
            content = await read(session, mailing_id=number) if is_staff else None
        if content is None:
            raise _unknown()
        headers = {
            "Content-Disposition": f'attachment; filename="{folder[:-1]}-{number}.zip"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(content, media_type="application/zip", headers=headers)

    return Route(f"/{folder}/{{number:int}}", get, methods=["GET"])


def _unknown() -> RouteRefused:
    return RouteRefused(
        404, "MAILING_UNKNOWN", "there is no such mailing for you to take, or its file is kept no longer"
    )
