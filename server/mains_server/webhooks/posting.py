"""Posts a message: to an address that was checked a moment ago, by one connection of which little is ever read."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from functools import cache
from types import TracebackType

import httpx2

from mains_server.webhooks.addresses import Gate, UrlNotAllowed
from mains_server.webhooks.records import Posted

POST_SECONDS_MAX = 15
ANSWER_BYTES_MAX = 16_384
AGAIN_STATUSES = frozenset({429, 502, 503, 504})


class Poster:
    """Posts to one URL, one message at a time, over a connection that stays open between them.

    The name of the host is looked up for each message, all its addresses are checked, and the request goes to one of
    them by number, with the name as `Host` and in the certificate that TLS proves. Redirects are not followed.
    """

    def __init__(self, url: str, *, gate: Gate, trust: ssl.SSLContext | None = None) -> None:
        self.url = url
        self._gate = gate
        self._client = httpx2.AsyncClient(
            timeout=POST_SECONDS_MAX,
            verify=trust or _authorities(),
            trust_env=False,
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1),
        )
        logging.getLogger("httpx2").setLevel(logging.WARNING)

    async def __aenter__(self) -> Poster:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def post(self, *, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Post a message, in fifteen seconds at most, and give what came of it; never raises for the other side."""
        try:
            async with asyncio.timeout(POST_SECONDS_MAX):
                return await self._post(body, headers)
        except UrlNotAllowed as refused:
            return Posted(status=None, detail=f"refused: {refused.message}")
        except TimeoutError:
            return Posted(status=None, detail=f"no answer within {POST_SECONDS_MAX} seconds")
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
            return Posted(status=None, detail=_words(error))

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> Posted:
        addresses = await self._gate.insist(self.url)
        for number, address in enumerate(addresses, start=1):
            try:
                return await self._post_to(address, body, headers)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise OSError("no address")

    async def _post_to(self, address: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Post to one address; a name is proven by its certificate all the same."""
        url = httpx2.URL(self.url)
        named = {**headers, "host": url.netloc.decode("ascii")}
        async with self._client.stream(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers=named,
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        ) as answer:
            await _let_go_by(answer)
            return _posted(answer)


async def _let_go_by(answer: httpx2.Response) -> None:
    """Take a short answer off the connection, so that it can be used again; of a long one the rest is left."""
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            return


def _posted(answer: httpx2.Response) -> Posted:
    status = answer.status_code
    if 300 <= status < 400:
        return Posted(status=status, detail=f"answered {status}; redirects are not followed")
    again = answer.headers.get("retry-after", "") if status in AGAIN_STATUSES else ""
    seconds = int(again[:9]) if again.isascii() and again.isdecimal() else None
    return Posted(status=status, detail=f"answered {status}", again_in_seconds=seconds)


def _words(error: Exception) -> str:
    """Say what went wrong by its kind; what a library says of it may tell of our network."""
    if isinstance(error, httpx2.ConnectTimeout):
        return "the host did not take a connection in time"
    if isinstance(error, httpx2.ConnectError):
        is_tls = isinstance(error.__cause__ or error.__context__, ssl.SSLError) or "CERTIFICATE" in str(error).upper()
        return "the certificate of the host is not trusted" if is_tls else "the host took no connection"
    if isinstance(error, httpx2.TimeoutException):
        return "the host did not answer in time"
    return "the connection broke"


@cache
def _authorities() -> ssl.SSLContext:
    """Read the authorities once: reading them costs more than the call."""
    return httpx2.create_ssl_context(trust_env=False)
