"""An authenticator in the test: it makes real passkeys, signs as a real one does, and can go wrong in every part."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from mains_server.passkeys.records import RelyingParty

DOMAIN = "portal.example"
ORIGIN = "https://portal.example"
PARTY = RelyingParty(id=DOMAIN, name="Mains", origins=frozenset({ORIGIN, "https://lv.portal.example"}))
PRESENT, VERIFIED, SYNCABLE, ATTESTED = 1, 4, 8, 64
IS_THERE = PRESENT | VERIFIED


def b64(raw: bytes) -> str:
    """Write bytes as browsers do: base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Read what browsers write."""
    return urlsafe_b64decode(text + "===")


@dataclass
class Key:
    """A passkey inside the authenticator: of whom, and what signs."""

    handle: bytes
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0

    @property
    def cose(self) -> bytes:
        """Write the public key as COSE does: EC2, ES256, P-256."""
        numbers = self.private.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})


class Authenticator:
    """A device with passkeys; `counts` tells whether it counts what it signs. What is given beside options is a lie."""

    def __init__(self, *, counts: bool = True) -> None:
        self.keys: list[Key] = []
        self.counts = counts

    def make(self, options: str, **lies: Any) -> str:
        """Make a passkey, and give what a browser sends of it."""
        asked = json.loads(options)
        key = lies.get("key") or Key(handle=unb64(asked["user"]["id"]))
        self.keys.append(key)
        head = self._head(asked["rp"]["id"], key, lies, flags=IS_THERE | ATTESTED)
        shown = head + bytes(16) + len(key.credential_id).to_bytes(2, "big") + key.credential_id
        shown += lies.get("cose", key.cose)
        attested = {"fmt": "none", "attStmt": {}, "authData": shown} | lies.get("attested", {})
        response = {
            "clientDataJSON": b64(self._said("webauthn.create", asked, lies)),
            "attestationObject": b64(cbor2.dumps(attested)),
            "transports": ["internal", "hybrid", "telepathy"],
        }
        return self._credential(key, response, lies)

    def sign(self, options: str, *, key: Key | None = None, **lies: Any) -> str:
        """Sign with the passkey that was made last, or a given one, and give what a browser sends."""
        asked, key = json.loads(options), key or self.keys[-1]
        key.count = lies.get("count", key.count + 1 if self.counts else 0)
        shown = self._head(asked["rpId"], key, lies, flags=IS_THERE)
        said = self._said("webauthn.get", asked, lies)
        signature = lies.get("signer", key).private.sign(shown + sha256(said).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": b64(said),
            "authenticatorData": b64(shown),
            "signature": b64(signature),
            "userHandle": b64(lies.get("handle", key.handle)),
        }
        return self._credential(key, response, lies)

    def _head(self, domain: str, key: Key, lies: dict[str, Any], *, flags: int) -> bytes:
        party = sha256(lies.get("domain", domain).encode()).digest()
        return party + bytes([lies.get("flags", flags)]) + key.count.to_bytes(4, "big")

    def _said(self, kind: str, asked: dict[str, Any], lies: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": asked["challenge"], "origin": ORIGIN, "crossOrigin": False}
        return json.dumps(said | lies.get("said", {})).encode()

    def _credential(self, key: Key, response: dict[str, Any], lies: dict[str, Any]) -> str:
        id_ = b64(key.credential_id)
        whole = {"id": id_, "rawId": id_, "type": "public-key", "response": response | lies.get("response", {})}
        return json.dumps(whole | lies.get("whole", {}))
