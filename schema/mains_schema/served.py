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
from mains_server.db.unit_of_work import read_session
from mains_server.signin.queries import viewer_of_text, viewer_text_by_token
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_schema import (
    adapter,
    allocation,
    audit_trail,
    bank,
    bank_desk,
    billing_corrections,
    catalogue,
    comparison,
    consumption,
    contract,
    contract_errors,
    contract_life,
    contract_staff,
    contract_story,
    customer,
    debt,
    debt_changes,
    debt_errors,
    delegation,
    delegation_asked,
    delegation_link,
    document,
    exchange,
    explanation,
    fact,
    intake,
    invoice,
    invoice_delivery,
    levelled,
    levelled_changes,
    levelled_preview,
    levelled_recalculation,
    levelled_story,
    meter,
    notice,
    outage,
    outage_changes,
    paying,
    paying_asked,
    payment,
    privacy,
    reading,
    reading_link,
    reading_round,
    roots,
    session,
    sessions,
    staff,
    supply,
    tariff,
    viewer,
    words,
)
from mains_schema.build import Schema, build_schema
from mains_schema.context import Services
from mains_schema.edge import PLAIN_EDGE, Edge
from mains_schema.proofs import Proofs
from mains_schema.view import GraphQLView

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
    staff,
    session,
    sessions,
    roots,
)


def utc_now() -> datetime:
    """Take the time, at the edge."""
    return datetime.now(UTC)


@cache
def schema() -> Schema:
    """Give the schema; it is built once a process."""
    return build_schema(query=roots.Query, mutation=roots.Mutation, rooms=ROOMS)


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
