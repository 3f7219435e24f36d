"""Messages in words: templates in three languages, with dates, money and plural forms as each language writes them.

A template is a table in `texts/<language>.toml` with `subject`, `text` and, for text messages, `sms`. `{name}` is a
value; `{days#one=day|other=days}` is the word that goes with a number, by the plural forms of CLDR;
`{commodity#heat=heat|other=supply}` is the word for a value, or for any other one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal
from mains_spi import NOTICE_PLACE

from mains_server.customers.rules import LOCALES
from mains_server.notifications.records import Amount, Channel, Spoken, Value, Words
from mains_server.notifications.wordings import Wording

LANGUAGES = ("lv", "en", "ru")
FALLBACK = "lv"
PLACE = NOTICE_PLACE
DATES = {"lv": "dd.MM.y.", "en": "long", "ru": "long"}
"""Latvian puts the month into the case that its preposition asks for, which CLDR does not know; figures have none."""
CLOCK = {"lv": " plkst. ", "en": ", ", "ru": ", "}
"""What stands between a day and a time."""
NAMED = frozenset({"commodity", "kind"})
"""Places whose word goes with a name, not with a number; what has no word of its own has `other`."""
OPEN, CLOSE = "⟦", "⟧"
"""Around the name of a secret in words that are kept; what others write never has them."""


class TemplateUnknown(Exception):
    """There is no such template, or not in this language; the message names both."""


class ValueMissing(Exception):
    """A template has a place that nothing was given for, or a plural of what is no number."""


def written(
    template: str,
    *,
    channel: Channel,
    language: str,
    values: Mapping[str, Value],
    hidden: frozenset[str],
    zone: str,
    wording: Wording | None = None,
) -> Words:
    """Write a template, in a utility's own `wording` where it has one.

    The `hidden` names are secrets, whose places stay marked until `revealed` fills them.
    """
    own = language if language in LANGUAGES else FALLBACK
    parts = template_of(template, language=own) if wording is None else wording[own]
    body = parts["sms"] if channel is Channel.SMS else parts["text"]

    def fill(found: re.Match[str]) -> str:
        name, forms = found.group(1), found.group(2)
        if name in hidden:
            return f"{OPEN}{name}{CLOSE}"
        if name not in values:
            raise ValueMissing(f"{template} in {own} has no value for {name!r}")
        value = values[name]
        if forms is not None:
            return _word(value, forms) if name in NAMED else _plural(value, forms, language=own)
        text = shown(value, language=own, zone=zone)
        ends_sentence = found.string[found.end() : found.end() + 1] == "."
        return text.removesuffix(".") if ends_sentence else text

    subject = " ".join(PLACE.sub(fill, parts["subject"]).split())
    return Words(subject=subject, body=PLACE.sub(fill, body), version=fingerprint(parts))


SAMPLES: Mapping[str, Value] = {
    **dict.fromkeys(("until", "at"), datetime(2024, 2, 10, 10, 0, tzinfo=UTC)),
    **dict.fromkeys(("due", "day", "starts", "ends", "opens", "closes"), date(2024, 2, 10)),
    **dict.fromkeys(("minutes", "days", "stage"), 3),
    **dict.fromkeys(
        ("amount", "new_amount", "old_amount", "base", "difference"), Amount(amount=Decimal("12345.60"), currency="EUR")
    ),
    "name": "Anna Ozola",
    "commodity": "heat",
    "kind": "REPAIR",
}
SECRETS = frozenset({"code", "link"})


def sample(template: str, *, channel: Channel, language: str, wording: Wording | None = None) -> Words:
    """Write a template with values made up, to be looked at; what has none shows its own name."""
    if language not in LANGUAGES:
        raise TemplateUnknown(f"there are no templates in {language!r}")
    parts = template_of(template, language=language) if wording is None else wording[language]
    names = {found.group(1) for part in parts.values() for found in PLACE.finditer(part)}
    values = {name: SAMPLES.get(name, f"[{name}]") for name in names - SECRETS}
    return written(
        template,
        channel=channel,
        language=language,
        values=values,
        hidden=SECRETS & names,
        zone="Europe/Riga",
        wording=wording,
    )


def revealed(text: str, *, secrets: Mapping[str, str]) -> str:
    """Fill the marked places of words with the secrets they stand for."""
    for name, value in secrets.items():
        text = text.replace(f"{OPEN}{name}{CLOSE}", value)
    return text


def template_of(name: str, *, language: str) -> Mapping[str, str]:
    """Give a template's parts in a language; raises `TemplateUnknown`."""
    found = catalogue(language).get(name)
    if found is None:
        raise TemplateUnknown(f"there is no template {name!r} in {language}")
    return found


