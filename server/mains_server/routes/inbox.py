"""The demonstration's inbox: it takes every mail, text message and letter and delivers none, and shows them all."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from html import escape
from importlib.util import find_spec
from typing import Any, cast

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mains_server.commands.delivery import day_of_mail, messages_of
from mains_server.commands.notices import carriers_of, day_of_notices
from mains_server.commands.webhooks import watch_webhooks
from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.delivery.records import ReceiptOutcome
from mains_server.notifications.queries import letters_begun
from mains_server.notifications.records import CaughtFile, CaughtMessage, Channel, Handed, WaitingNotice
from mains_server.notifications.sealing import Seal
from mains_server.notifications.sending import Carrier
from mains_server.routes.answers import utc_now
from mains_server.settings import Settings
from mains_server.signin.code_letters import take_letters, worded
from mains_server.signin.queries import next_mailing

log = structlog.get_logger()
MAILS_KEPT = 200
PAUSE_SECONDS = 2
HEADERS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}
PAGE = "<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title><h1>{title}</h1>{body}</html>"


@dataclass(frozen=True, slots=True)
class Caught:
    """A mail as it came."""

    number: int
    mail: EmailMessage
    at: datetime


class Inbox:
    """Keeps the last mails, text messages and letters that anybody was sent, each kind the newest first."""

    def __init__(self) -> None:
        self.caught: deque[Caught] = deque(maxlen=MAILS_KEPT)
        self.texts: deque[CaughtMessage] = deque(maxlen=MAILS_KEPT)
        self.letters: deque[CaughtMessage] = deque(maxlen=MAILS_KEPT)
        self.count = 0
        self._letters_after = (0, 0)
        self._server: asyncio.Server | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail; this is what the mail server calls."""
        self.take(envelope.content)
        return "250 kept in the demonstration's inbox"

    def take(self, content: bytes) -> None:
        """Keep a mail."""
        self.count += 1
        found: Message = message_from_bytes(content, policy=default)
        self.caught.appendleft(Caught(self.count, cast(EmailMessage, found), utc_now()))

    async def look_for_letters(self, engine: AsyncEngine) -> None:
        """Keep the letters that were begun since the last look; printing them is still an employee's step."""
        async with read_session(engine) as session:
            found, self._letters_after = await letters_begun(session, after=self._letters_after, most=MAILS_KEPT)
        self.letters.extendleft(found)

    async def take_code_letters(self, engine: AsyncEngine, *, key: bytes) -> None:
        """Take the letters with codes that wait for the printer, which a demonstration has none for."""
        now = utc_now()
        async with unit_of_work(engine) as session:
            number = await next_mailing(session)
            found = [worded(one, key=key) for one in await take_letters(session, mailing=number, now=now)]
        for one in found:
            to = f"{one.name}, {one.address}"
            letter = CaughtMessage(channel=Channel.POST, to=to, subject=one.subject, text=one.body, at=now)
            self.letters.appendleft(letter)

    def messages(self) -> list[CaughtMessage]:
        """Give everything that is kept, the last first."""
        found = [*(_as_message(one) for one in self.caught), *self.texts, *self.letters]
        return sorted(found, key=lambda one: one.at, reverse=True)

    async def open(self) -> int | None:
        """Begin to take mail on a port of this machine, and give it; None where the library for that is not there."""
        if find_spec("aiosmtpd") is None:
            return None
        from aiosmtpd.smtp import SMTP

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self), host="127.0.0.1", port=0)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stop taking mail."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def routes(self) -> list[Route]:
        """Give the pages: all mails, one mail, one attachment."""
        return [
            Route("/inbox", self._all),
            Route("/inbox/{number:int}", self._one),
            Route("/inbox/{number:int}/{part:int}", self._attachment),
        ]

    async def _all(self, request: Request) -> Response:
        rows = "".join(
            f"<li><a href='/inbox/{one.number}'>{escape(str(one.mail['subject']))}</a> to {escape(str(one.mail['to']))}"
            f", {escape(str(one.mail['date']))}</li>"
            for one in self.caught
        )
        body = f"<ul>{rows}</ul>" if rows else "<p>No mail yet.</p>"
        body += _listed("Text messages", self.texts) + _listed("Letters", self.letters)
        return HTMLResponse(PAGE.format(title="Inbox", body=body), headers=HEADERS)

    async def _one(self, request: Request) -> Response:
        found = self._found(request)
        if found is None:
            return HTMLResponse(PAGE.format(title="No such mail", body=""), status_code=404, headers=HEADERS)
        names = ("From", "To", "Subject", "Date", "Message-ID")
        heads = "".join(f"<tr><th align='left'>{name}<td>{escape(str(found.mail[name]))}" for name in names)
        text = found.mail.get_body(preferencelist=("plain",))
        files = "".join(
            f"<li><a href='/inbox/{found.number}/{n}'>{escape(part.get_filename() or '')}</a></li>"
            for n, part in enumerate(found.mail.iter_attachments())
        )
        words = escape("" if text is None else text.get_content())
        body = f"<table>{heads}</table><pre>{words}</pre><ul>{files}</ul><p><a href='/inbox'>All mails</a></p>"
        return HTMLResponse(PAGE.format(title=escape(str(found.mail["subject"])), body=body), headers=HEADERS)

    async def _attachment(self, request: Request) -> Response:
        found = self._found(request)
        parts = [] if found is None else list(found.mail.iter_attachments())
        number = request.path_params["part"]
        if number >= len(parts):
            return HTMLResponse(PAGE.format(title="No such file", body=""), status_code=404, headers=HEADERS)
        content = parts[number].get_payload(decode=True)
        assert isinstance(content, bytes)
        name = (parts[number].get_filename() or "file").replace('"', "")
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=parts[number].get_content_type(), headers=headers)

    def _found(self, request: Request) -> Caught | None:
        number = request.path_params["number"]
        return next((one for one in self.caught if one.number == number), None)


