"""`GET /exports/{token}`: all that is stored about the person whom its link was signed for, as a ZIP of JSON.

It is made when it is asked for, out of one moment of the database, and kept nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.db.unit_of_work import read_session
from mains_server.privacy.links import ExportLinks
from mains_server.privacy.queries import export
from mains_server.routes.answers import RouteRefused, answered, utc_now
from mains_server.routes.documents import HEADERS
from mains_server.signin.queries import viewer_of_session

MADE_SIDE_BY_SIDE = 1


def export_route(*, engine: AsyncEngine, links: ExportLinks, clock: Callable[[], datetime] = utc_now) -> Route:
    """Make the route that serves exports; a link whose session has ended leads nowhere."""
    turns = asyncio.Semaphore(MADE_SIDE_BY_SIDE)

    @answered
    async def get(request: Request) -> Response:
        now = clock()
        asked = links.read(request.path_params["token"], now=now)
        if asked is None:
            raise _unknown()
        async with turns, read_session(engine) as session:
            viewer = await viewer_of_session(session, session_id=asked.session_id, now=now)
            if viewer is None or viewer.person_id != asked.person_id:
                raise _unknown()
            packed = await export(session, person_id=asked.person_id, now=now)
        name = f'attachment; filename="mains-export-{now.date().isoformat()}.zip"'
        return Response(packed, media_type="application/zip", headers={**HEADERS, "Content-Disposition": name})

    return Route("/exports/{token}", get, methods=["GET"])


def _unknown() -> RouteRefused:
    return RouteRefused(404, "EXPORT_UNKNOWN", "this link leads nowhere, or does not hold any more")
