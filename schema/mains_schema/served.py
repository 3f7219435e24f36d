"""The schema that Mains serves, and the ASGI application that serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from mains_server.access.records import Viewer
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.queries import labels_of
from mains_server.billing.explain import explain_invoices
from mains_server.billing.records import LineExplanation
from mains_server.consumption.links import ChartLinks, links_of_this_process
from mains_server.db.engine import Lent
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.machines.operations import admit
from mains_server.machines.rules import is_machine_token
from mains_server.signin.queries import viewer_of_text, viewer_text_by_token
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_schema import roots, staff
from mains_schema.billing import billing_corrections, document, exchange, explanation, invoice, invoice_delivery
from mains_schema.common import words
from mains_schema.compiling.proofs import Proofs
from mains_schema.contracts import (
    contract,
    contract_errors,
    contract_life,
    contract_staff,
    contract_story,
    levelled,
    levelled_changes,
    levelled_preview,
    levelled_recalculation,
    levelled_story,
)
from mains_schema.declaring.context import Services
from mains_schema.http.build import Schema, build_schema
from mains_schema.http.edge import PLAIN_EDGE, Edge
from mains_schema.http.view import HOME_ZONE, GraphQLView
from mains_schema.live import subscription
from mains_schema.metering import allocation, consumption, intake, meter, reading, reading_link, reading_round, supply
from mains_schema.money import bank, bank_desk, debt, debt_changes, debt_errors, paying, paying_asked, payment
from mains_schema.parties import (
    audit_trail,
    customer,
    delegation,
    delegation_asked,
    delegation_link,
    impersonation,
    machine_tokens,
    openid,
    passkeys,
    privacy,
    recovery,
    session,
    sessions,
    viewer,
)
from mains_schema.selling import adapter, catalogue, comparison, fact, tariff
from mains_schema.telling import (
    application,
    application_changes,
    application_errors,
    attachment,
    notice,
    outage,
    outage_changes,
    webhook,
    webhook_payloads,
)

ROOMS = (
    words,
    debt_errors,
    debt,
    debt_changes,
    invoice_delivery,
    adapter,
    billing_corrections,
    viewer,
    customer,
    delegation,
    delegation_asked,
    delegation_link,
    impersonation,
    machine_tokens,
    contract,
    contract_errors,
    contract_life,
    contract_staff,
    contract_story,
    supply,
    allocation,
    meter,
    consumption,
    catalogue,
    comparison,
    reading,
    reading_link,
    reading_round,
    intake,
    tariff,
    fact,
    explanation,
    exchange,
    document,
    invoice,
    levelled,
    levelled_changes,
    levelled_preview,
    levelled_recalculation,
    levelled_story,
    payment,
    bank,
    bank_desk,
    audit_trail,
    paying,
    paying_asked,
    privacy,
    notice,
    outage,
    outage_changes,
    application,
    application_changes,
    application_errors,
    attachment,
    webhook,
    webhook_payloads,
    staff,
    session,
    openid,
    passkeys,
    recovery,
    sessions,
    subscription,
    roots,
)


def utc_now() -> datetime:
    """Take the time, at the edge."""
    return datetime.now(UTC)


@cache
def schema() -> Schema:
    """Give the schema; it is built once a process."""
    return build_schema(query=roots.Query, mutation=roots.Mutation, subscription=subscription.Subscription, rooms=ROOMS)


def graphql_app(
    *,
    engine: AsyncEngine,
    host: AdapterHost,
    session_lifetime: timedelta,
    links: ChartLinks | None = None,
    compiles: bool = True,
    clock: Callable[[], datetime] = utc_now,
    edge: Edge = PLAIN_EDGE,
) -> GraphQLView:
    """Make the ASGI application that answers `/graphql` on a database and the adapters that were found.

    `links` sign the addresses of charts, and their secret those of documents. Without `compiles` resolvers answer all.
    `edge` is what the process allows.
    """

    proofs = Proofs()

    async def authenticate(lent: Lent, token: str, now: datetime) -> Viewer | None:
        if is_machine_token(token):
            async with unit_of_work(engine) as opened:
                return await admit(opened, text=token, now=now, today=now.astimezone(HOME_ZONE).date())
        text = await viewer_text_by_token(await lent.connection(), token=token, now=now)
        viewer = None if text is None else viewer_of_text(text)
        proofs.note(token=token, viewer=viewer, text=text)
        return viewer

    async def explain(invoice_ids: Sequence[int]) -> Mapping[int, Sequence[LineExplanation]]:
        async with read_session(engine) as opened:
            return await explain_invoices(opened, host=host, invoice_ids=invoice_ids)

    services = Services(
        host=host,
        explain=explain,
        session_lifetime=session_lifetime,
        labels=labels_of(host),
        proofs=proofs,
        links=links or links_of_this_process(),
    )
    return GraphQLView(
        schema=schema(),
        engine=engine,
        services=services,
        authenticate=authenticate,
        clock=clock,
        compiles=compiles,
        edge=edge,
    )
