"""Webhooks reach the public internet and nothing else, whatever a URL looks like and a name stands for."""

from ipaddress import ip_address, ip_network

import pytest
from mains_server.webhooks.addresses import Gate, UrlNotAllowed, is_public, plain_address

pytestmark = pytest.mark.asyncio
PUBLIC = "93.184.215.14"


def answering(*addresses):
    """Make a resolver that gives these addresses for every name."""

    async def look_up(host, port):
        return addresses

    return look_up


STRICT = Gate(lookup=answering(PUBLIC))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "/hook",
        "//example.com/hook",
        "example.com/hook",
        "ftp://example.com/hook",
        "file:///etc/passwd",
        "gopher://example.com:443/_x",
        "http://example.com/hook",
        "HTTP://example.com/hook",
        "https://",
        "https:///hook",
        "https://user@example.com/hook",
        "https://user:secret@example.com/hook",
        "https://@example.com/hook",
        "https://example.com/hook#part",
        "https://example.com/hook#",
        "https://example.com:22/hook",
        "https://example.com:80/hook",
        "https://example.com:5432/hook",
        "https://example.com:0/hook",
        "https://example.com:99999/hook",
        "https://example.com:port/hook",
        "https://exa mple.com/hook",
        "https://example.com/ho ok",
        "https://example.com/\r\nx: y",
        "https://example.com/\x00",
        "https://example.com\\@evil.example/hook",
        "https://eksāmens.lv/hook",
        "https://[::1",
        "https://example.com/" + "x" * 2_000,
        "javascript:alert(1)",
    ],
)
async def test_what_is_no_plain_https_url_is_refused(url):
    with pytest.raises(UrlNotAllowed):
        await STRICT.insist(url)


@pytest.mark.parametrize("url", ["https://example.com", "https://example.com:8443/a?b=c", "HTTPS://EXAMPLE.com/hook"])
async def test_plain_https_urls_are_let_through(url):
    assert await STRICT.insist(url) == [PUBLIC]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "100.100.100.200",
        "169.254.1.1",
        "169.254.169.254",
        "192.0.2.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
    ],
)
async def test_names_that_stand_for_inner_addresses_are_refused(address):
    with pytest.raises(UrlNotAllowed, match="not reached over the public internet"):
        await Gate(lookup=answering(address)).insist("https://partner.example/hook")
    with pytest.raises(UrlNotAllowed):
        await Gate(lookup=answering(PUBLIC, address)).insist("https://partner.example/hook")


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
async def test_public_addresses_are_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2002:a00:1::", "10.0.0.1"),
        ("64:ff9b::a00:1", "10.0.0.1"),
        ("::10.0.0.1", "10.0.0.1"),
        ("2606:4700::1111", "2606:4700::1111"),
        ("::1", "::1"),
    ],
)
async def test_ipv6_that_stands_for_ipv4_is_taken_for_it(address, plain):
    assert plain_address(ip_address(address)) == ip_address(plain)


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:7f00:1]"]
)
async def test_the_machine_itself_is_refused_by_every_name(host):
    with pytest.raises(UrlNotAllowed):
        await Gate().insist(f"https://{host}/hook")


async def test_allowed_networks_are_let_in_by_any_port_and_plain_http_where_a_gate_takes_it():
    inner = ip_network("10.1.0.0/16")
    by_https = Gate(allowed=(inner,), lookup=answering("10.1.2.3"))
    by_http = Gate(allowed=(inner,), takes_http=True, lookup=answering("10.1.2.3"))

    assert await by_https.insist("https://partner.internal:9000/hook") == ["10.1.2.3"]
    assert await by_http.insist("http://partner.internal:9000/hook") == ["10.1.2.3"]
    for gate, url in (
        (by_https, "http://partner.internal:9000/hook"),
        (Gate(allowed=(inner,), takes_http=True, lookup=answering("10.2.0.1")), "https://other.internal/hook"),
        (Gate(allowed=(inner,), takes_http=True, lookup=answering(PUBLIC)), "http://example.com/hook"),
        (Gate(allowed=(ip_network("169.254.0.0/16"),), lookup=answering("169.254.169.254")), "https://meta.internal/"),
    ):
        with pytest.raises(UrlNotAllowed):
            await gate.insist(url)


async def test_a_name_that_nobody_knows_is_refused_without_telling_why():
    async def failing(host, port):
        raise OSError("[Errno -2] of resolver 10.0.0.53")

    for lookup in (failing, answering()):
        with pytest.raises(UrlNotAllowed) as refused:
            await Gate(lookup=lookup).insist("https://partner.example/hook")
        assert refused.value.message == "the name of this host is not known"
