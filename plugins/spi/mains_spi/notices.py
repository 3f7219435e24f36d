"""Notices in a utility's own words, and topics of its own: what may be declared, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from mains_spi.labels import Labels
from mains_spi.record import Record

NOTICE_LANGUAGES = ("lv", "en", "ru")
NOTICE_PLACE = re.compile(r"\{([a-z_]+)(?:#([^{}]*))?\}")
"""`{due}` is a value; `{days#one=day|other=days}` the word that goes with a number."""
PLURAL_FORMS: Mapping[str, tuple[str, ...]] = {
    "lv": ("zero", "one", "other"),
    "en": ("one", "other"),
    "ru": ("one", "few", "many", "other"),
}
"""The plural forms that CLDR tells apart in each language."""
SUBJECT_CHARACTERS_MAX = 200
TEXT_CHARACTERS_MAX = 10_000
SMS_CHARACTERS_MAX = 600
COUNTED_PLACES = frozenset({"days", "stage"})
"""Places that are whole numbers, so that a word can go with them."""

TOPIC_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
TOPICS_MAX = 20

_INVOICE = frozenset({"name", "invoice", "amount", "due"})
_APPLICATION = frozenset({"name", "sent"})
NOTICE_PLACES: Mapping[str, frozenset[str]] = {
    "invoice_ready": _INVOICE,
    "invoice_below_nothing": frozenset({"name", "invoice", "amount"}),
    "credit_ready": frozenset({"name", "invoice", "amount", "taken"}),
    "credit_withdrawn": frozenset({"name", "invoice", "amount", "taken"}),
    "due_soon": _INVOICE | {"days"},
    "overdue": _INVOICE | {"days", "stage"},
    "overdue_with_fee": _INVOICE | {"days", "stage"},
    "levelled_due": frozenset({"name", "contract", "amount", "due", "days"}),
    "levelled_changed": frozenset(
        {"name", "contract", "starts", "new_amount", "old_amount", "base", "difference"},
    ),
    "reading_window_opens": frozenset({"name", "address", "opens", "closes", "days"}),
    "reading_window_closes": frozenset({"name", "address", "opens", "closes", "days"}),
    "price_period_ends": frozenset({"name", "contract", "ends"}),
    "debt_arranged": frozenset({"name", "contract"}),
    "application_received": _APPLICATION,
    "application_question": _APPLICATION | {"note"},
    "application_forwarded": _APPLICATION,
    "application_answered": _APPLICATION | {"note"},
    "application_offer": _APPLICATION | {"amount", "until"},
    "application_accepted": _APPLICATION,
    "application_done": _APPLICATION,
    "application_rejected": _APPLICATION | {"note"},
}
"""What a utility may word, by template, with the places that have a value there. Accounts, passwords and payments
belong to no one utility, and outages to the network's operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeWords(Record):
    """A notice in one language: a mail's or letter's ``subject`` and ``text``, and ``sms`` for text messages."""

    subject: str
    text: str
    sms: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText(Record):
    """How a utility words one of the notices of `NOTICE_PLACES`, in each language."""

    template: str
    lv: NoticeWords
    en: NoticeWords
    ru: NoticeWords