@cache
def catalogue(language: str) -> Mapping[str, Mapping[str, str]]:
    """Read all templates of a language."""
    text = files("mains_server.notifications").joinpath("texts", f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def version_of(name: str, *, language: str) -> str:
    """Give the fingerprint of the server's own words for a template."""
    return fingerprint(template_of(name, language=language))


def fingerprint(parts: Mapping[str, str]) -> str:
    """Give the fingerprint of words, so that a receipt says which wording was sent, the server's or a utility's."""
    return sha256("\0".join(f"{part}={parts[part]}" for part in sorted(parts)).encode()).hexdigest()[:12]


def shown(value: Value, *, language: str, zone: str) -> str:
    """Write a value as a language does: `01.02.2024.`, `12 345,60 €`."""
    if isinstance(value, Amount):
        return (
            format_currency(value.amount, value.currency, locale=LOCALES[language])
            .replace("\xa0", " ")
            .replace("\u202f", " ")
        )
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(zone))
        day = format_date(local.date(), DATES[language], locale=LOCALES[language])
        return _plain(f"{day}{CLOCK[language]}{format_time(local.time(), 'HH:mm', locale=LOCALES[language])}")
    if isinstance(value, date):
        return _plain(format_date(value, DATES[language], locale=LOCALES[language]))
    if isinstance(value, Decimal):
        return _plain(format_decimal(value, locale=LOCALES[language], decimal_quantization=False))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Spoken):
        value = value.said(language)
    return value.replace(OPEN, "(").replace(CLOSE, ")")


def packed(values: Mapping[str, Value]) -> dict[str, Any]:
    """Give values as JSON that `unpacked` reads back exactly."""
    return {name: _packed(value) for name, value in values.items()}


def unpacked(values: Mapping[str, Any]) -> dict[str, Value]:
    """Read values that were packed."""
    return {name: _unpacked(value) for name, value in values.items()}


def _plain(text: str) -> str:
    """Write the narrow and unbreakable spaces of CLDR as spaces, which every mail program and phone shows alike."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


def _word(value: Value, forms: str) -> str:
    by_value = dict(form.split("=", 1) for form in forms.split("|"))
    return by_value.get(str(value), by_value["other"])


def _plural(value: Value, forms: str, *, language: str) -> str:
    if not isinstance(value, int):
        raise ValueMissing(f"a plural needs a whole number, not {value!r}")
    by_form = dict(form.split("=", 1) for form in forms.split("|"))
    return by_form[_locale(language).plural_form(value)]


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(LOCALES[language])


def _packed(value: Value) -> Any:
    if isinstance(value, Amount):
        return {"amount": str(value.amount), "currency": value.currency}
    if isinstance(value, Spoken):
        return {"words": value.words, "lv": value.lv, "en": value.en, "ru": value.ru}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    return value


def _unpacked(value: Any) -> Value:
    if not isinstance(value, dict):
        plain: Value = value
        return plain
    if "amount" in value:
        return Amount(amount=Decimal(value["amount"]), currency=value["currency"])
    if "words" in value:
        return Spoken(**value)
    if "at" in value:
        return datetime.fromisoformat(value["at"])
    if "date" in value:
        return date.fromisoformat(value["date"])
    return Decimal(value["number"])
