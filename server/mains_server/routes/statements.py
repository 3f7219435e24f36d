"""`PUT /uploads/statements/{token}`: a file of bank statements comes to the address that was given out for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

import structlog
from mains_schema.declaring.node import encode_id
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.access.records import Refusal
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.money.rules import format_amount
from mains_server.routes.answers import RouteRefused, answered, json_answer, receive_body, utc_now
from mains_server.statements.matching import NO_PAYOUTS, match_new_lines
from mains_server.statements.operations import UploadUnknown, take_upload
from mains_server.statements.queries import is_upload_known, states_of
from mains_server.statements.records import LineState, StatementUploadReport, StatementUploadStatus, TakenStatement
from mains_server.statements.rules import FILE_BYTES_MAX, token_hash

log = structlog.get_logger()
KEPT_IN_MEMORY = 1_000_000
AT_ONCE_MAX = 1
STATUSES = {"UPLOAD_UNKNOWN": 404, "UPLOAD_EXPIRED": 410, "UPLOAD_USED": 409}


def statement_route(
    *,
    engine: AsyncEngine,
    ibans: Collection[str] = (),
    payouts: Mapping[str, str] = NO_PAYOUTS,
    clock: Callable[[], datetime] = utc_now,
) -> Route:
    """Make the route on an engine; `ibans` are our accounts besides the sellers', `payouts` those of providers.

    A process reads a file at a time.
    """
    busy: set[object] = set()

    @answered
    async def put(request: Request) -> Response:
        if len(busy) >= AT_ONCE_MAX:
            raise RouteRefused(503, "UPLOADS_BUSY", "another file is being read; send yours again in a minute")
        ticket = object()
        busy.add(ticket)
        try:
            return await _put(request, engine=engine, ibans=ibans, payouts=payouts, clock=clock)
        finally:
            busy.discard(ticket)

    return Route("/uploads/statements/{token}", put, methods=["PUT"])


async def _put(
    request: Request,
    *,
    engine: AsyncEngine,
    ibans: Collection[str],
    payouts: Mapping[str, str],
    clock: Callable[[], datetime],
) -> Response:
    token = request.path_params["token"]
    try:
        async with read_session(engine) as session:
            if not await is_upload_known(session, token_hash=token_hash(token)):
                raise UploadUnknown("there is no such address; ask for a new one by bankStatementUploadCreate")
        with SpooledTemporaryFile(max_size=KEPT_IN_MEMORY) as spooled:
            file = cast(BinaryIO, spooled)
            sha256 = await receive_body(request, into=file, bytes_max=FILE_BYTES_MAX)
            async with unit_of_work(engine) as session:
                report = await take_upload(session, token=token, file=file, sha256=sha256, ibans=ibans, now=clock())
    except Refusal as refusal:
        raise RouteRefused(STATUSES.get(refusal.code, 403), refusal.code, refusal.message) from None
    try:
        await match_new_lines(engine, now=clock(), payouts=payouts)
    except Exception:
        log.exception("bank lines are left to the queue", upload=report.upload_id)
    async with read_session(engine) as session:
        states = await states_of(session, statement_ids=[one.id for one in report.statements])
    is_refused = report.status is StatementUploadStatus.REFUSED
    return json_answer(report_json(report, states=states), status=422 if is_refused else 200)


def report_json(report: StatementUploadReport, *, states: Mapping[LineState, int]) -> Mapping[str, Any]:
    """Write a report as JSON; the movements one by one are read over GraphQL."""
    return {
        "bankStatementUpload": encode_id(type_name="BankStatementUpload", number=report.upload_id),
        "status": report.status.name,
        "code": report.code,
        "message": report.message,
        "statements": [_statement(one) for one in report.statements],
        "lines": {state.name: states.get(state, 0) for state in LineState},
    }


def _statement(one: TakenStatement) -> Mapping[str, Any]:
    return {
        "bankStatement": encode_id(type_name="BankStatement", number=one.id),
        "iban": one.iban,
        "statementId": one.statement_id,
        "closesOn": one.closes_on.isoformat(),
        "closing": format_amount(one.closing),
        "linesNew": one.lines_new,
        "linesKnown": one.lines_known,
        "pending": one.pending,
    }
