"""`POST /hooks/sms`: a gateway brings a text message, signed, and gets the words to answer it with."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.adapters.host import AdapterHost
from mains_server.db.unit_of_work import unit_of_work
from mains_server.intake.records import InboundMessage
from mains_server.intake.sms import take_message
from mains_server.routes.answers import RouteRefused, answered, json_answer, receive_body, utc_now

BODY_BYTES_MAX = 10_000
FIELD_CHARACTERS_MAX = 2_000
TIMESTAMP_HEADER, SIGNATURE_HEADER = "x-mains-timestamp", "x-mains-signature"
CLOCKS_DIFFER_MAX = timedelta(minutes=5)
GATEWAY = "default"


def sms_route(
    *, engine: AsyncEngine, secret: str, host: AdapterHost | None = None, clock: Callable[[], datetime] = utc_now
) -> Route:
    """Make the route on an engine, for a gateway that knows the secret."""

    @answered
    async def post(request: Request) -> Response:
        body = BytesIO()
        await receive_body(request, into=body, bytes_max=BODY_BYTES_MAX)
        now = clock()
        _check_signature(request.headers, body.getvalue(), secret=secret, now=now)
        message = _message(body.getvalue())
        async with unit_of_work(engine) as session:
            taken = await take_message(session, message=message, now=now, host=host)
        return json_answer({"id": message.message_id, "code": taken.code.name, "answer": taken.answer})

    return Route("/hooks/sms", post, methods=["POST"])


def signature(*, secret: str, timestamp: str, body: bytes) -> str:
    """Sign a body and the Unix time at which it is sent: HMAC-SHA256 of `<timestamp>.<body>`, in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _check_signature(headers: Mapping[str, str], body: bytes, *, secret: str, now: datetime) -> None:
    timestamp, given = headers.get(TIMESTAMP_HEADER, ""), headers.get(SIGNATURE_HEADER, "")
    wanted = signature(secret=secret, timestamp=timestamp, body=body)
    is_signed = hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
    is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12
    if not is_signed or not is_number:
        raise RouteRefused(401, "SIGNATURE_WRONG", f"sign `<{TIMESTAMP_HEADER}>.<body>` with HMAC-SHA256")
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > CLOCKS_DIFFER_MAX:
        raise RouteRefused(401, "TIMESTAMP_TOO_FAR", "the message was signed too long ago, or the clocks differ")


def _message(body: bytes) -> InboundMessage:
    try:
        given: Any = orjson.loads(body)
        id_, sender, text, received = (given[name] for name in ("id", "sender", "text", "receivedAt"))
        received_at = datetime.fromisoformat(received)
    except (ValueError, TypeError, KeyError):
        raise RouteRefused(400, "MESSAGE_MALFORMED", "send {id, sender, text, receivedAt} as JSON") from None
    is_text = all(isinstance(part, str) and len(part) <= FIELD_CHARACTERS_MAX for part in (id_, sender, text))
    if not is_text or not id_ or not id_.isprintable() or received_at.tzinfo is None:
        raise RouteRefused(400, "MESSAGE_MALFORMED", "send texts, and receivedAt with its zone")
    return InboundMessage(gateway=GATEWAY, message_id=id_, sender=sender, text=text, received_at=received_at)
