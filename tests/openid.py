"""A provider of OpenID Connect in the test: it signs real tokens, checks what a real one checks, and can go wrong."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey
from mains_server.openid.calling import Providers
from mains_server.openid.records import Provider
from mains_spi import Labels
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ISSUER = "https://bank.example"
CLIENT, SECRET = "mains", "the-secret-of-this-client"
REDIRECT = "https://portal.example/back"
SUBJECT = "bank-customer-77"
PERSONAL_CODE = "010180-12345"


def new_key(kid: str) -> ECKey:
    """Make a key to sign with."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"})


def provider(code: str = "bank", **more: Any) -> Provider:
    """Set a provider up as an operator would."""
    given = {"issuer": ISSUER, "our_id": CLIENT, "our_secret": SECRET, "personal_code_claim": "personal_code"}
    labels = Labels(lv="Internetbanka", en="Internet bank", ru="Интернет-банк")
    return Provider(code=code, labels=labels, **{**given, **more})


class Bank:
    """A provider that an operator set up as `bank`; `claims` are what its next tokens say beside what they must."""

    def __init__(self, clock: Callable[[], datetime], **more: Any) -> None:
        self.clock = clock
        self.keys = [new_key("1")]
        self.shown = list(self.keys)
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Any] = {"sub": SUBJECT, "personal_code": PERSONAL_CODE}
        self.document: dict[str, Any] = {}
        self.userinfo: Any = {}
        self.is_down = False
        self.asked: list[str] = []
        routes = [
            Route("/.well-known/openid-configuration", self._describe),
            Route("/keys", self._show_keys),
            Route("/token", self._redeem, methods=["POST"]),
            Route("/me", self._tell_more),
        ]
        transport = httpx2.ASGITransport(app=Starlette(routes=routes))
        self.providers = Providers(
            by_code={"bank": provider(**more)}, redirects=frozenset({REDIRECT}), transport=transport
        )

    def rotate(self) -> None:
        """Sign with another key from now on, and show it alone."""
        self.keys = self.shown = [new_key(str(len(self.codes) + 100))]

    def let_in(self, url: str) -> tuple[str, str]:
        """Prove somebody at the address that they were sent to, and give the state and code they come back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{ISSUER}/authorize?") and asked["response_type"] == "code"
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return asked["state"], code

    def id_token(self, *, nonce: str) -> str:
        """Sign a token."""
        now = int(self.clock().timestamp())
        must = {"iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        key = self.keys[0]
        return jwt.encode({"alg": "ES256", "kid": key.kid}, {**must, **self.claims}, key, algorithms=["ES256"])

    async def _describe(self, request: Request) -> Response:
        self.asked.append("document")
        if self.is_down:
            return Response("down", status_code=503)
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        addresses = {name: f"{ISSUER}/{path}" for name, path in names.items()}
        return JSONResponse({"issuer": ISSUER, **addresses, **self.document})

    async def _show_keys(self, request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.shown]})

    async def _tell_more(self, request: Request) -> Response:
        self.asked.append("userinfo")
        if request.headers.get("authorization") != "Bearer an-access-token":
            return Response(status_code=401)
        return self.userinfo if isinstance(self.userinfo, Response) else JSONResponse(self.userinfo)

    async def _redeem(self, request: Request) -> Response:
        self.asked.append("token")
        if self.is_down:
            return Response("down", status_code=503)
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form.get("code", ""), None)
        credentials = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {credentials}":
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_theirs = asked is not None and asked["redirect_uri"] == form.get("redirect_uri")
        if asked is None or not is_theirs or asked["code_challenge"] != challenge:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        token = self.id_token(nonce=asked["nonce"])
        return JSONResponse({"access_token": "an-access-token", "token_type": "Bearer", "id_token": token})
