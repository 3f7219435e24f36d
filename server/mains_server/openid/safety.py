"""What a provider may be reached by and sign with; here, so that reading the settings loads no cryptography."""

from __future__ import annotations

from urllib.parse import urlsplit

# Signatures by a key that only the provider has; never one by a secret that is shared, and never none.
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def is_safe_address(address: str) -> bool:
    """Tell whether what is sent to an address can be read by nobody on the way."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
