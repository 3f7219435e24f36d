"""What this process counted and what waits in the database, for a Prometheus that knows the token."""

import hmac
from datetime import UTC, datetime

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.routes.answers import RouteRefused, answered
from mains_server.routes.queues import queue_figures


def metrics_route(*, engine: AsyncEngine, token: str) -> Route:
    """Make the route `/metrics`, for who sends `Authorization: Bearer` with the token.

    An address tells nothing of who asks, since behind a proxy everybody comes from the same machine.
    """

    @answered
    async def show(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
            raise RouteRefused(401, "UNAUTHENTICATED", "send the metrics token as a bearer token")
        waiting = await queue_figures(engine, now=datetime.now(UTC))
        return Response(generate_latest() + waiting, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return Route("/metrics", show)
