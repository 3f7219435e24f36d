"""Metrics are for who knows the token; without one there are none."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from mains_server.adapters.host import AdapterHost
from mains_server.app import make_app
from mains_server.db.engine import make_engine
from mains_server.db.outbox import append_event
from mains_server.db.unit_of_work import unit_of_work
from mains_server.routes.queues import queue_figures
from mains_server.settings import Settings
from pydantic import ValidationError
from sqlalchemy import text

pytestmark = pytest.mark.asyncio

TOKEN = "a-token-of-enough-length"
QUERY = {"query": "{ utilityAdapters { code } }"}
COMPILED = 'mains_graphql_answers_total{executor="compiled",reason=""}'
DECLINED = 'mains_graphql_answers_total{executor="declined",reason="introspection"}'

NOTICE = """insert into notice (occasion, number, topic, template, template_version, language, channel, others, subject,
    body, values, state, tries, next_try_at, created_at)
    values ('it', :number, 'INVOICE', 'invoice_ready', 'v', 'lv', 'EMAIL', '{}', 's', 'b', '{}', :state, 0, :at, :at)"""
PERSON = """insert into person (id, email, name, language, created_at)
    values (1, 'admin@example.lv', 'Admin', 'lv', :at)"""
ENDPOINT = """insert into webhook_endpoint (id, person_id, url, description, language, coverage, customer_ids, state,
    failures, paused_until, created_at)
    values (:id, 1, 'https://partner.example', 'd', 'lv', 'ALL_CUSTOMERS', '{}', :state, :failures,
    cast(cast(:paused as text) as timestamptz), :at)"""
DELIVERY = """insert into webhook_delivery (endpoint_id, customer_id, event_id, kind, number, state, tries, occurred_at)
    values (1, 1, :event, 'TEST', 1, :state, 0, :at)"""


def client(engine, settings: Settings) -> httpx2.AsyncClient:
    app = make_app(engine=engine, settings=settings, host=AdapterHost(adapters=(), live={}))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://mains.test")


def counted(text: str, name: str) -> float:
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)), 0.0)


async def test_answers_are_counted_by_executor_and_reason(engine):
    async with client(engine, Settings(metrics_token=TOKEN)) as http:
        known = {"authorization": f"Bearer {TOKEN}"}
        before = (await http.get("/metrics", headers=known)).text
        await http.post("/graphql", json=QUERY)
        await http.post("/graphql", json={"query": "{ __schema { __typename } }"})
        answer = await http.get("/metrics", headers=known)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert counted(answer.text, COMPILED) == counted(before, COMPILED) + 1
    assert counted(answer.text, DECLINED) == counted(before, DECLINED) + 1


async def told(engine, **settings) -> str:
    async with client(engine, Settings(metrics_token=TOKEN, **settings)) as http:
        answer = await http.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return answer.text


async def test_what_waits_is_told_by_who_is_to_take_it_and_since_when(engine):
    long_ago = datetime.now(UTC) - timedelta(hours=3)
    async with unit_of_work(engine) as session:
        await session.execute(text("insert into webhook_look (id, seen) values (1, pg_current_snapshot()::text)"))
        for kind in ("waits", "waits", "given up"):
            append_event(session, kind=kind, payload={}, customer_id=1, now=long_ago)
        await session.flush()
        await session.execute(
            text("update outbox_event set given_up_at = :at where kind = 'given up'"), {"at": long_ago}
        )
        for number, state in enumerate(("WAITING", "WAITING", "SENT"), start=1):
            await session.execute(text(NOTICE), {"number": number, "state": state, "at": long_ago})
        await session.execute(text(PERSON), {"at": long_ago})
        for id_, (failures, paused) in enumerate(((0, None), (2, None), (5, "2100-01-01Z")), start=1):
            values = {"id": id_, "state": "ACTIVE", "failures": failures, "paused": paused, "at": long_ago}
            await session.execute(text(ENDPOINT), values)
        for event, state in enumerate(("WAITING", "FAILED", "FAILED", "DELIVERED"), start=1):
            await session.execute(text(DELIVERY), {"event": event, "state": state, "at": long_ago})

    found = await told(engine)

    figures = {
        name: counted(found, name)
        for name in (
            "mains_queues_read",
            'mains_outbox_waiting{consumer="notices"}',
            'mains_outbox_waiting{consumer="webhooks"}',
            'mains_notices_due{channel="email"}',
            'mains_notices_due{channel="sms"}',
            "mains_webhooks_waiting ",
            'mains_given_up{of="outbox"}',
            'mains_given_up{of="webhooks"}',
            *(f'mains_webhook_endpoints{{standing="{one}"}}' for one in ("working", "failing", "paused", "disabled")),
        )
    }
    assert list(figures.values()) == [1, 2, 3, 2, 0, 1, 1, 2, 1, 1, 1, 0]
    for name in ('mains_outbox_waiting_oldest_seconds{consumer="notices"}', "mains_webhooks_waiting_oldest_seconds"):
        assert counted(found, name) >= 3 * 60 * 60
    assert counted(found, 'mains_notices_due_oldest_seconds{channel="sms"}') == 0


async def test_a_database_that_does_not_answer_is_a_figure_too(engine):
    nowhere = make_engine(address="postgresql://127.0.0.1:1/none", connections_max=1)
    try:
        figures = (await queue_figures(nowhere, now=datetime.now(UTC))).decode()
    finally:
        await nowhere.dispose()

    assert "mains_queues_read 0.0" in figures
    assert "mains_outbox" not in figures


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ā"])
async def test_without_the_token_nothing_is_shown(engine, given):
    async with client(engine, Settings(metrics_token=TOKEN)) as http:
        headers = {} if given is None else {"authorization": given.encode()}
        answer = await http.get("/metrics", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


async def test_without_a_token_there_are_no_metrics(engine):
    async with client(engine, Settings()) as http:
        answer = await http.get("/metrics", headers={"authorization": "Bearer "})

    assert answer.status_code == 404


async def test_a_short_token_is_refused():
    with pytest.raises(ValidationError, match="metrics_token"):
        Settings(metrics_token="short")
