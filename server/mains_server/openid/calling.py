"""Speaks with providers: what they say of themselves, the keys they sign with, and a code turned into a token.

Bounded in time and size, without redirects. Never called inside a transaction: a provider that is slow must not keep
rows or connections.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

import httpx2
import orjson
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.jwk import KeySet

from mains_server.access.records import Refusal
from mains_server.openid import rules
from mains_server.openid.records import Endpoints, Provider

CALL_SECONDS_MAX = 10
ANSWER_BYTES_MAX = 256 * 1024
KEPT_FOR = timedelta(hours=1)
WELL_KNOWN = "/.well-known/openid-configuration"
PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity"}


class ProviderUnknown(Refusal):
    """No such provider is set up here."""

    code = "PROVIDER_UNKNOWN"
    path = "provider"


class RedirectUnknown(Refusal):
    """Providers send people back only to pages of ours."""

    code = "REDIRECT_UNKNOWN"
    path = "redirectUri"


class ProviderSilent(Refusal):
    """A provider does not answer, or not as one does."""

    code = "PROVIDER_SILENT"
    is_retryable = True


class CodeRefused(Exception):
    """A provider gives nothing for a code: it was used, is too old, or is of somebody else."""


@dataclass(slots=True, kw_only=True)
class Known:
    """What a provider said of itself, and when."""

    endpoints: Endpoints
    keys: KeySet
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """The providers that are set up, the pages they may send people back to, and what they said of themselves.

    `transport` is what requests go through; by default the network.
    """

    by_code: Mapping[str, Provider]
    redirects: frozenset[str] = frozenset()
    transport: httpx2.AsyncBaseTransport | None = None
    seconds_max: float = CALL_SECONDS_MAX
    known: dict[str, Known] = field(default_factory=dict, repr=False)

    def provider(self, code: str) -> Provider:
        """Give the provider of a code."""
        if code not in self.by_code:
            raise ProviderUnknown("no such provider is set up here; ask for `openidProviders`")
        return self.by_code[code]

    def insist_on_redirect(self, uri: str) -> None:
        """Refuse a page that no operator named: whoever chooses it gets the codes."""
        if uri not in self.redirects:
            raise RedirectUnknown("this page is not among those that the server sends people back to")

    async def ask(self, provider: Provider, *, now: datetime) -> Known:
        """Give what a provider says of itself; it is asked again after an hour."""
        found = self.known.get(provider.code)
        if found is not None and now - KEPT_FOR < found.at <= now:
            return found
        return await self.ask_anew(provider, now=now)

    async def ask_anew(self, provider: Provider, *, now: datetime) -> Known:
        """Ask a provider what it says of itself now, as when it signs with a key that was not there before."""
        async with self._connection(provider) as client:
            document = await self._get(client, provider.issuer.rstrip("/") + WELL_KNOWN)
            endpoints = rules.endpoints_of(document, issuer=provider.issuer)
            if endpoints is None:
                raise ProviderSilent("the provider's description is another's, or lacks something; tell us")
            keys = rules.keys_of(await self._get(client, endpoints.keys))
        if keys is None:
            raise ProviderSilent("the provider shows no key that it signs with; try again later")
        self.known[provider.code] = Known(endpoints=endpoints, keys=keys, at=now)
        return self.known[provider.code]

    async def redeem(
        self, provider: Provider, *, endpoints: Endpoints, code: str, verifier: str, redirect_uri: str
    ) -> Mapping[str, Any]:
        """Turn a code into the provider's answer, an ID token among it. Raises `CodeRefused`, `ProviderSilent`."""
        async with self._connection(provider) as client:
            try:
                async with asyncio.timeout(self.seconds_max):
                    answer: Mapping[str, Any] = await client.fetch_token(
                        endpoints.token,
                        grant_type="authorization_code",
                        code=code,
                        code_verifier=verifier,
                        redirect_uri=redirect_uri,
                        headers={**PLAIN, "Content-Type": "application/x-www-form-urlencoded"},
                    )
            except OAuthError as error:
                raise CodeRefused(f"the provider says {str(error.error)[:40]!r}") from None
            except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError, ValueError) as error:
                raise _silent(error) from None
        return answer

    async def userinfo(self, provider: Provider, *, endpoints: Endpoints, access_token: str) -> Any:
        """Ask for the claims about whoever an access token is of, once. Raises `ProviderSilent`."""
        assert endpoints.userinfo is not None, "who is asked is there"
        async with self._connection(provider) as client:
            return await self._get(client, endpoints.userinfo, {"Authorization": f"Bearer {access_token}"})

    async def _get(self, client: Any, address: str, more: Mapping[str, str] = MappingProxyType({})) -> Any:
        try:
            async with asyncio.timeout(self.seconds_max):
                answer = await client.request("GET", address, headers={**PLAIN, **more}, withhold_token=True)
            answer.raise_for_status()
            return orjson.loads(answer.content)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError, ValueError) as error:
            raise _silent(error) from None

    def _connection(self, provider: Provider) -> Any:
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        return AsyncOAuth2Client(
            client_id=provider.our_id,
            client_secret=provider.our_secret,
            token_endpoint_auth_method=provider.our_proof.value,
            transport=Bounded(self.transport or httpx2.AsyncHTTPTransport(verify=_trust(), trust_env=False)),
            timeout=self.seconds_max,
            trust_env=False,
            follow_redirects=False,
        )


class Bounded(httpx2.AsyncBaseTransport):
    """A transport that reads no more of an answer than one should have, and nothing packed."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        """Stand before another transport."""
        self.inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Ask, and read the answer whole."""
        answer = await self.inner.handle_async_request(request)
        try:
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise httpx2.DecodingError("an answer in a packed form, which was not asked for", request=request)
            parts, size = [], 0
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > ANSWER_BYTES_MAX:
                    raise httpx2.ReadError(f"more than {ANSWER_BYTES_MAX:,} bytes", request=request)
                parts.append(part)
        finally:
            await answer.aclose()
        body = b"".join(parts)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=body, request=request)

    async def aclose(self) -> None:
        """Close what it stands before."""
        await self.inner.aclose()


NO_PROVIDERS = Providers(by_code={})


def _silent(error: Exception) -> ProviderSilent:
    return ProviderSilent(f"the provider gave no answer that can be read ({type(error).__name__}); try again later")


@cache
def _trust() -> ssl.SSLContext:
    """Read the authorities once: reading them costs seventy times what the rest of a call does."""
    return httpx2.create_ssl_context(trust_env=False)
