"""Sessions in cookies: which of them a request may use, and how they are set, so that no other site can act by them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from mains_server.signin.records import NewSession
from starlette.datastructures import Headers

SESSION = "mains_session"
REFRESH = "mains_refresh"
OPENID = "mains_openid"
HOST_ONLY = "__Host-"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
COOKIE_BYTES_MAX = 8_000
TOKEN_LENGTH_MAX = 500
SAFE_SITES = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What a request says of the browser or app that sent it, and the cookies its answer sets.

    `is_ours` tells whether a front end of ours sent it, as far as browsers say; only then do cookies count.
    """

    device: str = ""
    is_ours: bool = False
    is_loopback: bool = False
    session_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    openid_key: str | None = field(default=None, repr=False)
    set_cookies: list[str] = field(default_factory=list, repr=False)

    def keep(self, made: NewSession, *, now: datetime) -> None:
        """Have the browser keep a session's tokens, where no script can read them."""
        self._set(SESSION, made.token, seconds=int((made.expires_at - now).total_seconds()))
        self._set(REFRESH, made.refresh_token, seconds=int((made.ends_at - now).total_seconds()))

    def keep_key(self, key: str, *, seconds: int) -> None:
        """Have the browser keep what only who began to sign in elsewhere has."""
        self._set(OPENID, key, seconds=seconds)

    def forget(self) -> None:
        """Have the browser forget the session."""
        self._set(SESSION, "", seconds=0)
        self._set(REFRESH, "", seconds=0)

    def forget_own(self) -> None:
        """Have the browser forget the session if it sent one."""
        if self.session_token is not None or self.refresh_token is not None:
            self.forget()

    def _set(self, name: str, value: str, *, seconds: int) -> None:
        prefix, secure = ("", "") if self.is_loopback else (HOST_ONLY, "; Secure")
        self.set_cookies.append(f"{prefix}{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")


NOBODY = Caller()


def caller_of(headers: Headers, *, method: str, front_ends: Collection[str]) -> Caller:
    """Read what a request's headers say of its sender."""
    is_loopback = _hostname(headers) in LOOPBACK
    cookies = _cookies(headers)
    prefix = "" if is_loopback else HOST_ONLY
    return Caller(
        device=headers.get("user-agent", ""),
        is_ours=_is_ours(headers, method=method, front_ends=front_ends),
        is_loopback=is_loopback,
        session_token=cookies.get(prefix + SESSION) or None,
        refresh_token=cookies.get(prefix + REFRESH) or None,
        openid_key=cookies.get(prefix + OPENID) or None,
    )


def _is_ours(headers: Headers, *, method: str, front_ends: Collection[str]) -> bool:
    """Tell whether a browser says that the request comes from our own origin, or a front end that is set up.

    Every browser sends one of the two headers with a POST, so without them there was none. A GET only reads, and who
    sent it from elsewhere cannot see the answer.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin in front_ends:
        return True
    if site is not None:
        return site in SAFE_SITES
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host") and origin != "null"
    return method == "GET"


def _hostname(headers: Headers) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _cookies(headers: Headers) -> dict[str, str]:
    text = headers.get("cookie", "")
    if not text or len(text) > COOKIE_BYTES_MAX:
        return {}
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.strip().partition("=")
        if len(value) <= TOKEN_LENGTH_MAX:
            found.setdefault(name, value)
    return found
