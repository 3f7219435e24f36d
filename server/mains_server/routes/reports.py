"""`POST /notices/reports/{gateway}`: an SMS gateway tells what became of a message, and signs it in its own way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO

from mains_spi import EVENT_BYTES_MAX, EventRequest
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.adapters.asking import AdapterFailed
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.reporting import ReportTaken, take_report
from mains_server.notifications.sealing import Seal
from mains_server.notifications.texting import Gateway
from mains_server.notifications.wordings import THE_SERVERS, Wordings
from mains_server.routes.answers import RouteRefused, answered, json_answer, receive_body, utc_now
from mains_server.signin.reporting import take_code_report

STATUSES = {"SIGNATURE_WRONG": 401, "TIMESTAMP_TOO_FAR": 401, "EVENT_MALFORMED": 400}
WORDS = {
    "SIGNATURE_WRONG": "the report is not signed as this gateway signs",
    "TIMESTAMP_TOO_FAR": "the report was signed too long ago, or the clocks differ",
    "EVENT_MALFORMED": "the report is signed, and cannot be read",
}
HEADERS_MAX = 100


def report_route(
    *,
    engine: AsyncEngine,
    gateways: Mapping[str, Gateway],
    seal: Seal,
    wordings: Wordings = THE_SERVERS,
    clock: Callable[[], datetime] = utc_now,
) -> Route:
    """Make the route; a report is proven by its channel's package before anything is looked up.

    It answers 200 only after the report and what follows from it are committed, so that a gateway that hears nothing
    sends it again. What is known already, or nothing of ours, is answered 200 as well.
    """

    @answered
    async def post(request: Request) -> Response:
        code = request.path_params["gateway"]
        gateway = gateways.get(code)
        if gateway is None:
            raise RouteRefused(404, "GATEWAY_UNKNOWN", "no such gateway is set up here")
        body = BytesIO()
        await receive_body(request, into=body, bytes_max=EVENT_BYTES_MAX)
        headers = tuple((name.lower(), value) for name, value in request.headers.items())[:HEADERS_MAX]
        now = clock()
        asked = EventRequest(access=gateway.access, headers=headers, body=body.getvalue(), received_at=now)
        try:
            reading = await asyncio.to_thread(gateway.live.read_report, asked)
        except AdapterFailed:
            raise RouteRefused(503, "GATEWAY_SILENT", "the report could not be proven now; send it again") from None
        if reading.report is None:
            refused = reading.refused if reading.refused in STATUSES else "EVENT_MALFORMED"
            raise RouteRefused(STATUSES[refused], refused, WORDS[refused])
        async with unit_of_work(engine) as session:
            taken = await take_report(
                session, gateway=code, report=reading.report, seal=seal, now=now, wordings=wordings
            )
            if taken is ReportTaken.UNMATCHED:
                taken = await take_code_report(session, report=reading.report, now=now)
        return json_answer({"code": taken.name})

    return Route("/notices/reports/{gateway}", post, methods=["POST"])
