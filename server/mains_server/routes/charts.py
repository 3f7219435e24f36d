"""`GET /charts/{token}.svg`: a chart for whom its link was signed for, whose access is asked anew each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from mains_schema.declaring.resolve import Reads
from mains_schema.metering.consumption_asked import charted
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.access.records import Viewer
from mains_server.billing.records import LineExplanation
from mains_server.consumption.drawing import draw
from mains_server.consumption.links import ChartAsked, ChartLinks
from mains_server.db.unit_of_work import read_session
from mains_server.routes.answers import RouteRefused, answered, utc_now
from mains_server.signin.queries import viewer_of_session

HEADERS = {
    "Cache-Control": "private, max-age=300",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def chart_route(*, engine: AsyncEngine, links: ChartLinks, clock: Callable[[], datetime] = utc_now) -> Route:
    """Make the route that draws charts; a link that does not hold, or shows what one may not see, leads nowhere."""

    @answered
    async def get(request: Request) -> Response:
        now = clock()
        asked = links.read(request.path_params["token"], now=now)
        viewer = None if asked is None else await _viewer(engine, asked=asked, now=now)
        if asked is None or viewer is None:
            raise _unknown()
        reads = Reads(
            engine=engine,
            viewer=viewer,
            language=asked.language,
            now=now,
            today=now.date(),
            labels={},
            explain=_explain_nothing,
        )
        found = await charted(reads, asked=asked)
        if found is None:
            raise _unknown()
        consumption, time_zone = found
        drawing = draw(consumption, language=asked.language, time_zone=time_zone)
        return Response(drawing, media_type="image/svg+xml", headers=HEADERS)

    return Route("/charts/{token}.svg", get, methods=["GET"])


async def _viewer(engine: AsyncEngine, *, asked: ChartAsked, now: datetime) -> Viewer | None:
    async with read_session(engine) as session:
        return await viewer_of_session(session, session_id=asked.session_id, now=now)


async def _explain_nothing(_invoices: Sequence[int]) -> Mapping[int, Sequence[LineExplanation]]:
    return {}


def _unknown() -> RouteRefused:
    return RouteRefused(404, "CHART_UNKNOWN", "this chart's link does not hold; ask for a new one")
