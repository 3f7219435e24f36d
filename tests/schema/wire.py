"""Stands between an application and PostgreSQL and notes every statement that goes by, whoever sends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import make_url


@dataclass
class Wire:
    """What was executed, oldest first: the texts of statements."""

    address: str = ""
    executed: list[str] = field(default_factory=list)

    def take(self) -> list[str]:
        """Give what was executed since last asked."""
        taken, self.executed = self.executed, []
        return taken


@dataclass
class _Client:
    """One connection's way up: the texts of its prepared statements, by their names."""

    wire: Wire
    left: bytes = b""
    is_started: bool = False
    texts: dict[bytes, str] = field(default_factory=dict)
    bound: str = ""

    def note(self, data: bytes) -> None:
        self.left += data
        while (message := self._next()) is not None:
            kind, body = message
            match kind:
                case b"P":
                    name, text = body.split(b"\0")[:2]
                    self.texts[name] = text.decode()
                case b"B":
                    self.bound = self.texts[body.split(b"\0")[1]]
                case b"E":
                    self.wire.executed.append(self.bound)
                case b"Q":
                    self.wire.executed.append(body.rstrip(b"\0").decode())

    def _next(self) -> tuple[bytes, bytes] | None:
        """Take a whole message off; the first has no letter in front."""
        at = 1 if self.is_started else 0
        if len(self.left) < at + 4:
            return None
        end = at + int.from_bytes(self.left[at : at + 4])
        if len(self.left) < end:
            return None
        message = self.left[:at], self.left[at + 4 : end]
        self.left, self.is_started = self.left[end:], True
        return message


@asynccontextmanager
async def listening(address: str) -> AsyncIterator[Wire]:
    """Open a way to the database at an address; `Wire.address` is where it begins."""
    wire, url = Wire(), make_url(address)
    open_connections: set[asyncio.Task[None]] = set()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await _upstream(str(url.query.get("host", url.host)), url.port or 5432)
        client = _Client(wire)
        ways = [_copy(reader, up_writer, client), _copy(up_reader, writer, None)]
        for way in ways:
            task = asyncio.create_task(way)
            open_connections.add(task)
            task.add_done_callback(open_connections.discard)

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    here = url.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1]).difference_update_query(["host"])
    wire.address = here.update_query_dict({"ssl": "disable"}).render_as_string(hide_password=False)
    yield wire
    server.close()
    for task in list(open_connections):
        task.cancel()


async def _upstream(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
    return await asyncio.open_connection(host, port)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: _Client | None) -> None:
    while data := await reader.read(65_536):
        if client is not None:
            client.note(data)
        writer.write(data)
    writer.close()
