"""`/notices/refuse/{token}`: one refuses a topic without signing in, by a page, or by one click of a mail program.

A GET changes nothing, since mail scanners open every link; the page has a button, which POSTs as RFC 8058 has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from html import escape
from io import BytesIO

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mains_server.db.unit_of_work import read_session, unit_of_work
from mains_server.notifications.queries import addressees
from mains_server.notifications.records import Choice, Topic
from mains_server.notifications.refusing import RefusalLinks, refuse_topic
from mains_server.notifications.templates import FALLBACK
from mains_server.notifications.topics import Utilities, own_topics_of
from mains_server.routes.answers import answered, receive_body, utc_now

BODY_BYTES_MAX = 10_000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
TOPICS: Mapping[str, Mapping[Topic, str]] = {
    "lv": {
        Topic.OFFERS: "Piedāvājumi",
        Topic.PAYMENT: "Saņemtie maksājumi",
        Topic.READING_WINDOW: "Atgādinājumi par skaitītāju rādījumiem",
    },
    "en": {
        Topic.OFFERS: "Offers",
        Topic.PAYMENT: "Payments received",
        Topic.READING_WINDOW: "Reminders of meter readings",
    },
    "ru": {
        Topic.OFFERS: "Предложения",
        Topic.PAYMENT: "Полученные платежи",
        Topic.READING_WINDOW: "Напоминания о показаниях счётчиков",
    },
}
NEWS = {"lv": "Paziņojumi", "en": "Announcements", "ru": "Объявления"}
"""What a topic is called that its utility does not have any more."""
ASKED = {"lv": "Vairs nesaņemt", "en": "Do not send any more", "ru": "Больше не присылать"}
DONE = {
    "lv": "Šādas ziņas vairs nesūtīsim. Tās būs redzamas klientu portālā.",
    "en": "We will not send these any more. You find them in the customer portal.",
    "ru": "Мы больше не будем присылать такие сообщения. Они видны на портале клиентов.",
}
UNKNOWN = "Saite nav derīga. / This link is not valid. / Ссылка недействительна."
PAGE = (
    "<!doctype html><html lang='{language}'><meta charset='utf-8'>"
    "<meta name='viewport' content='width=device-width, initial-scale=1'><title>{title}</title>"
    "<h1>{title}</h1>{body}</html>"
)


def refusal_route(
    *,
    engine: AsyncEngine,
    links: RefusalLinks,
    utilities: Utilities | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Route:
    """Make the route; twice is once, and a link that is not ours is told nothing."""

    @answered
    async def ask(request: Request) -> Response:
        found = links.read(request.path_params["token"])
        if found is None:
            return _page("lv", UNKNOWN, "", status=404)
        language = await _language(engine, customer_id=found.customer_id)
        title = _title(found, language=language, utilities=utilities)
        if request.method != "POST":
            return _page(language, title, f"<form method='post'><button>{escape(ASKED[language])}</button></form>")
        await receive_body(request, into=BytesIO(), bytes_max=BODY_BYTES_MAX)
        async with unit_of_work(engine) as session:
            await refuse_topic(session, choice=found, now=clock())
        return _page(language, title, f"<p role='status'>{escape(DONE[language])}</p>")

    return Route("/notices/refuse/{token}", ask, methods=["GET", "POST"])


def _title(choice: Choice, *, language: str, utilities: Utilities | None) -> str:
    if choice.topic is not Topic.UTILITY:
        return TOPICS[language][choice.topic]
    own = own_topics_of(utilities or {}).get((choice.adapter or "", choice.own_topic or ""))
    return NEWS[language] if own is None else str(getattr(own.labels, language))


async def _language(engine: AsyncEngine, *, customer_id: int) -> str:
    async with read_session(engine) as session:
        customers, _ = await addressees(session, customer_ids=[customer_id], person_ids=[])
    known = customers.get(customer_id)
    return known.language if known is not None and known.language in TOPICS else FALLBACK


def _page(language: str, title: str, body: str, *, status: int = 200) -> Response:
    shown = PAGE.format(language=language, title=escape(title), body=body)
    return HTMLResponse(shown, status_code=status, headers=HEADERS)
