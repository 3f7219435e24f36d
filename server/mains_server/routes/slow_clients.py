"""Cuts clients that are slow on purpose: whoever holds a connection has to use it."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS_MAX = 30


class ImpatientProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which ends a connection whose client keeps us waiting.

    The head of a request has 30 seconds to come whole, counted from its first byte or, for the first one, from the
    connection; bodies have limits where they are read. An answer that nobody takes in for 30 seconds is given up.
    """

    seconds_max = SECONDS_MAX
    _head: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; the first ones of a request begin its time."""
        is_answering = bool(self.cycle) and not self.cycle.response_complete
        if self._head is None and not is_answering:
            self._expect_head()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """End the waiting for a head."""
        self._head = _stop(self._head)
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Wait for the client to take in what was sent."""
        super().pause_writing()
        self._stalled = _stop(self._stalled)
        self._stalled = self.loop.call_later(self.seconds_max, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on sending."""
        self._stalled = _stop(self._stalled)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection's times."""
        self._head, self._stalled = _stop(self._head), _stop(self._stalled)
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._head = self.loop.call_later(self.seconds_max, self.transport.abort)


def _stop(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """Stop a timer, and give what stands in its place."""
    if timer is not None:
        timer.cancel()
    return None
