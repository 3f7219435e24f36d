"""What every route shares: bodies with a limit, and answers in JSON."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, BinaryIO

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

LOG = structlog.get_logger("mains_server.routes")
BODY_SECONDS_MAX = 120
Handler = Callable[[Request], Awaitable[Response]]


class RouteRefused(Exception):
    """A request is refused: by a status, a stable code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def utc_now() -> datetime:
    """Take the time, at the edge."""
    return datetime.now(UTC)


def answered(handler: Handler) -> Handler:
    """Turn what a handler refuses, or did not foresee, into JSON."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RouteRefused as refused:
            return json_answer({"code": refused.code, "message": refused.message}, status=refused.status)
        except ClientDisconnect:
            return json_answer({"code": "BODY_INCOMPLETE", "message": "the body did not come whole"}, status=400)
        except Exception as error:
            LOG.error("route_failed", route=request.scope["route"].path, error=type(error).__name__, exc_info=True)
            words = "something went wrong on our side; nothing was taken"
            return json_answer({"code": "INTERNAL", "message": words}, status=500)

    return answer


def json_answer(answer: Mapping[str, Any], *, status: int = 200) -> Response:
    """Answer in JSON, which nobody keeps a copy of."""
    return Response(orjson.dumps(answer), status, media_type="application/json", headers={"Cache-Control": "no-store"})


async def receive_body(request: Request, *, into: BinaryIO, bytes_max: int) -> str:
    """Write a body into a file as it comes, as far as it may go, and give its SHA-256."""
    too_large = RouteRefused(413, "BODY_TOO_LARGE", f"a body has at most {bytes_max} bytes here")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:15]) > bytes_max:
        raise too_large
    digest, size = hashlib.sha256(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for part in request.stream():
                size += len(part)
                if size > bytes_max:
                    raise too_large
                digest.update(part)
                into.write(part)
    except TimeoutError:
        raise RouteRefused(408, "BODY_TOO_SLOW", f"a body has {BODY_SECONDS_MAX} seconds to arrive in") from None
    into.seek(0)
    return digest.hexdigest()
