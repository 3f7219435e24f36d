"""What leaves the OpenID Connect room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from mains_spi import Labels

from mains_server.signin.records import UNKNOWN_DEVICE, Device

Claims = Mapping[str, Any]


class Purpose(Enum):
    """What somebody was sent to a provider for."""

    SIGN_IN = "SIGN_IN"
    LINK = "LINK"


class OurProof(Enum):
    """How we prove to a provider who we are; the values are the names that OAuth 2 gives them."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider as an operator set it up.

    `personal_code_claim` names the claim of its tokens, or else of its userinfo, that holds a personal code,
    `strong_acrs` are the values of `acr` with which a token proves two factors by itself, `algorithms` those that
    tokens may be signed with.
    """

    code: str
    labels: Labels
    issuer: str
    our_id: str
    our_secret: str | None = field(default=None, repr=False)
    our_proof: OurProof = OurProof.BASIC
    scopes: tuple[str, ...] = ("openid",)
    personal_code_claim: str | None = None
    strong_acrs: frozenset[str] = frozenset()
    algorithms: frozenset[str] = frozenset({"RS256", "ES256"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where a provider says it is reached, and whether it names itself in the address it sends people back with.

    `userinfo` tells more claims about whoever was proven, where the provider has it.
    """

    authorization: str
    token: str
    keys: str
    names_itself: bool
    userinfo: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Where somebody wants to be sent, and why; `session_id` is of who links, `key` of a browser that has one."""

    provider: str
    redirect_uri: str
    purpose: Purpose = Purpose.SIGN_IN
    device: Device = UNKNOWN_DEVICE
    session_id: int | None = None
    language: str = "lv"
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A way to a provider: the address to go to, and the key that only who began it has, shown this once."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    key: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What somebody came back from a provider with, and the key of who began."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    key: str = field(repr=False)
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A way that somebody came back from; it is used up, whatever follows."""

    provider: str
    redirect_uri: str
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Whom a provider's token proves: its subject, a personal code where it says one, and whether by two factors."""

    provider: str
    subject: str = field(repr=False)
    personal_code: str | None = field(default=None, repr=False)
    is_strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinked:
    """Somebody whom a provider proved and who is linked to no account; the ticket links them to one, once."""

    ticket: str = field(repr=False)
    expires_at: datetime
