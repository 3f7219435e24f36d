"""`PUT /uploads/outages/{token}` takes a feed in; `GET /calendars/{token}.ics` gives a person's outages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.access.queries import viewer_of_person
from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.outages.desk import STAFF_WHO_PLAN
from mains_server.outages.feed import FILE_BYTES_MAX, read_feed
from mains_server.outages.importing import FeedNotTaken, take_feed
from mains_server.outages.links import FeedLinks
from mains_server.outages.queries import calendar_person, outages_of
from mains_server.outages.records import Author, FeedReport
from mains_server.outages.rules import calendar_of
from mains_server.routes.answers import RouteRefused, answered, json_answer, receive_body, utc_now

NAMES = {"lv": "Plānotie atslēgumi", "en": "Planned outages", "ru": "Плановые отключения"}
HEADERS = {
    "Cache-Control": "private, max-age=300",
    "Content-Disposition": 'inline; filename="outages.ics"',
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def outage_routes(
    *, engine: AsyncEngine, links: FeedLinks, clock: Callable[[], datetime] = utc_now
) -> tuple[Route, Route]:
    """Make the routes on an engine; a process reads one feed at a time."""
    busy: set[object] = set()

    @answered
    async def put(request: Request) -> Response:
        if busy:
            raise RouteRefused(503, "UPLOADS_BUSY", "another feed is being read; send yours again in a minute")
        ticket = object()
        busy.add(ticket)
        try:
            return await _put(request, engine=engine, links=links, now=clock())
        finally:
            busy.discard(ticket)

    @answered
    async def get(request: Request) -> Response:
        return await _calendar(request, engine=engine, now=clock())

    return (
        Route("/uploads/outages/{token}", put, methods=["PUT"]),
        Route("/calendars/{token}.ics", get, methods=["GET"]),
    )


async def _put(request: Request, *, engine: AsyncEngine, links: FeedLinks, now: datetime) -> Response:
    signed = links.read(request.path_params["token"])
    if signed is None:
        raise RouteRefused(404, "UPLOAD_UNKNOWN", "there is no such address; ask for one by outageUploadCreate")
    person_id, until = signed
    if now >= until:
        raise RouteRefused(410, "UPLOAD_EXPIRED", "this address has expired; ask for one by outageUploadCreate")
    async with read_session(engine) as session:
        viewer = await viewer_of_person(session, person_id=person_id, now=now)
    if viewer is None or not viewer.staff & STAFF_WHO_PLAN:
        raise RouteRefused(403, "UPLOAD_NOT_ALLOWED", "operators and administrators of the utility plan outages")
    content = BytesIO()
    await receive_body(request, into=content, bytes_max=FILE_BYTES_MAX)
    try:
        rows = read_feed(content.getvalue())
        async with unit_of_work(engine) as session:
            report = await take_feed(session, rows=rows, author=Author(now=now, person_id=person_id))
    except Refusal as refusal:
        raise RouteRefused(422, refusal.code, refusal.message) from None
    except FeedNotTaken as refused:
        report = refused.report
    return json_answer(report_json(report), status=200 if report.is_taken else 422)


async def _calendar(request: Request, *, engine: AsyncEngine, now: datetime) -> Response:
    async with read_session(engine) as session:
        person_id = await calendar_person(session, token=request.path_params["token"])
        viewer = None if person_id is None else await viewer_of_person(session, person_id=person_id, now=now)
        if viewer is None:
            raise RouteRefused(404, "CALENDAR_UNKNOWN", "this link does not hold; make one by outageCalendarCreate")
        outages = await outages_of(session, viewer=viewer, now=now)
    words = calendar_of(outages, name=NAMES.get(viewer.language, NAMES["en"]))
    return Response(words, media_type="text/calendar; charset=utf-8", headers=HEADERS)


def report_json(report: FeedReport) -> Mapping[str, Any]:
    """Write a report as JSON, its rows under their lines."""
    rows = [
        {
            "line": row.line,
            "reference": row.reference,
            "outcome": row.outcome.name,
            "code": row.code,
            "message": row.message,
        }
        for row in report.rows
    ]
    return {"status": "TAKEN" if report.is_taken else "REFUSED", "rows": rows}