def _as_message(one: Caught) -> CaughtMessage:
    words = one.mail.get_body(preferencelist=("plain",))
    files = tuple(
        CaughtFile(
            name=part.get_filename() or "", media_type=part.get_content_type(), path=f"/inbox/{one.number}/{number}"
        )
        for number, part in enumerate(one.mail.iter_attachments())
    )
    return CaughtMessage(
        channel=Channel.EMAIL,
        to=str(one.mail["to"]),
        subject=str(one.mail["subject"]),
        text="" if words is None else words.get_content().replace("\r\n", "\n"),
        at=one.at,
        files=files,
    )


def _listed(title: str, messages: Iterable[CaughtMessage]) -> str:
    rows = "".join(
        f"<li>{escape(one.subject or one.text)} to {escape(one.to)}, {one.at:%Y-%m-%d %H:%M}"
        f"<pre>{escape(one.text if one.subject else '')}</pre></li>"
        for one in messages
    )
    return f"<h2>{title}</h2><ul>{rows}</ul>" if rows else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Keeps a copy of each text message that a gateway took; without a gateway it takes them itself."""

    inbox: Inbox
    gateway: Carrier | None

    async def carry(self, notice: WaitingNotice, *, subject: str, body: str, now: datetime) -> Handed:
        """Hand a text message over, and keep it if it was taken."""
        handed = Handed(outcome=ReceiptOutcome.ACCEPTED, detail="kept in the demonstration's inbox")
        if self.gateway is not None:
            handed = await self.gateway.carry(notice, subject=subject, body=body, now=now)
        if handed.outcome is ReceiptOutcome.ACCEPTED:
            copy = CaughtMessage(channel=Channel.SMS, to=notice.address, subject="", text=body, at=now)
            self.inbox.texts.appendleft(copy)
        return handed


@asynccontextmanager
async def delivering(
    inbox: Inbox | None, *, engine: AsyncEngine, settings: Settings, key: bytes
) -> AsyncIterator[None]:
    """Have the demonstration deliver invoices, notices and codes into its inbox; elsewhere workers do.

    `key` is the server's secret, by which secrets are sealed and of which codes are made.
    """
    port = None if inbox is None else await inbox.open()
    if inbox is None or port is None:
        yield
        return
    into = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none", "mail_sender": "invoices@demo.example"}
    if settings.public_url is None:
        into |= {"public_url": f"http://{settings.host}:{settings.port}"}
    told = settings.model_copy(update=into)
    tasks = [asyncio.create_task(_deliver_on(engine, inbox=inbox, settings=told, key=key))]
    if settings.database_url is not None:
        tasks.append(asyncio.create_task(watch_webhooks(settings.database_url, settings=settings, secret=key)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        inbox.close()


async def _deliver_on(engine: AsyncEngine, *, inbox: Inbox, settings: Settings, key: bytes) -> None:
    carriers = carriers_of(settings, secret=key)
    carriers[Channel.SMS] = Witness(inbox=inbox, gateway=carriers.get(Channel.SMS))
    while True:
        try:
            texts = carriers[Channel.SMS]
            await messages_of(engine, settings=settings, key=key, now=utc_now(), texts=texts)
            await inbox.take_code_letters(engine, key=key)
            await day_of_mail(engine, settings=settings, now=utc_now())
            seal = Seal(key)
            await day_of_notices(engine, settings=settings, seal=seal, now=utc_now(), carriers=carriers)
            await inbox.look_for_letters(engine)
        except (DBAPIError, OSError) as failure:
            log.warning("the demonstration's mail waits", reason=str(failure))
        except Exception:
            log.exception("the demonstration's mail waits for a mistake of ours")
        await asyncio.sleep(PAUSE_SECONDS)
