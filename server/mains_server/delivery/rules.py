"""Addresses, the name of a mail, and when it is tried again. Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from mains_server.delivery.records import Envelope

# One mailbox without comments or quotes; whoever has another kind gets letters.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}", re.ASCII)
ADDRESS_CHARACTERS_MAX = 254
FIRST_PAUSE = timedelta(minutes=5)
PAUSE_MAX = timedelta(hours=6)


def mail_address(text: str | None) -> str | None:
    """Give an address that mail can be sent to; None where there is none, or none that a server would take."""
    plain = (text or "").strip()
    is_usable = len(plain) <= ADDRESS_CHARACTERS_MAX and ADDRESS.fullmatch(plain) is not None
    return plain if is_usable else None


def postal_address(envelope: Envelope) -> str | None:
    """Give the address of a letter in one line; None where street or town is missing."""
    line, city = envelope.address_line.strip(), envelope.address_city.strip()
    if not line or not city:
        return None
    return ", ".join(part for part in (line, city, envelope.address_postcode, envelope.address_country) if part)


def message_id(envelope: Envelope, *, sender: str) -> str:
    """Name a mail by its delivery, so that one that was sent twice is seen to be the same."""
    return f"<delivery-{envelope.delivery_id}.{envelope.document_number.lower()}@{sender.rpartition('@')[2]}>"


def pause(tries: int) -> timedelta:
    """Give the time until the next try after so many: five minutes, then twice as long each time, six hours at most."""
    return min(FIRST_PAUSE * (1 << min(max(tries - 1, 0), 16)), PAUSE_MAX)
