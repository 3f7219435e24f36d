"""Calculations of the outages room: what may be announced, when it is late, and calendars. Pure."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from mains_server.access.records import Refusal
from mains_server.outages.records import NewOutage, Outage, OutageState, Places, Translated, Window

# Latvian practice for planned interruptions, rule 004 of the seed: at least five days before (docs: F1).
NOTICE_AHEAD = timedelta(days=5)
WINDOW_MAX = timedelta(days=30)
AHEAD_MAX = timedelta(days=730)
CAUSE_CHARACTERS_MAX = 500
REFERENCE_CHARACTERS_MAX = 60
PLACES_MAX = 10_000
TOKEN_BYTES = 32
TOKEN_CHARACTERS_MAX = 100
LINE_OCTETS_MAX = 75
LANGUAGES = ("lv", "en", "ru")


class OutageWindowWrong(Refusal):
    """An outage ends after it starts, lasts at most 30 days, is not over, and is at most two years away."""

    code = "WINDOW_WRONG"
    path = "starts"


class OutageReasonWrong(Refusal):
    """A reason is missing or too long."""

    code = "REASON_WRONG"
    path = "reason"


class OutageReferenceWrong(Refusal):
    """A reference is not 1 to 60 printable characters."""

    code = "REFERENCE_WRONG"
    path = "reference"


class OutagePlacesWrong(Refusal):
    """No place is named, or too many are, or one of them is unknown or without this commodity."""

    code = "PLACES_WRONG"
    path = "places"


def require_possible(outage: NewOutage, *, now: datetime) -> None:
    """Refuse an outage that cannot be planned now."""
    require_window(outage.window, now=now)
    require_reason(outage.cause)
    require_translated(outage.cause_in)
    reference = outage.reference
    if reference is not None and (not 1 <= len(reference) <= REFERENCE_CHARACTERS_MAX or not reference.isprintable()):
        raise OutageReferenceWrong(f"a reference has 1 to {REFERENCE_CHARACTERS_MAX} printable characters")
    require_places(outage.places)


def require_window(window: Window, *, now: datetime) -> None:
    """Refuse a window that is reversed, too long, over or far away."""
    if not window.starts < window.ends <= window.starts + WINDOW_MAX:
        raise OutageWindowWrong(f"an outage ends after it starts, and within {WINDOW_MAX.days} days")
    if window.ends <= now:
        raise OutageWindowWrong("an outage that is over cannot be announced")
    if window.starts > now + AHEAD_MAX:
        raise OutageWindowWrong(f"an outage is announced at most {AHEAD_MAX.days} days ahead")


def require_reason(words: str) -> str:
    """Give a reason without outer space; refuse one that is missing or too long."""
    kept = " ".join(words.split())
    if not 1 <= len(kept) <= CAUSE_CHARACTERS_MAX or not kept.isprintable():
        raise OutageReasonWrong(f"say why in 1 to {CAUSE_CHARACTERS_MAX} characters")
    return kept


def require_translated(words: Translated) -> Translated:
    """Give a reason's translations without outer space; refuse one that is empty or too long."""
    kept = {language: getattr(words, language) for language in LANGUAGES}
    return Translated(**{language: None if one is None else require_reason(one) for language, one in kept.items()})


def require_places(places: Places) -> None:
    """Refuse an outage that touches nothing, or names more than one request may."""
    count = len(places.point_ids) + len(places.building_ids) + len(places.identifiers)
    if not count and places.area is None:
        raise OutagePlacesWrong("name supply points, buildings or an area")
    if count > PLACES_MAX:
        raise OutagePlacesWrong(f"name at most {PLACES_MAX} places, or an area")
    area = places.area
    parts = () if area is None else (area.city, area.postcode, area.street)
    if any(part is not None and (not 1 <= len(part.strip()) <= 100 or not part.isprintable()) for part in parts):
        raise OutagePlacesWrong("an area has a town, and perhaps a postcode and a street, of at most 100 characters")


def is_late(window: Window, *, now: datetime) -> bool:
    """Tell whether customers hear less than five full days before."""
    return window.starts - now < NOTICE_AHEAD


def new_token() -> str:
    """Make a token of 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Hash a token; it is random, so a plain hash is enough."""
    return hashlib.sha256(token[:TOKEN_CHARACTERS_MAX].encode("utf-8", "surrogatepass")).hexdigest()


def calendar_of(outages: Iterable[tuple[Outage, str]], *, name: str) -> str:
    """Word outages, each with where it is, as a calendar by RFC 5545.

    The UID of an outage stays, SEQUENCE is how often it was revised, and a cancelled one stays in as CANCELLED so that
    calendars that know it strike it out.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Mains//Outages//EN", "CALSCALE:GREGORIAN"]
    lines += ["METHOD:PUBLISH", f"X-WR-CALNAME:{_escaped(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]
    for outage, where in outages:
        lines += _event(outage, where)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(outage: Outage, where: str) -> list[str]:
    is_off = outage.state is OutageState.CANCELLED
    words = outage.cause if outage.note is None else f"{outage.cause}\n{outage.note}"
    return [
        "BEGIN:VEVENT",
        f"UID:outage-{outage.id}@mains",
        f"SEQUENCE:{outage.revision - 1}",
        f"DTSTAMP:{_stamp(outage.changed_at)}",
        f"CREATED:{_stamp(outage.announced_at)}",
        f"LAST-MODIFIED:{_stamp(outage.changed_at)}",
        f"DTSTART:{_stamp(outage.window.starts)}",
        f"DTEND:{_stamp(outage.window.ends)}",
        f"SUMMARY:{_escaped(f'{outage.commodity}: {outage.cause}')}",
        f"DESCRIPTION:{_escaped(words)}",
        f"LOCATION:{_escaped(where)}",
        f"STATUS:{'CANCELLED' if is_off else 'CONFIRMED'}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(words: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        words = words.replace(plain, escaped)
    return words


def _folded(line: str) -> str:
    """Break a line after at most 75 octets, never inside a character; what follows begins with a space."""
    parts, part, size = [], "", 0
    for letter in line:
        width = len(letter.encode())
        if size + width > LINE_OCTETS_MAX:
            parts.append(part)
            part, size = " ", 1
        part, size = part + letter, size + width
    return "\r\n".join([*parts, part])
