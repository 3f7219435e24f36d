"""Deliveries that are due are sent: each read anew as its endpoint may see it, signed, posted, and its outcome kept."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.notifications.operations import tell
from mains_server.notifications.records import Message, Recipient, Topic
from mains_server.notifications.sealing import Seal, Unsealable
from mains_server.webhooks import queries, rules, statements
from mains_server.webhooks.addresses import Gate
from mains_server.webhooks.operations import occasion_of
from mains_server.webhooks.posting import Poster
from mains_server.webhooks.queueing import queue_deliveries
from mains_server.webhooks.records import (
    BusyLane,
    Content,
    DisabledBecause,
    Due,
    Endpoint,
    Posted,
    Reading,
    WebhookCoverage,
    WebhookDeliveryState,
    WebhookKind,
)
from mains_server.webhooks.signing import headers_of
from mains_server.webhooks.turns import LANES_AT_ONCE, Turns

log = structlog.get_logger()
CONNECTIONS_MAX = 2 * LANES_AT_ONCE + 1
"""Each lane holds one connection while it reads over another."""
GONE = 410
Render = Callable[[Reading], Awaitable[Content | None]]
"""Runs an endpoint's document for a row; None where the endpoint may not see it. Raises `NotRendered`."""


class NotRendered(Exception):
    """An endpoint's document has no answer now; the words say why, in English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What a sender needs: the database, the seal of secrets, who reads documents, where one may post, and a clock.

    After `lasts` a sender that still has work leaves the rest to the next; None is never.
    """

    engine: AsyncEngine
    seal: Seal
    render: Render
    gate: Gate
    clock: Callable[[], datetime]
    trust: ssl.SSLContext | None = None
    lasts: timedelta | None = None


async def send_webhooks(office: Office) -> Counter[str]:
    """Queue what was committed, then send what is due, and count both; any number of senders may run."""
    began = office.clock()
    counts = Counter(queued=await queue_deliveries(office.engine, now=began))
    async with read_session(office.engine) as session:
        lanes = await queries.busy_lanes(session, now=began)
    turns = Turns()
    until = None if office.lasts is None else began + office.lasts

    def goes_on() -> bool:
        return until is None or office.clock() < until

    async def serve(due: BusyLane) -> Counter[str]:
        async with turns.turn(due.endpoint_id, is_in_trouble=due.is_in_trouble):
            return await serve_lane(office, endpoint_id=due.endpoint_id, lane=due.lane, goes_on=goes_on)

    for found in await asyncio.gather(*(serve(due) for due in lanes)):
        counts += found
    return +counts


async def serve_lane(office: Office, *, endpoint_id: int, lane: int, goes_on: Callable[[], bool]) -> Counter[str]:
    """Send what is due of a lane, one after the other, until nothing is or it may not go on, and count what came.

    Nothing is sent where another sender has the lane.
    """
    counts: Counter[str] = Counter()
    poster: Poster | None = None
    try:
        while goes_on():
            async with unit_of_work(office.engine) as session:
                found = await _next(session, office=office, endpoint_id=endpoint_id, lane=lane)
                if found is None:
                    return counts
                endpoint, due = found
                if poster is None or poster.url != endpoint.url:
                    await _close(poster)
                    poster = Poster(endpoint.url, gate=office.gate, trust=office.trust)
                counts[await _tried(session, office=office, endpoint=endpoint, due=due, poster=poster)] += 1
        return counts
    finally:
        await _close(poster)


async def _close(poster: Poster | None) -> None:
    if poster is not None:
        await poster.__aexit__(None, None, None)


async def _next(session: AsyncSession, *, office: Office, endpoint_id: int, lane: int) -> tuple[Endpoint, Due] | None:
    now = office.clock()
    if not await queries.hold_lane(session, endpoint_id=endpoint_id, lane=lane):
        return None
    endpoint = await queries.endpoint_to_serve(session, endpoint_id=endpoint_id, now=now)
    due = await queries.next_due(session, endpoint_id=endpoint_id, lane=lane, now=now)
    return None if endpoint is None or due is None else (endpoint, due)


async def _tried(session: AsyncSession, *, office: Office, endpoint: Endpoint, due: Due, poster: Poster) -> str:
    """Try a delivery and name what came of it; a mistake of ours counts as a try, and stops nothing else."""
    try:
        async with session.begin_nested():
            return (await _try(session, office=office, endpoint=endpoint, due=due, poster=poster)).name.lower()
    except Exception:
        log.exception("webhook could not be tried", delivery_id=due.id)
        await _fail(session, office=office, due=due, posted=Posted(status=None, detail="a mistake on our side"))
        return "broken"


