"""A partner is reached over TLS by the checked address alone, and only if its certificate is of the name asked for."""

import asyncio
import ssl
from ipaddress import ip_network

import pytest
from mains_server.webhooks.addresses import Gate
from mains_server.webhooks.posting import Poster

from tests.server.webhooks.authority import YESTERDAY, new_authority
from tests.server.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.asyncio
HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
AUTHORITY = new_authority()
TRUST = AUTHORITY.trust
NOT_TRUSTED = "the certificate of the host is not trusted"


class Resolver:
    """Gives the addresses of a name in turn, and the last ones from then on."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def __call__(self, host, port):
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def posted(receiver, *, host="partner.example", allowed=HERE, trust=TRUST, answers=(["127.0.0.1"],), times=1):
    """Post to a receiver under a name, and give what came of the last message, and the resolver."""
    resolver = Resolver(*answers)
    gate = Gate(allowed=allowed, lookup=resolver)
    async with Poster(f"https://{host}:{receiver.port}/hook", gate=gate, trust=trust) as poster:
        headers = {"content-type": "application/json"}
        found = [await poster.post(body=b"{}", headers=headers) for _ in range(times)]
    return found[-1], resolver


async def test_a_name_is_asked_for_and_proven_while_the_checked_number_is_connected_to():
    async with receiving(shown=AUTHORITY.shows("partner.example")) as receiver:
        found, resolver = await posted(receiver)

    assert (found.status, found.detail) == (204, "answered 204")
    assert resolver.asked == ["partner.example"]
    assert receiver.named == ["partner.example"]
    assert receiver.came[0][0]["host"] == f"partner.example:{receiver.port}"


@pytest.mark.parametrize(
    "shown",
    [
        AUTHORITY.shows("partner.example", ends=YESTERDAY),
        AUTHORITY.shows("other.example"),
        AUTHORITY.shows("sub.partner.example"),
        AUTHORITY.shows("127.0.0.1"),
        new_authority().shows("partner.example"),
    ],
    ids=["expired", "another name", "a name below", "the number", "an unknown authority"],
)
async def test_a_certificate_that_proves_no_such_name_is_refused_and_nothing_is_told(shown):
    async with receiving(shown=shown) as receiver:
        found, _ = await posted(receiver)

    assert (found.status, found.detail) == (None, NOT_TRUSTED)
    assert receiver.came == []


async def test_authorities_of_the_world_are_asked_where_none_is_given():
    async with receiving(shown=AUTHORITY.shows("partner.example")) as receiver:
        found, _ = await posted(receiver, trust=None)

    assert found.detail == NOT_TRUSTED
    assert receiver.came == []


async def test_a_name_that_leads_inward_at_the_second_message_is_not_connected_to():
    """The connection to the checked address is not kept open for a name that stands for another by then."""
    answers = (["127.0.0.1"], ["10.0.0.5"])
    async with receiving(shown=AUTHORITY.shows("partner.example")) as receiver:
        found, resolver = await posted(receiver, answers=answers, times=2)

    assert found.detail == "refused: this host is not reached over the public internet"
    assert resolver.asked == ["partner.example"] * 2
    assert len(receiver.came) == 1


async def test_one_inner_address_among_public_ones_refuses_them_all():
    async with receiving(shown=AUTHORITY.shows("partner.example")) as receiver:
        found, _ = await posted(receiver, answers=(["127.0.0.1", "192.168.1.1"],))

    assert found.status is None
    assert receiver.connections == 0


async def test_the_next_address_is_tried_where_the_first_takes_no_connection():
    """Nobody listens at 127.0.0.2: the server is bound to 127.0.0.1."""
    async with receiving(shown=AUTHORITY.shows("partner.example")) as receiver:
        found, _ = await posted(receiver, answers=(["127.0.0.2", "127.0.0.1"],))

    assert found.status == 204


async def test_who_answers_without_tls_is_told_nothing():
    heard = []

    async def answer_plainly(reader, writer):
        heard.append(await reader.read(5))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer_plainly, "127.0.0.1", 0)
    async with server:
        found, _ = await posted(Receiver(port=server.sockets[0].getsockname()[1]))

    assert found.status is None
    assert [one[:1] for one in heard] == [b"\x16"]  # a handshake, and no request


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_old_tls_is_refused():
    shown = AUTHORITY.shows("partner.example")
    shown.minimum_version, shown.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1
    async with receiving(shown=shown) as receiver:
        found, _ = await posted(receiver)

    assert found.status is None
    assert receiver.came == []
