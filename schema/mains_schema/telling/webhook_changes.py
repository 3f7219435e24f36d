"""What is done about webhooks, and what is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from mains_server.access.operations import claim_request
from mains_server.access.records import Refusal
from mains_server.db.idempotency import keep_answer
from mains_server.db.unit_of_work import unit_of_work
from mains_server.notifications.sealing import Seal
from mains_server.webhooks import operations
from mains_server.webhooks.records import Chosen, EndpointChange, Made, NewEndpoint, WebhookCoverage, WebhookKind
from sqlalchemy.ext.asyncio import AsyncSession

from mains_schema.compiling.changed import changed
from mains_schema.declaring.context import Info
from mains_schema.declaring.errors import unauthenticated
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import user_error
from mains_schema.http.asked import LANGUAGES
from mains_schema.live.posted import plain_document, prove_document
from mains_schema.telling.webhook import WebhookDelivery, WebhookEndpoint
from mains_schema.telling.webhook_payloads import (
    WebhookCreateInput,
    WebhookDeliveryInput,
    WebhookDeliveryPayload,
    WebhookErrorCode,
    WebhookEventInput,
    WebhookFailedResendInput,
    WebhookFailedResendPayload,
    WebhookInput,
    WebhookPayload,
    WebhookSecretPayload,
    WebhookUpdateInput,
    WebhookUserError,
)


class LanguageUnknown(Refusal):
    """Messages are worded in a language that we speak."""

    code = "LANGUAGE_UNKNOWN"
    path = "language"


async def webhook_create(info: Info, given: WebhookCreateInput) -> WebhookSecretPayload:
    """Make a webhook, or say why not."""
    _person(info)
    own = number_of(given.customer_id, type_name="Customer") if given.customer_id else None
    try:
        operations.insist_may_make(viewer=info.context.viewer, customer_id=own)
        new = await _new(info, given, own)
        body = {"url": new.url, "events": _events(new.chosen), "customer": own, "covered": new.customer_ids}
        words = {"description": new.description, "language": new.language}
        return await _secret(info, given.idempotency_key, "webhook_create", {**body, **words}, _creating(info, new))
    except Refusal as refusal:
        return WebhookSecretPayload(endpoint=None, secret=None, user_errors=[_error(refusal)])


async def webhook_secret_rotate(info: Info, given: WebhookInput) -> WebhookSecretPayload:
    """Give a webhook a new secret, or say why not."""
    number = number_of(given.endpoint_id, type_name="WebhookEndpoint")

    async def do(session: AsyncSession) -> Made:
        return await operations.rotate_secret(
            session, viewer=info.context.viewer, endpoint_id=number, seal=_seal(info), now=info.context.now
        )

    try:
        return await _secret(info, given.idempotency_key, "webhook_secret_rotate", {"endpoint": number}, do)
    except Refusal as refusal:
        return WebhookSecretPayload(endpoint=None, secret=None, user_errors=[_error(refusal)])


async def webhook_update(info: Info, given: WebhookUpdateInput) -> WebhookPayload:
    """Change a webhook, or say why not."""
    _person(info)
    number = number_of(given.endpoint_id, type_name="WebhookEndpoint")
    try:
        change = EndpointChange(
            url=await _url(info, given.url) if given.url else None,
            description=given.description or None,
            chosen=await _chosen(info, given.events) if given.events else None,
        )
    except Refusal as refusal:
        return WebhookPayload(endpoint=None, user_errors=[_error(refusal)])
    events = None if change.chosen is None else _events(change.chosen)
    body = {"endpoint": number, "url": change.url, "description": change.description, "events": events}

    async def do(session: AsyncSession) -> None:
        await operations.change_endpoint(session, viewer=info.context.viewer, endpoint_id=number, change=change)

    return await _endpoint(info, Once(given.idempotency_key, "webhook_update", body), number, do)


async def webhook_disable(info: Info, given: WebhookInput) -> WebhookPayload:
    """Tell a webhook nothing any more, or say why not."""
    number = number_of(given.endpoint_id, type_name="WebhookEndpoint")

    async def do(session: AsyncSession) -> None:
        context = info.context
        await operations.disable_endpoint(session, viewer=context.viewer, endpoint_id=number, now=context.now)

    return await _endpoint(info, Once(given.idempotency_key, "webhook_disable", {"endpoint": number}), number, do)


async def webhook_enable(info: Info, given: WebhookInput) -> WebhookPayload:
    """Tell a webhook again, or say why not."""
    number = number_of(given.endpoint_id, type_name="WebhookEndpoint")

    async def do(session: AsyncSession) -> None:
        await operations.enable_endpoint(session, viewer=info.context.viewer, endpoint_id=number)

    return await _endpoint(info, Once(given.idempotency_key, "webhook_enable", {"endpoint": number}), number, do)


async def webhook_test(info: Info, given: WebhookInput) -> WebhookDeliveryPayload:
    """Queue a ping, or say why not."""
    number = number_of(given.endpoint_id, type_name="WebhookEndpoint")

    async def do(session: AsyncSession) -> Mapping[str, Any]:
        context = info.context
        ping = await operations.ping_endpoint(session, viewer=context.viewer, endpoint_id=number, now=context.now)
        return {"delivery": ping}

    return await _delivery(info, Once(given.idempotency_key, "webhook_test", {"endpoint": number}), do)


async def webhook_delivery_resend(info: Info, given: WebhookDeliveryInput) -> WebhookDeliveryPayload:
    """Send a message that was given up again, or say why not."""
    number = number_of(given.delivery_id, type_name="WebhookDelivery")

    async def do(session: AsyncSession) -> Mapping[str, Any]:
        context = info.context
        await operations.send_again(session, viewer=context.viewer, delivery_id=number, now=context.now)
        return {"delivery": number}

    return await _delivery(info, Once(given.idempotency_key, "webhook_delivery_resend", {"delivery": number}), do)


async def webhook_failed_resend(info: Info, given: WebhookFailedResendInput) -> WebhookFailedResendPayload:
    """Send all that was given up since an instant again, or say why not."""
    number = number_of(given.endpoint_id, type_name="WebhookEndpoint")

    async def do(session: AsyncSession) -> Mapping[str, Any]:
        context = info.context
        count = await operations.send_failed_again(
            session, viewer=context.viewer, endpoint_id=number, since=given.since, now=context.now
        )
        return {"count": count}

    body = {"endpoint": number, "since": given.since.isoformat()}
    try:
        answer = await _once(info, Once(given.idempotency_key, "webhook_failed_resend", body), do)
    except Refusal as refusal:
        return WebhookFailedResendPayload(endpoint=None, count=0, user_errors=[_error(refusal)])
    endpoint = changed(WebhookEndpoint, number)
    return WebhookFailedResendPayload(endpoint=endpoint, count=answer["count"], user_errors=[])


@dataclass(frozen=True, slots=True)
class Once:
    """A request that is done once, however often it is sent with the same key and body."""

    key: str
    operation: str
    body: Mapping[str, object]


async def _once(
    info: Info, request: Once, do: Callable[[AsyncSession], Awaitable[Mapping[str, Any] | None]]
) -> Mapping[str, Any]:
    """Do something and keep its answer, or give the answer that it got before."""
    context, asked = info.context, {"operation": request.operation, "key": request.key}
    person_id = _person(info)
    async with unit_of_work(context.engine) as session:
        answer = await claim_request(session, person_id=person_id, body=request.body, now=context.now, **asked)
        if answer is None:
            answer = await do(session) or {"done": True}
            await keep_answer(session, person_id=person_id, answer=answer, **asked)
        return answer


async def _secret(
    info: Info,
    key: str,
    operation: str,
    body: Mapping[str, object],
    do: Callable[[AsyncSession], Awaitable[Made]],
) -> WebhookSecretPayload:
    """Do what makes a secret, and show it; the answer that is kept has none."""
    shown: list[str] = []

    async def make(session: AsyncSession) -> Mapping[str, Any]:
        made = await do(session)
        shown.append(made.secret)
        return {"endpoint": made.endpoint_id}

    answer = await _once(info, Once(key, operation, body), make)
    secret = shown[0] if shown else None
    return WebhookSecretPayload(endpoint=changed(WebhookEndpoint, answer["endpoint"]), secret=secret, user_errors=[])


async def _endpoint(
    info: Info, request: Once, number: int, do: Callable[[AsyncSession], Awaitable[None]]
) -> WebhookPayload:
    try:
        await _once(info, request, do)
    except Refusal as refusal:
        return WebhookPayload(endpoint=None, user_errors=[_error(refusal)])
    return WebhookPayload(endpoint=changed(WebhookEndpoint, number), user_errors=[])


async def _delivery(
    info: Info, request: Once, do: Callable[[AsyncSession], Awaitable[Mapping[str, Any]]]
) -> WebhookDeliveryPayload:
    try:
        answer = await _once(info, request, do)
    except Refusal as refusal:
        return WebhookDeliveryPayload(delivery=None, user_errors=[_error(refusal)])
    return WebhookDeliveryPayload(delivery=changed(WebhookDelivery, answer["delivery"]), user_errors=[])


def _creating(info: Info, new: NewEndpoint) -> Callable[[AsyncSession], Awaitable[Made]]:
    async def do(session: AsyncSession) -> Made:
        context = info.context
        return await operations.create_endpoint(
            session, viewer=context.viewer, new=new, seal=_seal(info), now=context.now
        )

    return do


async def _new(info: Info, given: WebhookCreateInput, own: int | None) -> NewEndpoint:
    language = given.language or info.context.viewer.language
    if language not in LANGUAGES:
        raise LanguageUnknown(f"choose one of {', '.join(LANGUAGES)}")
    named = tuple(number_of(one, type_name="Customer") for one in given.customer_ids or ())
    return NewEndpoint(
        url=await _url(info, given.url),
        description=given.description,
        language=language,
        chosen=await _chosen(info, given.events),
        customer_id=own,
        customer_ids=None if own is None and given.coverage is WebhookCoverage.ALL_CUSTOMERS else named,
    )


async def _url(info: Info, url: str) -> str:
    await info.context.services.webhook_gate.insist(url)
    return url


async def _chosen(info: Info, events: list[WebhookEventInput]) -> tuple[Chosen, ...]:
    if len(events) > len(WebhookKind):
        raise operations.EventsWrong("name each kind of event once")
    schema: Any = info.schema
    found = []
    for one in events:
        document = plain_document(one.kind) if one.document in (None, strawberry.UNSET) else one.document
        proven = await prove_document(schema, info.context, kind=one.kind, document=document or "")
        found.append(Chosen(kind=one.kind, document=proven))
    return tuple(found)


def _events(chosen: tuple[Chosen, ...]) -> list[list[str]]:
    return [[one.kind.name, one.document] for one in chosen]


def _seal(info: Info) -> Seal:
    return Seal(info.context.services.links.secret)


def _person(info: Info) -> int:
    if info.context.viewer.person_id is None:
        raise unauthenticated()
    return info.context.viewer.person_id


def _error(refusal: Refusal) -> WebhookUserError:
    return user_error(WebhookUserError, WebhookErrorCode, refusal)
