"""Whom passkeys are made for, as an operator set it up."""

from __future__ import annotations

from mains_server.passkeys.records import RelyingParty
from mains_server.passkeys.safety import LOCAL
from mains_server.settings import Mode, Settings


def relying_party_of(settings: Settings) -> RelyingParty | None:
    """Give whom passkeys are made for; None where they are off. A demonstration has them on this machine."""
    if settings.passkey_domain is not None:
        return RelyingParty(id=settings.passkey_domain, name=settings.passkey_name, origins=settings.passkey_origins)
    if settings.mode is not Mode.DEMO:
        return None
    return RelyingParty(id=LOCAL, name=settings.passkey_name, origins=frozenset({f"http://{LOCAL}:{settings.port}"}))
