"""What mutations on webhooks take and give."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry
from mains_server.webhooks.records import WebhookCoverage, WebhookKind

from mains_schema.declaring.mapping import described
from mains_schema.declaring.payload import IN_ENGLISH, KEY_WORDS, RETRYABLE, USER_ERROR_PATH, USER_ERRORS
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
