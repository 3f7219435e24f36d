"""Makes the HTTP call that a provider's or a gateway's package planned: bounded, no redirects, no secret left behind.

Never called inside a transaction: a partner that is slow must not keep rows or connections.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import dataclass
from functools import cache

import httpx2
from mains_spi import ANSWER_BYTES_MAX, ProviderCall

CALL_SECONDS_MAX = 10


class CallFailed(Exception):
    """A partner gave no answer that can be read; the message names no address, number or secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back: status, headers (names in small letters) and body, of at most `ANSWER_BYTES_MAX` bytes."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def call_out(call: ProviderCall, *, seconds_max: float) -> Answered:
    """Make a call and read its answer whole within the seconds; anything else is `CallFailed`."""
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        async with (
            asyncio.timeout(seconds_max),
            httpx2.AsyncClient(timeout=seconds_max, verify=_trust(), trust_env=False) as client,
            client.stream(call.method, call.url, headers=dict(call.headers), content=call.body) as answer,
        ):
            parts, size = [], 0
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > ANSWER_BYTES_MAX:
                    raise CallFailed(f"answered with more than {ANSWER_BYTES_MAX:,} bytes")
                parts.append(part)
            names = tuple((name.lower(), value) for name, value in answer.headers.items())
            return Answered(status=answer.status_code, headers=names, body=b"".join(parts))
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
        raise CallFailed(f"gave no answer: {type(error).__name__}") from None


@cache
def _trust() -> ssl.SSLContext:
    """Read the authorities once: reading them costs seventy times what the rest of a call does."""
    return httpx2.create_ssl_context(trust_env=False)
