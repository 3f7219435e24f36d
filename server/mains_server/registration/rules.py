"""Which customer is meant, and where its code goes."""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from mains_server.access.rules import plain_email
from mains_server.delivery.rules import mail_address
from mains_server.notifications.rules import dialled
from mains_server.registration.records import Candidate
from mains_server.signin.records import MessageRoad
from mains_server.signin.throttling import Bound

NUMBER_CHARACTERS_MAX = 64
IDENTIFIER_CHARACTERS_MAX = 64
NAME_CHARACTERS_MAX = 200
TRIES_MAX = 5
# A letter takes days, so a registration waits for it; codes that were mailed or texted end sooner.
LASTS_FOR = timedelta(days=14)
CODE_LASTS_FOR = timedelta(hours=1)
OF_NUMBER = Bound("registration of number", 5, timedelta(hours=1))
OF_NETWORK = Bound("registration of network", 20, timedelta(minutes=15))
OF_PERSON = Bound("registration of person", 5, timedelta(hours=1))
OF_EMAIL = Bound("registration of email", 5, timedelta(hours=1))
OF_ALL = Bound("registration of all", 2_000, timedelta(minutes=15))
CONFIRMED_OF_NETWORK = Bound("registration confirmed of network", 40, timedelta(minutes=15))


def plain_number(text: str) -> str:
    """Write a customer's or contract's number the one way it is compared: capitals and figures only."""
    return re.sub(r"[^0-9A-Z]", "", text[:NUMBER_CHARACTERS_MAX].upper())


def plain_identifier(text: str) -> str:
    """Write a personal code or registration number without what stands between its figures and letters."""
    return re.sub(r"[^0-9A-Z]", "", text[:IDENTIFIER_CHARACTERS_MAX].upper())


def fitting(candidates: Sequence[Candidate], *, identifier: str) -> Candidate | None:
    """Pick the customer whom the identifier proves; every one is compared, and one that is not there too."""
    asked = _digest(identifier)
    found: Candidate | None = None
    for candidate in candidates or (NOBODY,):
        for known in candidate.identifiers:
            is_same = hmac.compare_digest(asked, _digest(known)) and plain_identifier(known) != ""
            found = candidate if is_same and found is None else found
    return found


def road_to(candidate: Candidate, *, wanted: MessageRoad | None = None) -> tuple[MessageRoad, str | None]:
    """Tell by which road a customer is reached, and where: the wanted one if it is on file, else mail, text or letter.

    Who asked is never told which it was, so that nobody learns what is on file.
    """
    on_file: dict[MessageRoad, str | None] = {}
    address = mail_address(candidate.email)
    if address is not None:
        on_file[MessageRoad.EMAIL] = address
    if dialled(candidate.phone) is not None:
        on_file[MessageRoad.SMS] = candidate.phone
    on_file[MessageRoad.LETTER] = None
    road = wanted if wanted in on_file else next(iter(on_file))
    return road, on_file[road]


def is_same_address(one: str | None, other: str) -> bool:
    """Tell whether two e-mail addresses are one."""
    return one is not None and plain_email(one) == plain_email(other)


def code_lifetime(road: MessageRoad) -> timedelta:
    """Say how long a code is good that went by this road."""
    return LASTS_FOR if road is MessageRoad.LETTER else CODE_LASTS_FOR


def _digest(identifier: str) -> bytes:
    return sha256(plain_identifier(identifier).encode()).digest()


NOBODY = Candidate(
    customer_id=0,
    language="lv",
    email=None,
    phone=None,
    identifiers=("", ""),
    owner_email=None,
    owner_language=None,
)
