"""Where webhooks may go: public addresses alone, whatever a name stands for at the moment of connecting.

Who registers an address would otherwise let this server ask within its own network. A name is looked up once for each
connection, every address it has is checked, and the connection goes to one of those, so that a name which answers
otherwise the second time gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx2

from mains_server.access.records import Refusal

URL_CHARACTERS_MAX = 2_000
PORTS = frozenset({443, 8443})
LOOKUP_SECONDS_MAX = 5
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]

# What is public by its number and leads inward all the same: ways of writing an IPv4 address as one of IPv6.
NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
UNICAST = ip_network("2000::/3")
# Where clouds keep what a machine may know of itself; never allowed, whatever else is.
METADATA = frozenset(
    ip_address(one) for one in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254")
)


class UrlNotAllowed(Refusal):
    """Webhooks do not go to such an address."""

    code = "URL_NOT_ALLOWED"
    path = "url"


async def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver for the addresses of a name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Says which addresses webhooks may go to.

    `allowed` are networks besides the public ones, for partners within the house and for demonstrations; there any
    port may be used, and with `takes_http` plain HTTP.
    """

    allowed: tuple[Network, ...] = ()
    takes_http: bool = False
    lookup: Lookup = look_up

    async def insist(self, url: str) -> Sequence[str]:
        """Give the addresses that a URL leads to, the ones of IPv4 first; raises `UrlNotAllowed` if any is not public.

        The name is looked up once; who connects uses what is given here and asks for no name again.
        """
        parsed = self._parsed(url)
        port, is_plain = _port_of(parsed), parsed.scheme == "http"
        try:
            async with asyncio.timeout(LOOKUP_SECONDS_MAX):
                found = list(dict.fromkeys(await self.lookup(parsed.raw_host.decode("ascii"), port)))
        except (OSError, UnicodeError, TimeoutError):
            raise UrlNotAllowed("the name of this host is not known") from None
        if not found:
            raise UrlNotAllowed("the name of this host is not known")
        for one in found:
            self._insist_on(ip_address(one.partition("%")[0]), port=port, is_plain=is_plain)
        return sorted(found, key=lambda one: ":" in one)

    def _insist_on(self, address: Address, *, port: int, is_plain: bool) -> None:
        """Refuse one address; the words tell nothing of what a name stands for within our network."""
        real = plain_address(address)
        is_allowed = any(real in network for network in self.allowed if network.version == real.version)
        if real in METADATA or not (is_allowed or is_public(address)):
            raise UrlNotAllowed("this host is not reached over the public internet")
        if not is_allowed and port not in PORTS:
            raise UrlNotAllowed(f"use one of the ports {', '.join(str(one) for one in sorted(PORTS))}")
        if is_plain and not (is_allowed and self.takes_http):
            raise UrlNotAllowed("use https")

    def _parsed(self, url: str) -> httpx2.URL:
        if len(url) > URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            raise UrlNotAllowed(f"write the URL in at most {URL_CHARACTERS_MAX} printable characters of ASCII")
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL:
            raise UrlNotAllowed("this is not a URL") from None
        if parsed.scheme not in ("https", "http") or not parsed.host:
            raise UrlNotAllowed("use an absolute https URL")
        if parsed.scheme == "http" and not self.takes_http:
            raise UrlNotAllowed("use https")
        if "@" in url.partition("//")[2].partition("/")[0].partition("?")[0]:
            raise UrlNotAllowed("leave user names and passwords out; messages are signed")
        if parsed.fragment or "#" in url:
            raise UrlNotAllowed("leave `#` and what follows out")
        return parsed


def plain_address(address: Address) -> Address:
    """Give the IPv4 address that one of IPv6 stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    is_embedded = int(address) >> 32 == 0 and int(address) > 1
    if is_embedded or any(address in network for network in NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public internet, also by the IPv4 address that it may stand for."""
    real = plain_address(address)
    is_unicast = isinstance(real, IPv4Address) or real in UNICAST
    return is_unicast and real.is_global and not real.is_multicast and not real.is_reserved


def _port_of(url: httpx2.URL) -> int:
    if url.port is not None:
        return url.port
    return 443 if url.scheme == "https" else 80
