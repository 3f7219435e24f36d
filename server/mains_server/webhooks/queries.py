"""Questions of the webhooks room: what is due to whom, and by which secrets it is signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from mains_server.db.outbox import Backlog, unseen_since
from mains_server.webhooks import statements
from mains_server.webhooks.records import BusyLane, Due, Endpoint, WebhookCoverage, WebhookKind
from mains_server.webhooks.rules import LANES
from mains_server.webhooks.tables import WebhookDelivery, WebhookEndpoint

LANE_KEYS = 7_308_000
OUTAGE_CUSTOMERS_MAX = 100
STANDINGS = ("working", "failing", "paused", "disabled")


async def last_look(session: AsyncSession) -> str | None:
    """Tell up to which snapshot events were looked at for webhooks; None where nobody has looked yet.

    The first look takes what is committed later alone, so then nothing has to be kept for it.
    """
    seen: str | None = await session.scalar(text(statements.LAST_LOOK))
    return seen


async def unqueued(session: AsyncSession) -> Backlog:
    """Tell what of the outbox was not yet looked at for webhooks; nothing where nobody has looked yet."""
    seen = await last_look(session)
    return Backlog(waiting=0, waits_since=None) if seen is None else await unseen_since(session, seen=seen)


async def delivery_backlog(session: AsyncSession) -> Backlog:
    """Tell how many messages wait, since when the oldest does, and how many were given up."""
    return Backlog(**(await session.execute(text(statements.BACKLOG))).one()._mapping)


async def endpoint_standings(session: AsyncSession, *, now: datetime) -> Mapping[str, int]:
    """Count the endpoints that work, fail, are left alone for a while, and are disabled."""
    found = await session.execute(text(statements.ENDPOINTS), {"now": now})
    return {**dict.fromkeys(STANDINGS, 0), **{row.standing: row.endpoints for row in found}}


async def busy_lanes(session: AsyncSession, *, now: datetime) -> Sequence[BusyLane]:
    """List the lanes of endpoints that have something due."""
    found = await session.execute(text(statements.BUSY_LANES), {"now": now, "lanes": LANES})
    return [BusyLane(**row._mapping) for row in found]


async def next_try_at(session: AsyncSession, *, now: datetime) -> datetime | None:
    """Tell when something is to be tried, which may have been due for long; None where nothing waits."""
    found: datetime | None = await session.scalar(text(statements.NEXT_TRY), {"now": now})
    return found


async def hold_lane(session: AsyncSession, *, endpoint_id: int, lane: int) -> bool:
    """Take a lane of an endpoint until the transaction ends, unless another sender has it."""
    values = {"lane_key": LANE_KEYS + lane, "endpoint": endpoint_id}
    return bool(await session.scalar(text(statements.HOLD_LANE), values))


async def endpoint_to_serve(session: AsyncSession, *, endpoint_id: int, now: datetime) -> Endpoint | None:
    """Give an endpoint that may be told something now; None where it is disabled or paused."""
    found = (await session.execute(text(statements.ENDPOINT), {"id": endpoint_id, "now": now})).one_or_none()
    if found is None:
        return None
    fields = dict(found._mapping)
    covered = {"coverage": WebhookCoverage[found.coverage], "customer_ids": tuple(found.customer_ids)}
    return Endpoint(**{**fields, **covered})


async def next_due(session: AsyncSession, *, endpoint_id: int, lane: int, now: datetime) -> Due | None:
    """Give the delivery of a lane whose turn it is; None where none is."""
    values = {"endpoint": endpoint_id, "lane": lane, "lanes": LANES, "now": now}
    found = (await session.execute(text(statements.NEXT_DUE), values)).one_or_none()
    return None if found is None else Due(**{**found._mapping, "kind": WebhookKind[found.kind]})


async def sealed_secrets(session: AsyncSession, *, endpoint_id: int, now: datetime) -> Sequence[bytes]:
    """Give the secrets that sign now, the newest first."""
    found = await session.execute(text(statements.SECRETS), {"endpoint": endpoint_id, "now": now})
    return [row.sealed for row in found]


async def is_owner(session: AsyncSession, *, customer_id: int, person_id: int, now: datetime) -> bool:
    """Tell whether a person owns a customer now."""
    values = {"customer": customer_id, "person": person_id, "now": now}
    return bool(await session.scalar(text(statements.IS_OWNER), values))


async def customers_at_outage(session: AsyncSession, *, outage_id: int) -> Sequence[int]:
    """Give some of the customers whom an outage touches."""
    values = {"outage": outage_id, "most": OUTAGE_CUSTOMERS_MAX}
    return list(await session.scalars(text(statements.CUSTOMERS_AT_OUTAGE), values))


async def held_endpoint(session: AsyncSession, *, endpoint_id: int) -> WebhookEndpoint | None:
    """Take hold of an endpoint until the transaction ends, for a change inside this room."""
    wanted = select(WebhookEndpoint).where(col(WebhookEndpoint.id) == endpoint_id)
    return await session.scalar(wanted.with_for_update(key_share=True).execution_options(populate_existing=True))


async def endpoint_of_delivery(session: AsyncSession, *, delivery_id: int) -> int | None:
    """Tell whose a delivery is; None where there is none."""
    wanted = select(col(WebhookDelivery.endpoint_id)).where(col(WebhookDelivery.id) == delivery_id)
    return await session.scalar(wanted)


async def endpoints_count(session: AsyncSession, *, customer_id: int | None) -> int:
    """Count the endpoints of a customer, or the utility's own."""
    found = await session.scalar(
        select(func.count())
        .select_from(WebhookEndpoint)
        .where(col(WebhookEndpoint.customer_id).is_not_distinct_from(customer_id))
    )
    return found or 0