class NoticeChannel(Enum):
    """By which road a notice goes; PORTAL is the inbox of the portal."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    POST = "POST"
    PORTAL = "PORTAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTopic(Record):
    """A topic of a utility's own, which announcements are about and customers choose channels for.

    ``about`` says in a sentence what customers hear of. ``is_refusable``: nobody has to be told, so that a customer may
    choose no channel, and each mail has a link to refuse it; what a law or contract asks for is not. ``channels`` are
    tried in this order where a customer has chosen none; what is not refusable ends in a letter besides.
    """

    code: str
    labels: Labels
    about: Labels
    is_refusable: bool
    channels: tuple[NoticeChannel, ...] = (NoticeChannel.EMAIL,)


def topic_mistakes(topics: tuple[NoticeTopic, ...]) -> Iterator[str]:
    """Find what no topic may be: a code that is none or there twice, a language left out, channels none or twice."""
    codes = [topic.code for topic in topics]
    if len(topics) > TOPICS_MAX:
        yield f"notice_topics: there are {len(topics)}: customers choose among {TOPICS_MAX} at most"
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield f"notice_topics: {code!r} is there twice: keep one"
    for topic in topics:
        where = f"notice_topics: {topic.code!r}"
        if TOPIC_CODE.fullmatch(topic.code) is None:
            yield f"{where} is no code: write small letters, digits and `_`, at most 40"
        for name in ("labels", "about"):
            words: Labels = getattr(topic, name)
            for language in NOTICE_LANGUAGES:
                if not getattr(words, language).strip():
                    yield f"{where} has no {name} in {language!r}"
        if not topic.channels or len(set(topic.channels)) < len(topic.channels):
            yield f"{where} names no channel, or one twice: name each once, in the order to try"


def notice_mistakes(texts: tuple[NoticeText, ...]) -> Iterator[str]:
    """Find what no wording may be: a template nobody sends, a language left out, an unknown place, a wrong plural."""
    names = [text.template for text in texts]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"notice_texts: {name!r} is worded twice: keep one"
    for text in texts:
        known = NOTICE_PLACES.get(text.template)
        if known is None:
            yield f"notice_texts: {text.template!r} is no notice that a utility may word: {', '.join(NOTICE_PLACES)}"
            continue
        for language in NOTICE_LANGUAGES:
            words: NoticeWords = getattr(text, language)
            where = f"notice {text.template} in {language!r}"
            yield from (f"{where}: {mistake}" for mistake in _words_mistakes(words, language=language, known=known))
        yield from _uneven_places(text)


def _words_mistakes(words: NoticeWords, *, language: str, known: frozenset[str]) -> Iterator[str]:
    parts = (
        ("subject", words.subject, SUBJECT_CHARACTERS_MAX),
        ("text", words.text, TEXT_CHARACTERS_MAX),
        ("sms", words.sms, SMS_CHARACTERS_MAX),
    )
    for part, written, most in parts:
        if not written.strip():
            yield f"{part} is missing: a customer with that language would read nothing"
        if len(written) > most:
            yield f"{part} has {len(written)} characters: at most {most}"
        if part != "text" and "\n" in written:
            yield f"{part} has more than one line"
        yield from (f"{part} {mistake}" for mistake in _place_mistakes(written, language=language, known=known))


def _place_mistakes(written: str, *, language: str, known: frozenset[str]) -> Iterator[str]:
    if any(letter in NOTICE_PLACE.sub("", written) for letter in "{}⟦⟧"):
        yield "has a bracket that belongs to no place: write {name} or {days#one=day|other=days}"
    for found in NOTICE_PLACE.finditer(written):
        name, forms = found.group(1), found.group(2)
        if name not in known:
            yield f"has the place {{{name}}}, which has no value there: there are {', '.join(sorted(known))}"
        if forms is not None:
            yield from _plural_mistakes(name, forms, language=language)


def _plural_mistakes(name: str, forms: str, *, language: str) -> Iterator[str]:
    if name not in COUNTED_PLACES:
        yield f"has a plural of {{{name}}}, which is no whole number: {', '.join(sorted(COUNTED_PLACES))} are"
    given = [form.partition("=")[0] for form in forms.split("|")]
    wanted = PLURAL_FORMS[language]
    if sorted(given) != sorted(wanted):
        yield f"has the plural {forms!r}: give each of {', '.join(wanted)} once"
    if any("=" not in form for form in forms.split("|")):
        yield f"has the plural {forms!r}: write each form as one=day"


def _uneven_places(text: NoticeText) -> Iterator[str]:
    """Find what one language tells and another leaves out; Latvian is compared with."""
    for part in ("subject", "text", "sms"):
        told = _places(getattr(text.lv, part))
        for language in ("en", "ru"):
            other = _places(getattr(getattr(text, language), part))
            for name in sorted(told ^ other):
                lacking = language if name in told else "lv"
                yield f"notice {text.template}: {part} has {{{name}}} in some languages, not in {lacking!r}"


def _places(written: str) -> frozenset[str]:
    return frozenset(found.group(1) for found in NOTICE_PLACE.finditer(written))
