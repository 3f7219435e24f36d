"""What waits to be told on, as figures for Prometheus: read from the database, so any server tells of all workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.db.outbox import Backlog, outbox_backlog
from mains_server.db.unit_of_work import read_session
from mains_server.notifications.queries import due_by_channel
from mains_server.webhooks.queries import delivery_backlog, endpoint_standings, unqueued

NO_LABEL = ""
OUTBOX = "mains_outbox_waiting", "Events that a consumer has yet to take", "consumer"
NOTICES = "mains_notices_due", "Notices that are due and have not left, letters until they are printed", "channel"
DELIVERIES = "mains_webhooks_waiting", "Messages to partners that were not taken yet", None
GIVEN_UP = "mains_given_up", "Events (of the outbox) and messages (to partners) that were given up, to be sent again."
ENDPOINTS = "mains_webhook_endpoints", "Webhooks by how they stand: working, failing, paused or disabled."
READ = "mains_queues_read", "1 if the database told what waits; 0 if it did not answer, and then nothing else is told."


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """What waits, by who is to take it."""

    outbox: Mapping[str, Backlog]
    notices: Mapping[str, Backlog]
    deliveries: Backlog
    endpoints: Mapping[str, int]


async def queue_figures(engine: AsyncEngine, *, now: datetime) -> bytes:
    """Give what waits and how long in the words of Prometheus; a database that does not answer is a figure too."""
    try:
        queues = await _read(engine, now=now)
    except (DBAPIError, OSError):
        return _exposed([_gauge(*READ, {NO_LABEL: 0})])
    return _exposed([_gauge(*READ, {NO_LABEL: 1}), *_families(queues, now=now)])


async def _read(engine: AsyncEngine, *, now: datetime) -> Queues:
    async with read_session(engine) as session:
        return Queues(
            outbox={"notices": await outbox_backlog(session), "webhooks": await unqueued(session)},
            notices={one.name.lower(): due for one, due in (await due_by_channel(session, now=now)).items()},
            deliveries=await delivery_backlog(session),
            endpoints=await endpoint_standings(session, now=now),
        )


def _families(queues: Queues, *, now: datetime) -> Iterable[GaugeMetricFamily]:
    yield from _waiting(*OUTBOX, queues.outbox, now=now)
    yield from _waiting(*NOTICES, queues.notices, now=now)
    yield from _waiting(*DELIVERIES, {NO_LABEL: queues.deliveries}, now=now)
    yield _gauge(*GIVEN_UP, {"outbox": queues.outbox["notices"].given_up, "webhooks": queues.deliveries.given_up}, "of")
    yield _gauge(*ENDPOINTS, queues.endpoints, "standing")


def _waiting(
    name: str,
    words: str,
    label: str | None,
    backlogs: Mapping[str, Backlog],
    *,
    now: datetime,
) -> Iterable[GaugeMetricFamily]:
    yield _gauge(name, f"{words}.", {key: one.waiting for key, one in backlogs.items()}, label)
    ages = {key: _age_seconds(one, now=now) for key, one in backlogs.items()}
    yield _gauge(
        f"{name}_oldest_seconds", f"{words}: for how many seconds the oldest waits; 0 if none does.", ages, label
    )


def _age_seconds(backlog: Backlog, *, now: datetime) -> int:
    return 0 if backlog.waits_since is None else max(int((now - backlog.waits_since).total_seconds()), 0)


def _gauge(name: str, words: str, values: Mapping[str, int], label: str | None = None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[] if label is None else [label])
    for key, value in values.items():
        family.add_metric([] if label is None else [key], value)
    return family


class _Figures(Collector):
    """Gives figures that were read before, as the library wants to be given them."""

    def __init__(self, families: Sequence[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Sequence[GaugeMetricFamily]:
        """Give them."""
        return self._families


def _exposed(families: Sequence[GaugeMetricFamily]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Figures(families))
    return generate_latest(registry)
