"""Clients that are slow on purpose are cut: their heads, and answers that they do not take in."""

import asyncio
import contextlib

import pytest
import uvicorn
from mains_server.routes.slow_clients import ImpatientProtocol

pytestmark = pytest.mark.asyncio
MEGABYTES = 64


class HastyHead(ImpatientProtocol):
    seconds_max = 0  # every wait is over at once, so that no test waits


class HastyAnswer(ImpatientProtocol):
    seconds_max = 0

    def _expect_head(self):
        pass


async def large(scope, receive, send):
    """An application that answers more than any buffer between it and the client holds."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(MEGABYTES):
        more = number < MEGABYTES - 1
        await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": more})


@contextlib.asynccontextmanager
async def served(protocol):
    config = uvicorn.Config(large, port=0, http=protocol, lifespan="off", log_level="critical", access_log=False)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


async def test_a_head_that_does_not_come_is_cut():
    async with served(HastyHead) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: ")

        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_an_answer_that_nobody_takes_in_is_given_up():
    async with served(HastyAnswer) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        taken = 0
        with contextlib.suppress(ConnectionResetError):
            while part := await reader.read(1000):
                taken += len(part)
                await asyncio.sleep(0)

        assert taken < MEGABYTES * 1_000_000
        writer.close()


async def test_who_reads_gets_all():
    async with served(ImpatientProtocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")

        assert len(await reader.read()) > MEGABYTES * 1_000_000
        writer.close()
