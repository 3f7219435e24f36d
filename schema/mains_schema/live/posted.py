"""Webhooks' documents: proven when an endpoint is made, and run for each event that an endpoint is told of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from graphql import GraphQLError
from mains_server.access.records import Refusal
from mains_server.db.trusted import hash_of
from mains_server.webhooks.records import Content, Reading, WebhookKind
from mains_server.webhooks.rules import DOCUMENT_CHARACTERS_MAX, viewer_on
from mains_server.webhooks.sending import NotRendered
from strawberry.schema.exceptions import InvalidOperationTypeError

from mains_schema.declaring.context import Context
from mains_schema.declaring.resolve import Reads
from mains_schema.http.build import Schema
from mains_schema.http.cookies import NOBODY
from mains_schema.http.view import GraphQLView
from mains_schema.live.feeds import FEEDS, Begun, Happened
from mains_schema.live.running import ONLY, is_unseen

FIELDS: Mapping[WebhookKind, str] = {
    WebhookKind.INVOICE_ISSUED: "invoiceIssued",
    WebhookKind.BALANCE_CHANGED: "balanceChanged",
    WebhookKind.READING_ACCEPTED: "readingAccepted",
    WebhookKind.OUTAGE_CHANGED: "outageChanged",
    WebhookKind.PAYMENT_CHANGED: "paymentChanged",
    WebhookKind.PAYMENT_INTENT_CHANGED: "paymentIntentChanged",
    WebhookKind.INBOX_MESSAGE: "inboxMessage",
}
ERRORS_NAMED_MAX = 3


class DocumentNotAllowed(Refusal):
    """A document is no subscription of its kind's one field that could be run."""

    code = "DOCUMENT_NOT_ALLOWED"
    path = "events.document"


class EventNotTold(Refusal):
    """Of this kind nobody is told by choice."""

    code = "EVENTS_WRONG"
    path = "events.kind"


def plain_document(kind: WebhookKind) -> str:
    """Give the document of who chose none: the id of what happened, to be read with rights of one's own."""
    return f"subscription {{ {FIELDS[kind]} {{ id }} }}"


async def prove_document(schema: Schema, context: Context, *, kind: WebhookKind, document: str) -> str:
    """Give a document that may be kept for a kind of event; raises `DocumentNotAllowed` with what is wrong.

    It is run as far as its root, with nothing to tell, so that it passes every limit that a subscription has.
    """
    if kind not in FIELDS:
        raise EventNotTold("ask for a ping by `webhookTest`; it is of no kind to choose")
    if not 1 <= len(document) <= DOCUMENT_CHARACTERS_MAX:
        raise DocumentNotAllowed(f"a document has 1 to {DOCUMENT_CHARACTERS_MAX} characters")
    find = context.services.find_registered
    if find is not None and await find(hash_of(document)) is None:
        raise DocumentNotAllowed("only documents that were registered are run here")
    asked = Begun()
    try:
        result = await schema.execute(
            document, context_value=_of_nobody(context), root_value=asked, allowed_operation_types=ONLY
        )
    except InvalidOperationTypeError:
        raise DocumentNotAllowed("write a subscription") from None
    wrong = [error for error in result.errors or () if not is_unseen(error)]
    if wrong:
        raise DocumentNotAllowed(wrong[0].message)
    if asked.field != FIELDS[kind]:
        raise DocumentNotAllowed(f"a document for {kind.name} asks for `{FIELDS[kind]}`")
    if asked.customer_id is not None:
        raise DocumentNotAllowed("leave `customerId` out; an endpoint says which customers it is told of")
    return document


class DocumentReader:
    """Runs endpoints' documents as subscriptions are run, by a view's schema and services."""

    def __init__(self, view: GraphQLView) -> None:
        self._view = view

    async def read(self, reading: Reading) -> Content | None:
        """Give what a document answers for a row; None where the endpoint may not see it. Raises `NotRendered`."""
        view, viewer = self._view, reading.viewer
        feed = FEEDS[FIELDS[reading.kind]]
        context = view.context_for(viewer, language=viewer.language, now=view.now(), caller=NOBODY)
        try:
            async with asyncio.timeout(view.edge.operation_seconds_max):
                result = await view.schema.execute(
                    reading.document,
                    context_value=context,
                    root_value=Happened(feed.target, reading.number),
                    allowed_operation_types=ONLY,
                )
        except (TimeoutError, InvalidOperationTypeError) as error:
            raise NotRendered(f"the document was not answered: {type(error).__name__}") from None
        errors = result.errors or []
        if any(is_unseen(error) for error in errors):
            return None
        if errors or result.data is None:
            raise NotRendered(_words(errors))
        content: Content = result.data
        return content


def _words(errors: list[GraphQLError]) -> str:
    """Say which errors a document was answered with, by their codes and places, without what else they say."""
    named = []
    for error in errors[:ERRORS_NAMED_MAX]:
        place = ".".join(str(one) for one in error.path or ["document"])
        named.append(f"{(error.extensions or {}).get('code', 'INTERNAL')} at {place}")
    return f"the document was answered with {', '.join(named) or 'nothing'}"


def _of_nobody(context: Context) -> Context:
    """Make a context that sees nothing."""
    reads = context.reads
    blind = Reads(
        engine=reads.engine,
        viewer=viewer_on((), language=reads.language),
        language=reads.language,
        now=reads.now,
        today=reads.today,
        labels=reads.labels,
        explain=reads.explain,
    )
    return Context(
        reads=blind,
        engine=context.engine,
        services=context.services,
        now=context.now,
        plans=context.plans,
        hides_schema=context.hides_schema,
    )
