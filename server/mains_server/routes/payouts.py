"""`GET /payouts/{number}`: the file of refunds for the bank, once, to employees who pay out, with their token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.db.unit_of_work import unit_of_work
from mains_server.paying import payouts
from mains_server.routes.answers import RouteRefused, answered, utc_now
from mains_server.signin.queries import viewer_of_token

SCHEME = "bearer "
STATUSES = {"PAYOUT_FILE_UNKNOWN": 404, "PAYOUT_FILE_TAKEN": 410, "PAYOUT_FILE_OVER": 410}


def payout_route(*, engine: AsyncEngine, clock: Callable[[], datetime] = utc_now) -> Route:
    """Make the route; whoever does not pay out is told that there is nothing."""

    @answered
    async def get(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        number, now = request.path_params["number"], clock()
        try:
            async with unit_of_work(engine) as session:
                viewer = None
                if given.lower().startswith(SCHEME):
                    viewer = await viewer_of_token(session, token=given[len(SCHEME) :].strip(), now=now)
                if viewer is None or not viewer.staff & payouts.STAFF_WHO_PAY_OUT:
                    raise payouts.PayoutFileUnknown("there is no such file for you to take")
                content = await payouts.take_payout_file(session, viewer=viewer, number=number, now=now)
        except (payouts.PayoutFileUnknown, payouts.PayoutFileTaken, payouts.PayoutFileOver) as refusal:
            raise RouteRefused(STATUSES[refusal.code], refusal.code, refusal.message) from None
        headers = {
            "Content-Disposition": f'attachment; filename="payout-{number}.xml"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(content, media_type="application/xml", headers=headers)

    return Route("/payouts/{number:int}", get, methods=["GET"])
