"""`PUT /uploads/readings/{token}`: a file of readings comes to the address that was given out for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from mains_schema.declaring.node import encode_id
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.access.records import Refusal
from mains_server.adapters.host import AdapterHost
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.intake.operations import UploadUnknown, take_upload
from mains_server.intake.queries import is_upload_known
from mains_server.intake.reading_file import FILE_BYTES_MAX
from mains_server.intake.records import RowReport, UploadReport, UploadStatus
from mains_server.intake.rules import counts
from mains_server.routes.answers import RouteRefused, answered, json_answer, receive_body, utc_now

KEPT_IN_MEMORY = 1_000_000
AT_ONCE_MAX = 4
STATUSES = {"UPLOAD_UNKNOWN": 404, "UPLOAD_EXPIRED": 410, "UPLOAD_USED": 409}


def upload_route(
    *, engine: AsyncEngine, host: AdapterHost | None = None, clock: Callable[[], datetime] = utc_now
) -> Route:
    """Make the route on an engine; at most four files are read at a time."""
    busy: set[object] = set()

    @answered
    async def put(request: Request) -> Response:
        if len(busy) >= AT_ONCE_MAX:
            raise RouteRefused(503, "UPLOADS_BUSY", "several files are being read; send yours again in a minute")
        ticket = object()
        busy.add(ticket)
        try:
            return await _put(request, engine=engine, host=host, clock=clock)
        finally:
            busy.discard(ticket)

    return Route("/uploads/readings/{token}", put, methods=["PUT"])


async def _put(
    request: Request, *, engine: AsyncEngine, host: AdapterHost | None, clock: Callable[[], datetime]
) -> Response:
    token = request.path_params["token"]
    try:
        async with read_session(engine) as session:
            if not await is_upload_known(session, token=token):
                raise UploadUnknown("there is no such address; ask for a new one by readingUploadCreate")
        with SpooledTemporaryFile(max_size=KEPT_IN_MEMORY) as spooled:
            file = cast(BinaryIO, spooled)
            sha256 = await receive_body(request, into=file, bytes_max=FILE_BYTES_MAX)
            async with unit_of_work(engine) as session:
                report = await take_upload(session, token=token, file=file, sha256=sha256, now=clock(), host=host)
    except Refusal as refusal:
        raise RouteRefused(STATUSES.get(refusal.code, 403), refusal.code, refusal.message) from None
    return json_answer(report_json(report), status=422 if report.status is UploadStatus.REFUSED else 200)


def report_json(report: UploadReport) -> Mapping[str, Any]:
    """Write a report as JSON, its rows under their lines."""
    return {
        "readingUpload": encode_id(type_name="ReadingUpload", number=report.upload_id),
        "status": report.status.name,
        "mode": report.mode.name,
        "code": report.code,
        "message": report.message,
        "counts": {outcome.name: count for outcome, count in counts(report.rows).items()},
        "rows": [_row(row) for row in report.rows],
    }


def _row(row: RowReport) -> Mapping[str, Any]:
    return {
        "line": row.line,
        "outcome": row.outcome.name,
        "code": row.code,
        "message": row.message,
        "text": row.text,
        "reading": None if row.reading_id is None else encode_id(type_name="Reading", number=row.reading_id),
    }
