"""The edge of HTTP: puts the parts together into one ASGI application."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mains_schema.http.edge import Budget, Edge
from mains_schema.http.trusted import TrustedDocuments
from mains_schema.live.hub import Hub
from mains_schema.live.socket import endpoint_of
from mains_schema.served import graphql_app
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import load_adapters
from mains_server.applications.links import AttachmentLinks
from mains_server.commands.letter_heads import letter_heads_of
from mains_server.commands.notices import gateways_set_up
from mains_server.commands.webhooks import gate_of
from mains_server.consumption.links import ChartLinks, links_of_this_process
from mains_server.db.budgets import RowLeases
from mains_server.db.engine import make_engine
from mains_server.db.unit_of_work import read_session
from mains_server.documents.links import DocumentLinks
from mains_server.logs import log_to_console
from mains_server.notifications.refusing import RefusalLinks
from mains_server.notifications.sealing import Seal
from mains_server.notifications.wordings import wordings_of
from mains_server.outages.links import FeedLinks
from mains_server.paying.flow import Counter
from mains_server.privacy.links import ExportLinks
from mains_server.routes.answers import utc_now
from mains_server.routes.applications import attachment_routes
from mains_server.routes.bank_einvoices import bank_einvoice_route
from mains_server.routes.charts import chart_route
from mains_server.routes.documents import document_route
from mains_server.routes.exports import export_route
from mains_server.routes.inbox import Inbox, delivering
from mains_server.routes.mailings import mailing_routes
from mains_server.routes.metrics import metrics_route
from mains_server.routes.openid import openid_set_up
from mains_server.routes.outages import outage_routes
from mains_server.routes.passkeys import relying_party_of
from mains_server.routes.payments import resolving, terminals_set_up, webhook_route
from mains_server.routes.payouts import payout_route
from mains_server.routes.recovery import recovery_policy_of
from mains_server.routes.refusals import refusal_route
from mains_server.routes.reports import report_route
from mains_server.routes.sms import sms_route
from mains_server.routes.statements import statement_route
from mains_server.routes.uploads import upload_route
from mains_server.settings import (
    DEMO_SMS_SECRET,
    Mode,
    Settings,
    banks_of,
    has_demo_inbox,
    insist_on_safety,
    load_settings,
)


def app_from_environment() -> Starlette:
    """Make the application from the settings of the environment; a server process starts here."""
    settings = load_settings()
    insist_on_safety(settings, is_debugging=sys.flags.dev_mode or bool(os.environ.get("PYTHONASYNCIODEBUG")))
    log_to_console(settings=settings)
    if settings.database_url is None:
        raise RuntimeError("MAINS_DATABASE_URL is not set; `mains serve` sets it, also for the embedded database")
    engine = make_engine(
        address=settings.database_url,
        connections_max=settings.database_connections_max,
        role=settings.database_role,
        statement_seconds_max=2 * settings.operation_seconds_max,
    )
    host = load_adapters(on=datetime.now(UTC).date())
    return make_app(engine=engine, settings=settings, host=host)


def make_app(*, engine: AsyncEngine, settings: Settings, host: AdapterHost) -> Starlette:
    """Put the application together on an engine, which it disposes of when it stops."""

    inbox = Inbox() if has_demo_inbox(settings) else None

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        delivery = delivering(inbox, engine=engine, settings=settings, key=links.secret)
        async with delivery, hub.running(), resolving(counter if settings.mode is Mode.DEMO else None):
            yield
        await engine.dispose()

    secret = settings.secret
    links = links_of_this_process() if secret is None else ChartLinks(secret.get_secret_value().encode())
    terminals, words = terminals_set_up(settings), wordings_of(host)
    counter = Counter(engine=engine, terminals=terminals, clock=utc_now)
    graphql = graphql_app(
        engine=engine,
        host=host,
        session_lifetime=settings.session_lifetime,
        links=links,
        edge=_edge(settings, engine=engine),
    )
    edge = graphql.edge
    told = _told(settings, edge=edge, inbox=inbox)
    graphql.services = replace(graphql.services, terminals=terminals, **told)
    hub = Hub(engine, sockets_max=edge.sockets_max, sockets_per_address=edge.sockets_per_address)
    routes: list[BaseRoute] = [
        Route("/graphql", graphql),
        WebSocketRoute("/graphql", endpoint_of(graphql, hub)),
        chart_route(engine=engine, links=links),
        document_route(engine=engine, host=host, links=DocumentLinks(links.secret)),
        upload_route(engine=engine, host=host),
        statement_route(engine=engine, ibans=settings.bank_accounts, payouts=settings.payout_accounts),
        *mailing_routes(engine=engine),
        bank_einvoice_route(engine=engine),
        export_route(engine=engine, links=ExportLinks(links.secret)),
        *outage_routes(engine=engine, links=FeedLinks(links.secret)),
        *attachment_routes(engine=engine, links=AttachmentLinks(links.secret)),
        payout_route(engine=engine),
        webhook_route(counter=counter),
        refusal_route(engine=engine, links=RefusalLinks(links.secret, settings.public_url or ""), utilities=host.live),
        report_route(engine=engine, gateways=gateways_set_up(settings), seal=Seal(links.secret), wordings=words),
        Route("/health/alive", _is_alive),
        _ready_route(engine),
    ]
    if inbox is not None:
        routes += inbox.routes()
    routes += _routes_with_secrets(engine=engine, settings=settings, host=host)
    return Starlette(routes=routes, lifespan=lifespan, debug=False, middleware=_middleware(settings))


def _ready_route(engine: AsyncEngine) -> Route:
    """Give the address that answers 200 while the database answers, and 503 while it does not."""

    async def is_ready(request: Request) -> Response:
        try:
            async with read_session(engine) as session:
                await session.scalar(text("select 1"))
        except (DBAPIError, OSError):
            return PlainTextResponse("the database does not answer\n", status_code=503)
        return PlainTextResponse("ready\n")

    return Route("/health/ready", is_ready)


def _told(settings: Settings, *, edge: Edge, inbox: Inbox | None) -> dict[str, Any]:
    """Give what the schema is told of the settings, of registered documents and of a demonstration's inbox."""
    return {
        "demo_inbox": None if inbox is None else inbox.messages,
        "find_registered": edge.find_document if edge.only_registered else None,
        "access_lifetime": settings.access_lifetime,
        "einvoice_banks": banks_of(settings),
        "falls_back_to_post": settings.mail_falls_back_to_post,
        "letter_heads": letter_heads_of(settings),
        "openid": openid_set_up(settings),
        "passkeys": relying_party_of(settings),
        "recovery": recovery_policy_of(settings),
        "webhook_gate": gate_of(settings),
    }


