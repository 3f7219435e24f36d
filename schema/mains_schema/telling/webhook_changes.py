"""What is done about webhooks: inputs, payloads, and how they are carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
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
from mains_schema.declaring.mapping import described
from mains_schema.declaring.node import number_of
from mains_schema.declaring.payload import USER_ERROR_PATH, USER_ERRORS, user_error
from mains_schema.http.asked import LANGUAGES
from mains_schema.live.posted import plain_document, prove_document
from mains_schema.metering.metering_staff import IN_ENGLISH, KEY_WORDS, RETRYABLE
from mains_schema.telling.webhook import WebhookDelivery, WebhookEndpoint

ENDPOINT = "Global id of the webhook."
SECRET = (
    "The secret that signs its messages, `whsec_` and base64: shown this once. Null if it was refused, and where the"
    " same request is sent again; ask for a new one then."
)


class WebhookErrorCode(Enum):
    """Why nothing was done about a webhook."""

    NOT_PERMITTED = "NOT_PERMITTED"
    CUSTOMER_UNKNOWN = "CUSTOMER_UNKNOWN"
    CUSTOMER_PRIVATE = "CUSTOMER_PRIVATE"
    TOO_MANY_CUSTOMERS = "TOO_MANY_CUSTOMERS"
    TOO_MANY_ENDPOINTS = "TOO_MANY_ENDPOINTS"
    URL_NOT_ALLOWED = "URL_NOT_ALLOWED"
    DESCRIPTION_WRONG = "DESCRIPTION_WRONG"
    LANGUAGE_UNKNOWN = "LANGUAGE_UNKNOWN"
    EVENTS_WRONG = "EVENTS_WRONG"
    DOCUMENT_NOT_ALLOWED = "DOCUMENT_NOT_ALLOWED"
    ENDPOINT_UNKNOWN = "ENDPOINT_UNKNOWN"
    ENDPOINT_DISABLED = "ENDPOINT_DISABLED"
    DELIVERY_NOT_FAILED = "DELIVERY_NOT_FAILED"
    IDEMPOTENCY_KEY_MALFORMED = "IDEMPOTENCY_KEY_MALFORMED"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


described(
    WebhookErrorCode,
    "Why nothing was done about a webhook.",
    {
        "NOT_PERMITTED": "Only administrators of the utility register its partners; name a customer of your own.",
        "CUSTOMER_UNKNOWN": "There is no such customer, or you do not own it.",
        "CUSTOMER_PRIVATE": "Households have no webhooks; businesses and managers of buildings do.",
        "TOO_MANY_CUSTOMERS": "Name 1 to 100 customers.",
        "TOO_MANY_ENDPOINTS": "A customer has at most 5 webhooks, the utility 100.",
        "URL_NOT_ALLOWED": "Webhooks go to https URLs of the public internet, on port 443 or 8443.",
        "DESCRIPTION_WRONG": "A description has 1 to 200 printable characters.",
        "LANGUAGE_UNKNOWN": "The language is none of `lv`, `en` and `ru`.",
        "EVENTS_WRONG": "Name at least one kind of event, and each once; TEST is asked for by `webhookTest`.",
        "DOCUMENT_NOT_ALLOWED": "The document is no subscription of the kind's one field that could be run.",
        "ENDPOINT_UNKNOWN": "There is no such webhook of yours.",
        "ENDPOINT_DISABLED": "The webhook is disabled; enable it first.",
        "DELIVERY_NOT_FAILED": "There is no such message of yours that was given up.",
        "IDEMPOTENCY_KEY_MALFORMED": "The key is not 1 to 200 printable characters.",
        "IDEMPOTENCY_KEY_REUSED": "The key was used for another request.",
    },
)


class LanguageUnknown(Refusal):
    """Messages are worded in a language that we speak."""

    code = "LANGUAGE_UNKNOWN"
    path = "language"


@strawberry.input(description="A kind of event to be told of.")
class WebhookEventInput:
    """A kind and a document."""

    kind: WebhookKind = strawberry.field(description="The kind.")
    document: str | None = strawberry.field(
        description="A GraphQL subscription of the field of that name, such as `subscription { invoiceIssued { number"
        " total { amount } } }`, without `customerId` and variables; at most 10,000 characters. The id if left out.",
        default=strawberry.UNSET,
    )


@strawberry.input(description="A webhook to be made.")
class WebhookCreateInput:
    """An address, and what it is to be told of."""

    url: str = strawberry.field(description="An https URL of the public internet; port 443 or 8443, no user name.")
    description: str = strawberry.field(description="What it is for; 1 to 200 characters.")
    events: list[WebhookEventInput] = strawberry.field(description="What it is told of; each kind once.")
    customer_id: strawberry.ID | None = strawberry.field(
        description="Global id of your business: the webhook is its own, and told of it alone. Left out by"
        " administrators, who register the utility's partners.",
        default=strawberry.UNSET,
    )
    coverage: WebhookCoverage = strawberry.field(
        description="Whose events; of use to administrators.", default=WebhookCoverage.NAMED_CUSTOMERS
    )
    customer_ids: list[strawberry.ID] | None = strawberry.field(
        description="Global ids of the customers with NAMED_CUSTOMERS, 1 to 100; of use to administrators.",
        default=strawberry.UNSET,
    )
    language: str | None = strawberry.field(
        description="Language of words in messages: `lv`, `en` or `ru`; the viewer's if left out.",
        default=strawberry.UNSET,
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="What is changed about a webhook; what is left out stays.")
class WebhookUpdateInput:
    """A webhook and changes."""

    endpoint_id: strawberry.ID = strawberry.field(description=ENDPOINT)
    url: str | None = strawberry.field(description="Another URL.", default=strawberry.UNSET)
    description: str | None = strawberry.field(description="Other words.", default=strawberry.UNSET)
    events: list[WebhookEventInput] | None = strawberry.field(
        description="What it is told of from now on, instead of all before.", default=strawberry.UNSET
    )
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which webhook.")
class WebhookInput:
    """A webhook."""

    endpoint_id: strawberry.ID = strawberry.field(description=ENDPOINT)
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which message is sent again.")
class WebhookDeliveryInput:
    """A message."""

    delivery_id: strawberry.ID = strawberry.field(description="Global id of the message: one that FAILED.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.input(description="Which messages are sent again.")
class WebhookFailedResendInput:
    """A webhook and an instant."""

    endpoint_id: strawberry.ID = strawberry.field(description=ENDPOINT)
    since: datetime = strawberry.field(description="Of what happened at this instant or later.")
    idempotency_key: str = strawberry.field(description=KEY_WORDS)


@strawberry.type(description="Why nothing was done about a webhook.")
class WebhookUserError:
    """A refusal."""

    code: WebhookErrorCode = strawberry.field(description="What could not be done.")
    message: str = strawberry.field(description=IN_ENGLISH)
    path: str | None = strawberry.field(description=USER_ERROR_PATH)
    retryable: bool = strawberry.field(description=RETRYABLE)


@strawberry.type(description="A webhook with its secret, or why there is none.")
class WebhookSecretPayload:
    """A webhook and a secret, or a refusal."""

    endpoint: WebhookEndpoint | None = strawberry.field(description="The webhook; null if it was refused.")
    secret: str | None = strawberry.field(description=SECRET)
    user_errors: list[WebhookUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="A webhook as it stands now, or why nothing was done.")
class WebhookPayload:
    """A webhook, or a refusal."""

    endpoint: WebhookEndpoint | None = strawberry.field(description="The webhook; null if it was refused.")
    user_errors: list[WebhookUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="A message that waits to be sent, or why there is none.")
class WebhookDeliveryPayload:
    """A message, or a refusal."""

    delivery: WebhookDelivery | None = strawberry.field(description="The message; null if it was refused.")
    user_errors: list[WebhookUserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="How many messages wait to be sent again, or why none.")
class WebhookFailedResendPayload:
    """A count, or a refusal."""

    endpoint: WebhookEndpoint | None = strawberry.field(description="The webhook; null if it was refused.")
    count: int = strawberry.field(description="How many wait again; 0 if it was refused.")
    user_errors: list[WebhookUserError] = strawberry.field(description=USER_ERRORS)


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
