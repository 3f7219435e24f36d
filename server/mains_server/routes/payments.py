"""`POST /payments/webhooks/{provider}`: a payment provider tells what happened, and signs it in its own way.

A demonstration has no worker, so the server itself asks providers there about what they have not told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import structlog
from mains_spi import EVENT_BYTES_MAX, EventRequest, ProviderAccess
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.providers import load_providers
from mains_server.paying.calling import ProviderUnknown, Terminals, terminals_of
from mains_server.paying.flow import Counter, resolve, take_event
from mains_server.routes.answers import RouteRefused, answered, json_answer, receive_body
from mains_server.settings import Settings

log = structlog.get_logger()
STATUSES = {"SIGNATURE_WRONG": 401, "TIMESTAMP_TOO_FAR": 401, "EVENT_MALFORMED": 400}
WORDS = {
    "SIGNATURE_WRONG": "the event is not signed as this provider signs",
    "TIMESTAMP_TOO_FAR": "the event was signed too long ago, or the clocks differ",
    "EVENT_MALFORMED": "the event is signed, and cannot be read",
}
HEADERS_MAX = 100
PAUSE_SECONDS = 2


def terminals_set_up(settings: Settings) -> Terminals:
    """Set up the installed payment providers whose address and secrets an operator has given."""
    return terminals_of(
        load_providers(),
        secrets={name: secret.get_secret_value() for name, secret in settings.payment_secrets.items()},
        addresses=settings.payment_addresses,
    )


def webhook_route(*, counter: Counter) -> Route:
    """Make the route; an event is proven by its provider's package before anything is looked up.

    It answers 200 only after the event and what follows from it are committed, so that a provider that hears nothing
    sends it again. What is known already, or nothing of ours, is answered 200 as well.
    """

    @answered
    async def post(request: Request) -> Response:
        provider = request.path_params["provider"]
        if provider not in counter.terminals.access:
            raise RouteRefused(404, "PROVIDER_UNKNOWN", "no such payment provider is set up here")
        body = BytesIO()
        await receive_body(request, into=body, bytes_max=EVENT_BYTES_MAX)
        headers = tuple((name.lower(), value) for name, value in request.headers.items())[:HEADERS_MAX]
        asked = EventRequest(
            access=ProviderAccess(address=""), headers=headers, body=body.getvalue(), received_at=counter.clock()
        )
        try:
            reading = await counter.terminals.read_event(provider=provider, request=asked)
        except ProviderUnknown as unknown:
            raise RouteRefused(404, unknown.code, unknown.message) from None
        except AdapterFailed:
            raise RouteRefused(503, "PROVIDER_SILENT", "the event could not be proven now; send it again") from None
        if reading.event is None:
            code = reading.refused if reading.refused in STATUSES else "EVENT_MALFORMED"
            raise RouteRefused(STATUSES[code], code, WORDS[code])
        outcome = await take_event(counter, provider=provider, event=reading.event)
        return json_answer({"code": "KNOWN" if outcome is None else outcome.name})

    return Route("/payments/webhooks/{provider}", post, methods=["POST"])


@asynccontextmanager
async def resolving(counter: Counter | None) -> AsyncIterator[None]:
    """Ask providers about what is due for as long as this lasts; None where workers do (`resolve_payments`)."""
    if counter is None:
        yield
        return
    task = asyncio.create_task(_resolve_on(counter))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _resolve_on(counter: Counter) -> None:
    while True:
        try:
            await resolve(counter)
        except (DBAPIError, OSError) as failure:
            log.warning("the demonstration's payments wait", reason=str(failure))
        await asyncio.sleep(PAUSE_SECONDS)
