"""What leaves the passkey room."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from mains_server.signin.records import UNKNOWN_DEVICE, Device


class Purpose(Enum):
    """What an authenticator was asked to sign a challenge for."""

    REGISTER = "REGISTER"
    SIGN_IN = "SIGN_IN"
    PROVE = "PROVE"


class Transport(Enum):
    """How a browser reaches what holds a passkey; the values are the names that WebAuthn gives them."""

    USB = "usb"
    NFC = "nfc"
    BLE = "ble"
    SMART_CARD = "smart-card"
    INTERNAL = "internal"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Whom passkeys are made for: a domain, its name for people, and the pages that may use them, exactly."""

    id: str
    name: str
    origins: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a challenge is made for; `session_id` is of who registers or proves, `handle` of who registers."""

    purpose: Purpose
    session_id: int | None = None
    device: Device = UNKNOWN_DEVICE
    handle: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a browser hands to its authenticator, as JSON, and until when the answer counts."""

    json: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A passkey as options name it, so that a browser finds it or makes no second one."""

    credential_id: bytes = field(repr=False)
    transports: tuple[Transport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A challenge that was answered; it is used up, whatever follows."""

    device: Device
    handle: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A passkey that an authenticator made, and that the answer proves it has."""

    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int
    transports: tuple[Transport, ...]
    is_synced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A challenge that was signed: how often the passkey signed by its own count, and whether it is kept elsewhere."""

    sign_count: int
    is_synced: bool
