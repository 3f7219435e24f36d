"""Which domains and pages passkeys may be set up for."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

LOCAL = "localhost"


def misfit_of(*, relying_party: str, origins: Collection[str]) -> str | None:
    """Say what would keep browsers from using passkeys of this domain on these pages; None if nothing would.

    Browsers want the page's host to be the domain or below it, reached by https or on this machine. What begins with
    `android:apk-key-hash:` is an app, which the domain's own file names.
    """
    if relying_party != relying_party.lower() or not all(relying_party.split(".")) or _is_number(relying_party):
        return f"{relying_party!r} is no domain in small letters"
    for origin in origins:
        if origin.startswith("android:apk-key-hash:"):
            continue
        parts = urlsplit(origin)
        host = parts.hostname or ""
        if f"{parts.scheme}://{parts.netloc}" != origin or "@" in parts.netloc:
            return f"{origin!r} is no origin such as https://portal.example"
        if parts.scheme != "https" and not (parts.scheme == "http" and host == LOCAL):
            return f"{origin!r} is not reached by https"
        if host != relying_party and not host.endswith(f".{relying_party}"):
            return f"{origin!r} is not of the domain {relying_party!r}"
    return None


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
