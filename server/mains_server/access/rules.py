"""When a grant counts, how an e-mail address is compared, and by what a network address is known."""

from __future__ import annotations

import hashlib
from datetime import datetime
from ipaddress import ip_address, ip_network

from mains_server.access.records import Permission

OWNER_PERMISSIONS = frozenset(Permission)
IPV6_HOUSEHOLD_BITS = 64


def is_active(*, starts_at: datetime, ends_at: datetime | None, now: datetime) -> bool:
    """Tell whether a right that holds in [starts_at, ends_at) holds now."""
    return starts_at <= now and (ends_at is None or now < ends_at)


def plain_email(email: str) -> str:
    """Write an e-mail address the one way it is compared: without spaces around it, in small letters."""
    return email.strip().lower()


def address_hash(address: str) -> str:
    """Hash a network address; of IPv6 the network that one household or company has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()
    text = str(parsed if parsed.version == 4 else ip_network((parsed, IPV6_HOUSEHOLD_BITS), strict=False))
    return hashlib.sha256(text.encode()).hexdigest()
