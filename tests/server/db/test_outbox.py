"""Events are written with what they are about."""

from datetime import UTC, datetime

import pytest
from mains_server.db.outbox import NewsEvent, append_event, append_news
from mains_server.db.unit_of_work import read_session, unit_of_work
from sqlalchemy import text

pytestmark = pytest.mark.asyncio

NOON = datetime(2023, 2, 1, 12, tzinfo=UTC)
EVENTS = text("select kind, payload, customer_id, occurred_at, delivered_at from outbox_event order by id")


async def test_an_event_waits_for_delivery(engine):
    async with unit_of_work(engine) as session:
        append_event(session, kind="invoice_issued", payload={"invoice": 7}, customer_id=3, now=NOON)

    async with read_session(engine) as session:
        assert [*(await session.execute(EVENTS))] == [("invoice_issued", {"invoice": 7}, 3, NOON, None)]


async def test_no_event_without_its_transaction(engine):
    with pytest.raises(ZeroDivisionError):
        async with unit_of_work(engine) as session:
            append_event(session, kind="invoice_issued", payload={}, customer_id=None, now=NOON)
            raise ZeroDivisionError

    async with read_session(engine) as session:
        assert (await session.execute(EVENTS)).all() == []


async def test_news_is_written_in_its_order_and_waits_for_nobody(engine):
    told = [
        NewsEvent(kind="ledger.balance_changed", customer_id=n, payload={"kind": "PAYMENT", "document_id": n})
        for n in (3, 1, 2)
    ]

    async with unit_of_work(engine) as session:
        await append_news(session, news=told, now=NOON)
        await append_news(session, news=[], now=NOON)

    async with read_session(engine) as session:
        written = [*(await session.execute(EVENTS))]
        assert written == [(one.kind, dict(one.payload), one.customer_id, NOON, NOON) for one in told]
