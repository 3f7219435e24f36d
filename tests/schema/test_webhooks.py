"""Webhooks by the real schema: what documents may be kept, what is told, and that secrets are shown once."""

from __future__ import annotations

from dataclasses import replace

import pytest
import pytest_asyncio
from mains_schema.declaring.node import encode_id
from mains_schema.http.view import GraphQLView
from mains_schema.live.feeds import FEEDS
from mains_schema.live.posted import FIELDS, DocumentNotAllowed, DocumentReader, plain_document, prove_document
from mains_schema.served import schema
from mains_server.access.records import StaffRole, Viewer
from mains_server.webhooks.addresses import Gate
from mains_server.webhooks.records import Reading, WebhookKind
from mains_server.webhooks.rules import SOURCES, viewer_on
from mains_server.webhooks.sending import NotRendered

from tests.schema.asking import NO_ADAPTERS, NOW, Asker
from tests.schema.authorizing import settle_actors
from tests.schema.canaries import settle_canaries
from tests.schema.living import EDGE

ROWS = {
    WebhookKind.INVOICE_ISSUED: ("Invoice", 100),
    WebhookKind.BALANCE_CHANGED: ("Customer", 1),
    WebhookKind.READING_ACCEPTED: ("Reading", 100),
    WebhookKind.OUTAGE_CHANGED: ("Outage", 1),
    WebhookKind.PAYMENT_CHANGED: ("Payment", 1),
    WebhookKind.PAYMENT_INTENT_CHANGED: ("PaymentIntent", 1),
    WebhookKind.INBOX_MESSAGE: ("Notice", 1),
}
ADMIN = Viewer(person_id=111, staff=frozenset({StaffRole.ADMIN}))
CREATE = """mutation ($key: String!, $url: String!) { webhookCreate(input: {
    url: $url, description: "Accounting", coverage: ALL_CUSTOMERS, idempotencyKey: $key,
    events: [{kind: INVOICE_ISSUED, document: "subscription { invoiceIssued { number } }"}, {kind: PAYMENT_CHANGED}]
}) { endpoint { state coverage events { kind document } secrets { endsAt } } secret userErrors { code path } } }"""


@pytest_asyncio.fixture
async def town(engine):
    async with engine.begin() as connection:
        await settle_canaries(connection)
        await settle_actors(connection)
        await connection.exec_driver_sql("update payment_intent set person_id = 1 where id = 1")
    return engine


def reader_on(engine):
    """Make what reads documents on a town."""
    services = replace(NO_ADAPTERS)
    view = GraphQLView(
        schema=schema(), engine=engine, services=services, authenticate=None, clock=lambda: NOW, edge=EDGE
    )
    return DocumentReader(view)


def test_webhooks_and_sockets_are_told_of_the_same_events():
    told = {(FIELDS[one.kind], one.event) for one in SOURCES}

    assert told == {(field, kind) for field, feed in FEEDS.items() for kind in feed.finds}


@pytest.mark.asyncio
async def test_each_kind_is_read_as_its_customer_and_by_no_other(town):
    reader = reader_on(town)
    for kind, (type_name, number) in ROWS.items():
        asked = Reading(kind=kind, document=plain_document(kind), number=number, viewer=viewer_on([1], language="lv"))

        assert await reader.read(asked) == {FIELDS[kind]: {"id": encode_id(type_name=type_name, number=number)}}
        assert await reader.read(replace(asked, viewer=viewer_on([5], language="lv"))) is None
        assert await reader.read(replace(asked, viewer=viewer_on([], language="lv"))) is None


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changed", "is_told"),
    [
        ("update payment_intent set person_id = 2 where id = 1", False),
        ("update access_grant set starts_at = '2022-01-01T01:00:01Z' where customer_id = 1", False),
        ("update access_grant set ends_at = '2022-01-01T01:00:00Z' where customer_id = 1", False),
        ("update access_grant set ends_at = '2022-01-01T01:00:01Z' where customer_id = 1", True),
    ],
    ids=["of a neighbour's", "begun before the right", "begun when the right had ended", "the right ended since"],
)
async def test_a_payment_that_is_begun_is_told_if_who_began_it_acted_for_the_customer(town, changed, is_told):
    async with town.begin() as connection:
        await connection.exec_driver_sql(changed)
    kind = WebhookKind.PAYMENT_INTENT_CHANGED
    asked = Reading(kind=kind, document=plain_document(kind), number=1, viewer=viewer_on([1], language="lv"))

    assert (await reader_on(town).read(asked) is not None) is is_told


@pytest.mark.asyncio
async def test_a_document_that_the_schema_does_not_know_any_more_says_so(town):
    asked = Reading(
        kind=WebhookKind.INVOICE_ISSUED,
        document="subscription { invoiceIssued { gone } }",
        number=100,
        viewer=viewer_on([1], language="lv"),
    )

    with pytest.raises(NotRendered, match="BAD_INPUT at document"):
        await reader_on(town).read(asked)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "query { viewer { id } }",
        'mutation { webhookTest(input: {endpointId: "x", idempotencyKey: "k"}) { userErrors { code } } }',
        "subscription { paymentChanged { id } }",
        "subscription { invoiceIssued { unknown } }",
        "subscription { invoiceIssued { id } paymentChanged { id } }",
        "subscription { __typename }",
        "subscription { invoiceIssued @skip(if: true) { id } }",
        'subscription { invoiceIssued(customerId: "Q3VzdG9tZXI6MQ") { id } }',
        "subscription ($of: ID!) { invoiceIssued(customerId: $of) { id } }",
        "subscription A { invoiceIssued { id } } subscription B { invoiceIssued { id } }",
        "subscription { invoiceIssued { id } } #" + "x" * 10_000,
    ],
)
async def test_documents_that_could_not_be_run_are_refused(engine, document):
    context = Asker(schema(), engine).context(ADMIN)

    with pytest.raises(DocumentNotAllowed):
        await prove_document(schema(), context, kind=WebhookKind.INVOICE_ISSUED, document=document)


@pytest.mark.asyncio
async def test_a_secret_is_shown_once_and_a_refused_url_leaves_nothing(town):
    async def public(host, port):
        return ["93.184.215.14"]

    asker = Asker(schema(), town, replace(NO_ADAPTERS, webhook_gate=Gate(lookup=public)))
    kinds = ["INVOICE_ISSUED", "PAYMENT_CHANGED"]

    made, again = [
        (await asker.ask(CREATE, viewer=ADMIN, key="k1", url="https://partner.example/hook")).data["webhookCreate"]
        for _ in range(2)
    ]
    refused = (await asker.ask(CREATE, viewer=ADMIN, key="k2", url="http://partner.example/hook")).data

    assert made["userErrors"] == []
    assert made["secret"].startswith("whsec_")
    assert again["secret"] is None
    assert made["endpoint"] == again["endpoint"]
    assert (made["endpoint"]["coverage"], [one["kind"] for one in made["endpoint"]["events"]]) == (
        "ALL_CUSTOMERS",
        kinds,
    )
    assert refused["webhookCreate"]["userErrors"] == [{"code": "URL_NOT_ALLOWED", "path": "url"}]
    async with town.connect() as connection:
        count = await connection.exec_driver_sql("select count(*) from webhook_endpoint where customer_id is null")
        assert count.scalar_one() == 1