async def _try(
    session: AsyncSession, *, office: Office, endpoint: Endpoint, due: Due, poster: Poster
) -> WebhookDeliveryState:
    """Try a delivery once and keep what came of it."""
    if not await _has_right(session, endpoint=endpoint, now=office.clock()):
        await _disable(session, office=office, endpoint=endpoint, because=DisabledBecause.RIGHT_ENDED)
        return await _withhold(session, due=due, detail="who made the endpoint does not own it any more", office=office)
    try:
        content = await _content(session, office=office, endpoint=endpoint, due=due)
    except NotRendered as failure:
        return await _fail(session, office=office, due=due, posted=Posted(status=None, detail=str(failure)))
    if content is None:
        return await _withhold(session, due=due, detail="not for this endpoint to see, or gone", office=office)
    try:
        sealed = await queries.sealed_secrets(session, endpoint_id=endpoint.id, now=office.clock())
        secrets = [office.seal.open(one, occasion=occasion_of(endpoint.id))["secret"] for one in sealed]
    except Unsealable:
        words = "the secret cannot be opened: the server's MAINS_SECRET is another than when it was made"
        return await _fail(session, office=office, due=due, posted=Posted(status=None, detail=words))
    body = rules.body_of(kind=due.kind, occurred_at=due.occurred_at, content=content)
    named = {"message_id": rules.message_id(due.id), "body": body, "signed_with": secrets, "at": office.clock()}
    posted = await poster.post(body=body, headers=headers_of(**named))  # type: ignore[arg-type]
    if posted.is_taken:
        values = {"id": due.id, "status": posted.status, "detail": posted.detail, "now": office.clock()}
        await session.execute(text(statements.TAKEN), values)
        await session.execute(text(statements.WORKS), {"id": endpoint.id})
        return WebhookDeliveryState.DELIVERED
    await _note_trouble(session, office=office, endpoint=endpoint, posted=posted)
    return await _fail(session, office=office, due=due, posted=posted)


async def _has_right(session: AsyncSession, *, endpoint: Endpoint, now: datetime) -> bool:
    """Tell whether a customer's own endpoint is still of its owner; the utility's are its own."""
    if endpoint.customer_id is None:
        return True
    owner = {"customer_id": endpoint.customer_id, "person_id": endpoint.person_id}
    return await queries.is_owner(session, now=now, **owner)


async def _content(session: AsyncSession, *, office: Office, endpoint: Endpoint, due: Due) -> Content | None:
    """Read what is told, as the endpoint may see it now; nothing of a customer that it does not cover."""
    if due.kind is WebhookKind.TEST:
        return {"ping": rules.message_id(due.id)}
    if due.document is None:
        return None
    customers = await _customers(session, endpoint=endpoint, due=due)
    if not customers:
        return None
    viewer = rules.viewer_on(customers, language=endpoint.language)
    return await office.render(Reading(kind=due.kind, document=due.document, number=due.number, viewer=viewer))


async def _customers(session: AsyncSession, *, endpoint: Endpoint, due: Due) -> tuple[int, ...]:
    covers_all = endpoint.coverage is WebhookCoverage.ALL_CUSTOMERS
    if due.customer_id is not None:
        return (due.customer_id,) if covers_all or due.customer_id in endpoint.customer_ids else ()
    if covers_all:
        return tuple(await queries.customers_at_outage(session, outage_id=due.number))
    return endpoint.customer_ids


async def _fail(session: AsyncSession, *, office: Office, due: Due, posted: Posted) -> WebhookDeliveryState:
    """Keep that a try failed, and when the next is; after the last the delivery is given up."""
    now, tries = office.clock(), due.tries + 1
    pause = rules.pause_after(tries, delivery_id=due.id, again_in_seconds=posted.again_in_seconds)
    state = WebhookDeliveryState.FAILED if pause is None else WebhookDeliveryState.WAITING
    log.info("webhook not taken", delivery_id=due.id, endpoint_id=due.endpoint_id, tries=tries, reason=posted.detail)
    values = {
        "id": due.id,
        "state": state.name,
        "status": posted.status,
        "detail": posted.detail,
        "next_try_at": None if pause is None else now + pause,
        "ended_at": now if pause is None else None,
    }
    await session.execute(text(statements.FAILED), values)
    return state


async def _withhold(session: AsyncSession, *, office: Office, due: Due, detail: str) -> WebhookDeliveryState:
    await session.execute(text(statements.WITHHELD), {"id": due.id, "detail": detail, "now": office.clock()})
    return WebhookDeliveryState.WITHHELD


async def _note_trouble(session: AsyncSession, *, office: Office, endpoint: Endpoint, posted: Posted) -> None:
    """Count an endpoint's failure: leave it alone for a while, or for good if it said so or failed for days."""
    now = office.clock()
    failures, failing_since = (await session.execute(text(statements.FAILS), {"id": endpoint.id, "now": now})).one()
    if posted.status == GONE:
        await _disable(session, office=office, endpoint=endpoint, because=DisabledBecause.GONE)
    elif rules.is_given_up(failures=failures, failing_since=failing_since, now=now):
        await _disable(session, office=office, endpoint=endpoint, because=DisabledBecause.FAILING)
    elif (pause := rules.endpoint_pause(failures)) is not None:
        await session.execute(text(statements.PAUSE), {"id": endpoint.id, "until": now + pause})


async def _disable(session: AsyncSession, *, office: Office, endpoint: Endpoint, because: DisabledBecause) -> None:
    """Tell an endpoint nothing any more, and tell who made it, unless they have no more to do with it."""
    now = office.clock()
    values = {"id": endpoint.id, "because": because.name, "now": now}
    if (await session.execute(text(statements.DISABLE), values)).one_or_none() is None:
        return
    log.warning("webhook endpoint disabled", endpoint_id=endpoint.id, because=because.name)
    if because is DisabledBecause.RIGHT_ENDED:
        return
    message = Message(
        occasion=f"webhook {endpoint.id} disabled {int(now.timestamp())}",
        topic=Topic.ACCOUNT,
        template=f"webhook_{because.name.lower()}",
        to=Recipient(person_id=endpoint.person_id),
        values={"url": endpoint.url, "at": now},
    )
    await tell(session, message=message, seal=office.seal, now=now)
