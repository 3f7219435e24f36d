"""Makes the HTTP requests that fact sources ask for: bounded, without redirects, and without a trace of a secret."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import monotonic
from urllib.parse import urlsplit

import httpx2
from mains_spi import FILE_BYTES_MAX, FactFetch
from pydantic import SecretStr

TIMEOUT_SECONDS = 60
PLAIN = {"Accept-Encoding": "identity"}


class FetchFailed(Exception):
    """An address gave no answer that can be read; the message names the host, never the query."""


class SecretMissing(Exception):
    """The operator has not set a secret that a source needs."""


def fetch(
    plan: FactFetch, *, source: str, secrets: Mapping[str, SecretStr], addresses: Mapping[str, str]
) -> tuple[str, bytes]:
    """Make one request and give the name of the host and what it answered."""
    address = addresses.get(source, plan.url)
    host = urlsplit(address).hostname or address
    if source not in addresses and not address.startswith("https://"):
        raise FetchFailed(f"{host}: only https addresses are fetched")
    query = [*plan.query, *((key, _secret(source, name, secrets)) for key, name in plan.secrets)]
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        with (
            httpx2.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
            client.stream("GET", address, params=tuple(query), headers=PLAIN) as answer,
        ):
            if answer.status_code not in plan.statuses:
                raise FetchFailed(f"{host} answered with status {answer.status_code}")
            return host, _bounded(answer, host)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise FetchFailed(f"{host} gave no answer: {type(error).__name__}") from None


def _secret(source: str, name: str, secrets: Mapping[str, SecretStr]) -> str:
    key = f"{source}.{name}"
    if key not in secrets:
        raise SecretMissing(f'set MAINS_FACT_SECRETS, such as {{"{key}": "..."}}')
    return secrets[key].get_secret_value()


def _bounded(answer: httpx2.Response, host: str) -> bytes:
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchFailed(f"{host} answered in a packed form, which was not asked for")
    parts: list[bytes] = []
    size = 0
    ends = monotonic() + TIMEOUT_SECONDS
    for part in answer.iter_raw():
        if monotonic() > ends:
            raise FetchFailed(f"{host} was not done after {TIMEOUT_SECONDS} seconds")
        parts.append(part)
        size += len(part)
        if size > FILE_BYTES_MAX:
            raise FetchFailed(f"{host} answered with more than {FILE_BYTES_MAX:,} bytes")
    return b"".join(parts)
