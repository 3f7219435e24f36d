"""`mains notices`: deliver events, send notices, and look at templates."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from mains_server.adapters.channels import load_channels
from mains_server.adapters.host import AdapterHost, UnknownAdapter
from mains_server.adapters.loading import load_adapters
from mains_server.commands.database import opened
from mains_server.commands.mail_server import mail_server_of
from mains_server.db.engine import make_engine
from mains_server.notifications.announcing import tell_announcements
from mains_server.notifications.events import deliver_events
from mains_server.notifications.listening import ears
from mains_server.notifications.outages import tell_outages
from mains_server.notifications.queries import TIME_ZONE
from mains_server.notifications.records import Channel
from mains_server.notifications.refusing import RefusalLinks
from mains_server.notifications.reminding import Day, remind_of_day
from mains_server.notifications.sealing import Seal, seal_of_this_process
from mains_server.notifications.sending import Carrier, MailCarrier, Office, send_notices
from mains_server.notifications.templates import FALLBACK, TemplateUnknown, catalogue, sample
from mains_server.notifications.texting import Gateway, TextCarrier, gateways_of
from mains_server.notifications.wordings import THE_SERVERS, Wordings, wordings_of
from mains_server.recovery.using import send_links
from mains_server.routes.recovery import recovery_policy_of
from mains_server.settings import Settings, load_settings

notices = typer.Typer(help="Notices: what customers are told, and in which words.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(notices, name="notices")


@notices.command("send")
def send() -> None:
    """Deliver what rooms published and send every notice that is due; a worker does the same every minute."""
    settings = load_settings()
    with opened(settings) as address:
        counts = asyncio.run(_send(address, settings=settings))
    typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "Nothing was due.")


def seal_of(settings: Settings) -> Seal:
    """Give the seal of the server's secret; without one, what is sealed can be opened by this process alone."""
    return seal_of_this_process() if settings.secret is None else Seal(settings.secret.get_secret_value().encode())


async def day_of_notices(
    engine: AsyncEngine,
    *,
    settings: Settings,
    seal: Seal,
    now: datetime,
    carriers: Mapping[Channel, Carrier] | None = None,
) -> Counter[str]:
    """Deliver events that are due, then send notices that are, by the settings' carriers or these, and count both."""
    counts: Counter[str] = Counter()
    host = await asyncio.to_thread(installed_adapters, now.date())
    wordings = wordings_of(host)
    listeners = ears(seal=seal, now=now, invitation_page=settings.invitation_page, wordings=wordings)
    for outcome, count in (await deliver_events(engine, ears=listeners, now=now)).items():
        counts[f"events_{outcome}"] += count
    counts["ways_back_sent"] += await send_links(engine, policy=recovery_policy_of(settings), seal=seal, now=now)
    counts["outages_told"] += await tell_outages(engine, seal=seal, now=now)
    counts["announcements_told"] += await tell_announcements(engine, seal=seal, now=now)
    carried_by = carriers_of(settings, secret=seal.secret) if carriers is None else carriers
    office = Office(engine=engine, carriers=carried_by, seal=seal, now=now, wordings=wordings, utilities=host.live)
    counts += await send_notices(office)
    return +counts


@lru_cache(maxsize=1)
def installed_adapters(day: date) -> AdapterHost:
    """Load the installed adapters, once a day: they cannot change while a process runs."""
    return load_adapters(on=day)


def carriers_of(settings: Settings, *, secret: bytes) -> dict[Channel, Carrier]:
    """Give who carries notices by each channel that is set up; others' notices wait."""
    carriers: dict[Channel, Carrier] = {}
    server, gateways = mail_server_of(settings), gateways_set_up(settings)
    if server is not None:
        links = None if settings.public_url is None else RefusalLinks(secret, settings.public_url)
        carriers[Channel.EMAIL] = MailCarrier(server=server, links=links)
    code = settings.sms_channel or next(iter(gateways), None)
    if code is not None and code in gateways:
        carriers[Channel.SMS] = TextCarrier(
            gateway=gateways[code], sender=settings.sms_sender, leaves_accents_out=settings.sms_without_accents
        )
    return carriers


def gateways_set_up(settings: Settings) -> Mapping[str, Gateway]:
    """Give the installed notification channels whose address and secrets an operator has given, by code."""
    secrets = {name: secret.get_secret_value() for name, secret in settings.channel_secrets.items()}
    return gateways_of(load_channels(), secrets=secrets, addresses=settings.channel_addresses)


async def day_of_reminders(engine: AsyncEngine, *, seal: Seal, now: datetime) -> Counter[str]:
    """Tell what the calendar brings, and count what was news; any number of times a day."""
    today = now.astimezone(ZoneInfo(TIME_ZONE)).date()
    host = load_adapters(on=today)
    rules = {code: live.utility.reading_rules for code, live in host.live.items()}
    day = Day(engine=engine, seal=seal, now=now, today=today, reading_rules=rules)
    return await remind_of_day(replace(day, wordings=wordings_of(host), utilities=host.live))


@notices.command("remind")
def remind() -> None:
    """Tell what the calendar brings: what is due soon, reading windows, ends of agreed prices, payments received."""
    settings = load_settings()
    with opened(settings) as address:
        counts = asyncio.run(_remind(address, settings=settings))
    typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "Nothing was due.")


@notices.command("preview")
def preview(
    template: Annotated[
        str | None, typer.Argument(help="Name of a template; without it their names are listed.")
    ] = None,
    language: Annotated[str, typer.Option(help="lv, en or ru.")] = "lv",
    adapter: Annotated[
        str | None, typer.Option(help="Code of a utility: show its own words, or list what it words itself.")
    ] = None,
) -> None:
    """Show a template with values made up, as mail and as text message; secrets are marks."""
    wordings = THE_SERVERS if adapter is None else _wordings_of(adapter)
    if template is None:
        own = (name for _, name in wordings.by_adapter)
        typer.echo("\n".join(sorted(catalogue(FALLBACK) if adapter is None else own)))
        return
    wording = wordings.of(template, adapter=adapter)
    try:
        mail, text = (
            sample(template, channel=channel, language=language, wording=wording)
            for channel in (Channel.EMAIL, Channel.SMS)
        )
    except TemplateUnknown as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    whose = "the server's words" if wording is None else f"the words of {adapter}"
    typer.echo(f"version {mail.version}, {whose}\n\n{mail.subject}\n\n{mail.body}\nSMS: {text.body}")


def _wordings_of(adapter: str) -> Wordings:
    """Collect the words of one installed adapter, or end with why there is none."""
    host = load_adapters(on=datetime.now(UTC).date())
    try:
        host.adapter(adapter)
    except UnknownAdapter as refusal:
        typer.echo(f"Refused: {refusal}.", err=True)
        raise typer.Exit(1) from refusal
    found = wordings_of(host).by_adapter
    return Wordings({(code, name): words for (code, name), words in found.items() if code == adapter})


async def _remind(address: str, *, settings: Settings) -> Counter[str]:
    engine = make_engine(address=address, connections_max=3)
    try:
        return await day_of_reminders(engine, seal=seal_of(settings), now=datetime.now(UTC))
    finally:
        await engine.dispose()


async def _send(address: str, *, settings: Settings) -> Counter[str]:
    engine = make_engine(address=address, connections_max=3)
    try:
        return await day_of_notices(engine, settings=settings, seal=seal_of(settings), now=datetime.now(UTC))
    finally:
        await engine.dispose()
