"""No bytes on the wire make the server answer with a 5xx: bodies without sense, and HTTP that lies."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import uvicorn
from mains_server.routes.slow_clients import ImpatientProtocol

from tests.schema.asking import Asker
from tests.schema.serving import EDITING, client, headers, view

SEED = 20_240_210
QUERY = (
    "query Q($n: Int, $f: LoanFilter) { loans(first: $n) { nodes { id title } }"
    " me { readers { nodes { loans(filter: $f) { totalCount } } } } }"
)
BASE = {"query": QUERY, "variables": {"n": 1, "f": {"status": ["OPEN"]}}, "operationName": "Q", "extensions": {}}
WHOLE = orjson.dumps(BASE)
ODD: list[Any] = [
    *(None, True, 0, -1, 2**31, 2**53, 2**63, 2**64, 1e308, 0.1, "", " ", "\0", "ā", "💥", "A" * 5_000),
    *([], {}, [[]], [{}], {"": ""}, {"n": {"n": []}}, "{", "}", "{me{name}}", "mutation{a}", "subscription{a}"),
    *("query A{a} query B{b}", "...f", "{ a " * 300 + "}" * 300, "#", '"""', "$", "@skip"),
    *("{__schema{types{name}}}", "fragment f on Me{...f} {...f}"),
]
Mutant = Callable[[random.Random], bytes]


def truncated(chance: random.Random) -> bytes:
    return WHOLE[: chance.randrange(len(WHOLE))]


def flipped(chance: random.Random) -> bytes:
    found = bytearray(WHOLE)
    for _ in range(chance.randint(1, 6)):
        found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found)


def odd_value(chance: random.Random) -> bytes:
    body: dict[str, Any] = dict(BASE)
    for _ in range(chance.randint(1, 3)):
        value = chance.choice(ODD)
        body[chance.choice(list(BASE))] = {chance.choice("nfx"): value} if chance.random() < 0.4 else value
    return _json(body)


def spliced_query(chance: random.Random) -> bytes:
    at = chance.randrange(len(QUERY))
    part = chance.choice(["{", "}", "(", ")", "$", '"', "...", "@", "!", "[", ":", "\\u0000", "9" * 400, "\ud800", "é"])
    return _json({**BASE, "query": QUERY[:at] + part * chance.randint(1, 3) + QUERY[at + chance.randint(0, 5) :]})


def nested(chance: random.Random) -> bytes:
    opening, closing = chance.choice([(b"[", b"]"), (b'{"n":', b"}")])
    levels = chance.choice([10, 500, 1_100, 20_000])
    end = closing * (levels if chance.random() < 0.7 else levels - 1)
    return b'{"query":"{me{name}}","variables":{"n":' + opening * levels + b"1" + end + b"}}"


def huge_number(chance: random.Random) -> bytes:
    long = [b"9" * 20, b"9" * 5_000, b"-" + b"9" * 400]
    digits = chance.choice([*long, b"1e400", b"1e-400", b"0x10", b"NaN", b"Infinity", b"01"])
    return WHOLE.replace(b'"n":1', b'"n":' + digits)


def repeated_key(chance: random.Random) -> bytes:
    return b'{"query":%b,' % _json(chance.choice(ODD)) + WHOLE[1:]


def other_encoding(chance: random.Random) -> bytes:
    codec = chance.choice(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037"])
    return WHOLE.decode().encode(codec)


def packed(chance: random.Random) -> bytes:
    return gzip.compress(WHOLE if chance.random() < 0.5 else b" " * 1_000_000, mtime=0)


def noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randint(0, 400))


def other_json(chance: random.Random) -> bytes:
    return _json(chance.choice([*ODD, [BASE], [BASE] * 50]))


MUTANTS: tuple[Mutant, ...] = (
    *(truncated, flipped, odd_value, spliced_query, nested, huge_number, repeated_key, other_encoding, packed, noise),
    other_json,
)


def bodies(count: int) -> Iterator[tuple[str, bytes]]:
    chance = random.Random(SEED)
    for number in range(count):
        made = MUTANTS[number % len(MUTANTS)]
        yield made.__name__, made(chance)


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, UnicodeEncodeError):
        return repr(value).encode("utf-8", "surrogatepass")


@pytest.mark.asyncio
@pytest.mark.parametrize("count", [220, pytest.param(2_420, marks=pytest.mark.slow)])
async def test_no_body_is_answered_with_a_5xx(asker: Asker, count: int) -> None:
    chance, wrong = random.Random(SEED), []
    async with client(asker.engine) as http:
        for kind, body in bodies(count):
            odd = [{"content-type": "text/plain"}, {"content-encoding": "gzip"}, {"accept": "*/*"}]
            more = chance.choice([{}, {}, *odd])
            response = await http.post("/", content=body, headers=headers(**more))
            if response.status_code >= 500 or not isinstance(orjson.loads(response.content), dict):
                wrong.append((kind, response.status_code, body[:200]))

    assert wrong == []


HEAD = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nAuthorization: Bearer anna\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LIES = [
    CHUNKED + b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"2\r\n{}{}{}{}\r\n0\r\n\r\n",
    CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    CHUNKED + b"2;x=" + b"y" * 70_000 + b"\r\n{}\r\n0\r\n\r\n",
    HEAD + b"Content-Length: -5\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    HEAD + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer \xff\xfe\r\nContent-Length: 0\r\n\r\n",
    b"POST / HTTP/9.9\r\n\r\n",
    b"GET /?query=%ff%fe%00 HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET /?query={me{name}}&variables=%7B%22n%22 HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: here\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(2_000)) + b"\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\0" * 1_000,
]
UNFINISHED = [CHUNKED + b"5\r\n{}", HEAD + b"Content-Length: 5\r\n\r\n{}", b"\r\n" * 1_000, b"GET / HT"]
ANSWER_SECONDS_MAX = 60


@pytest.mark.asyncio
async def test_no_lie_about_a_request_is_answered_with_a_5xx(asker: Asker) -> None:
    app = view(asker.engine, edge=EDITING)
    config = uvicorn.Config(
        app, port=0, http=ImpatientProtocol, ws="none", lifespan="off", log_level="critical", access_log=False
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]

    answers = [await _answer(port, lie) for lie in LIES]
    answers += [await _answer(port, start, is_whole=False) for start in UNFINISHED]
    plain = await _answer(port, HEAD + b"Content-Length: %d\r\n\r\n" % len(WHOLE) + WHOLE)
    server.should_exit = True
    await running

    assert plain.startswith(b"HTTP/1.1 200 ")
    assert [answer for answer in answers if answer.startswith(b"HTTP/1.1 5")] == []


async def _answer(port: int, request: bytes, *, is_whole: bool = True) -> bytes:
    """Send bytes and give how the answer begins; the client of a request that does not end goes away."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        if not is_whole:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(100), ANSWER_SECONDS_MAX)
    except ConnectionError:
        return b""
    finally:
        writer.close()
