"""A partner's server: takes messages over HTTP, proves their signatures, and answers as a test wants."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

PATIENCE_SECONDS = 60


def is_signed(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """Prove a message as the specification of Standard Webhooks 1.0 tells receivers to, by this file's own code."""
    key = base64.b64decode(secret.split("_", 1)[1])
    content = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    versions = [one.split(",", 1) for one in headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(given, wanted) for version, given in versions)


@dataclass
class Receiver:
    """What came, in its order; `answers` are given in turn, and then 204.

    With `shown` it speaks TLS, and notes the name that each client asks for. One that `hangs` answers once `lets_go`
    is set.
    """

    port: int = 0
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0
    hangs: bool = False
    shown: ssl.SSLContext | None = None
    named: list[str | None] = field(default_factory=list)
    lets_go: asyncio.Event = field(default_factory=asyncio.Event)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?of=mains"

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.came]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.came]

    def will(self, *statuses: int, **headers: str) -> None:
        """Answer so in turn; `_` in the name of a header stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers += [(status, named, b"") for status in statuses]

    async def until(self, count: int) -> None:
        """Wait until so many messages came."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.came) < count:
                self._more.clear()
                await self._more.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.split("\r\n")
        headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines[1:] if one)}
        headers["request"] = lines[0]
        self.came.append((headers, await reader.readexactly(int(headers.get("content-length", "0")))))
        self._more.set()
        if self.hangs:
            await self.lets_go.wait()
        status, more, body = self.answers.pop(0) if self.answers else (204, {}, b"")
        extra = "".join(f"{name}: {value}\r\n" for name, value in more.items())
        writer.write(f"HTTP/1.1 {status} Whatever\r\ncontent-length: {len(body)}\r\n{extra}\r\n".encode() + body)
        await writer.drain()
        return True


@asynccontextmanager
async def receiving(**given: Any) -> AsyncIterator[Receiver]:
    """Listen on a port of this machine."""
    receiver = Receiver(**given)
    if receiver.shown is not None:
        receiver.shown.sni_callback = lambda _connection, name, _context: receiver.named.append(name)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=receiver.shown)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
