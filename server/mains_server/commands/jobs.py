"""Work of the edge for the queue: facts are fetched when their sources tell them, and agreed prices end in time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from mains_spi import FactFile, FactReading, FetchRequest, Period

from mains_server.access.records import Refusal
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.loading import load_adapters
from mains_server.adapters.sources import LiveSource, load_sources
from mains_server.commands.audit import sealed
from mains_server.commands.delivery import day_of_mail, messages_of
from mains_server.commands.fetching import FetchFailed, SecretMissing, fetch
from mains_server.commands.forgetting import forget_ended_jobs, forget_files, forget_minutes, forget_requests
from mains_server.commands.notices import day_of_notices, day_of_reminders, seal_of
from mains_server.commands.outbox import forget_old
from mains_server.commands.webhooks import forgotten_before, watch_webhooks
from mains_server.contracts.jobs import offers_of_day
from mains_server.db.unit_of_work import unit_of_work
from mains_server.db.work import Task, Work
from mains_server.facts.operations import take_in
from mains_server.facts.overlaying import told_series
from mains_server.invoices.queries import billed_until
from mains_server.paying.flow import Counter, resolve
from mains_server.routes.payments import terminals_set_up
from mains_server.settings import Settings, load_settings
from mains_server.statements.matching import match_new_lines
from mains_server.webhooks.queueing import forget_deliveries

log = structlog.get_logger()
TIME_ZONE = "Europe/Riga"
DAYS_BEHIND, DAYS_AHEAD = 3, 2


class NotFetched(Exception):
    """A source gave nothing that could be taken in; the queue tries again, later each time."""


async def fetch_facts(work: Work) -> None:
    """Fetch the days around today from every source that has addresses, each by itself; twice is once.

    What is known already changes nothing, and the series are locked while values are laid over them, so any number of
    workers may do this at a time. A source that fails does not keep the others from being taken in.
    """
    settings = load_settings()
    today = work.now.astimezone(ZoneInfo(TIME_ZONE)).date()
    days = Period(today - timedelta(days=DAYS_BEHIND), today + timedelta(days=DAYS_AHEAD))
    failed = []
    for code in sorted(load_sources().live):
        try:
            await _fetch_one(work, source=code, days=days, settings=settings)
        except SecretMissing:
            log.info("source not set up", source=code)
        except (AdapterFailed, FetchFailed, NotFetched, Refusal) as failure:
            log.warning("facts not fetched", source=code, reason=str(failure))
            failed.append(code)
    if failed:
        raise NotFetched(f"nothing from {', '.join(failed)}; what the others told was taken in")


async def end_agreed_prices(work: Work) -> None:
    """Offer products where a price ends soon, and begin the universal service where nobody answered.

    Run every morning for all utilities, and twice without harm.
    """
    today = work.now.date()
    for _, live in sorted(load_adapters(on=today).live.items()):
        done = await offers_of_day(work.engine, adapter=live, today=today, now=work.now, billed_until=billed_until)
        log.info("agreed prices looked at", adapter=live.code, offered=done.made, lapsed=done.lapsed)


async def resolve_payments(work: Work) -> None:
    """Ask payment providers about what is due: payments and refunds whose end nobody has told us, every minute.

    A day's clock ticks on while they answer, so each answer is booked at the time at which it came.
    """
    terminals = terminals_set_up(load_settings())
    counter = Counter(engine=work.engine, terminals=terminals, clock=lambda: datetime.now(UTC))
    asked = await resolve(counter)
    if asked:
        log.info("payments asked about", count=asked)


async def match_bank_lines(work: Work) -> None:
    """Match movements that a crash left, as whoever took their statement in would have; twice is once."""
    count = await match_new_lines(work.engine, now=work.now, payouts=load_settings().payout_accounts)
    if count:
        log.info("bank lines matched", count=count)


async def _fetch_one(work: Work, *, source: str, days: Period, settings: Settings) -> None:
    live = load_sources().source(source)
    readings = await asyncio.to_thread(_read, live, source, days, settings)
    problems = [problem for reading in readings for problem in reading.problems]
    if problems:
        raise NotFetched(f"{problems[0].labels.en} [{problems[0].code}]")
    if readings:
        whole = FactReading(stretches=tuple(stretch for reading in readings for stretch in reading.stretches))
        told = told_series(card=live.card, reading=whole)
        async with unit_of_work(work.engine) as session:
            taken = await take_in(session, told=told, known_at=work.now, source=source)
        for series in taken:
            log.info("facts fetched", series=series.name, added=series.added, corrected=series.corrected)


def _read(live: LiveSource, source: str, days: Period, settings: Settings) -> list[FactReading]:
    readings = []
    for plan in live.plan_fetches(FetchRequest(period=days, time_zone=TIME_ZONE)):
        host, content = fetch(plan, source=source, secrets=settings.fact_secrets, addresses=settings.fact_addresses)
        readings.append(live.read(FactFile(content=content, name=host, time_zone=TIME_ZONE)))
    return readings


async def deliver_invoices(work: Work) -> None:
    """Begin to deliver invoices whose documents are made, and send the mails that are due; run every five minutes."""
    counts = await day_of_mail(work.engine, settings=load_settings(), now=work.now)
    if counts:
        log.info("invoices delivered", **counts)


async def seal_audit(work: Work) -> None:
    """Seal what was written on the audit trail, and anchor the seal outside the database; run every minute."""
    await sealed(work.engine, settings=load_settings(), now=work.now)


async def send_notices(work: Work) -> None:
    """Deliver what rooms published and send the notices that are due; run every minute."""
    settings = load_settings()
    counts = await day_of_notices(work.engine, settings=settings, seal=seal_of(settings), now=work.now)
    if counts:
        log.info("notices sent", **counts)


async def remind_customers(work: Work) -> None:
    """Tell what the calendar brings; run every hour, so that a day on which nothing ran early is made up for."""
    counts = await day_of_reminders(work.engine, seal=seal_of(load_settings()), now=work.now)
    log.info("customers reminded", **counts)


async def send_signin_messages(work: Work) -> None:
    """Send codes and notices of signing in; every minute. Codes are made of the secret that the server has too."""
    settings = load_settings()
    if settings.secret is None:
        log.warning("codes wait", reason="MAINS_SECRET is not set")
        return
    key = settings.secret.get_secret_value().encode()
    counts = await messages_of(work.engine, settings=settings, key=key, now=work.now)
    if counts:
        log.info("codes and notices sent", **counts)


async def watch_partners(work: Work) -> None:
    """Post to partners as soon as something happens, for as long as the worker runs."""
    settings = load_settings()
    secret = None if settings.secret is None else settings.secret.get_secret_value().encode()
    await watch_webhooks(work.address, settings=settings, secret=secret)


async def forget_webhooks(work: Work) -> None:
    """Forget messages to partners that ended long ago; run every night."""
    count = await forget_deliveries(work.engine, before=forgotten_before(load_settings(), now=work.now))
    if count:
        log.info("webhooks forgotten", count=count)


async def forget_events(work: Work) -> None:
    """Delete events that were delivered long ago; run every night, and twice without harm."""
    count = await forget_old(work.engine, kept_for=load_settings().outbox_kept, now=work.now)
    log.info("events forgotten", count=count)


TASKS: dict[str, Task] = {
    "fetch_facts": fetch_facts,
    "end_agreed_prices": end_agreed_prices,
    "deliver_invoices": deliver_invoices,
    "send_notices": send_notices,
    "remind_customers": remind_customers,
    "resolve_payments": resolve_payments,
    "match_bank_lines": match_bank_lines,
    "send_signin_messages": send_signin_messages,
    "seal_audit": seal_audit,
    "forget_events": forget_events,
    "forget_ended_jobs": forget_ended_jobs,
    "forget_files": forget_files,
    "forget_minutes": forget_minutes,
    "forget_requests": forget_requests,
    "forget_webhooks": forget_webhooks,
}
# Prices of the next day are told about 12:45 by the clock of Brussels, 10:45 or 11:45 UTC, and now and then late.
EVERY: dict[str, str] = {
    "fetch_facts": "5 5,11,12,13,15 * * *",
    "end_agreed_prices": "45 4 * * *",
    "deliver_invoices": "*/5 * * * *",
    "send_notices": "* * * * *",
    "remind_customers": "20 5-18 * * *",
    "resolve_payments": "* * * * *",
    "match_bank_lines": "*/5 * * * *",
    "send_signin_messages": "* * * * *",
    "seal_audit": "* * * * *",
    "forget_events": "25 1 * * *",
    "forget_files": "31 1 * * *",
    "forget_minutes": "33 1 * * *",
    "forget_ended_jobs": "41 1 * * *",
    "forget_requests": "37 1 * * *",
    "forget_webhooks": "50 3 * * *",
}
WATCHES: dict[str, Task] = {"watch_partners": watch_partners}
