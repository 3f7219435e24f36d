"""What this process counted, for a Prometheus that knows the token."""

import hmac

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.routes.answers import RouteRefused, answered


def metrics_route(*, token: str) -> Route:
    """Make the route `/metrics`, for who sends `Authorization: Bearer` with the token.

    An address tells nothing of who asks, since behind a proxy everybody comes from the same machine.
    """

    @answered
    async def show(request: Request) -> Response:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
            raise RouteRefused(401, "UNAUTHENTICATED", "send the metrics token as a bearer token")
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return Route("/metrics", show)
