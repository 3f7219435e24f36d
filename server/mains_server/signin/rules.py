"""Calculations of the sign-in room: hashes, and how failures slow guessing down."""

from __future__ import annotations

import functools
import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from pwdlib import PasswordHash

from mains_server.access.records import OPERATORS, Grant, GrantRole, Permission, Viewer
from mains_server.access.rules import plain_email

FAILURES_MAX = 10
FAILURE_WINDOW = timedelta(minutes=15)
PASSWORD_CHARACTERS_MIN = 10
PASSWORD_CHARACTERS_MAX = 1000
ACCESS_LASTS_MAX = timedelta(minutes=60)
SESSION_LASTS_MAX = timedelta(days=180)
PROOF_LASTS_FOR = timedelta(minutes=5)
# So long can be asked what was sent to whom and what was begun in somebody's name; a letter's code is good for 14 days.
ENDED_KEPT_FOR = timedelta(days=30)
LOOK_MINUTES_MAX = 30
REASON_LENGTH_MIN, REASON_LENGTH_MAX = 3, 500
STAFF_WHO_LOOK = OPERATORS
TABS_RACE_FOR = timedelta(seconds=10)
DEVICE_CHARACTERS_MAX = 200
LETTERS_MIN = 4

_ARGON2ID = PasswordHash.recommended()


def retry_at(*, failures: Sequence[datetime], now: datetime) -> datetime | None:
    """Work out when the next attempt is allowed after these failures; None means now."""
    recent = sorted(at for at in failures if at > now - FAILURE_WINDOW)
    return recent[-FAILURES_MAX] + FAILURE_WINDOW if len(recent) >= FAILURES_MAX else None


class Ending(Protocol):
    """What ends at a moment, or was ended before."""

    ends_at: datetime
    revoked_at: datetime | None


def is_alive(ending: Ending, *, now: datetime) -> bool:
    """Tell whether a session holds now."""
    return now < ending.ends_at and ending.revoked_at is None


def session_end(*, created_at: datetime, now: datetime, lifetime: timedelta) -> datetime:
    """Work out until when a session can be refreshed that is used now: not for ever, however often it is."""
    return max(now, min(now + lifetime, created_at + max(lifetime, SESSION_LASTS_MAX)))


def device_name(text: str) -> str:
    """Keep of a device's name for itself what can be shown."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * DEVICE_CHARACTERS_MAX])
    return " ".join(shown.split())[:DEVICE_CHARACTERS_MAX]


def token_hash(token: str) -> bytes:
    """Hash a session token; it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(_bytes(token)).digest()


def email_hash(email: str) -> bytes:
    """Hash an address, so that failures are counted without keeping addresses of people we do not know."""
    return hashlib.sha256(_bytes(plain_email(email))).digest()


def is_storable(text: str) -> bool:
    """Tell whether the database can hold the text at all; no person has an address that it cannot."""
    return "\x00" not in text and text.isprintable()


def hash_password(password: str) -> str:
    """Turn a password into an argon2id hash; takes tens of milliseconds, so it runs beside the event loop."""
    return _ARGON2ID.hash(_normal(password))


def check_password(*, password: str, stored: str | None) -> tuple[bool, str | None]:
    """Compare a password with a stored hash, and give a fresh hash where the stored one has become too weak.

    Without a stored hash, or with an overlong password, the same work is done for nothing, so that time tells nobody
    which addresses are known.
    """
    decoy = _decoy_hash()
    if stored is None or len(password) > PASSWORD_CHARACTERS_MAX:
        _ARGON2ID.verify(_normal(password[:PASSWORD_CHARACTERS_MAX]), decoy)
        return False, None
    return _ARGON2ID.verify_and_update(_normal(password), stored)


def is_common(password: str, *, about: Sequence[str]) -> bool:
    """Tell whether a password is one that many people have, repeats a few letters, or is made of what it is about."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    bare = "".join(letter for letter in plain if letter.isalnum())
    known = _common_passwords()
    if plain in known or bare in known or bare.rstrip("0123456789") in known or len(set(plain)) < LETTERS_MIN:
        return True
    words = [word for text in about for word in (text, text.partition("@")[0])]
    names = {"".join(letter for letter in word.casefold() if letter.isalnum()) for word in words}
    return bare in names or bare.strip("0123456789") in names - {""}


@functools.cache
def _common_passwords() -> frozenset[str]:
    """Thirty thousand passwords that people had, by how often; loaded when the first one is set."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


@functools.cache
def _decoy_hash() -> str:
    return _ARGON2ID.hash(b"no person has this hash")


def _normal(password: str) -> bytes:
    """The same password typed on another keyboard may come composed differently."""
    return _bytes(unicodedata.normalize("NFKC", password))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def as_customer(viewer: Viewer, *, customer_id: int, is_on: bool) -> Viewer | None:
    """Make an employee see what a customer's owner sees, and nothing else; None once that is over.

    It is over too when the employee has no role any more in which one may look.
    """
    if not is_on or not viewer.staff & STAFF_WHO_LOOK:
        return None
    seen = Grant(customer_id=customer_id, role=GrantRole.OWNER, permissions=frozenset({Permission.VIEW}))
    return replace(viewer, grants=(seen,), staff=frozenset(), looks_as=customer_id)