def _routes_with_secrets(*, engine: AsyncEngine, settings: Settings, host: AdapterHost) -> list[BaseRoute]:
    """Give the addresses that are there only where a setting names their secret."""
    routes: list[BaseRoute] = []
    sms_secret = settings.sms_secret or (DEMO_SMS_SECRET if settings.mode is Mode.DEMO else None)
    if sms_secret is not None:
        routes.append(sms_route(engine=engine, secret=sms_secret.get_secret_value(), host=host))
    if settings.metrics_token is not None:
        routes.append(metrics_route(engine=engine, token=settings.metrics_token.get_secret_value()))
    return routes


def _edge(settings: Settings, *, engine: AsyncEngine) -> Edge:
    """Say what `/graphql` allows; the editor and introspection belong to a demo alone."""
    is_demo = settings.mode is Mode.DEMO
    return Edge(
        has_editor=is_demo,
        hides_schema=not is_demo,
        operation_seconds_max=settings.operation_seconds_max,
        budget=_budget(settings, engine=engine),
        origins=settings.cors_origins,
        find_document=TrustedDocuments(engine, clock=utc_now).find,
        only_registered=settings.trusted_documents_only,
        sockets_per_address=settings.sockets_per_address,
    )


def _budget(settings: Settings, *, engine: AsyncEngine) -> Budget | None:
    if not settings.rows_a_minute:
        return None
    return Budget(settings.rows_a_minute, take=RowLeases(engine).take)


def _middleware(settings: Settings) -> list[Middleware]:
    """Answer pages of other sites only where a setting names them; tokens are sent by hand, so no cookie is shared."""
    if not settings.cors_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=sorted(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
            expose_headers=["retry-after"],
        )
    ]


async def _is_alive(request: Request) -> Response:
    return PlainTextResponse("alive\n")
